/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the node share among themselves, and nobody else.
 *
 *   node.c          keys, opening, the one door
 *   node_receive.c  commits from peers; where copies differ
 *   node_branch.c   another control log: read aside, taken over when it may be
 *   node_cut.c      cuts: what is void, what is the author's again
 *   node_life.c     sessions: copies fenced, generations, reports, void commits given back
 *   node_seal.c     outbox -> signed commits
 *   node_control.c  the control log's entries
 *   node_ask.c      proposals, offers, answers, and what follows from them
 *   node_conflict.c values that nobody has seen
 *   node_seat.c     seats of events: asked for, granted, freed
 *   node_purchase.c pooled purchases, at their deadline
 *   node_enrol.c    what became of a request, in the inscription that made it
 *   node_forget.c   erasure
 *   node_keys.c     rotation, recovery
 *   node_join.c     how a hub comes in */
#ifndef DAEMON_NODE_PARTS_H
#define DAEMON_NODE_PARTS_H

#include "daemon/node/node.h"
#include "proto/request.h"

/* Admit and append one commit; a control commit changes the rights at once. */
ES_MUST_USE enum es_err node_admit(struct node *n, uint32_t index, const struct giver *from, const struct commit *c, const struct packed *p);
/* The same commit, or `again`: without what is forgotten, which nobody stores when it comes back. */
const struct packed *node_without_forgotten(const struct node *n, const struct packed *p, struct packed *again);
/* The records that it speaks of are folded anew. */
ES_MUST_USE enum es_err node_refold_commit(struct node *n, uint32_t index, uint64_t seq);
/* What an applied control commit leaves beside the rights. */
ES_MUST_USE enum es_err node_note_control(struct node *n, const struct commit *c, const struct packed *p);
/* What follows from an appended data commit: requests, receipts, acceptances. */
ES_MUST_USE enum es_err node_noted(struct node *n, uint32_t index, const struct commit *c, const struct packed *p);
/* Rights of the control log's first `upto` commits; `out` is initialised. */
ES_MUST_USE enum es_err node_rights_upto(struct node *n, uint64_t upto, struct rights *out);
/* Heads, cuts and keys follow the control log's last entries. */
ES_MUST_USE enum es_err node_follow_rights(struct node *n, const struct commit *c);
ES_MUST_USE enum es_err node_branches_settled(struct node *n, const struct packed *p);
ES_MUST_USE enum es_err node_set_number(struct node *n, const char *name, uint64_t v);
uint64_t node_number(struct node *n, const char *name);
/* Our key has signed another commit of this log for final than the one we hold. */
void node_astray(struct node *n, const struct id16 *log, uint64_t seq);
ES_MUST_USE enum es_err node_new_instance(struct node *n);

/* node_cut.c: drops (log, seq > after); ours go back to the outbox, others' are
 * kept to be given back (not those of a revoked author). */
ES_MUST_USE enum es_err node_truncate(struct node *n, uint32_t index, uint64_t after);
ES_MUST_USE enum es_err node_apply_cuts(struct node *n);
/* Edits of ours that the hand-over of their record leaves out, because home does not hold
 * what it once acknowledged, are proposed to the new steward (L20). */
ES_MUST_USE enum es_err node_left_out(struct node *n, const struct tenure *t);
/* Changes of ours that are in none of our logs, from a commit that does not count. */
ES_MUST_USE enum es_err node_take_back(struct node *n, enum scope scope, const struct packed *p);
/* The cut that keeps all that we hold of it, and all that is final: what a checkpoint
 * names and we have lost may come back from others. */
struct log_cut node_cut_here(const struct head *h, const struct open_log *log);
/* The same below the first place whose change is missing here and that no entry lists:
 * others cannot take that commit. */
struct log_cut node_cut_whole(struct node *n, uint32_t index, const struct open_log *log);
/* What rights_apply() asks of a cut: what it would pass over is not entered. Home may have
 * lost what a checkpoint names, or have signed, as two, another one (node_astray). */
bool node_may_cut(struct node *n, const struct head *h, const struct log_cut *cut);
/* Every log of a hub that we hold, cut there. malloc'd. ES_NOT_ALLOWED: an entry with these
 * cuts would have no effect, until those logs have grown beyond what is final. */
ES_MUST_USE enum es_err node_cuts_of(struct node *n, const struct id16 *hub, struct log_cut **out, size_t *count);

/* node_branch.c: a control commit that does not follow ours. */
ES_MUST_USE enum es_err node_branch_commit(struct node *n, const struct commit *c, const struct packed *p);
void node_branch_free(struct node *n);
/* The control log lost its entries from `first` on: what was signed under them goes too. */
ES_MUST_USE enum es_err node_drop_lost(struct node *n, uint64_t first);
/* The records that this log speaks of from `seq` on are folded anew. */
ES_MUST_USE enum es_err node_refold_from(struct node *n, uint32_t index, uint64_t seq);
ES_MUST_USE enum es_err node_fork_found(struct node *n, uint32_t index, uint64_t seq, struct slice proof);
ES_MUST_USE enum es_err node_load_forks(struct node *n);

/* node_life.c */
struct node_session *node_session_find(struct node *n, uint64_t no);
bool node_all_reported(const struct node *n); /* L12 */
/* Who might hold more than we do is in session, and has given what it will. */
bool node_nobody_else(const struct node *n);
ES_MUST_USE enum es_err node_due_generations(struct node *n);

/* node_seal.c */
struct entries;
ES_MUST_USE enum es_err node_close_commit(struct node *n, uint32_t index, const struct id16 *log, const struct hash *prev,
					  const struct payload *payload, uint32_t count, es_stamp greatest);
ES_MUST_USE enum es_err node_seal(struct node *n, unsigned commits, bool *more);
bool node_all_acked(const struct node *n);
/* The officer goes on alone: where nobody is in session to ask, the clock is what it is now. */
void node_clock_alone(struct node *n);
bool node_may_seal(struct node *n, enum scope scope); /* late sealing: only home's word allows */
int node_own_log(const struct node *n, enum scope scope);
es_stamp node_next_edited(struct node *n, es_stamp base);
/* An edit of another op than put, into the outbox. */
ES_MUST_USE enum es_err node_outbox_op(struct node *n, enum scope scope, unsigned op, const struct record_id *record,
				       unsigned kind, struct slice fields);

/* edit.c: the fold state of a record, what is not sealed yet included; into an empty buffer. */
ES_MUST_USE enum es_err node_record_state(struct node *n, const struct record_id *record, unsigned kind, struct buf *state);
/* Who may see a record that says `said`. Where its `portee` is gone (an officer made that commit
 * void) or is a word that we do not know, whoever sees something of it now: the kind's default is
 * for a record of which nothing stands. */
enum scope node_portee(struct slice said, struct slice state, const struct schema_kind *k);

/* node_named.c: the record that a value of this field names. HERE: ours, and it stays here (one of
 * them, in a list); UNKNOWN: nothing is known of it; SHARED: all else, a value that names nothing too. */
enum named { NAMED_SHARED, NAMED_UNKNOWN, NAMED_HERE };
ES_MUST_USE enum es_err node_named(struct node *n, const struct schema_kind *k, const struct schema_field *f, struct slice value,
				   enum named *out);
bool node_names(const struct schema_kind *k, const struct schema_field *f, struct slice value, const struct id16 *uid);

/* edit.c: puts fields into the outbox as they are, one change per value they replace. */
ES_MUST_USE enum es_err node_put(struct node *n, const struct record_id *record, const struct schema_kind *k,
				 enum scope scope, struct slice fields);

/* What stands of a record and is to stay, said once more with later stamps. */
ES_MUST_USE enum es_err node_restate(struct node *n, const struct record_id *record, const struct rest *rest);

/* node_control.c */
ES_MUST_USE enum es_err node_ensure_opened(struct node *n);
/* An `open` entry with a nonce drawn now. */
void node_open_entry(struct node *n, const struct id16 *hub, enum scope scope, uint32_t generation,
		     const struct log_cut *cut, struct buf *out);

/* node_ask.c */
ES_MUST_USE enum es_err node_derive(struct node *n);
bool node_is_offered(struct node *n, const struct record_id *record, unsigned kind);
bool node_offers(struct node *n, const struct record_id *record, unsigned kind); /* in the outbox too */

/* node_seat.c */
bool node_asks_seats(const struct change *ch, struct seat_request *q);
/* What all answers read so far make of a request for seats. */
ES_MUST_USE enum es_err node_seat_answered(struct node *n, struct ask *a);
/* The organiser's part: what fits is granted, in order of arrival. */
ES_MUST_USE enum es_err node_grant_seats(struct node *n);
/* node_enrol.c: our inscriptions say what became of their requests. */
ES_MUST_USE enum es_err node_note_seats(struct node *n);
/* node_purchase.c: purchases that we lead say how they ended. */
ES_MUST_USE enum es_err node_settle_purchases(struct node *n);

/* node_forget.c: one order, with the positions that we hold, into the control log. */
ES_MUST_USE enum es_err node_enter_forget(struct node *n, const struct forget_order *f, int64_t *places);
ES_MUST_USE enum es_err node_load_orders(struct node *n);
/* The forgets of the control log from this seq on. */
ES_MUST_USE enum es_err node_apply_forgets(struct node *n, uint64_t from);
ES_MUST_USE enum es_err node_erase_acked(struct node *n);
/* The CRESS lists the places of forgotten changes that came after their `forget`. */
ES_MUST_USE enum es_err node_list_holes(struct node *n);

/* node_keys.c: whether what we sign now verifies; a hub's new keys, with cuts at what we hold of its logs. */
bool node_key_entered(const struct node *n);
ES_MUST_USE enum es_err node_enter_rotation(struct node *n, const struct rotation *r);
/* Our keys after a control entry about us. */
ES_MUST_USE enum es_err node_follow_keys(struct node *n);
void node_take_next(struct node *n);
/* Keys taken with an entry that is undone: the old ones are ours still. */
void node_untake(struct node *n);

/* node_acked.c: home holds that commit of ours from now on. */
ES_MUST_USE enum es_err node_note_acknowledged(struct node *n, uint32_t index, uint64_t seq);

#endif
