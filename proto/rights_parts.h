/* SPDX-License-Identifier: Apache-2.0
 *
 * What the rights_*.c and admit.c share; nobody else's.
 *
 * Arrays of struct rights are found through hash tables beside them: item i of
 * the array is item i of its table, appended in the same order. Places are
 * index + 1, 0 is none. */
#ifndef PROTO_RIGHTS_PARTS_H
#define PROTO_RIGHTS_PARTS_H

#include "proto/fields.h"
#include "proto/rights.h"

/* Items of a list in one entry: its bytes hold no more, at 20 and more for each. */
#define LIST_MAX (CHANGE_MAX / 20)

struct table_link {
	uint32_t next, hash;
};
struct table {
	uint32_t *heads; /* cap of each, a power of two */
	struct table_link *links;
	uint32_t cap, count;
};
/* The first place with that hash and the next one, newest first: the caller compares. */
uint32_t table_first(const struct table *t, uint32_t hash);
uint32_t table_next(const struct table *t, uint32_t place);
/* Appends an item; it is found right after the place `after`, 0: before all others.
 * False without memory. */
ES_MUST_USE bool table_add(struct table *t, uint32_t hash, uint32_t after);

struct rights_index {
	struct table members; /* hub */
	struct table ages_hub, ages_sign, ages_dh;
	struct table logs; /* id */
	struct table logs_of; /* hub and scope; the greatest generation first */
	struct table invites, turns, tenures, forgotten, voids;
	uint32_t cress; /* place of the CRESS among the members */
	uint32_t others; /* struct rights that use the same arrays and tables */
};

uint32_t hash_id(const struct id16 *id);
uint32_t hash_key(const uint8_t key[32]);
uint32_t hash_hub_scope(const struct id16 *hub, enum scope scope);
uint32_t hash_record(const struct record_id *record, unsigned kind);
uint32_t hash_commit_at(const struct id16 *log, uint64_t seq);

/* --- asked while entries are applied --- */

/* Places of this hub's logs in that scope, the greatest generation first. */
uint32_t rights_first_log(const struct rights *r, const struct id16 *hub, enum scope scope);
uint32_t rights_next_log(const struct rights *r, uint32_t place);
/* Has that key ever been in use (for dh keys: by another hub)? */
bool rights_sign_seen(const struct rights *r, const struct sign_public *sign);
bool rights_dh_taken(const struct rights *r, const struct dh_public *dh, const struct id16 *hub);
int cut_compare(const void *a, const void *b); /* by log, seq, id */
int position_compare(const void *a, const void *b);

#define EACH_DATA_LOG(r, hub, at)                                                         \
	for (unsigned scope_##at = SCOPE_PUBLIC; scope_##at <= SCOPE_CRESS; scope_##at++) \
		for (uint32_t at = rights_first_log(r, hub, (enum scope)scope_##at); at;  \
		     at = rights_next_log(r, at))

/* --- changing it --- */

/* rights_share.c: arrays and tables of its own, to be changed. */
ES_MUST_USE enum es_err rights_own(struct rights *r);
/* Room for one more item, zeroed; NULL beyond the limit. */
void *rights_grow(void *items, size_t *count, size_t size, size_t max);
enum es_err rights_added(bool done); /* else ES_NOMEM */
struct member *rights_member_mut(struct rights *r, const struct id16 *hub);
struct open_log *rights_log_mut(struct rights *r, const struct id16 *id);

void cut_read(struct canon_reader *rd, struct log_cut *out);
void position_read(struct canon_reader *rd, struct position3 *out);
struct cut_list {
	struct log_cut *list; /* sorted */
	size_t count;
};
/* The caller frees the list, whatever f->err says. */
struct cut_list cuts_read(struct fields *f, unsigned no);
/* Where the list cuts that log; not listed: at 0. */
struct log_cut cuts_at(const struct cut_list *cuts, const struct id16 *log);
/* All cuts are of this hub's logs, and none of its logs is cut below its checkpoint. */
bool cuts_fit(const struct rights *r, const struct id16 *hub, const struct cut_list *cuts);

/* The commit that an entry is in, and the entry's place there. */
struct entry_place {
	const struct commit *c;
	uint32_t index;
};
/* The key that m has from now on. */
ES_MUST_USE enum es_err rights_add_age(struct rights *r, const struct member *m, uint64_t from);

ES_MUST_USE enum es_err rights_apply_open(struct rights *r, struct fields *f, const struct commit *c);
ES_MUST_USE enum es_err rights_apply_revoke(struct rights *r, struct fields *f);
ES_MUST_USE enum es_err rights_apply_checkpoint(struct rights *r, struct fields *f, const struct commit *c);
ES_MUST_USE enum es_err rights_apply_void(struct rights *r, struct fields *f);
ES_MUST_USE enum es_err rights_apply_resolve(struct rights *r, struct fields *f);
ES_MUST_USE enum es_err rights_apply_rotate(struct rights *r, struct fields *f, const struct commit *c);
ES_MUST_USE enum es_err rights_apply_recover(struct rights *r, struct fields *f, const struct entry_place *p);
ES_MUST_USE enum es_err rights_apply_steward(struct rights *r, struct fields *f, const struct commit *c);
ES_MUST_USE enum es_err rights_apply_forget(struct rights *r, struct fields *f, const struct entry_place *p);

/* Reads a `recover` entry's fields and judges it as part of c, the commit that
 * follows r: ES_MALFORMED; ES_NOT_ALLOWED where it has no effect. */
ES_MUST_USE enum es_err rights_recovery(const struct rights *r, struct slice fields, const struct commit *c,
					struct recovery *out);

#endif
