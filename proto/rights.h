/* SPDX-License-Identifier: Apache-2.0
 *
 * The control log, folded: who is a member, with which keys, which logs are
 * open, who is invited. Control commits are applied in order, by every node
 * alike; nothing else changes this.
 *
 * Entries' own fields, by number (all canonical, in a change's field map). A cut
 * is [log, seq, id]: the last commit of that log which counts; one with seq 0 has
 * id nil.
 *   genesis    1 name, 2 CRESS key, 3 recovery hash, 4 random32, 5 charter digest, 6 region
 *   charter    1 type, 2 version, 3 text, 4 digest, [5 mandatory]
 *   territory  1 type, 2 code, 3 nom, 4 [[commune, du, au]...]
 *   member     1 hub, 2 name, 3 pays, 4 role, 5 sign key, 6 dh key, 7 epoch,
 *              8 address or nil, 9 acceptance signature or nil, 10 invitation hash
 *              or nil, 11 charter digest, 12 handshake hash or nil
 *   open       1 hub, 2 scope, 3 generation, 4 nonce, 5 log, [6 cut of the
 *              generation before (data logs)]
 *   invite     1 hash, 2 pays, 3 name, 4 expires (ms), 5 approved beforehand,
 *              [6 the member whose keys it replaces]
 *   suspend    1 hub        resume  1 hub
 *   revoke     1 hub, 2 [cut...]; a log not listed is cut at 0
 *   rotate     1 hub, 2 sign key, 3 dh key, 4 epoch, 5 [cut...] (what the old key
 *              signed beyond does not count), 6 signature by the old key or nil (the
 *              CRESS alone, in an emergency), 7 signature by the new key
 *   recover    1 sign key, 2 dh key, 3 epoch, 4 last control seq that counts, 5 its
 *              id, 6 recovery public key, 7 signature by it
 *   steward    1 record, 2 kind, 3 from, 4 to, 5 offer [log, seq, index], 6 answer
 *              [log, seq, index], 7 [cut...] of the old steward's logs, all scopes
 *              and generations; not listed: cut at 0 (L19)
 *   forget     1 record, 2 kind, 3 up to stamp, 4 [[log, seq, index]...], 5 who
 *              signed, 6 its key epoch, 7 signature or nil (the CRESS, for a revoked
 *              member's record)
 *   checkpoint 1 [cut...]: heads that have moved since the last one
 *   void       1 log, 2 seq, 3 id
 *   resolve    1 log, 2 cut: a data log's fork is cut there, an `open` follows;
 *              or 3 control seq of the common prefix, 4 its id, 5 [id...] first ids
 *              of the control branches given up; or 6 true: --alone
 *   quota      1 hub, 2 bytes of changes in all its logs (0: none)
 *
 * Owns its arrays: rights_done() frees. Pointers returned are valid until the
 * next apply. */
#ifndef PROTO_RIGHTS_H
#define PROTO_RIGHTS_H

#include "proto/commit.h"
#include "proto/schema.h"

#define RIGHTS_NAME_MAX 120 /* bytes, of a node's or federation's name */
#define RIGHTS_PAYS_MAX 40
#define RIGHTS_ADDRESS_MAX 255
#define RIGHTS_MEMBERS_MAX 4096
#define RIGHTS_LOGS_MAX 65536
#define CHARTER_MAX 24576

/* A change's place, and a cut. */
struct position3 {
	struct id16 log;
	uint64_t seq;
	uint32_t index;
};
struct log_cut {
	struct id16 log;
	uint64_t seq;
	struct hash id; /* zero where seq is 0 */
};

enum role { ROLE_HUB = 1, ROLE_CRESS = 2, ROLE_OBSERVER = 3 };
enum member_state { MEMBER_ACTIVE, MEMBER_SUSPENDED, MEMBER_REVOKED };

struct member {
	struct id16 hub;
	char name[RIGHTS_NAME_MAX + 1];
	char pays[RIGHTS_PAYS_MAX + 1]; /* Pays code; a CRESS: its region's code */
	enum role role;
	enum member_state state;
	struct sign_public sign;
	struct dh_public dh;
	uint32_t epoch;
	char address[RIGHTS_ADDRESS_MAX + 1]; /* "host:port" or "" */
	struct hash invite; /* zero: none */
	uint64_t quota; /* bytes, 0: none */
	uint64_t since; /* control seq of its entry */
};
struct open_log {
	struct id16 id, hub, nonce;
	enum scope scope;
	uint32_t generation;
	struct hash opened_by; /* id of the control commit that holds the `open` */
	uint64_t opened_seq;
	bool cut; /* by a later generation, a revocation or a resolve */
	uint64_t cut_seq; /* the last that counts; 0: none does */
	struct hash cut_id; /* zero where cut_seq is 0 */
	uint64_t checkpoint; /* nothing at or below may be cut (finality) */
	struct hash checkpoint_id;
};
/* Until where an older key's signatures count in a log. */
struct key_turn {
	struct id16 hub, log;
	uint32_t epoch; /* the older key's */
	uint64_t until;
};
struct key_age {
	struct id16 hub;
	uint32_t epoch;
	struct sign_public sign;
	struct dh_public dh;
	uint64_t from; /* control seq of the entry */
};
/* One hand-over of a record. */
struct tenure {
	struct record_id record;
	unsigned kind;
	struct id16 from, to;
	uint64_t seq; /* control seq of the `steward` entry */
	struct position3 offer, answer;
	struct log_cut *cuts; /* of `from`'s logs; not listed: 0 */
	size_t cut_count;
};
struct forgotten {
	struct record_id record;
	unsigned kind;
	es_stamp upto;
	uint64_t seq; /* of the control commit... */
	uint32_t index; /* ...and the entry's place in it */
	struct id16 steward;
};
struct invitation_entry {
	struct hash hash;
	char pays[RIGHTS_PAYS_MAX + 1], name[RIGHTS_NAME_MAX + 1];
	es_ms expires;
	bool approved, used;
	bool replaces; /* a key lost: who comes in takes over `hub` */
	struct id16 hub;
};
struct territory {
	char code[RIGHTS_PAYS_MAX + 1], name[RIGHTS_NAME_MAX + 1];
};
struct rights {
	struct hash fed_id;
	bool founded; /* the genesis has been applied */
	struct sign_public founder; /* the genesis's CRESS key */
	char name[RIGHTS_NAME_MAX + 1], region[8];
	struct hash charter; /* digest */
	char *charter_text;
	bool charter_mandatory; /* every hub must accept it anew */
	uint64_t charter_seq; /* control seq of the charter in force */
	struct hash *charters; /* digests of all that were ever in force */
	size_t charter_count;
	struct hash recovery; /* of the genesis */
	bool alone; /* the last resolve said so */
	uint64_t seq; /* control head */
	struct hash id;
	struct id16 control_log; /* id of its current generation */
	struct member *members;
	size_t member_count;
	struct open_log *logs;
	size_t log_count;
	struct invitation_entry *invites;
	size_t invite_count;
	struct territory *territories;
	size_t territory_count;
	struct key_turn *turns;
	size_t turn_count;
	struct key_age *ages; /* every key ever, in order */
	size_t age_count;
	struct tenure *tenures; /* in order of control seq */
	size_t tenure_count;
	struct forgotten *forgotten;
	size_t forgotten_count;
	struct position3 *voids; /* index unused */
	size_t void_count;
	struct position3 *erased; /* positions listed by forgets, sorted */
	size_t erased_count;
	struct hash *given_up; /* first ids of control branches that a `resolve` named */
	size_t given_up_count;
	es_ms checkpoint_utc; /* hlc's milliseconds of the last checkpoint, 0: none */
	uint64_t checkpoint_seq;
	/* Changed by the last rights_apply(), for whoever refolds: */
	bool cuts_changed, stewards_changed, forgets_changed;
	struct rights_index *index; /* hash tables, private */
};

void rights_init(struct rights *r, const struct hash *fed_id);
void rights_done(struct rights *r);
/* Where both say the same, `to` uses from's arrays from now on: many nodes of one
 * process hold them once. Either is applied to, and done, as before; one thread.
 * False: they differ, or `to` is empty. */
bool rights_share(struct rights *to, const struct rights *from);
/* Applies the next control commit, already admitted. On an error nothing is
 * promised about r: a control log that does not fold stops the node. */
ES_MUST_USE enum es_err rights_apply(struct rights *r, const struct commit *c, const struct packed *p);

const struct member *rights_member(const struct rights *r, const struct id16 *hub);
const struct member *rights_member_dh(const struct rights *r, const struct dh_public *dh);
/* A transport key that a member has had, and has no more. */
bool rights_dh_former(const struct rights *r, const struct dh_public *dh);
const struct member *rights_cress(const struct rights *r);
const struct open_log *rights_log(const struct rights *r, const struct id16 *log);
/* The open log of greatest generation, or NULL. */
const struct open_log *rights_log_of(const struct rights *r, const struct id16 *hub, enum scope scope);
const struct invitation_entry *rights_invite(const struct rights *r, const struct hash *hash);
const struct territory *rights_territory(const struct rights *r, const char *code);
/* Is, or was, this the digest of the federation's charter? */
bool rights_had_charter(const struct rights *r, const struct hash *digest);
/* May this member hold that log? control, public: all; federation: hubs and
 * the CRESS; cress: its author and the CRESS; local: nobody else. */
bool rights_may_hold(const struct rights *r, const struct member *m, const struct open_log *log);
/* Above the log's checkpoint, or at it with its id: an entry with such a cut counts. */
bool rights_may_cut(const struct rights *r, const struct log_cut *cut);
/* Is that another commit than the log's checkpoint names at its own number? */
bool rights_beside_checkpoint(const struct open_log *log, uint64_t seq, const struct hash *id);
/* The key that must have signed (log, seq) of this author, NULL where none may: an
 * unknown member. *epoch: what the header must say. `log` zero: the control log. */
const struct sign_public *rights_key(const struct rights *r, const struct id16 *hub, const struct id16 *log,
				     uint64_t seq, uint32_t *epoch);
/* A key of that epoch, NULL: none. */
const struct key_age *rights_key_age(const struct rights *r, const struct id16 *hub, uint32_t epoch);
/* Who bears this signing key now, NULL: nobody. */
const struct member *rights_member_sign(const struct rights *r, const struct sign_public *sign);
/* Layer 2: is (log, seq) beyond its log's cut, or void? */
bool rights_is_void(const struct rights *r, const struct id16 *log, uint64_t seq);
/* The record's steward now, and as of control position `seq` (entries up to and
 * including seq). Without a hand-over its creator: the id's first 16 bytes. */
/* Where a hand-over cuts that log of the old steward: cuts are sorted, of two for one log the
 * smaller counts; 0: not listed. */
uint64_t rights_tenure_cut(const struct tenure *t, const struct id16 *log);
struct id16 rights_steward(const struct rights *r, const struct record_id *record, unsigned kind);
struct id16 rights_steward_at(const struct rights *r, const struct record_id *record, unsigned kind, uint64_t seq);
/* Layers 2 and 3: does a put by `author`, in commit (log, seq) that names control
 * position ctl_seq, count? Local logs are not asked about. */
bool rights_counts(const struct rights *r, const struct id16 *author, const struct id16 *log, uint64_t seq,
		   uint64_t ctl_seq, const struct record_id *record, unsigned kind);
/* The greatest stamp forgotten of a record, 0: none. */
es_stamp rights_forgotten(const struct rights *r, const struct record_id *record, unsigned kind);
/* May the change at that position be missing? */
bool rights_is_erased(const struct rights *r, const struct id16 *log, uint64_t seq, uint32_t index);
/* "pole-auray", "cress-bretagne"; out holds RIGHTS_PAYS_MAX + 8. */
void rights_owner_text(const struct member *m, char *out, size_t size);
struct hash rights_fed_id(struct slice name, const struct sign_public *cress, const struct hash *recovery,
			  const uint8_t random[32], const struct hash *charter);

/* Writers of entries: append one whole control change. */
struct genesis {
	struct slice name, region;
	struct sign_public cress;
	struct hash recovery, charter;
	uint8_t random[32];
};
void entry_genesis(const struct genesis *g, struct buf *out);
void entry_charter(struct slice type, struct slice version, struct slice text, struct buf *out);
/* communes: canonical array [[code, du, au], ...]. */
void entry_territory(struct slice type, struct slice code, struct slice name, struct slice communes, struct buf *out);
struct acceptance {
	struct signature sig;
	uint8_t handshake[64];
};
/* acceptance is NULL for the CRESS itself. */
void entry_member(const struct member *m, const struct hash *charter, const struct acceptance *a, struct buf *out);
void entry_open(const struct open_log *log, struct buf *out);
void entry_invite(const struct invitation_entry *i, struct buf *out);
/* Cuts are given as the entry wants them; no cut: cut is NULL. */
void entry_open_cut(const struct open_log *log, const struct log_cut *cut, struct buf *out);
void entry_hub(unsigned op, const struct id16 *hub, struct buf *out); /* suspend, resume */
void entry_revoke(const struct id16 *hub, const struct log_cut *cuts, size_t n, struct buf *out);
struct rotation {
	struct id16 hub;
	struct sign_public sign;
	struct dh_public dh;
	uint32_t epoch;
	bool emergency; /* no `old` */
	struct signature old, new;
};
void rotation_message(const struct hash *fed_id, const struct rotation *r, struct buf *out); /* SIGN_ROTATE */
void entry_rotate(const struct rotation *r, const struct log_cut *cuts, size_t n, struct buf *out);
struct recovery {
	struct sign_public sign;
	struct dh_public dh;
	uint32_t epoch;
	uint64_t cut_seq;
	struct hash cut_id;
	struct sign_public key; /* the recovery key, revealed */
	struct signature sig;
};
void recovery_message(const struct hash *fed_id, const struct recovery *r, struct buf *out); /* SIGN_RECOVER */
/* What the genesis keeps of the recovery key. */
struct hash recovery_hash(const struct sign_public *key);
void entry_recover(const struct recovery *r, struct buf *out);
void entry_steward(const struct tenure *t, struct buf *out);
struct forget_order {
	struct record_id record;
	unsigned kind;
	es_stamp upto;
	struct id16 signer;
	uint32_t epoch;
	bool is_signed;
	struct signature sig;
};
void forget_message(const struct hash *fed_id, const struct forget_order *f, struct buf *out); /* SIGN_FORGET */
void entry_forget(const struct forget_order *f, const struct position3 *at, size_t n, struct buf *out);
void entry_checkpoint(const struct log_cut *heads, size_t n, struct buf *out);
void entry_void(const struct log_cut *which, struct buf *out);
void entry_resolve(const struct id16 *log, const struct log_cut *cut, struct buf *out);
void entry_resolve_control(uint64_t seq, const struct hash *id, const struct hash *given_up, size_t n, struct buf *out);
void entry_alone(struct buf *out);
void entry_quota(const struct id16 *hub, uint64_t bytes, struct buf *out);
/* `mandatory`: every hub must accept it anew. */
void entry_charter_version(struct slice type, struct slice version, struct slice text, bool mandatory, struct buf *out);
/* What a hub signs when it asks to join: the context SIGN_JOIN over this. */
void acceptance_message(const uint8_t handshake[64], const struct hash *fed_id, const struct member *m,
			const struct hash *charter, struct buf *out);

#endif
