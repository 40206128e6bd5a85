/* SPDX-License-Identifier: Apache-2.0
 *
 * directory.db: the folded directory, plain SQL that people may open read-only
 * while the daemon runs. A projection: it carries its own position, can be
 * deleted and rebuilt from the journal.
 *
 *   one table per kind, named as the kind: rec, uid, pole, <fields>, maj
 *   etat        layer 4 of every record, unknown kinds and fields included; with which
 *               commit of another hub it first came here (arrivee), when the last did (recu)
 *   recherche   FTS5 over the searchable fields, folded by value_fold_text
 *   point       coordinates on a grid, for --near
 *   alias       structures that are not counted, and who is counted for them (identity.h)
 *   pays_commune, doublon_fiche, siret_ancien   what leads there
 *   desaccord   fields where a change met a value that its editor had not seen:
 *               where to look for conflicts, no value. Which fields those are may
 *               depend on the order of the items; a fold of the same items in the
 *               same order has the same ones, and none in conflict is missing
 *   meta        position, schema version, hub names
 *
 * A file found damaged while in use (ES_PAGE_DAMAGED) is removed by
 * directory_close, so that the next open begins anew.
 *
 * `struct directory` is the one writer (the projector's thread). `struct
 * reader` is a read-only connection of any other thread. */
#ifndef DAEMON_DIRECTORY_H
#define DAEMON_DIRECTORY_H

#include <stdio.h>
#include "daemon/reference/reference.h"
#include "daemon/search/search.h"
#include "proto/conflict.h"
#include "proto/fold.h"
#include "proto/schema.h"

#define HUB_POLE_MAX 64

struct directory;
struct reader;

/* One change for the fold, as the journal feeds it. */
struct feed_item {
	struct record_id record;
	unsigned kind;
	struct fold_change change;
	es_stamp base; /* the stamp of what its editor saw */
	uint32_t log; /* the frontier index of its log; LOG_PENDING: the outbox */
	struct id16 steward; /* whose record it is */
	int64_t arrived; /* its commit's arrival number here, 0: written here... */
	es_ms heard; /* ...and when that was, by our clock */
	bool reset; /* nothing of this record counts but what follows; kind and change unused */
};
/* How far the journal has been folded: the last commit's arrival number and the
 * last outbox edit's number. */
struct position {
	int64_t commit, edit;
	int64_t refold; /* the last record folded anew */
};

/* Creates or opens; a file of another schema version, or damaged, is replaced
 * by an empty one (position 0). ES_DISK_FULL, ES_IO. Borrows `ref`. */
ES_MUST_USE enum es_err directory_open(const char *path, const struct reference *ref, struct directory **out);
void directory_close(struct directory *d);
struct position directory_position(const struct directory *d);
/* Folds the items in order and moves to `to`, in one transaction: on an error
 * nothing has changed. */
ES_MUST_USE enum es_err directory_apply(struct directory *d, const struct feed_item *items, size_t count,
					struct position to);
/* Empties it, back to position 0, in one transaction: readers keep their connections
 * and see the fold come back. On an error nothing has changed. */
ES_MUST_USE enum es_err directory_reset(struct directory *d);
/* Records in etat, deleted ones included. */
int64_t directory_records(struct directory *d);
/* Which text `pole` shows for each hub ("pole-auray"); known before its records. In
 * one transaction: on an error nothing has changed. */
struct named_hub {
	struct id16 hub;
	char pole[HUB_POLE_MAX];
};
ES_MUST_USE enum es_err directory_name_hubs(struct directory *d, const struct named_hub *names, size_t count);
/* State digest (protocol.md part 2): 4096 buckets by record id, a root over
 * them. Only buckets that changed are hashed again. */
ES_MUST_USE enum es_err directory_digest(struct directory *d, enum scope scope, struct hash *out);
/* What was folded away is in no file any more: the full-text index merged, the file
 * written anew, the WAL emptied. ES_LOCKED: a reader is at work, try again. */
ES_MUST_USE enum es_err directory_scrub(struct directory *d);
/* Merges the full-text index and checkpoints; for idle moments and bulk ends. */
void directory_idle(struct directory *d);
/* Compares every table with another directory file: the number of rows that
 * differ, and one line about the first (no private value) in `what`. */
ES_MUST_USE enum es_err directory_compare(struct directory *d, const char *other_path, int64_t *differ, struct buf *what);

ES_MUST_USE enum es_err reader_open(const char *path, const struct reference *ref, struct reader **out);
void reader_close(struct reader *r);
/* Whose records come first in reader_find and reader_show: the local hub's. */
void reader_prefer(struct reader *r, const struct id16 *hub);
/* From now on show, list, search, find and exports have what stands in this scope or a
 * wider one, as for somebody who holds no more (SCOPE_LOCAL, where it begins: all). */
void reader_limit(struct reader *r, enum scope within);
/* The fold state of one record, appended to out (empty: unknown). */
ES_MUST_USE enum es_err reader_state(struct reader *r, const struct record_id *record, unsigned kind, struct buf *out);
/* Live records that bear this uid, of known and unknown kinds: their ids and
 * kinds; the local hub's first, then by hub. Returns how many (at most max are
 * stored). A deleted record is still in reader_state. */
size_t reader_find(struct reader *r, const struct id16 *uid, struct record_id *ids, unsigned *kinds, size_t max);
/* The same of records that are deleted and not forgotten: what they said is still stored. */
size_t reader_find_deleted(struct reader *r, const struct id16 *uid, struct record_id *ids, unsigned *kinds, size_t max);
/* Is a record of this kind with this uid shown here, whoever owns it? */
bool reader_knows(struct reader *r, const struct schema_kind *k, const struct id16 *uid);
/* A structure as a line without uid names it. Texts as stored. */
struct structure_match {
	const char *pole;
	struct slice siret, rna, nom, code_insee;
};
/* The structure that a SIRET means now: former ones, successions and links followed. */
bool reader_resolve(struct reader *r, struct slice siret, struct id16 *uid);
/* Does another pole have that structure, with each of these values (by field index;
 * empty: not asked)? Then a line that says so adds nothing. */
bool reader_repeats(struct reader *r, const struct structure_match *m, const struct slice *values);
/* JSON {kind, uid, owner, scope, data{}}; a reference to a record not here shows
 * "(non partagé)". ES_NOT_FOUND. */
ES_MUST_USE enum es_err reader_show(struct reader *r, const struct id16 *uid, struct buf *json);
/* The same with the dated values of that day (YYYY-MM-DD): what a field's history, a
 * list of "value:from:to", said then. NULL: today's. */
ES_MUST_USE enum es_err reader_show_on(struct reader *r, const struct id16 *uid, const char *day, struct buf *json);
/* JSON {fields{NAME: {when, scope, waits}}, waits, meetings[NAME], recu?, around?}: of each
 * field that has a value since when and for whom it stands; `recu`, when the last change of
 * it came from another hub; `around`, of a structure, what belongs to it by kind: offre,
 * besoin, contact, interaction, as reader_list has them. ES_NOT_FOUND. */
ES_MUST_USE enum es_err reader_facts(struct reader *r, const struct id16 *uid, struct buf *json);
/* What a record of that kind and state is called; borrows the state. "": nothing. */
struct slice reader_title(const struct schema_kind *k, struct slice state);
/* JSON {total, items[{kind, uid, owner, scope, data{}}]} by uid. */
ES_MUST_USE enum es_err reader_list(struct reader *r, const struct schema_kind *k, int64_t limit, int64_t offset, struct buf *json);
struct ranking {
	struct id16 uid; /* of a need: offers are ranked; of an offer: needs */
	struct slice today; /* ISO */
	bool all; /* lists what is set aside, too */
	int64_t limit;
};
/* What this node may see, by score.h; never stored. JSON {besoin|offre, titre, type, jour,
 * bareme, poids?, rome?, postes?, a_traiter?, total, items[{uid, owner, titre, structure{uid, nom}, total, km,
 * niveau, detail{qualite[sub, weight, product]...}, inconnu[], preuves{}}], raisons{REASON: n},
 * ecartes[{uid, titre, raison}]}, by total, proximity, distance, uid. ES_NOT_FOUND. */
ES_MUST_USE enum es_err reader_rank(struct reader *r, const struct ranking *q, struct buf *json);
/* JSON {"structure": n, ...}: every kind of the schema, live records only. */
ES_MUST_USE enum es_err reader_counts(struct reader *r, struct buf *json);
/* JSON {total, items[{siret, canonical, state, doublon?, since?, items[{uid, owner, nom,
 * answer?, state?, differ?}]}], candidates[{rna, items[]}]}: one establishment in several
 * hubs (identity.h); `canonical` is the same on every node. State: detecte, propose,
 * accepte (linked), separe. Candidates share an RNA, and one of them has no SIRET. */
ES_MUST_USE enum es_err reader_duplicates(struct reader *r, struct buf *json);
/* JSON {total, items[{siren, items[{uid, owner, nom, siret}]}]}: one enterprise, several
 * establishments. */
ES_MUST_USE enum es_err reader_siblings(struct reader *r, struct buf *json);
/* Are the structures of these uids two of them? A number that has changed is one
 * establishment's former one, which `show` follows. */
bool reader_two_establishments(struct reader *r, struct slice a, struct slice b);
/* A common table expression `canonique`: the structures that counts are made of, each
 * establishment once. */
const char *reader_canonical_sql(void);
/* Fields in `desaccord`, of all records or of one, by record id. False from each stops. */
struct meeting {
	struct record_id record;
	unsigned kind, field;
	enum scope scope;
};
ES_MUST_USE enum es_err reader_meetings(struct reader *r, const struct record_id *record,
					bool (*each)(void *ctx, const struct meeting *m), void *ctx);
struct position reader_position(struct reader *r);
/* The first column of the first row of a SELECT, `args` bound as texts; 0, or false and
 * nothing appended, where there is none or it cannot be read. */
int64_t reader_number(struct reader *r, const char *sql, const struct slice *args, size_t count);
bool reader_text(struct reader *r, const char *sql, const struct slice *args, size_t count, struct buf *out);
/* The rows of a SELECT as texts, until `each` is false; they last until it returns. */
#define ROW_COLUMNS_MAX 8
ES_MUST_USE enum es_err reader_rows(struct reader *r, const char *sql, const struct slice *args, size_t count,
				    bool (*each)(void *ctx, const struct slice *columns), void *ctx);
/* The first column of every row, as text, valid until `each` returns; false from it stops. */
ES_MUST_USE enum es_err reader_texts(struct reader *r, const char *sql, const struct slice *args, size_t count,
				     bool (*each)(void *ctx, struct slice text), void *ctx);
/* The same, each a JSON text (json_object), joined by commas. */
ES_MUST_USE enum es_err reader_json_rows(struct reader *r, const char *sql, const struct slice *args, size_t count, struct buf *json);

#endif
