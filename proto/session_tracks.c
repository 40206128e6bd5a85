/* SPDX-License-Identifier: Apache-2.0
 *
 * What is known of each log on both sides. session_refresh() is the one place
 * that says which sets a log is in. */
#include <stdlib.h>
#include <string.h>
#include "proto/session_parts.h"

/* --- sets --- */

bool set_has(const struct session *s, enum set which, uint32_t i)
{
	return i < s->track_count && (s->sets[(size_t)which * s->words + i / 64] >> (i % 64) & 1);
}

void set_put(struct session *s, enum set which, uint32_t i, bool in)
{
	uint64_t *word = &s->sets[(size_t)which * s->words + i / 64], bit = 1ull << (i % 64);

	*word = in ? *word | bit : *word & ~bit;
}

int set_next(const struct session *s, enum set which, uint32_t from)
{
	size_t at = from / 64;

	if (from >= s->track_count)
		return -1;
	const uint64_t *set = s->sets + (size_t)which * s->words;
	uint64_t word = set[at] & (~0ull << (from % 64));
	while (word == 0) {
		if (++at >= s->words)
			return -1;
		word = set[at];
	}
	return (int)(at * 64) + __builtin_ctzll(word);
}

static bool widen(struct session *s, size_t n)
{
	size_t words = (n + 63) / 64;
	struct track *tracks = realloc(s->tracks, n * sizeof *tracks);

	if (!tracks)
		return false;
	s->tracks = tracks;
	memset(tracks + s->track_count, 0, (n - s->track_count) * sizeof *tracks);
	if (words > s->words) {
		uint64_t *sets = calloc(SETS * words, sizeof *sets);

		if (!sets)
			return false;
		for (size_t k = 0; k < SETS && s->words; k++)
			memcpy(sets + k * words, s->sets + k * s->words, s->words * sizeof *sets);
		free(s->sets);
		s->sets = sets;
		s->words = words;
	}
	s->track_count = n;
	return true;
}

/* --- one log --- */

int session_find(const struct step *t, const struct id16 *log)
{
	const struct frontier *f = t->env->frontier;
	const struct head *h = frontier_find(f, log);
	const struct open_log *open;

	if (h)
		return (size_t)(h - f->heads) < t->s->track_count ? (int)(h - f->heads) : -1;
	if (t->s->track_count == 0)
		return -1;
	if (id_is_zero(log))
		return 0; /* the control log, for a node that holds nothing of it yet */
	open = rights_log(t->env->rights, log); /* an earlier control generation */
	return open && open->scope == SCOPE_CONTROL ? 0 : -1;
}

/* May the peer be told of this log at all? Before our control log knows it, a
 * founding member's key vouches for it: it gets the control log only. */
static bool may_tell(const struct step *t, const struct head *h, const struct open_log *log)
{
	const struct member *m = rights_member(t->env->rights, &t->s->peer);

	if (h->scope == SCOPE_LOCAL)
		return PLANT(local_log_offered);
	if (h->scope == SCOPE_CONTROL)
		return true;
	if (t->s->stranger || !m || !log)
		return false;
	return rights_may_hold(t->env->rights, m, log) ||
	       (PLANT(cress_log_to_hubs) && m->role == ROLE_HUB && log->scope == SCOPE_CRESS);
}

/* A control fork is looked at anew in every session: the other may have followed. */
static bool is_blocked(const struct head *h)
{
	return h->blocked != ES_OK && h->blocked != ES_CONTROL_FORK;
}

/* Home holds of our own log what we do not: nothing more of ours is shown to it
 * before we know which (L6). */
static bool is_held_back(const struct step *t, uint32_t i)
{
	const struct track *k = &t->s->tracks[i];

	return session_home(t) && set_has(t->s, SET_OURS, i) && (k->due || k->differs || set_has(t->s, SET_CHECK, i));
}

/* Do we follow this log from this peer, also while it has nothing new? */
static bool follows(const struct step *t, uint32_t i)
{
	if (session_mute(t))
		return false;
	if (session_home(t))
		return !set_has(t->s, SET_OURS, i);
	return t->env->role == ROLE_CRESS && set_has(t->s, SET_PEERS, i);
}

static bool has_more(const struct track *k, const struct head *h, const struct open_log *log)
{
	if (k->step > 0)
		return true;
	if (log && log->cut && h->seq >= log->cut_seq && !PLANT(beyond_cut_admitted))
		return false; /* what lies beyond the cut is nobody's business here */
	return k->theirs > h->seq;
}

void session_refresh(struct step *t, uint32_t i)
{
	struct session *s = t->s;
	struct track *k = &s->tracks[i];
	const struct head *h = &t->env->frontier->heads[i];
	bool data = h->scope != SCOPE_CONTROL && h->scope != SCOPE_LOCAL;
	const struct open_log *log = data ? rights_log(t->env->rights, &h->log) : NULL;
	bool mute = session_mute(t), home = session_home(t);

	/* A log that only a lost control branch opened is nobody's. */
	set_put(s, SET_OURS, i, log && id_eq(&h->hub, &t->env->self));
	set_put(s, SET_PEERS, i, log && !s->stranger && id_eq(&h->hub, &s->peer));
	if (h->seq < k->ours) { /* our copy was cut back: what follows is asked for anew */
		k->asked = k->refused = k->differs = false;
		k->step = 0;
	}
	k->ours = (uint32_t)h->seq;
	k->offer = (uint32_t)session_shareable(s, t->env, i);
	k->blocked = is_blocked(h);

	bool tell = may_tell(t, h, log);
	bool take = tell || (mute && log && !s->stranger); /* from the revoked too: commits speak for themselves (L22) */
	bool live = take && k->listed && !k->blocked && !k->refused && h->scope != SCOPE_LOCAL;
	bool ahead = live && has_more(k, h, log);
	if (PLANT(longer_control_refused) && i == 0 && t->env->role == ROLE_CRESS)
		ahead = false;
	bool serve = tell && !mute && k->next > 0 && k->next <= k->offer && !is_held_back(t, i);
	bool news = tell && !mute && (!k->said || k->told != k->offer);
	if (PLANT(ack_tail_not_pushed_back) && home && set_has(s, SET_OURS, i) && k->next <= h->acked)
		serve = false;
	set_put(s, SET_TELL, i, tell);
	set_put(s, SET_AHEAD, i, ahead);
	set_put(s, SET_WANT, i, (ahead || (live && follows(t, i))) && !k->asked && !k->waits);
	set_put(s, SET_SERVE, i, serve);
	set_put(s, SET_NEWS, i, news);
	/* Home has more of ours than we may offer: no commits will tell it that the offer has grown. */
	bool silent = home && set_has(s, SET_OURS, i) && k->next > k->offer && k->offer > k->told;
	if (news && k->said && (silent || (k->next == 0 && k->offer > k->theirs) || k->offer < k->told))
		s->frontier_due = true;
}

bool session_ahead(const struct session *s)
{
	return set_next(s, SET_AHEAD, 0) >= 0;
}

void session_set_theirs(struct step *t, uint32_t i, uint64_t seq)
{
	struct track *k = &t->s->tracks[i];

	if (k->theirs == seq)
		return;
	k->theirs = (uint32_t)seq;
	t->s->level_due |= set_has(t->s, SET_PEERS, i);
}

/* --- all logs --- */

uint64_t session_shareable(const struct session *s, const struct session_env *env, uint32_t index)
{
	const struct head *h = &env->frontier->heads[index];
	bool home = env->role != ROLE_CRESS && s->peer_role == ROLE_CRESS;
	bool pending = s->pending && !PLANT(unacked_offered_while_behind);

	if (!id_eq(&h->hub, &env->self) || env->role == ROLE_CRESS || (home && !pending))
		return h->seq;
	if (!home && PLANT(publish_before_ack))
		return h->seq;
	return h->acked < h->seq ? h->acked : h->seq;
}

static bool has_moved(const struct step *t, uint32_t i)
{
	const struct head *h = &t->env->frontier->heads[i];
	const struct track *k = &t->s->tracks[i];

	return h->seq != k->ours || is_blocked(h) != k->blocked ||
	       (set_has(t->s, SET_OURS, i) && session_shareable(t->s, t->env, i) != k->offer);
}

void session_resync(struct step *t)
{
	struct session *s = t->s;
	const struct rights *r = t->env->rights;
	size_t n = t->env->frontier->count;
	bool grew = n > s->track_count || r->seq != s->rights_seq || !hash_eq(&r->id, &s->rights_id);

	if (n > s->track_count && !widen(s, n)) {
		session_close(t, ES_NOMEM);
		return;
	}
	for (uint32_t i = 0; i < s->track_count; i++)
		if (grew || has_moved(t, i))
			session_refresh(t, i);
	if (!grew)
		return;
	s->rights_seq = r->seq;
	s->rights_id = r->id;
	s->level_due = true;
	s->returns_due = true;
	s->returns_at = 0;
	session_retry_held(t);
}
