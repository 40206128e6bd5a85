/* SPDX-License-Identifier: Apache-2.0
 *
 * Importing twice changes nothing (R18), also where a table has no uid: a line means the
 * record of ours that says the same in each of the table's columns. Several records may
 * say the same; each is meant by one line only. Structures have numbers and names instead
 * (matcher.h).
 *
 * Memory: 32 bytes a record of the kind. One thread. */
#ifndef DAEMON_REPEATS_H
#define DAEMON_REPEATS_H

#include "daemon/directory/directory.h"
#include "daemon/exchange/exchange.h"

struct repeats;
/* The pole's records of that kind, as the directory shows them now. `columns`: bit i,
 * the table has field i. Borrows the reader for the call. */
ES_MUST_USE enum es_err repeats_open(struct reader *r, const char *pole, const struct schema_kind *k, uint64_t columns,
				     struct repeats **out);
void repeats_close(struct repeats *r); /* accepts NULL */
/* Was it opened for such a table? False for NULL. */
bool repeats_serves(const struct repeats *r, const struct schema_kind *k, uint64_t columns);
/* The oldest record that says what this line says and that no line has meant yet. */
bool repeats_take(struct repeats *r, const struct edit *line, struct id16 *uid);

#endif
