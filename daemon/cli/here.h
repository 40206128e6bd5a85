/* SPDX-License-Identifier: Apache-2.0
 *
 * Work in the data directory itself: what makes a node (init, join, restore), and what
 * does without a daemon (verify, rebuild, backup).
 *
 * root works there as the directory's owner: what is made in /var/lib/essaim belongs to
 * the service's user, and no link laid there leads root elsewhere.
 *
 *     if (!here_enter(dir, &code))
 *             return code;
 *     ...
 *     here_leave();
 */
#ifndef DAEMON_CLI_HERE_H
#define DAEMON_CLI_HERE_H

#include <stdbool.h>
#include <stdio.h>
#include "daemon/cli/table.h"

/* False: this user may not write there; said, code set. */
ES_MUST_USE
bool here_enter(const char *dir, int *code);
/* Ourselves again; nothing where nobody entered. */
void here_leave(void);
/* Bytes of a file that its reader may read and the directory's owner perhaps not: `out`,
 * 0600, is a copy in `dir` that the owner removes. False: errno. Outside of here_enter. */
ES_MUST_USE
bool here_copy(const char *from, const char *out, const char *dir);
/* Everything of `in` into `out`. False: errno. */
ES_MUST_USE
bool here_pour(FILE *in, FILE *out);

/* A node has been made. On a machine with systemd, by root and in the service's own place,
 * the service is started, unless `start` is false; else the command to type is said. */
void here_made(const struct args *a, const char *dir, bool start);

#endif
