/* SPDX-License-Identifier: Apache-2.0
 *
 * HELLO: who is it, and what may it do here?
 *
 *     a member's key, active      a hub at home: the node judges its lineage (L1)
 *                                 anybody else: welcome
 *     a revoked member, at home   shows what it holds, no more (L22)
 *     a suspended one, at home    the same, where home may have lost entries (L13)
 *     an unknown key, at home     shows its control log, no more (L16)
 *     else                        BYE */
#include <string.h>
#include "proto/session_parts.h"

#define HELLO_ITEMS 8
#define HELLO_PENDING 1 /* home's lineage slot: the hub's logs get a new generation */

/* What stands in the lineage slot: a hub's own; home says there whether the hub is
 * taken for a copy (L2). */
static uint64_t lineage_slot(const struct step *t)
{
	if (t->env->role != ROLE_CRESS)
		return t->env->lineage;
	return t->s->pending ? HELLO_PENDING : 0;
}

void session_hello(struct step *t)
{
	const struct session_env *env = t->env;
	uint8_t memory[256];
	struct buf b;

	t->s->clock_said = env->utc - env->now;
	t->s->instance_said = env->instance;
	buf_init_fixed(&b, memory, sizeof memory);
	canon_array(&b, HELLO_ITEMS);
	canon_u64(&b, WIRE_VERSION);
	canon_bin(&b, env->rights->fed_id.bytes, 32);
	canon_bin(&b, env->self.bytes, 16);
	canon_bin(&b, env->instance.bytes, 16);
	canon_u64(&b, lineage_slot(t));
	canon_u64(&b, env->role);
	canon_int(&b, env->utc);
	canon_str(&b, slice_str(env->software));
	session_send(t, WIRE_HELLO, &b, false);
}

static void welcome(struct step *t)
{
	struct session *s = t->s;

	s->known = !s->stranger;
	s->state = SESSION_CONTROL;
	s->progress = t->env->now;
	t->fx->identified = s->known;
	if (!s->initiator)
		session_hello(t);
	session_resync(t);
	if (s->state != SESSION_CLOSED)
		session_send_frontier(t);
}

static enum es_err read_hello(struct step *t)
{
	struct session *s = t->s;
	struct canon_reader r;
	struct hash fed;

	canon_read_init(&r, buf_slice(&s->body));
	if (canon_read_array(&r, HELLO_ITEMS) != HELLO_ITEMS)
		r.err = r.err ? r.err : ES_MALFORMED;
	uint64_t version = canon_read_u64(&r, 255);
	canon_read_exact(&r, fed.bytes, 32);
	canon_read_exact(&r, s->peer.bytes, 16);
	canon_read_exact(&r, s->peer_instance.bytes, 16);
	s->peer_lineage = canon_read_u64(&r, UINT64_MAX);
	s->peer_role = (enum role)canon_read_u64(&r, ROLE_OBSERVER);
	s->peer_clock_ms = canon_read_int(&r, 0, INT64_MAX) - t->env->utc;
	canon_read_str(&r, 64);
	enum es_err err = canon_read_done(&r);
	if (err == ES_OK && version != WIRE_VERSION)
		err = ES_VERSION;
	if (err == ES_OK && !hash_eq(&fed, &t->env->rights->fed_id))
		err = ES_WRONG_FEDERATION;
	return err;
}

static enum es_err judge_member(struct step *t, const struct member *m)
{
	struct session *s = t->s;
	bool at_home = t->env->role == ROLE_CRESS;

	if (!m && at_home && rights_dh_former(t->env->rights, &s->peer_key))
		return ES_KEY_REPLACED; /* loudly: whoever is there is told */
	if (!m && at_home && !s->initiator && !PLANT(unknown_key_refused)) {
		s->stranger = true;
		return ES_OK;
	}
	if (!m) /* a hub that was just let in knows its home by the invitation's key alone */
		return s->initiator && !t->env->rights->founded ? ES_OK : ES_NOT_MEMBER;
	if (!id_eq(&m->hub, &s->peer) || m->role != s->peer_role)
		return ES_NOT_MEMBER;
	s->suspended = m->state == MEMBER_SUSPENDED;
	if (s->suspended) /* a restored home wants to hear it: the node says */
		return at_home && m->role == ROLE_HUB ? ES_OK : ES_SUSPENDED;
	s->report_only = m->state == MEMBER_REVOKED;
	return m->state == MEMBER_REVOKED && (!at_home || PLANT(revoked_refused_outright)) ? ES_REVOKED : ES_OK;
}

void session_on_hello(struct step *t)
{
	struct session *s = t->s;
	const struct member *m = rights_member_dh(t->env->rights, &s->peer_key);
	enum es_err err = s->join_only || s->judging ? ES_STATE : read_hello(t);

	if (err == ES_OK)
		err = judge_member(t, m);
	if (err != ES_OK) {
		session_close(t, err);
		return;
	}
	if (session_home(t))
		s->pending = s->peer_lineage == HELLO_PENDING;
	if (t->env->role == ROLE_CRESS && m && m->role == ROLE_HUB && !s->report_only) {
		s->judging = true;
		t->fx->greet = true;
		return;
	}
	welcome(t);
}

void session_on_greeted(struct step *t, const struct session_event *ev)
{
	struct session *s = t->s;

	if (!s->judging)
		return;
	s->judging = false;
	s->pending = ev->pending;
	s->report_only = ev->report_only;
	s->level_due = true;
	if (ev->err != ES_OK)
		session_close(t, ev->err);
	else if (s->pending && s->initiator)
		session_close(t, ES_AGAIN); /* our HELLO is out and could not say so: the hub shall call */
	else
		welcome(t);
}

void session_check_members(struct step *t)
{
	struct session *s = t->s;
	const struct member *m = rights_member(t->env->rights, &s->peer);
	const struct member *self = rights_member(t->env->rights, &t->env->self);

	if (s->stranger || s->report_only || PLANT(session_of_revoked_stays))
		return;
	if (m && m->state != MEMBER_ACTIVE)
		session_close(t, m->state == MEMBER_SUSPENDED ? ES_SUSPENDED : ES_REVOKED);
	else if (self && self->state == MEMBER_REVOKED && (!session_home(t) || s->frontier_seen))
		session_close(t, ES_REVOKED); /* home may yet want to hear us out (L22): its FRONTIER says so */
	else if (m && s->state == SESSION_STREAM && memcmp(m->dh.bytes, s->peer_key.bytes, 32) != 0)
		session_close(t, ES_AGAIN); /* its key was replaced: whoever holds the new one calls */
	else if (session_home(t) && !id_eq(&t->env->instance, &s->instance_said))
		session_close(t, ES_AGAIN); /* we are another instance since our HELLO: home is to be told */
}
