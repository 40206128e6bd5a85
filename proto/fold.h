/* SPDX-License-Identifier: Apache-2.0
 *
 * Which value stands (protocol.md part 3, layers 4 and 5). The state of one
 * record is a canonical array of groups, one per change that still has a
 * standing field:
 *     [scope, edited, commit_id, index, salt, {field number: value}]
 * commit_id is nil for a change still in this node's outbox (pending), salt is
 * nil in sealed groups.
 *
 * Within one scope a field keeps the value of the greatest (edited, commit id,
 * index). Across scopes the greatest stamp is shown. A pending change stands
 * over the journal; the sealed change with its salt replaces it; a pending one
 * with the same salt, or the same scope and `edited`, replaces an older pending
 * one. Order of arrival of sealed changes does not matter. Pure functions.
 *
 * Groups lie in one order: sealed by (scope, edited, commit, index), then pending
 * by (scope, edited, salt); fields ascending. Pending stands over sealed within
 * its scope; between scopes the greater `edited` is shown, of equal ones the
 * narrower scope's. */
#ifndef PROTO_FOLD_H
#define PROTO_FOLD_H

#include "proto/change.h"
#include "proto/schema.h"

struct fold_change {
	enum scope scope;
	es_stamp edited;
	bool pending;
	struct hash commit; /* sealed: the commit's id */
	unsigned index; /* sealed: position in its commit */
	struct id16 salt;
	struct slice fields; /* canonical map */
};

/* The state after one more change; an empty `state` is a record never seen. */
ES_MUST_USE enum es_err fold_apply(struct slice state, const struct fold_change *c, struct buf *out);

struct fold_value {
	struct slice value; /* canonical; empty: never set */
	enum scope scope; /* where the shown value stands */
	es_stamp edited;
	bool pending;
};
/* The value shown for one field (layer 5). */
struct fold_value fold_shown(struct slice state, unsigned field);
/* The value that stands in one scope, pending included. */
struct fold_value fold_in_scope(struct slice state, unsigned field, enum scope scope);
/* Does the scope's sealed log hold anything but nil for this field? */
bool fold_sealed_in_scope(struct slice state, unsigned field, enum scope scope);
/* Calls `each` for every field number that stands anywhere, ascending, once. */
void fold_each(struct slice state, void (*each)(void *ctx, unsigned field, const struct fold_value *v), void *ctx);
bool fold_deleted(struct slice state);
/* Layer 4 of one scope, sealed groups only: H(bucket__, record id || kind as u16 BE
 * || the scope's groups as they lie in the state); false where that scope holds
 * nothing. A state has one order, so equal hashes mean equal (field, edited,
 * commit id, index, value). */
bool fold_hash(struct slice state, const struct record_id *record, unsigned kind, enum scope scope, struct hash *out);
/* Calls `each` for every field where a sealed change meets another sealed value of
 * its scope that its editor did not see, or whose editor may not have seen it: all
 * but equal values, and one that it beats and that `base` names. A first sieve for
 * proto/conflict.h: nothing that is in conflict there ever passes unnoticed. */
void fold_meets(struct slice state, const struct fold_change *c, es_stamp base,
		void (*each)(void *ctx, unsigned field), void *ctx);
/* The change of the greatest `edited` in a scope wider than local, a pending one before a
 * sealed one; its fields borrow the state. False where there is none. */
bool fold_newest(struct slice state, struct fold_change *out);
/* The greatest `edited` anywhere in the state, 0 if none. */
es_stamp fold_latest(struct slice state);

#endif
