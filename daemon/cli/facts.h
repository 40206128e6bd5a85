/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading what the daemon answered. A key that is missing reads as "", 0 or
 * false: an older daemon says less, and that is no failure. */
#ifndef DAEMON_CLI_FACTS_H
#define DAEMON_CLI_FACTS_H

#include <jansson.h>
#include "common/bytes.h"

const char *fact_text(const json_t *o, const char *key);
int64_t fact_int(const json_t *o, const char *key);
bool fact_true(const json_t *o, const char *key);
bool fact_has(const json_t *o, const char *key); /* there and not null */
/* Any value as people read it: oui/non, lists joined by |. */
void fact_write(struct buf *b, const json_t *value);
/* The same in a static buffer, cut to fit; good until the next call. */
const char *fact_shown(const json_t *value);
/* A list of texts joined by ", ". */
void fact_join(struct buf *b, const json_t *list);

/* Seconds since that day or time, at least 0; -1: it is none. */
int64_t fact_since(const char *iso);

#endif
