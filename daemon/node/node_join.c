/* SPDX-License-Identifier: Apache-2.0
 *
 * Home's side of a new hub's coming: invitations, requests, who is meant. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "common/log.h"
#include "daemon/node/node.h"
#include "daemon/node/node_parts.h"
#include "proto/join.h"

enum es_err node_invite(struct node *n, const char *pays, const char *name, es_ms lifetime, bool approved,
			const struct id16 *replaces, const char *address, char *out, es_ms *expires)
{
	struct invite invite = {.fed_id = n->rights.fed_id, .home = n->keys.dh};
	struct invitation_entry entry = {.approved = approved};
	const char *colon = address ? strrchr(address, ':') : NULL;
	uint8_t memory[512];
	struct buf b;

	if (!colon || colon == address || (size_t)(colon - address) > INVITE_HOST_MAX)
		return ES_NO_ADDRESS;
	memcpy(invite.host, address, (size_t)(colon - address));
	invite.port = (uint16_t)atoi(colon + 1);
	rng_fill(&n->rng, invite.secret.bytes, 16);
	invite.expires = (n->utc + lifetime) / 1000 * 1000;
	entry.hash = invite_hash(&invite.secret);
	entry.replaces = replaces != NULL;
	if (replaces)
		entry.hub = *replaces;
	entry.expires = invite.expires;
	snprintf(entry.pays, sizeof entry.pays, "%s", pays);
	snprintf(entry.name, sizeof entry.name, "%s", name);
	buf_init_fixed(&b, memory, sizeof memory);
	entry_invite(&entry, &b);
	enum es_err err = node_enter(n, &b);
	if (err == ES_OK)
		invite_encode(&invite, out);
	*expires = invite.expires;
	return err;
}

struct finding_request {
	struct slice who;
	const struct id16 *hub; /* exact, instead of who */
	struct join_request found;
	size_t count;
};

static bool says(struct slice who, const char *text)
{
	return strlen(text) == who.len && strncasecmp(text, (const char *)who.p, who.len) == 0;
}

static bool is_meant(struct slice who, const struct member *m)
{
	char id[BASE32_LEN(16) + 1], finger[FINGERPRINT_LEN + 1], owner[NODE_OWNER_MAX];

	base32_encode(m->hub.bytes, 16, id);
	crypto_fingerprint(&m->sign, &m->dh, finger);
	rights_owner_text(m, owner, sizeof owner);
	return says(who, id) || says(who, finger) || says(who, m->name) || says(who, m->pays) || says(who, owner);
}

static bool match_request(void *ctx, const struct join_request *r)
{
	struct finding_request *f = ctx;
	bool meant = f->hub ? id_eq(f->hub, &r->member.hub) : r->state == REQUEST_WAITING && is_meant(f->who, &r->member);

	if (meant && f->count++ == 0)
		f->found = *r;
	return true;
}

enum es_err node_find_request(struct node *n, struct slice who, struct join_request *out)
{
	struct finding_request f = {.who = who};
	enum es_err err = journal_request_each(n->journal, match_request, &f);

	if (err == ES_OK && f.count != 1)
		err = f.count == 0 ? ES_NOT_FOUND : ES_AMBIGUOUS;
	if (err == ES_OK)
		*out = f.found;
	return err;
}

enum es_err node_find_member(const struct node *n, struct slice who, const struct member **out)
{
	const struct member *found = NULL;

	for (size_t i = 0; i < n->rights.member_count; i++) {
		if (!is_meant(who, &n->rights.members[i]))
			continue;
		if (found)
			return ES_AMBIGUOUS;
		found = &n->rights.members[i];
	}
	if (!found)
		return ES_NOT_FOUND;
	*out = found;
	return ES_OK;
}

/* Is somebody else already waiting, or in, on this invitation? */
struct burnt {
	const struct hash *invite;
	const struct id16 *hub;
	bool yes;
};

static bool burns(void *ctx, const struct join_request *r)
{
	struct burnt *b = ctx;

	b->yes = b->yes || (hash_eq(&r->member.invite, b->invite) && !(b->hub && id_eq(&r->member.hub, b->hub)));
	return !b->yes;
}

static enum es_err check_invite(struct node *n, const struct join_ask *ask, const struct id16 *hub,
				const struct invitation_entry **out)
{
	struct hash hash = invite_hash(&ask->secret);
	const struct invitation_entry *i = rights_invite(&n->rights, &hash);
	struct burnt b = {.invite = &hash, .hub = hub};
	enum es_err err;

	if (!i)
		return ES_INVITE_UNKNOWN;
	if (node_invite_cancelled(n, &hash))
		return ES_INVITE_EXPIRED;
	*out = i;
	err = journal_request_each(n->journal, burns, &b);
	if (err != ES_OK || b.yes)
		return err != ES_OK ? err : ES_INVITE_USED;
	return i->expires < n->utc ? ES_INVITE_EXPIRED : ES_OK;
}

static void offer(struct node *n, const struct invitation_entry *i, struct buf *out)
{
	const struct member *cress = rights_cress(&n->rights);
	struct join_answer a = {.cress_sign = cress->sign};

	snprintf(a.federation, sizeof a.federation, "%s", n->rights.name);
	snprintf(a.cress, sizeof a.cress, "%s", cress->name);
	snprintf(a.pays, sizeof a.pays, "%s", i->pays);
	snprintf(a.name, sizeof a.name, "%s", i->name);
	snprintf(a.region, sizeof a.region, "%s", n->rights.region);
	a.charter = slice_str(n->rights.charter_text ? n->rights.charter_text : "");
	const struct member *lost = i->replaces ? rights_member(&n->rights, &i->hub) : NULL;
	a.replaces = lost != NULL;
	if (lost) {
		a.hub = lost->hub;
		a.epoch = lost->epoch + 1;
	}
	join_answer_encode(&a, out);
}

static enum es_err check_acceptance(struct node *n, const struct join_ask *ask, const struct member *m,
				    const uint8_t handshake[64])
{
	uint8_t memory[1024];
	struct buf b;

	if (!crypto_sign_public_valid(&ask->sign))
		return ES_BAD_KEY;
	/* A charter that changed on the way is accepted by the new member as by every other. */
	if (!rights_had_charter(&n->rights, &ask->charter))
		return ES_BAD_DIGEST;
	buf_init_fixed(&b, memory, sizeof memory);
	acceptance_message(handshake, &n->rights.fed_id, m, &ask->charter, &b);
	return crypto_verify_as(SIGN_JOIN, &ask->sign, &ask->sig, buf_slice(&b)) ? ES_OK : ES_BAD_SIG;
}

/* Keys in the place of lost ones sign their rotation: the entry is of no effect else. */
static enum es_err check_rotation(struct node *n, const struct join_ask *ask, const struct invitation_entry *i,
				  const struct dh_public *key)
{
	const struct member *lost = rights_member(&n->rights, &i->hub);
	struct rotation r = {.hub = i->hub, .sign = ask->sign, .dh = *key};
	struct buf message;

	if (!lost)
		return ES_NOT_MEMBER;
	r.epoch = lost->epoch + 1;
	buf_init(&message, 512);
	rotation_message(&n->rights.fed_id, &r, &message);
	bool good = crypto_verify_as(SIGN_ROTATE, &ask->sign, &ask->rotation, buf_slice(&message));
	buf_done(&message);
	return good ? ES_OK : ES_BAD_SIG;
}

static enum es_err accept_request(struct node *n, const struct join_ask *ask, const struct invitation_entry *i,
				  const struct member *m, const uint8_t handshake[64], unsigned *state)
{
	struct join_request r = {.member = *m, .charter = ask->charter, .state = REQUEST_WAITING, .at = n->utc};
	enum es_err err;

	memcpy(r.acceptance.handshake, handshake, 64);
	r.acceptance.sig = ask->sig;
	r.replaces = i->replaces;
	r.hub = i->replaces ? i->hub : m->hub;
	r.rotation = ask->rotation;
	n->knocked = true;
	err = journal_request_put(n->journal, &r);
	*state = JOIN_WAITING;
	if (err == ES_OK && i->approved && node_awaited(n) == 0) {
		err = node_approve(n, &r);
		*state = JOIN_APPROVED;
	}
	return err;
}

/* The same key asking again hears how its request stands. */
static void answer_again(struct node *n, const struct join_ask *ask, struct join_request *found, struct buf *joined)
{
	const struct hash hash = invite_hash(&ask->secret);
	const struct invitation_entry *known = rights_invite(&n->rights, &hash);
	struct join_answer answer = {.accepted = true};

	if (found->state == REQUEST_WAITING && known && known->approved && node_awaited(n) == 0 &&
	    node_approve(n, found) == ES_OK)
		found->state = REQUEST_APPROVED;
	answer.state = found->state;
	join_answer_encode(&answer, joined);
}

enum es_err node_join(struct node *n, struct slice body, const struct dh_public *key, const uint8_t handshake[64],
		      struct buf *joined)
{
	struct join_ask ask;
	struct member m = {.role = ROLE_HUB, .epoch = 1, .dh = *key};
	const struct invitation_entry *i = NULL;
	struct join_answer answer = {.accepted = true};
	enum es_err err = join_ask_decode(body, &ask);

	if (err != ES_OK)
		return err;
	if (n->role != ROLE_CRESS)
		return ES_NOT_ALLOWED;
	if (!hash_eq(&ask.fed_id, &n->rights.fed_id))
		return ES_WRONG_FEDERATION;
	m.sign = ask.sign;
	m.hub = crypto_hub_id(&n->rights.fed_id, &ask.sign);
	struct finding_request f = {.hub = &m.hub};
	if (ask.accept)
		err = journal_request_each(n->journal, match_request, &f);
	if (err == ES_OK && f.count > 0 && memcmp(f.found.member.dh.bytes, key->bytes, 32) == 0) {
		answer_again(n, &ask, &f.found, joined);
		return ES_OK;
	}
	if (err == ES_OK)
		err = check_invite(n, &ask, ask.accept ? &m.hub : NULL, &i);
	if (err != ES_OK)
		return err;
	if (!ask.accept) {
		offer(n, i, joined);
		return buf_err(joined);
	}
	snprintf(m.name, sizeof m.name, "%s", ask.name[0] ? ask.name : i->name);
	snprintf(m.pays, sizeof m.pays, "%s", i->pays);
	snprintf(m.address, sizeof m.address, "%s", ask.address);
	m.invite = i->hash;
	if (i->replaces && !ask.replaces)
		return ES_MALFORMED;
	struct member signed_by = m; /* the name as it was signed */
	snprintf(signed_by.name, sizeof signed_by.name, "%s", ask.name);
	err = check_acceptance(n, &ask, &signed_by, handshake);
	if (err == ES_OK && i->replaces)
		err = check_rotation(n, &ask, i, key);
	if (err == ES_OK)
		err = accept_request(n, &ask, i, &m, handshake, &answer.state);
	if (err == ES_OK)
		join_answer_encode(&answer, joined);
	return err;
}
