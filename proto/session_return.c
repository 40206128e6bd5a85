/* SPDX-License-Identifier: Apache-2.0
 *
 * What lies beyond a cut is void but not lost: whoever holds it gives it to its
 * author, through home (L9). And proofs of forks, shown to whoever may see the log.
 *
 *     returns -> RETURNS(body) -> RETURN ... give_back -> RETURNED(ids) ... returned
 *
 * At most one is under way in each direction. */
#include "proto/session_parts.h"

/* --- giving --- */

/* Home gives to a hub that has all that home holds of it: what it then finds in
 * none of its logs is really missing. */
static bool peer_is_level(const struct step *t)
{
	const struct session *s = t->s;

	FOR_SET(i, s, SET_PEERS)
		if (s->tracks[i].theirs < t->env->frontier->heads[i].seq)
			return false;
	return true;
}

static bool may_give(const struct step *t)
{
	const struct session *s = t->s;
	bool at_home = t->env->role == ROLE_CRESS && s->peer_role == ROLE_HUB;

	if (s->state != SESSION_STREAM || s->returning || s->pending || s->report_only || s->stranger)
		return false;
	if (s->tracks[0].theirs < t->env->frontier->heads[0].seq)
		return false; /* it may not know of the cut yet */
	return session_home(t) || (at_home && peer_is_level(t));
}

void session_ask_returns(struct step *t)
{
	struct session *s = t->s;

	s->returns_later = 0;
	if (!s->returns_due || !may_give(t))
		return;
	if (t->env->now < s->returns_at) {
		s->returns_later = s->returns_at;
		return;
	}
	s->returns_due = false;
	s->returns_at = t->env->now + SESSION_RETURNS_MS;
	s->returning = true;
	t->fx->returns = true;
}

static struct buf borrow(const struct slice *bytes)
{
	return (struct buf){.p = (uint8_t *)(uintptr_t)bytes->p, .len = bytes->len, .fixed = true};
}

void session_returns(struct step *t, const struct session_event *ev)
{
	struct session *s = t->s;

	if (ev->err != ES_OK || ev->bytes->len == 0 || s->state != SESSION_STREAM) {
		s->returning = false;
		return;
	}
	struct buf body = borrow(ev->bytes);
	session_send(t, WIRE_RETURN, &body, true);
}

void session_on_returned(struct step *t)
{
	struct session *s = t->s;

	if (!s->returning)
		return; /* nothing was given: nothing is believed */
	s->returning = false;
	s->returns_due = true; /* there may be more */
	s->returns_at = 0;
	t->fx->returned = true;
	t->fx->body = &s->body;
}

/* --- being given --- */

void session_on_return(struct step *t)
{
	struct session *s = t->s;

	if (session_mute(t))
		return; /* what lies at or below its cuts, and nothing else (L22) */
	if (s->giving) {
		session_close(t, ES_STATE);
		return;
	}
	s->giving = true;
	t->fx->give_back = true;
	t->fx->body = &s->body;
}

void session_returned(struct step *t, const struct session_event *ev)
{
	struct session *s = t->s;

	s->giving = false;
	if (ev->err != ES_OK && es_err_then(ev->err) == ES_CLOSE)
		session_close(t, ev->err);
	if (ev->err != ES_OK || ev->bytes->len == 0 || s->state != SESSION_STREAM)
		return; /* it is offered again in another session */
	struct buf body = borrow(ev->bytes);
	session_send(t, WIRE_RETURNED, &body, false);
}

/* --- forks --- */

void session_on_fork(struct step *t)
{
	if (t->s->stranger)
		return;
	t->fx->fork = true;
	t->fx->body = &t->s->body;
}

void session_tell_fork(struct step *t, const struct session_event *ev)
{
	struct session *s = t->s;

	if (s->state < SESSION_CONTROL || session_mute(t) || !set_has(s, SET_TELL, ev->log) || ev->bytes->len == 0)
		return;
	struct buf body = borrow(ev->bytes);
	session_send(t, WIRE_FORK, &body, true);
}
