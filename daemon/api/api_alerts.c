/* SPDX-License-Identifier: Apache-2.0
 *
 * The warnings of `status`: what is wrong, and what to do about it, each once. The
 * sentences are in alerts.def. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "daemon/api/api_parts.h"

#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the formats are alerts.def's */

#define SENTENCE_MAX 65536
#define DAY_MS (86400ll * 1000)
#define BACKUP_OLD_DAYS 7
#define HOME_AWAY_MS 60000 /* a CRESS that starts anew is back before */
#define BACKUP_GRACE_SEQ 20 /* commits of its own before a node is told that it has none */

enum alert_id {
#define ALERT(id, code, fr, en) ALERT_##id,
#include "daemon/api/alerts.def"
#undef ALERT
	ALERT_COUNT
};

static const struct {
	const char *code, *fr, *en;
} sentences[ALERT_COUNT] = {
#define ALERT(id, code_, fr_, en_) [ALERT_##id] = {.code = code_, .fr = fr_, .en = en_},
#include "daemon/api/alerts.def"
#undef ALERT
};

struct alerts {
	struct request *r;
	const struct swarm *s;
	const struct snapshot *snap;
	bool any;
};

static void put(struct alerts *a, const char *code, const char *fr, const char *en)
{
	struct buf *out = &a->r->out;

	buf_printf(out, "%s{\"code\":\"%s\",\"text\":", a->any ? "," : "", code);
	json_quote(slice_str(fr), out);
	buf_str(out, ",\"text_en\":");
	json_quote(slice_str(en), out);
	buf_str(out, "}");
	a->any = true;
}

static void alert(struct alerts *a, enum alert_id id, ...)
{
	struct buf fr, en;
	va_list texts;

	buf_init(&fr, SENTENCE_MAX);
	buf_init(&en, SENTENCE_MAX);
	va_start(texts, id);
	say_counted(&fr, SAY_FRENCH, sentences[id].fr, texts);
	va_end(texts);
	va_start(texts, id);
	say_counted(&en, SAY_ENGLISH, sentences[id].en, texts);
	va_end(texts);
	put(a, sentences[id].code, buf_cstr(&fr), buf_cstr(&en));
	buf_done(&fr);
	buf_done(&en);
}

/* An error's own name is the code; its reason ends the sentence, in each language. */
static void alert_why(struct alerts *a, enum alert_id id, enum es_err err, const char *log, const char *seq)
{
	const char *why_en = es_err_text(err), *why_fr = say_in(SAY_FRENCH, why_en);
	char fr[1024], en[1024];

	if (log) {
		snprintf(fr, sizeof fr, sentences[id].fr, log, seq, why_fr);
		snprintf(en, sizeof en, sentences[id].en, log, seq, why_en);
	} else {
		snprintf(fr, sizeof fr, sentences[id].fr, why_fr);
		snprintf(en, sizeof en, sentences[id].en, why_en);
	}
	put(a, es_err_name(err), fr, en);
}

static const char *number_text(char out[24], uint64_t n)
{
	snprintf(out, 24, "%llu", (unsigned long long)n);
	return out;
}

/* --- by subject --- */

static void about_membership(struct alerts *a)
{
	const struct swarm *s = a->s;
	const struct snapshot *snap = a->snap;
	char n[24];

	if (snap->awaited > 0 && snap->awaited_names[0])
		alert(a, ALERT_AWAITING, number_text(n, snap->awaited), snap->awaited_names);
	else if (snap->awaited > 0)
		alert(a, ALERT_AWAITING_ANY);
	if (snap->denied || s->join_denied)
		alert(a, ALERT_DENIED);
	if (snap->fenced)
		alert(a, ALERT_FENCED);
	if (snap->key_replaced)
		alert(a, ALERT_KEY_REPLACED);
	else if (s->role == ROLE_CRESS && !snap->member)
		alert(a, ALERT_KEY_UNKNOWN);
	if (snap->clash == ES_CONTROL_FORK)
		alert(a, ALERT_CONTROL_FORK);
	if (!id_is_zero(&snap->withheld))
		alert(a, ALERT_WITHHELD);
	if (s->role == ROLE_CRESS && s->turned_away.err != ES_OK) {
		const struct member *m = rights_member(&s->rights, &s->turned_away.hub);

		if (m)
			alert(a, s->turned_away.err == ES_GENERATIONS ? ALERT_GENERATIONS : ALERT_COPY_TURNED_AWAY, m->name, m->pays);
	}
	if (snap->health.charter_due)
		alert(a, ALERT_CHARTER);
	if (snap->health.unaccepted > 0)
		alert(a, ALERT_CHARTER_WAITED, number_text(n, snap->health.unaccepted), snap->health.unaccepted_names);
	if (snap->health.newcomers > 0)
		alert(a, ALERT_NEW_MEMBER, snap->health.newcomer_names);
	if (s->clock_skew_ms > STAMP_SKEW_MAX_MS || s->clock_skew_ms < -STAMP_SKEW_MAX_MS)
		alert(a, ALERT_CLOCK_SKEW);
}

static void about_forks(struct alerts *a)
{
	const struct frontier *f = &a->snap->frontier;

	for (size_t i = 0; i < f->count; i++) {
		const struct head *h = &f->heads[i];
		const struct member *m = rights_member(&a->s->rights, &h->hub);
		char id[BASE32_LEN(16) + 1], n[24];

		if (h->blocked != ES_FORK)
			continue;
		base32_encode(h->log.bytes, 16, id);
		alert(a, ALERT_FORK, id, m ? m->name : "?", number_text(n, h->blocked_seq), id);
	}
}

/* Of a log that home signed for final and holds otherwise. */
static void about_checkpoints(struct alerts *a)
{
	const struct head *h = frontier_find(&a->snap->frontier, &a->snap->astray);
	const struct member *m = h ? rights_member(&a->s->rights, &h->hub) : NULL;
	char id[BASE32_LEN(16) + 1], n[24];

	if (!m)
		return;
	base32_encode(h->log.bytes, 16, id);
	alert(a, ALERT_ASTRAY, number_text(n, a->snap->astray_seq), id, m->name, id);
}

/* What was refused and has been settled since is no news. */
static bool is_settled(const struct alerts *a)
{
	const struct swarm *s = a->s;
	struct id16 log;

	if (!base32_decode(s->blocked.log, strlen(s->blocked.log), log.bytes, 16))
		return false;
	const struct head *h = frontier_find(&a->snap->frontier, &log);
	const struct open_log *open = rights_log(&s->rights, &log);
	if (s->blocked.err == ES_QUOTA)
		return h && s->blocked.ours && h->acked >= s->blocked.seq;
	if (s->blocked.err == ES_BEYOND_CUT || (open && open->cut && s->blocked.seq > open->cut_seq))
		return true; /* it is given back to its author (L9) */
	if (s->blocked.err == ES_FORK)
		return true; /* said above, while it lasts */
	if (s->blocked.err == ES_CONTROL_FORK)
		return a->snap->clash == ES_OK;
	return h && (s->blocked.ours ? h->acked >= s->blocked.seq : h->seq >= s->blocked.seq);
}

static void about_logs(struct alerts *a)
{
	const struct snapshot *snap = a->snap;
	const struct health *h = &snap->health;
	const struct { /* told by their number alone */
		enum alert_id which;
		size_t n;
	} counts[] = {
		{ALERT_GENERATION_DUE, h->due}, {ALERT_INBOX, h->inbox}, {ALERT_REFUSED, h->refusals}, {ALERT_OFFERS_LATE, h->late},
		{ALERT_DUPLICATES_FOUND, h->duplicates}, {ALERT_DUPLICATES, h->duplicates_asked}, {ALERT_DUPLICATES_LATE, h->duplicates_late},
	};
	char n[24];

	if (snap->journal_err != ES_OK)
		put(a, es_err_name(snap->journal_err), sentences[ALERT_JOURNAL].fr, sentences[ALERT_JOURNAL].en);
	if (snap->directory_err != ES_OK)
		put(a, es_err_name(snap->directory_err), sentences[ALERT_DIRECTORY].fr, sentences[ALERT_DIRECTORY].en);
	if (snap->damaged_index >= 0)
		alert(a, ALERT_DAMAGED);
	about_forks(a);
	about_checkpoints(a);
	if (a->s->blocked.err != ES_OK && !is_settled(a))
		alert_why(a, a->s->blocked.ours ? ALERT_REFUSED_THERE : ALERT_REFUSED_HERE, a->s->blocked.err, a->s->blocked.log,
			  number_text(n, a->s->blocked.seq));
	if (h->voids > 0)
		alert(a, ALERT_VOID_COMMITS, number_text(n, (uint64_t)h->voids));
	if (h->erasures > 0)
		alert(a, ALERT_ERASURES, number_text(n, h->erasures), h->silent);
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		if (counts[i].n > 0)
			alert(a, counts[i].which, number_text(n, counts[i].n));
}

static void about_persons(struct alerts *a)
{
	const struct health *h = &a->snap->health;
	char past[24], soon[24];

	if (h->past > 0 || h->soon > 0)
		alert(a, ALERT_RETENTION, number_text(past, h->past), number_text(soon, h->soon));
	if (h->requests_late > 0)
		alert(a, ALERT_RGPD_REQUESTS, number_text(past, h->requests_late));
	if (h->erasures_late > 0)
		alert(a, ALERT_RGPD_SILENT, number_text(past, h->erasures_late));
}

static void about_followups(struct alerts *a)
{
	const struct due_counts *f = &a->snap->health.followups;
	char n[24];

	if (f->due > 0)
		alert(a, ALERT_FOLLOWUP_DUE, number_text(n, (uint64_t)f->due));
	if (f->late > 0)
		alert(a, ALERT_FOLLOWUP_LATE, number_text(n, (uint64_t)f->late));
	if (f->risk > 0)
		alert(a, ALERT_FOLLOWUP_RISK, number_text(n, (uint64_t)f->risk));
}

/* The CRESS, which sees those of all hubs, is told of the late ones only. */
static void about_requests(struct alerts *a)
{
	const struct requests_open *open = &a->snap->health.requests;
	char n[24];

	if (open->waiting > 0 && a->s->role != ROLE_CRESS)
		alert(a, ALERT_REQUESTS_WAITING, number_text(n, (uint64_t)open->waiting));
	if (open->late > 0)
		alert(a, ALERT_REQUESTS_LATE, number_text(n, (uint64_t)open->late));
}

static void home_is_away(struct alerts *a)
{
	es_ms since = status_home_silent_since(a->s);
	time_t at = (time_t)(since / 1000);
	char when[32], n[24];
	struct tm local;

	if (since == 0 || status_utc_now() - since < HOME_AWAY_MS)
		return;
	strftime(when, sizeof when, "%Y-%m-%d %H:%M", localtime_r(&at, &local));
	alert(a, ALERT_HOME_AWAY, when, number_text(n, (uint64_t)a->snap->outbox));
}

static void about_home(struct alerts *a)
{
	const struct target *t = status_home_target(a->s);

	home_is_away(a);
	if (!t || t->peer || t->last_err == ES_OK || t->last_err == ES_UNREACHABLE)
		return;
	/* Said already, in words of its own. */
	if (t->last_err == ES_DENIED && (a->snap->denied || a->s->join_denied))
		return;
	if ((t->last_err == ES_INSTANCE_FENCED && a->snap->fenced) || (t->last_err == ES_KEY_REPLACED && a->snap->key_replaced))
		return;
	alert_why(a, ALERT_SESSION_END, t->last_err, NULL, NULL);
}

static void about_backup(struct alerts *a)
{
	uint64_t own = 0;
	char n[24];

	int64_t days = (status_utc_now() - a->snap->health.backup) / DAY_MS;
	for (size_t i = 0; i < a->snap->frontier.count; i++)
		if (id_eq(&a->snap->frontier.heads[i].hub, &a->s->self))
			own += a->snap->frontier.heads[i].seq;
	if (a->snap->health.backup == 0 && own > BACKUP_GRACE_SEQ)
		alert(a, ALERT_NO_BACKUP);
	else if (a->snap->health.backup > 0 && days >= BACKUP_OLD_DAYS)
		alert(a, ALERT_OLD_BACKUP, number_text(n, (uint64_t)days));
}

static void about_searches(struct alerts *a)
{
	char hits[24], searches[24];

	if (a->r->news.hits > 0)
		alert(a, ALERT_SEARCH_HITS, number_text(hits, (uint64_t)a->r->news.hits),
		      number_text(searches, a->r->news.searches));
}

/* All hubs with a commitment are told how it ended (C13). */
static void about_purchases(struct alerts *a)
{
	const struct purchases_ended *p = &a->r->purchases;
	char n[24];

	if (p->concluded > 0)
		alert(a, ALERT_PURCHASE_CONCLUDED, number_text(n, (uint64_t)p->concluded), p->concluded_titles);
	if (p->abandoned > 0)
		alert(a, ALERT_PURCHASE_ABANDONED, number_text(n, (uint64_t)p->abandoned), p->abandoned_titles);
}

static void about_settings(struct alerts *a)
{
	char fr[1024], en[1024];

	if (!a->r->api->reload_refused[SAY_ENGLISH][0])
		return;
	snprintf(fr, sizeof fr, sentences[ALERT_CONFIG].fr, a->r->api->reload_refused[SAY_FRENCH]);
	snprintf(en, sizeof en, sentences[ALERT_CONFIG].en, a->r->api->reload_refused[SAY_ENGLISH]);
	put(a, sentences[ALERT_CONFIG].code, fr, en);
}

void status_alerts(struct request *r, const struct snapshot *snap)
{
	struct alerts a = {.r = r, .s = r->api->swarm, .snap = snap};

	buf_str(&r->out, ",\"alerts\":[");
	about_membership(&a);
	about_logs(&a);
	about_requests(&a);
	about_persons(&a);
	about_followups(&a);
	about_home(&a);
	about_backup(&a);
	about_searches(&a);
	about_purchases(&a);
	about_settings(&a);
	buf_str(&r->out, "]");
}
