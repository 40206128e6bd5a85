/* SPDX-License-Identifier: Apache-2.0
 *
 * Networks, surveys, diagnostics, requests, referrals, hours (support.h). */
#include <stdlib.h>
#include <string.h>
#include "daemon/api/api_parts.h"
#include "daemon/support/support.h"
#include "proto/value.h"

#define REFERRALS_MAX 64
#define ANSWER_BYTES (1 << 20)

/* The day asked for, else today. */
static enum es_err day_param(struct request *r, const char *name, char out[11])
{
	const char *on = request_param(r, name);

	today_text(out);
	if (!on[0])
		return ES_OK;
	if (strlen(on) == 10 && value_time_seconds(slice_str(on)) != INT64_MIN) {
		snprintf(out, 11, "%s", on);
		return ES_OK;
	}
	buf_printf(&r->why, _("%s: '%.40s' is not a day YYYY-MM-DD"), name, on);
	return ES_BAD_VALUE;
}

static enum es_err explain(struct request *r, enum es_err err, const char *what, const char *kind)
{
	if (err == ES_NOT_FOUND && r->why.len == 0)
		buf_printf(&r->why, _("%s: no %s of that uid here; see 'essaim list %s'"), r->part, what, kind);
	return err;
}

enum es_err api_network(struct request *r, struct reader *reader)
{
	char day[11];
	enum es_err err = day_param(r, "on", day);

	return err != ES_OK ? err : explain(r, network_members(reader, r->part, day, &r->out), _("network or group"), "reseau");
}

enum es_err api_survey(struct request *r, struct reader *reader)
{
	return explain(r, survey_result(reader, r->part, &r->out), _("survey"), "enquete");
}

enum es_err api_survey_send(struct request *r, struct node *n)
{
	int64_t count = 0;
	enum es_err err = explain(r, survey_send(n, r->part, &count), _("survey"), "enquete");

	if (err == ES_OK)
		buf_printf(&r->out, "{\"uid\":\"%s\",\"envoyes\":%lld}", r->part, (long long)count);
	return err;
}

enum es_err api_diagnostic(struct request *r, struct reader *reader)
{
	return explain(r, diagnostic_file(reader, r->part, &r->out), _("structure"), "structure");
}

enum es_err api_hours(struct request *r, struct reader *reader)
{
	const char *year = request_param(r, "year");
	char today[11];

	if (year[0] && (strlen(year) != 4 || strspn(year, "0123456789") != 4)) {
		buf_printf(&r->why, _("year: '%.40s' is not a year YYYY"), year);
		return ES_BAD_VALUE;
	}
	today_text(today);
	return ambassador_hours(reader, year, today, &r->out);
}

/* --- requests, and their answers --- */

enum es_err api_volunteers(struct request *r, struct node *n)
{
	struct buf answered;
	char today[11];
	enum es_err err;

	if (!n->reader)
		return ES_NOT_FOUND;
	today_text(today);
	buf_init(&answered, ANSWER_BYTES);
	err = requests_answered(n, &answered);
	if (err == ES_OK)
		err = requests_list(n->reader, buf_slice(&answered), today, &r->out);
	buf_done(&answered);
	return err;
}

/* The request or referral of that uid, and whether it is ours to write. */
static enum es_err find_asked(struct request *r, struct node *n, struct edit *e, bool *ours)
{
	struct record_id ids[8];
	unsigned kinds[8];
	size_t count = 0;

	if (n->reader && ulid_decode(r->part, strlen(r->part), e->uid.bytes))
		count = reader_find(n->reader, &e->uid, ids, kinds, 8);
	for (size_t i = 0; i < count && i < 8 && !e->kind; i++) {
		const struct schema_kind *k = schema_kind_no(kinds[i]);

		if (!k || (strcmp(k->name, "demande") != 0 && strcmp(k->name, "orientation") != 0))
			continue;
		struct id16 steward = rights_steward(&n->rights, &ids[i], kinds[i]);

		e->kind = k;
		*ours = id_eq(&steward, &n->hub);
	}
	if (e->kind)
		return ES_OK;
	buf_printf(&r->why, _("%s: no request or referral of that uid here; 'essaim requests' and 'essaim orient' list them"), r->part);
	return ES_NOT_FOUND;
}

/* Whoever owns the record takes what was proposed: the answer says which it was. */
static void say_how(struct request *r, bool ours)
{
	if (r->out.len == 0 || r->out.p[r->out.len - 1] != '}')
		return;
	r->out.len--;
	buf_printf(&r->out, ",\"propose\":%s}", ours ? "false" : "true");
}

/* Body: `structure`, who takes the request up; `refuse`, of a referral. */
enum es_err api_answer(struct request *r, struct node *n)
{
	char names[2][16] = {"etat", "structure_uid"}, etat[16] = "repondue", structure[ULID_LEN + 2], refuse[8];
	struct pair pairs[2] = {{names[0], etat}, {names[1], structure}};
	struct edit e = {.has_uid = true};
	bool ours = false, referral;
	enum es_err err = find_asked(r, n, &e, &ours);

	if (err != ES_OK)
		return err;
	referral = strcmp(e.kind->name, "orientation") == 0;
	body_text(r, "structure", structure, sizeof structure);
	body_text(r, "refuse", refuse, sizeof refuse);
	if ((referral && structure[0]) || (!referral && refuse[0])) {
		buf_str(&r->why, referral ? _("structure: a referral names its structure already") : _("refuse: a request is answered; 'essaim set' or 'propose' closes it"));
		return ES_USAGE;
	}
	if (referral)
		snprintf(etat, sizeof etat, "%s", refuse[0] ? "refusee" : "acceptee");
	if (!ours && !support_is_for_us(n->reader, r->part)) {
		buf_printf(&r->why, _("%s: is addressed to another hub, which answers it"), r->part);
		return ES_NOT_ALLOWED;
	}
	err = edit_pairs(r, n, &e, pairs, structure[0] ? 2 : 1, ours ? WRITING_OURS : WRITING_PROPOSAL);
	if (err == ES_OK)
		say_how(r, ours);
	return err;
}

/* --- referrals --- */

enum es_err api_referrals(struct request *r, struct reader *reader)
{
	return referral_list(reader, &r->out);
}

enum es_err api_referral(struct request *r, struct reader *reader)
{
	char today[11];

	today_text(today);
	return explain(r, referral_candidates(reader, r->part, today, &r->out), _("project"), "projet");
}

struct wanted {
	size_t count;
	char competence[REFERRALS_MAX][160];
};

static bool add_wanted(void *ctx, struct slice competence)
{
	struct wanted *w = ctx;

	snprintf(w->competence[w->count++], sizeof w->competence[0], "%.*s", (int)competence.len, (const char *)competence.p);
	return w->count < REFERRALS_MAX;
}

/* One referral, to the first who brings the competence. It is seen by others, since it is sent
 * to one of them; a project that stays here is not named to them. */
static enum es_err assign_one(struct request *r, struct node *n, char *competence, char *today)
{
	char names[8][16] = {"projet_uid", "de", "vers", "vers_uid", "competence", "etat", "le", "portee"};
	char own[NODE_OWNER_MAX], who[160] = "", uid[ULID_LEN + 2] = "", state[] = "proposee", seen[] = "federation";
	struct pair pairs[8] = {{names[0], r->part}, {names[1], own}, {names[2], who}, {names[3], uid}, {names[4], competence},
				{names[5], state}, {names[6], today}, {names[7], seen}};
	struct edit e = {.kind = schema_kind_named(slice_str("orientation"))};
	struct buf to, name;

	buf_init_fixed(&to, uid, sizeof uid - 1);
	buf_init_fixed(&name, who, sizeof who - 1);
	snprintf(own, sizeof own, "%s", n->owner);
	if (!referral_first(n->reader, r->part, today, slice_str(competence), &to, &name) || buf_err(&name) != ES_OK)
		return ES_NOT_FOUND;
	return edit_pairs(r, n, &e, pairs, 8, WRITING_NEW);
}

/* All in one transaction: a project is referred, or it is not. */
enum es_err api_referral_assign(struct request *r, struct node *n)
{
	struct wanted *w = calloc(1, sizeof *w);
	struct buf project, written;
	char today[11];
	enum es_err err = w && n->reader ? ES_OK : w ? ES_NOT_FOUND : ES_NOMEM;

	today_text(today);
	buf_init(&project, ANSWER_BYTES);
	buf_init(&written, ANSWER_BYTES);
	if (err == ES_OK)
		err = explain(r, referral_candidates(n->reader, r->part, today, &project), _("project"), "projet");
	if (err == ES_OK)
		err = referral_wanted(n->reader, r->part, today, add_wanted, w);
	for (size_t i = 0; err == ES_OK && i < w->count; i++) {
		buf_clear(&r->out);
		err = assign_one(r, n, w->competence[i], today);
		buf_str(&written, i ? "," : "");
		buf_add(&written, r->out.p, r->out.len);
	}
	buf_clear(&r->out);
	if (err == ES_OK) {
		buf_printf(&r->out, "{\"uid\":\"%s\",\"orientations\":[", r->part);
		buf_add(&r->out, written.p, written.len);
		buf_str(&r->out, "]}");
	}
	buf_done(&project);
	buf_done(&written);
	free(w);
	return err;
}
