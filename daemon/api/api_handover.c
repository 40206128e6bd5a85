/* SPDX-License-Identifier: Apache-2.0
 *
 * Records that change hands (W4), one or many: with a structure go its offers, its
 * needs and its open partnerships. Each is an offer of its own (L18-L22); they are
 * made in one transaction, and who accepts the structure accepts what follows it.
 * What stays: whatever is local or for the CRESS alone, and what is closed. */
#include <stdlib.h>
#include <string.h>
#include "daemon/api/api_parts.h"
#include "daemon/rules/follow.h"

/* ?1 the structure, ?2 our pole. */
#define FOLLOWERS \
	"SELECT 'offre', uid, titre FROM offre WHERE structure_uid = ?1 AND pole = ?2 AND portee IN ('public', 'federation')" \
	" UNION ALL SELECT 'besoin', uid, titre FROM besoin WHERE structure_uid = ?1 AND pole = ?2" \
	" AND portee IN ('public', 'federation')" \
	" UNION ALL SELECT 'partenariat', uid, forme FROM partenariat WHERE structure_a_uid = ?1 AND pole = ?2" \
	" AND portee IN ('public', 'federation') AND etat NOT IN ('clos', 'abandonne') ORDER BY 1, 2"
/* ?1 the Pays' pole, ?2 ours. */
#define OF_A_PAYS \
	"SELECT 'structure', s.uid, s.nom FROM structure s WHERE s.pole = ?2 AND s.portee IN ('public', 'federation')" \
	" AND s.code_insee IN (SELECT code_insee FROM pays_commune WHERE pole = ?1) ORDER BY s.uid"

struct moving {
	struct request *r;
	struct node *n;
	const struct id16 *to;
	bool dry; /* only told what would go */
	struct buf uids; /* of the structures, 26 characters each */
	size_t count;
	enum es_err err;
};

static bool write_item(void *ctx, const struct slice *columns)
{
	struct moving *m = ctx;
	struct id16 uid;

	if (!ulid_decode((const char *)columns[1].p, columns[1].len, uid.bytes))
		return true;
	m->err = m->dry ? ES_OK : node_hand_over(m->n, &uid, m->to);
	if (m->err == ES_EXISTS) { /* it is on its way already */
		m->err = ES_OK;
		return true;
	}
	buf_printf(&m->r->out, "%s{\"kind\":", m->count++ ? "," : "");
	json_quote(columns[0], &m->r->out);
	buf_str(&m->r->out, ",\"uid\":");
	json_quote(columns[1], &m->r->out);
	buf_str(&m->r->out, ",\"titre\":");
	json_quote(columns[2], &m->r->out);
	buf_str(&m->r->out, "}");
	return m->err == ES_OK;
}

/* The rows of `sql` with our pole as its second argument. */
static enum es_err each_of(struct moving *m, const char *sql, struct slice arg, bool (*each)(void *ctx, const struct slice *columns))
{
	const struct slice args[] = {arg, slice_str(m->n->owner)};
	enum es_err err = m->n->reader ? reader_rows(m->n->reader, sql, args, 2, each, m) : ES_NOT_FOUND;

	return err == ES_OK ? m->err : err;
}

static enum es_err followers(struct moving *m, struct slice structure)
{
	return each_of(m, FOLLOWERS, structure, write_item);
}

static bool note_uid(void *ctx, const struct slice *columns)
{
	struct moving *m = ctx;

	buf_add(&m->uids, columns[1].p, columns[1].len);
	return write_item(m, columns);
}

static enum es_err move_pays(struct moving *m, const char pays[RIGHTS_PAYS_MAX + 1])
{
	char pole[HUB_POLE_MAX];
	enum es_err err;

	snprintf(pole, sizeof pole, "pole-%s", pays);
	if (!reference_pays(m->n->ref, slice_str(pays))) {
		buf_printf(&m->r->why, _("%s: no such Pays"), pays);
		return ES_NOT_FOUND;
	}
	err = each_of(m, OF_A_PAYS, slice_str(pole), note_uid);
	for (size_t at = 0; at + ULID_LEN <= m->uids.len && err == ES_OK; at += ULID_LEN)
		err = followers(m, SLICE(m->uids.p + at, ULID_LEN));
	return err;
}

static enum es_err explain(struct request *r, enum es_err err, const char *hub)
{
	if (err == ES_EXISTS) {
		buf_printf(&r->why, _("%s: is offered already; 'essaim proposals' shows it, 'essaim refuse N' withdraws it"), r->part);
		return ES_NOT_ALLOWED;
	}
	if (err == ES_NOT_ALLOWED)
		buf_printf(&r->why, _("%s: a record goes to another active member"), hub);
	else if (err != ES_OK && r->why.len == 0)
		buf_printf(&r->why, "%s: %s%s", r->part, _(es_err_text(err)), err == ES_OTHER_HUB ? _("; only its own hub hands it over") : _(" here"));
	return err;
}

/* R3: who would have it could not write it. */
static bool is_the_cresss(const struct node *n, const struct id16 *uid)
{
	struct record_id ids[8];
	unsigned kinds[8];
	size_t count = n->reader ? reader_find(n->reader, uid, ids, kinds, 8) : 0;

	for (size_t i = 0; i < count && i < 8; i++) {
		const struct schema_kind *k = schema_kind_no(kinds[i]);

		if (k && rules_cress_writes(k))
			return true;
	}
	return false;
}

static enum es_err move_one(struct moving *m)
{
	struct id16 uid;
	enum es_err err = ES_OK;

	body_text(m->r, "uid", m->r->part, sizeof m->r->part);
	if (!ulid_decode(m->r->part, strlen(m->r->part), uid.bytes)) {
		buf_printf(&m->r->why, _("%s: not a uid (26 characters)"), m->r->part);
		return ES_BAD_VALUE;
	}
	if (is_the_cresss(m->n, &uid)) {
		buf_printf(&m->r->why, _("%s: the CRESS alone writes records of this kind; it keeps them"), m->r->part);
		return ES_OTHER_HUB;
	}
	if (!m->dry)
		err = node_hand_over(m->n, &uid, m->to);
	return err == ES_OK ? followers(m, slice_str(m->r->part)) : err;
}

/* {"uid", "hub"} or {"pays", "hub"}; "dry_run": only the list. */
enum es_err api_hand_over(struct request *r, struct node *n)
{
	char pays[RIGHTS_PAYS_MAX + 1], dry[8];
	struct member to;
	struct moving m = {.r = r, .n = n};
	enum es_err err = member_param(r, n, &to);

	if (err != ES_OK)
		return err;
	m.to = &to.hub;
	m.dry = strcmp(body_text(r, "dry_run", dry, sizeof dry), "oui") == 0;
	body_text(r, "pays", pays, sizeof pays);
	buf_init(&m.uids, 64u << 20);
	member_answer(r, &to);
	r->out.len--; /* the object goes on */
	buf_str(&r->out, ",\"with\":[");
	if (pays[0])
		err = move_pays(&m, pays);
	else
		err = move_one(&m);
	buf_printf(&r->out, "],\"total\":%zu}", m.count + (pays[0] ? 0 : 1));
	buf_done(&m.uids);
	return explain(r, err, to.name);
}

/* --- one answer for all that goes together --- */

bool hand_over_follows(struct node *n, const struct inbox_item *i, char uid[ULID_LEN + 1])
{
	static const struct { const char *kind, *sql; } owners[] = {
		{"offre", "SELECT structure_uid FROM offre WHERE uid = ?1"},
		{"besoin", "SELECT structure_uid FROM besoin WHERE uid = ?1"},
		{"partenariat", "SELECT structure_a_uid FROM partenariat WHERE uid = ?1"},
	};
	const struct schema_kind *k = schema_kind_no(i->kind);
	char own[ULID_LEN + 1];
	struct buf found;
	bool yes = false;

	ulid_encode(i->record.bytes + sizeof(struct id16), own);
	buf_init_fixed(&found, uid, ULID_LEN + 1);
	for (size_t o = 0; k && n->reader && o < sizeof owners / sizeof *owners && !yes; o++)
		yes = strcmp(k->name, owners[o].kind) == 0 &&
		      reader_text(n->reader, owners[o].sql, (const struct slice[]){slice_str(own)}, 1, &found) && found.len == ULID_LEN;
	if (yes)
		uid[ULID_LEN] = '\0';
	return yes;
}

struct grouping {
	struct node *n;
	int64_t no;
	bool found;
	struct inbox_item head;
	char structure[ULID_LEN + 1];
	int64_t *list;
	size_t count;
	enum es_err err;
};

static bool find_head(void *ctx, const struct inbox_item *i)
{
	struct grouping *g = ctx;
	const struct schema_kind *k = schema_kind_no(i->kind);

	if (i->no != g->no)
		return true;
	g->found = i->op == OP_REQUEST && k && strcmp(k->name, "structure") == 0;
	g->head = *i;
	ulid_encode(i->record.bytes + sizeof(struct id16), g->structure);
	return false;
}

static bool add_member(void *ctx, const struct inbox_item *i)
{
	struct grouping *g = ctx;
	char uid[ULID_LEN + 1];

	if (i->op != OP_REQUEST || i->state != g->head.state || i->waits || !id_eq(&i->from, &g->head.from) ||
	    !id_eq(&i->to, &g->head.to) || !hand_over_follows(g->n, i, uid) || strcmp(uid, g->structure) != 0)
		return true;
	int64_t *more = realloc(g->list, (g->count + 1) * sizeof *more);
	if (!more) {
		g->err = ES_NOMEM;
		return false;
	}
	g->list = more;
	g->list[g->count++] = i->no;
	return true;
}

enum es_err hand_over_group(struct node *n, int64_t no, int64_t **out, size_t *count)
{
	struct grouping g = {.n = n, .no = no};
	enum es_err err = node_inbox(n, find_head, &g);

	if (err == ES_OK && g.found)
		err = node_inbox(n, add_member, &g);
	if (err == ES_OK)
		err = g.err;
	*out = g.list;
	*count = g.count;
	return err;
}

/* --- the follow-ups --- */

struct scheduling {
	int64_t no;
	bool found;
	char uid[ULID_LEN + 1];
	struct id16 to;
};

static bool find_partnership(void *ctx, const struct inbox_item *i)
{
	struct scheduling *s = ctx;
	const struct schema_kind *k = schema_kind_no(i->kind);

	if (i->no != s->no)
		return true;
	s->found = i->op == OP_REQUEST && i->state == INBOX_OPEN && k && strcmp(k->name, "partenariat") == 0;
	s->to = i->to;
	ulid_encode(i->record.bytes + sizeof(struct id16), s->uid);
	return false;
}

static enum es_err add_followup(struct request *r, struct node *n, char *uid, const char *months, char *date)
{
	static char keys[4][20] = {"partenariat_uid", "echeance_mois", "date", "etat"}, planned[] = "prevu";
	struct edit e = {.kind = schema_kind_named(slice_str("suivi"))};
	struct edit_result result;
	char after[8];

	snprintf(after, sizeof after, "%s", months);
	const struct pair pairs[] = {{keys[0], uid}, {keys[1], after}, {keys[2], date}, {keys[3], planned}};
	return record_put(r, n, &e, pairs, 4, WRITING_NEW, &result);
}

enum es_err hand_over_schedule(struct request *r, struct node *n, int64_t no)
{
	struct scheduling s = {.no = no};
	enum es_err err = node_inbox(n, find_partnership, &s);
	const struct slice which[] = {slice_str(s.uid)};
	char start[11] = "", date[11], today[11];
	const char *months;
	struct buf out;

	buf_init_fixed(&out, start, sizeof start - 1);
	if (err != ES_OK || !s.found || !id_eq(&s.to, &n->hub) || !n->reader ||
	    !reader_text(n->reader, "SELECT date_debut FROM partenariat WHERE uid = ?1 AND etat IN ('actif', 'en_pause')", which, 1, &out) ||
	    reader_number(n->reader, "SELECT count(*) FROM suivi WHERE partenariat_uid = ?1", which, 1) > 0)
		return err;
	day_of(n->utc, today);
	for (size_t i = 0; err == ES_OK && partnership_due(buf_slice(&out), i, &months, date); i++)
		if (strcmp(date, today) >= 0)
			err = add_followup(r, n, s.uid, months, date);
	return err;
}
