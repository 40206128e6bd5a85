/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files behind directory.h share: how a state becomes a row, and the
 * few verbs of SQLite they need. Private to daemon/directory*.c, daemon/reader*.c, and
 * those who read the directory with SQL of their own: search, report, sheet, purchase. */
#ifndef DAEMON_DIRECTORY_SQL_H
#define DAEMON_DIRECTORY_SQL_H

#include "daemon/directory/directory.h"
#include "daemon/directory/identity.h"
#include "daemon/directory/sql.h"

#define BUCKET_COUNT 4096
#define KINDS_MAX 96
#define STATE_MAX (64u << 20) /* bytes of one record's state */
#define DATA_SCOPES 4 /* public .. local; h1 .. h4 */

ES_MUST_USE enum es_err sql_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out);
/* sqlite3_mprintf's format; the text is freed. */
ES_MUST_USE enum es_err sql_preparef(sqlite3 *db, sqlite3_stmt **out, const char *fmt, ...);
ES_MUST_USE enum es_err sql_execf(sqlite3 *db, const char *fmt, ...);
/* What the last step of a statement said; resets it. */
ES_MUST_USE enum es_err sql_end(sqlite3_stmt *s, int rc);
struct slice sql_text(sqlite3_stmt *s, int column);
void sql_bind_text(sqlite3_stmt *s, int at, struct slice text);
/* Settings of libraries.md part 3 that writer and readers share. */
ES_MUST_USE enum es_err sql_settle(sqlite3 *db);

/* The key of a record in `etat`: the first 63 bits of its id's hash, whose first
 * 12 are its bucket. Two ids may share one. */
int64_t record_key(const struct record_id *record);
int64_t bucket_key(unsigned bucket); /* the first key of a bucket */
unsigned key_bucket(int64_t key);
struct slice record_slice(const struct record_id *record);
struct slice record_hub(struct slice record);
struct slice record_uid(struct slice record);

/* A kind and where its fields of note are; -1 where it has none. */
struct kind_map {
	const struct schema_kind *k;
	int16_t by_no[256];
	int portee, title, commune, code_insee, latitude, longitude, structure;
};
struct kind_maps {
	size_t count;
	struct kind_map at[KINDS_MAX];
};
void kind_maps_init(struct kind_maps *maps);
const struct kind_map *kind_maps_find(const struct kind_maps *maps, unsigned no);
/* The field of that number, -1 where the kind has none. */
int kind_map_field(const struct kind_map *m, unsigned no);

/* Layer 5 of one record. An empty slice: unset or nil. Borrows the state. */
struct shown {
	struct slice value[SCHEMA_FIELDS_MAX];
	size_t count;
	struct slice portee;
	bool deleted, own; /* own: some own field has a value */
	es_stamp latest;
	es_stamp valued; /* the latest of the fields that have a value: the same for all who see them */
	enum scope widest; /* where something of it is seen */
};
/* `m` may be NULL: an unknown kind. */
void shown_read(struct shown *s, const struct kind_map *m, struct slice state);
/* What stands in a scope narrower than `within` is passed over: what those see who hold no more. */
void shown_read_within(struct shown *s, const struct kind_map *m, enum scope within, struct slice state);
bool shown_live(const struct shown *s);
/* The dated values of that day in their fields' places; `memory` holds them. */
void shown_on(struct shown *s, const struct kind_map *m, const char *day, struct buf *memory);
/* Its `portee`; where that is gone, who sees something of it. */
const char *shown_scope(const struct shown *s);

/* Values of the type that is asked; false for any other. */
bool canon_is_text(struct slice value, struct slice *text);
bool canon_is_int(struct slice value, int64_t *number);
bool canon_is_uid(struct slice value, struct id16 *uid);

/* Where a record lies: its own point, its commune's, or that of the structure
 * it belongs to (`by_structure`). */
struct place {
	bool known, by_structure;
	int32_t lat_e7, lon_e7;
	struct id16 structure;
};
struct place place_of(const struct shown *s, const struct kind_map *m, const struct reference *ref);
const struct commune *commune_of(struct slice code, const struct reference *ref);
/* The grid of 0.1 degree. */
int place_row(int64_t lat_e7);
int place_column(int64_t lon_e7);
#define PLACE_COLUMNS 3600

/* The folded text of a record's searchable fields, appended. */
void search_text(const struct shown *s, const struct kind_map *m, struct buf *out);

/* The reader's inside, for reader*.c and search*.c. */
#define ASKED_KEPT 16
struct reader {
	sqlite3 *db;
	const struct reference *ref;
	struct kind_maps maps;
	struct id16 local;
	enum scope within; /* what may be shown of it */
	sqlite3_stmt *state, *hubs, *record, *position;
	sqlite3_stmt *knows[KINDS_MAX];
	struct identity identity; /* at its first use */
	sqlite3_stmt *contacts; /* of a structure */
	sqlite3_stmt *asked[ASKED_KEPT]; /* what reader_number() and its like asked of late */
	unsigned asked_next;
};
/* A condition on the kind's table: the records that stand within the reader's limit. */
#define READER_WITHIN_MAX 160
void reader_within_sql(const struct reader *r, const struct schema_kind *k, char out[READER_WITHIN_MAX]);
ES_MUST_USE enum es_err reader_begin(struct reader *r);
void reader_end(struct reader *r);
/* Appends {kind, uid, owner, scope, data}. */
void reader_write(struct reader *r, struct slice record, unsigned kind, struct slice state, struct slice pole,
		  bool hide_unknown, struct buf *json);
ES_MUST_USE enum es_err reader_identity(struct reader *r, struct identity **out);
/* Into the object that a structure is shown as. */
ES_MUST_USE enum es_err reader_show_around(struct reader *r, const struct record_id *id, unsigned kind, struct buf *json);
/* The same, of what stands in the scope `within` or a wider one. */
void reader_write_within(struct reader *r, struct slice record, unsigned kind, enum scope within, struct slice state,
			 struct slice pole, bool hide_unknown, struct buf *json);
ES_MUST_USE enum es_err reader_count(struct reader *r, const struct schema_kind *k, int64_t *out);

#endif
