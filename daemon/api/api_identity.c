/* SPDX-License-Identifier: Apache-2.0
 *
 * Duplicates linked and parted (W3), a structure that closes (F14), a partnership that
 * the other side's hub countersigns (F15). Everyone writes a doublon record of its own:
 * the CRESS opens and decides, a hub answers for its record; identity.h reads them all. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "daemon/api/api_parts.h"

#define DECIDE_DAYS 30 /* the hubs have so long before the CRESS decides alone */
#define PAIR_MAX 64 /* others that one unlink parts a record from */

static char key_uids[] = "uids", key_canonique[] = "canonique", key_preuve[] = "preuve", key_etat[] = "etat", key_le[] = "le",
	    key_contresigne[] = "contresigne_le";

enum es_err api_duplicates(struct request *r, struct reader *reader)
{
	return reader_duplicates(reader, &r->out);
}

enum es_err api_siblings(struct request *r, struct reader *reader)
{
	return reader_siblings(reader, &r->out);
}

/* --- doublon records --- */

struct pair_words {
	char a[ULID_LEN + 1], b[ULID_LEN + 1];
	char own[ULID_LEN + 1], etat[16], le[11]; /* our record about them, "" where none */
};

static void text_of(struct node *n, const char *sql, const struct slice *args, size_t count, char *out, size_t size)
{
	struct buf b;

	buf_init_fixed(&b, out, size - 1);
	if (!n->reader || !reader_text(n->reader, sql, args, count, &b))
		b.len = 0;
	out[b.len] = '\0';
}

#define OURS(column) \
	"SELECT d." column " FROM doublon_fiche x CROSS JOIN doublon d WHERE x.uid = ?1 AND d.rec = x.rec AND d.pole = ?3" \
	" AND EXISTS (SELECT 1 FROM doublon_fiche y WHERE y.uid = ?2 AND y.rec = d.rec) ORDER BY d.le DESC, d.uid DESC LIMIT 1"

static void find_own(struct node *n, struct pair_words *p)
{
	const struct slice args[] = {slice_str(p->a), slice_str(p->b), slice_str(n->owner)};

	text_of(n, OURS("uid"), args, 3, p->own, sizeof p->own);
	text_of(n, OURS("etat"), args, 3, p->etat, sizeof p->etat);
	text_of(n, OURS("le"), args, 3, p->le, sizeof p->le);
}

static bool holds(struct node *n, const char *uid)
{
	return n->reader && reader_number(n->reader, "SELECT count(*) FROM structure WHERE uid = ?1 AND pole = ?2",
					  (const struct slice[]){slice_str(uid), slice_str(n->owner)}, 2) > 0;
}

/* Why two records are thought one. */
static void proof_of(struct node *n, const struct pair_words *p, char *out, size_t size)
{
	const struct slice args[] = {slice_str(p->a), slice_str(p->b)};

	text_of(n, "SELECT 'SIRET ' || a.siret FROM structure a, structure b WHERE a.uid = ?1 AND b.uid = ?2 AND a.siret = b.siret",
		args, 2, out, size);
	if (!out[0])
		text_of(n, "SELECT 'RNA ' || a.rna FROM structure a, structure b WHERE a.uid = ?1 AND b.uid = ?2 AND a.rna = b.rna",
			args, 2, out, size);
}

/* Our word on the two; `chosen`, if any, is whom we name for reference. */
static enum es_err put_word(struct request *r, struct node *n, struct pair_words *p, const char *etat, const char *chosen)
{
	char uids[2 * ULID_LEN + 2], preuve[200], today[11], state[16], named[ULID_LEN + 1];
	struct edit e = {.kind = schema_kind_named(slice_str("doublon")), .has_uid = p->own[0] != '\0'};
	struct edit_result result;
	bool first = strcmp(p->a, p->b) < 0;
	size_t count = 0;
	struct pair pairs[5];

	snprintf(uids, sizeof uids, "%s|%s", first ? p->a : p->b, first ? p->b : p->a);
	snprintf(state, sizeof state, "%s", etat);
	day_of(n->utc, today);
	proof_of(n, p, preuve, sizeof preuve);
	pairs[count++] = (struct pair){key_uids, uids};
	pairs[count++] = (struct pair){key_etat, state};
	pairs[count++] = (struct pair){key_le, today};
	if (preuve[0])
		pairs[count++] = (struct pair){key_preuve, preuve};
	if (chosen && chosen[0]) {
		snprintf(named, sizeof named, "%s", chosen);
		pairs[count++] = (struct pair){key_canonique, named};
	}
	if (e.has_uid && !ulid_decode(p->own, ULID_LEN, e.uid.bytes))
		return ES_BAD_VALUE;
	enum es_err err = record_put(r, n, &e, pairs, count, e.has_uid ? WRITING_OURS : WRITING_NEW, &result);
	if (err == ES_OK) {
		ulid_encode(result.uid.bytes, p->own);
		snprintf(p->etat, sizeof p->etat, "%s", etat);
		snprintf(p->le, sizeof p->le, "%s", today);
	}
	return err;
}

static void word_answer(struct request *r, const struct pair_words *p)
{
	buf_printf(&r->out, "{\"doublon\":\"%s\",\"uids\":[\"%s\",\"%s\"],\"etat\":\"%s\",\"le\":\"%s\"}", p->own, p->a, p->b, p->etat, p->le);
}

/* --- link --- */

static int64_t days_of(const char *date)
{
	struct tm t = {0};

	if (sscanf(date, "%d-%d-%d", &t.tm_year, &t.tm_mon, &t.tm_mday) != 3)
		return 0;
	t.tm_year -= 1900;
	t.tm_mon -= 1;
	return (int64_t)timegm(&t) / 86400;
}

/* The CRESS asks; once the hubs have had their time, it may decide. */
static enum es_err cress_links(struct request *r, struct node *n, struct pair_words *p, bool decide, const char *chosen)
{
	char today[11];
	bool open = strcmp(p->etat, "propose") == 0;

	day_of(n->utc, today);
	if (!decide)
		return open || strcmp(p->etat, "accepte") == 0 ? ES_OK : put_word(r, n, p, "propose", chosen);
	if (!open)
		buf_printf(&r->why, _("%s: not proposed yet: 'essaim link' without --decide first"), p->b);
	else if (days_of(today) - days_of(p->le) < DECIDE_DAYS)
		buf_printf(&r->why, _("%s: proposed on %s; its hubs have %d days to answer before the CRESS decides"), p->b, p->le, DECIDE_DAYS);
	else
		return put_word(r, n, p, "accepte", chosen);
	return ES_NOT_ALLOWED;
}

static enum es_err pair_params(struct request *r, struct node *n, struct pair_words *p)
{
	char *both[] = {p->a, p->b};
	static const char *const names[] = {"a", "b"};

	for (size_t i = 0; i < 2; i++) {
		struct id16 uid;

		body_text(r, names[i], r->part, sizeof r->part);
		if (!ulid_decode(r->part, strlen(r->part), uid.bytes)) {
			buf_printf(&r->why, _("%s: not a uid (26 characters)"), r->part);
			return ES_BAD_VALUE;
		}
		ulid_encode(uid.bytes, both[i]);
		if (!n->reader || !reader_knows(n->reader, schema_kind_named(slice_str("structure")), &uid)) {
			buf_printf(&r->why, _("%s: no such structure here"), r->part);
			return ES_NOT_FOUND;
		}
	}
	if (strcmp(p->a, p->b) == 0) {
		buf_printf(&r->why, _("%s: a record is no duplicate of itself"), p->a);
		return ES_BAD_VALUE;
	}
	find_own(n, p);
	return ES_OK;
}

/* Who may speak of them: the CRESS, and the hubs that hold one of the two. */
static enum es_err may_speak(struct request *r, struct node *n, const struct pair_words *p)
{
	if (n->role == ROLE_CRESS || holds(n, p->a) || holds(n, p->b))
		return ES_OK;
	buf_printf(&r->why, _("%s: neither record is of this hub; the CRESS links others' records"), p->a);
	return ES_NOT_ALLOWED;
}

enum es_err api_link(struct request *r, struct node *n)
{
	struct pair_words p = {0};
	char decide[8], chosen[64];
	enum es_err err = pair_params(r, n, &p);

	body_text(r, "decide", decide, sizeof decide);
	body_text(r, "canonical", chosen, sizeof chosen);
	if (err == ES_OK)
		err = may_speak(r, n, &p);
	if (err == ES_OK && n->reader && reader_two_establishments(n->reader, slice_str(p.a), slice_str(p.b))) {
		buf_str(&r->why, _("two establishments of one enterprise (same SIREN, another SIRET) are no duplicate"));
		err = ES_BAD_VALUE;
	}
	if (err == ES_OK && chosen[0] && strcmp(chosen, p.a) != 0 && strcmp(chosen, p.b) != 0) {
		buf_printf(&r->why, _("%s: the record of reference is one of the two"), chosen);
		err = ES_BAD_VALUE;
	}
	if (err == ES_OK && n->role != ROLE_CRESS && (chosen[0] || strcmp(decide, "oui") == 0)) {
		buf_str(&r->why, _("only the CRESS decides, or names the record of reference"));
		err = ES_NOT_ALLOWED;
	}
	if (err == ES_OK)
		err = n->role == ROLE_CRESS ? cress_links(r, n, &p, strcmp(decide, "oui") == 0, chosen)
					    : put_word(r, n, &p, "accepte", NULL);
	if (err == ES_OK)
		word_answer(r, &p);
	return err;
}

/* --- unlink --- */

struct others {
	char uids[PAIR_MAX][ULID_LEN + 1];
	size_t count;
};

static bool note_other(void *ctx, const struct slice *columns)
{
	struct others *o = ctx;

	if (o->count == PAIR_MAX || columns[0].len != ULID_LEN)
		return o->count < PAIR_MAX;
	memcpy(o->uids[o->count++], columns[0].p, ULID_LEN);
	return true;
}

/* Those that anything ties to it: the same SIRET, or a record that names both. */
static enum es_err find_others(struct node *n, const char *uid, struct others *o)
{
	const struct slice args[] = {slice_str(uid)};

	return reader_rows(n->reader,
			   "SELECT t.uid FROM structure s CROSS JOIN structure t WHERE s.uid = ?1 AND t.siret = s.siret AND t.uid <> s.uid"
			   " UNION SELECT y.uid FROM doublon_fiche x CROSS JOIN doublon_fiche y WHERE x.uid = ?1 AND y.rec = x.rec AND y.uid <> x.uid"
			   " ORDER BY 1", args, 1, note_other, o);
}

/* The CRESS ends a link, or says that two are apart; a hub takes its word back. */
static enum es_err part_two(struct request *r, struct node *n, struct pair_words *p)
{
	enum es_err err = may_speak(r, n, p);

	if (err == ES_OK)
		err = put_word(r, n, p, n->role != ROLE_CRESS ? "refuse" : "annule", NULL);
	return err;
}

enum es_err api_unlink(struct request *r, struct node *n)
{
	struct pair_words p = {0};
	struct others o = {0};
	char b[64];
	enum es_err err = ES_OK;

	body_text(r, "b", b, sizeof b);
	if (b[0]) {
		err = pair_params(r, n, &p);
		if (err == ES_OK)
			err = part_two(r, n, &p);
		if (err == ES_OK)
			word_answer(r, &p);
		return err;
	}
	body_text(r, "a", p.a, sizeof p.a);
	err = n->reader ? find_others(n, p.a, &o) : ES_NOT_FOUND;
	if (err == ES_OK && o.count == 0) {
		buf_printf(&r->why, _("%s: nothing is linked to it, or shares its SIRET"), p.a);
		return ES_NOT_FOUND;
	}
	for (size_t i = 0; i < o.count && err == ES_OK; i++) {
		memcpy(p.b, o.uids[i], sizeof p.b);
		find_own(n, &p);
		err = part_two(r, n, &p);
	}
	if (err == ES_OK)
		word_answer(r, &p);
	return err;
}

/* --- a border partnership (F15) --- */

enum es_err countersign_guard(struct request *r, const struct schema_kind *k, const struct pair *pairs, size_t count)
{
	for (size_t i = 0; strcmp(k->name, "partenariat") == 0 && i < count; i++)
		if (strcmp(pairs[i].key, key_contresigne) == 0 && pairs[i].value[0]) {
			buf_printf(&r->why, _("%s: the hub of structure B says it: 'essaim countersign UID' there"), key_contresigne);
			return ES_NOT_ALLOWED;
		}
	return ES_OK;
}

/* By the hub of structure B, about a partnership that another one owns: a proposal, which
 * the owner accepts as any other. */
enum es_err api_countersign(struct request *r, struct node *n)
{
	struct edit e = {.kind = schema_kind_named(slice_str("partenariat")), .has_uid = true};
	struct edit_result result;
	char owner[HUB_POLE_MAX], b[HUB_POLE_MAX], today[11];
	struct pair pair = {key_contresigne, today};
	enum es_err err = ES_NOT_ALLOWED;

	body_text(r, "uid", r->part, sizeof r->part);
	const struct slice args[] = {slice_str(r->part)};
	day_of(n->utc, today);
	text_of(n, "SELECT pole FROM partenariat WHERE uid = ?1", args, 1, owner, sizeof owner);
	text_of(n, "SELECT s.pole FROM partenariat p JOIN structure s ON s.uid = p.structure_b_uid WHERE p.uid = ?1"
		   " ORDER BY s.pole <> p.pole LIMIT 1", args, 1, b, sizeof b);
	if (!ulid_decode(r->part, strlen(r->part), e.uid.bytes) || !owner[0]) {
		buf_printf(&r->why, _("%s: no such partnership here"), r->part);
		return ES_NOT_FOUND;
	}
	if (strcmp(owner, n->owner) == 0)
		buf_printf(&r->why, _("%s: this partnership is ours: the hub of structure B countersigns it"), r->part);
	else if (strcmp(b, n->owner) != 0)
		buf_printf(&r->why, _("%s: structure B is not of this hub"), r->part);
	else
		err = record_put(r, n, &e, &pair, 1, WRITING_PROPOSAL, &result);
	if (err == ES_OK)
		buf_printf(&r->out, "{\"uid\":\"%s\",\"owner\":\"%s\",\"contresigne_le\":\"%s\"}", r->part, owner, today);
	return err;
}
