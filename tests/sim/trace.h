/* SPDX-License-Identifier: Apache-2.0
 *
 * The running hash of everything that happens: every action and every write and
 * sync of a disk. Same seed and commit, same hash. With trace_on each action is
 * a line on stdout too; the last lines are kept for a violation's report. */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern bool trace_on; /* print */
extern bool trace_keep; /* remember the last lines */

void trace_start(void);
uint64_t trace_hash(void);
void trace_mix(uint64_t v);
void trace_bytes(const void *p, size_t len);
/* One action: when (virtual ms), which node (-1: the world), a verb, two numbers. */
void trace_act(int64_t at, int node, const char *verb, uint64_t a, uint64_t b);
/* More about the last action, for the reader only: not in the hash. */
void trace_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Prints what is remembered. */
void trace_tail(void);

#endif
