/* SPDX-License-Identifier: Apache-2.0
 *
 * The control log, folded: who is a member, with which keys, which logs are
 * open, who is invited. Control commits are applied in order, by every node
 * alike; nothing else changes this.
 *
 * Entries' own fields, by number (all canonical, in a change's field map):
 *   genesis    1 name, 2 CRESS key, 3 recovery hash, 4 random32, 5 charter digest, 6 region
 *   charter    1 type, 2 version, 3 text, 4 digest
 *   territory  1 type, 2 code, 3 nom, 4 [[commune, du, au]...]
 *   member     1 hub, 2 name, 3 pays, 4 role, 5 sign key, 6 dh key, 7 epoch,
 *              8 address or nil, 9 acceptance signature or nil, 10 invitation hash
 *              or nil, 11 charter digest, 12 handshake hash or nil
 *   open       1 hub, 2 scope, 3 generation, 4 nonce, 5 log
 *   invite     1 hash, 2 pays, 3 name, 4 expires (ms), 5 approved beforehand
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
};
struct open_log {
	struct id16 id, hub, nonce;
	enum scope scope;
	uint32_t generation;
	struct hash opened_by; /* id of the control commit that holds the `open` */
	uint64_t opened_seq;
};
struct invitation_entry {
	struct hash hash;
	char pays[RIGHTS_PAYS_MAX + 1], name[RIGHTS_NAME_MAX + 1];
	es_ms expires;
	bool approved, used;
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
};

void rights_init(struct rights *r, const struct hash *fed_id);
void rights_done(struct rights *r);
/* Applies the next control commit, already admitted. On an error nothing is
 * promised about r: a control log that does not fold stops the node. */
ES_MUST_USE enum es_err rights_apply(struct rights *r, const struct commit *c, const struct packed *p);

const struct member *rights_member(const struct rights *r, const struct id16 *hub);
const struct member *rights_member_dh(const struct rights *r, const struct dh_public *dh);
const struct member *rights_cress(const struct rights *r);
const struct open_log *rights_log(const struct rights *r, const struct id16 *log);
/* The open log of greatest generation, or NULL. */
const struct open_log *rights_log_of(const struct rights *r, const struct id16 *hub, enum scope scope);
const struct invitation_entry *rights_invite(const struct rights *r, const struct hash *hash);
const struct territory *rights_territory(const struct rights *r, const char *code);
/* May this member hold that log? control, public: all; federation: hubs and
 * the CRESS; cress: its author and the CRESS; local: nobody else. */
bool rights_may_hold(const struct rights *r, const struct member *m, const struct open_log *log);
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
/* What a hub signs when it asks to join: the context SIGN_JOIN over this. */
void acceptance_message(const uint8_t handshake[64], const struct hash *fed_id, const struct member *m,
			const struct hash *charter, struct buf *out);

#endif
