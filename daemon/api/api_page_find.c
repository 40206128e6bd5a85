/* SPDX-License-Identifier: Apache-2.0
 *
 * What the page asks beside searches and matches: the towns once, what is to be done,
 * introductions (a partnership that is only noted, and when to call again). */
#include <string.h>
#include "daemon/api/api_parts.h"
#include "daemon/directory/reader_due.h"
#include "daemon/node/health.h"
#include "proto/canon.h"

/* --- the towns of the region --- */

struct towns {
	struct request *r;
	const char *region, *comma;
};

/* [code, name, lat, lon, pays, population]; no place where it is only estimated. */
static void town_json(void *ctx, const struct commune *c)
{
	struct towns *t = ctx;
	const struct pays *p = reference_pays_of(t->r->api->ref, c);
	struct buf *out = &t->r->out;

	if (strcmp(c->region, t->region) != 0)
		return;
	buf_printf(out, "%s[\"%s\",", t->comma, c->code);
	json_quote(slice_str(c->name), out);
	if (c->has_point && !c->estimated)
		buf_printf(out, ",%.4f,%.4f", c->lat_e7 / 1e7, c->lon_e7 / 1e7);
	else
		buf_str(out, ",null,null");
	buf_printf(out, ",\"%s\",%lld]", p ? p->code : "", (long long)c->population);
	t->comma = ",";
}

static void departements_json(const struct reference *ref, struct buf *out)
{
	buf_str(out, "\"departements\":{");
	for (size_t i = 0; i < reference_departement_count(ref); i++) {
		const char *name, *code = reference_departement_at(ref, i, &name);

		buf_printf(out, "%s\"%s\":", i ? "," : "", code);
		json_quote(slice_str(name), out);
	}
	buf_str(out, "}");
}

enum es_err api_communes(struct request *r, struct reader *reader)
{
	struct towns t = {.r = r, .region = r->api->swarm->rights.region, .comma = ""};
	size_t pays = reference_pays_count(r->api->ref);

	(void)reader;
	buf_str(&r->out, "{\"pays\":{");
	for (size_t i = 0; i < pays; i++) {
		const struct pays *p = reference_pays_at(r->api->ref, i);

		buf_printf(&r->out, "%s\"%s\":", i ? "," : "", p->code);
		json_quote(slice_str(p->name), &r->out);
	}
	buf_str(&r->out, "},");
	departements_json(r->api->ref, &r->out);
	buf_str(&r->out, ",\"communes\":[");
	reference_each_commune(r->api->ref, town_json, &t);
	buf_str(&r->out, "]}");
	r->lasts = true;
	return ES_OK;
}

/* --- what is to be done --- */

/* What the page's inboxes show, one for each card. */
struct decisions {
	struct node *n;
	size_t proposals, hand_overs, conflicts;
};

static bool count_asked(void *ctx, const struct inbox_item *i)
{
	struct decisions *d = ctx;
	char structure[ULID_LEN + 1];

	if (i->state != INBOX_OPEN || i->waits || !id_eq(&i->to, &d->n->hub))
		return true;
	if (i->op == OP_PROPOSE)
		d->proposals++;
	else if (!hand_over_follows(d->n, i, structure)) /* one answer for all that goes together */
		d->hand_overs++;
	return true;
}

static bool count_conflict(void *ctx, const struct said *stands, const struct said *other)
{
	struct decisions *d = ctx;

	(void)other;
	d->conflicts += conflict_is_ours(d->n, stands);
	return true;
}

enum es_err api_todo(struct request *r, struct node *n)
{
	struct search_source from = search_from_request(r);
	struct decisions d = {.n = n};
	struct searches_new news = {0};
	struct due_counts due = {0};
	char today[11];
	enum es_err err = node_inbox(n, count_asked, &d);
	size_t duplicates = n->reader ? health_duplicates(n) : 0;

	today_text(today);
	if (err == ES_OK && n->reader)
		err = node_conflicts(n, NULL, count_conflict, &d);
	if (err == ES_OK && n->reader)
		err = reader_searches_new(n->reader, &from, &news);
	if (err == ES_OK && n->reader)
		reader_due_counts(n->reader, today, &due);
	buf_printf(&r->out, "{\"decisions\":%zu,\"proposals\":%zu,\"conflicts\":%zu,\"duplicates\":%zu,\"hand_overs\":%zu,"
			    "\"followups\":%lld,\"news\":%lld}", d.proposals + d.conflicts + duplicates + d.hand_overs, d.proposals,
		   d.conflicts, duplicates, d.hand_overs, (long long)(due.due + due.late), (long long)news.hits);
	return err;
}

/* --- introductions --- */

/* What a partnership that answers such a need is, until somebody says otherwise. */
static const struct {
	const char *type, *forme;
} formes[] = {
	{"achat", "achat_responsable"}, {"partenariat", "reponse_commune"}, {"mecenat", "mecenat_financier"},
	{"competence", "mecenat_competences"}, {"local", "hebergement_local"}, {"financement", "mecenat_financier"},
	{"recrutement", "insertion_emploi"}, {"benevolat", "soutien_action_locale"}, {"formation", "mutualisation_achats"},
};

static const char *forme_of(struct slice type)
{
	for (size_t i = 0; i < sizeof formes / sizeof *formes; i++)
		if (slice_eq(type, slice_str(formes[i].type)))
			return formes[i].forme;
	return "achat_responsable";
}

/* The column of the record of that uid, what is ours first; false where it is not here. */
static bool column_of(struct node *n, const char *sql, const char *uid, char *out, size_t size)
{
	const struct slice args[] = {slice_str(uid)};
	struct buf text;
	bool found;

	buf_init_fixed(&text, out, size - 1);
	found = n->reader && reader_text(n->reader, sql, args, 1, &text) && buf_err(&text) == ES_OK;
	out[found ? text.len : 0] = 0;
	return found;
}

static enum es_err write_partnership(struct request *r, struct node *n, const char *need, const char *offer, struct id16 *uid)
{
	char names[6][20] = {"structure_a_uid", "structure_b_uid", "forme", "etat", "besoin_uid", "offre_uid"};
	char a[ULID_LEN + 1], b[ULID_LEN + 1], type[41], forme[41], etat[] = "repere", besoin[ULID_LEN + 1], offre[ULID_LEN + 1];
	struct pair pairs[6] = {{names[0], a}, {names[1], b}, {names[2], forme}, {names[3], etat}, {names[4], besoin}, {names[5], offre}};
	struct edit e = {.kind = schema_kind_named(slice_str("partenariat"))};
	struct edit_result result;
	enum es_err err;

	if (!column_of(n, "SELECT structure_uid FROM besoin WHERE uid = ?1 ORDER BY pole", need, a, sizeof a) ||
	    !column_of(n, "SELECT type_besoin FROM besoin WHERE uid = ?1 ORDER BY pole", need, type, sizeof type) ||
	    !column_of(n, "SELECT structure_uid FROM offre WHERE uid = ?1 ORDER BY pole", offer, b, sizeof b)) {
		buf_str(&r->why, _("besoin, offre: no such need or offer here"));
		return ES_NOT_FOUND;
	}
	snprintf(forme, sizeof forme, "%s", forme_of(slice_str(type)));
	snprintf(besoin, sizeof besoin, "%s", need);
	snprintf(offre, sizeof offre, "%s", offer);
	err = record_put(r, n, &e, pairs, 6, WRITING_NEW, &result);
	*uid = result.uid;
	return err;
}

/* The day to call again is a follow-up of ours: it stands among those that are due. */
static enum es_err write_call(struct request *r, struct node *n, const char *partnership)
{
	char names[5][20] = {"partenariat_uid", "echeance_mois", "date", "etat", "commentaire"};
	char uid[ULID_LEN + 1], months[] = "0", day[16], etat[] = "prevu", note[2001];
	struct pair pairs[5] = {{names[0], uid}, {names[1], months}, {names[2], day}, {names[3], etat}, {names[4], note}};
	struct edit e = {.kind = schema_kind_named(slice_str("suivi"))};
	struct edit_result result;

	snprintf(uid, sizeof uid, "%s", partnership);
	body_text(r, "rappel", day, sizeof day);
	body_text(r, "note", note, sizeof note);
	if (!day[0])
		return ES_OK;
	return record_put(r, n, &e, pairs, note[0] ? 5 : 4, WRITING_NEW, &result);
}

/* Body: besoin, offre: uids; rappel: a day, and note, both for ourselves. */
enum es_err api_introduce(struct request *r, struct node *n)
{
	char need[ULID_LEN + 2], offer[ULID_LEN + 2], text[ULID_LEN + 1];
	struct id16 uid;

	body_text(r, "besoin", need, sizeof need);
	body_text(r, "offre", offer, sizeof offer);
	enum es_err err = write_partnership(r, n, need, offer, &uid);

	if (err != ES_OK)
		return err;
	ulid_encode(uid.bytes, text);
	err = write_call(r, n, text);
	buf_clear(&r->out);
	buf_printf(&r->out, "{\"uid\":\"%s\"}", text);
	return err;
}

/* {"items":[{uid, offre, etat, rappel}]}: what was noted for that need. */
enum es_err api_introductions(struct request *r, struct reader *reader)
{
	const struct slice args[] = {slice_str(request_param(r, "besoin"))};
	const char *sql = "SELECT json_object('uid', p.uid, 'offre', p.offre_uid, 'etat', p.etat, 'rappel',"
			  " (SELECT min(s.date) FROM suivi s WHERE s.partenariat_uid = p.uid AND s.etat = 'prevu' AND ?2 = 'local'))"
			  " FROM partenariat p WHERE p.besoin_uid = ?1 AND p.etat NOT IN ('clos', 'abandonne') ORDER BY p.uid, p.pole";
	const struct slice both[] = {args[0], slice_str(scope_name(r->within))};
	enum es_err err;

	buf_str(&r->out, "{\"items\":[");
	err = r->within >= SCOPE_FEDERATION ? reader_json_rows(reader, sql, both, 2, &r->out) : ES_OK;
	buf_str(&r->out, "]}");
	return err;
}
