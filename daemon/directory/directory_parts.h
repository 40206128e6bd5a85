/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts behind struct directory: `rows`, what people and searches read,
 * `digest`, the hash tree over layer 4, `meetings`, where to look for conflicts, and
 * `aliases`, who stands for whom. All live inside the directory's transactions; after a rollback those
 * that remember are told to forget. */
#ifndef DAEMON_DIRECTORY_PARTS_H
#define DAEMON_DIRECTORY_PARTS_H

#include "daemon/directory/directory_sql.h"

struct aliases;
ES_MUST_USE enum es_err aliases_open(sqlite3 *db, const struct reference *ref, struct aliases **out);
void aliases_close(struct aliases *a);
/* A row of any kind has changed; `old`, `new` NULL: none. */
ES_MUST_USE enum es_err aliases_note(struct aliases *a, const struct kind_map *m, int64_t rec, struct slice record,
				     const struct shown *old, const struct shown *new);
/* At the end of the transaction: those that were noted. */
ES_MUST_USE enum es_err aliases_settle(struct aliases *a);
/* A pole goes by another name: all of them, inside a transaction. */
ES_MUST_USE enum es_err aliases_renamed(struct aliases *a);
void aliases_forget(struct aliases *a);

struct rows;
ES_MUST_USE enum es_err rows_create(sqlite3 *db, const struct kind_maps *maps);
/* Borrows `aliases`, which it tells of every row that changes. */
ES_MUST_USE enum es_err rows_open(sqlite3 *db, const struct kind_maps *maps, const struct reference *ref,
				  struct aliases *aliases, struct rows **out);
void rows_close(struct rows *r);
/* Record `rec` went from one state (empty: none) to another. Its words reach
 * the index at rows_flush. */
ES_MUST_USE enum es_err rows_change(struct rows *r, const struct kind_map *m, int64_t rec, struct slice record,
				    const char *pole, struct slice old, struct slice new);
ES_MUST_USE enum es_err rows_flush(struct rows *r);
void rows_forget(struct rows *r);
/* directory_compare over the writer's connection. */
ES_MUST_USE enum es_err rows_compare(sqlite3 *db, const char *other_path, int64_t *differ, struct buf *what);

struct digest;
ES_MUST_USE enum es_err digest_create(sqlite3 *db);
ES_MUST_USE enum es_err digest_open(sqlite3 *db, struct digest **out);
void digest_close(struct digest *g);
/* The record's hash in that scope changed. */
ES_MUST_USE enum es_err digest_soil(struct digest *g, enum scope scope, unsigned bucket);
ES_MUST_USE enum es_err digest_root(struct digest *g, enum scope scope, struct hash *out);
/* Reads again which buckets are dirty. */
ES_MUST_USE enum es_err digest_reload(struct digest *g);

struct meetings;
ES_MUST_USE enum es_err meetings_create(sqlite3 *db);
ES_MUST_USE enum es_err meetings_open(sqlite3 *db, struct meetings **out);
void meetings_close(struct meetings *s);
/* A sealed change comes to a record of that state. */
ES_MUST_USE enum es_err meetings_note(struct meetings *s, int64_t rec, struct slice state, const struct feed_item *item);
/* The record is folded anew. */
ES_MUST_USE enum es_err meetings_drop(struct meetings *s, int64_t rec);

#endif
