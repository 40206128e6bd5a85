/* SPDX-License-Identifier: Apache-2.0
 *
 * Territories: the dated communes of each Pays, as the control log has them. The
 * last entry of a code counts. A commune is in one Pays at a time, unless the CRESS
 * declares it common. */
#include <stdlib.h>
#include <string.h>
#include "daemon/api/api_parts.h"
#include "daemon/node/found.h"
#include "daemon/node/node_parts.h"
#include "proto/canon.h"

#define LIST_BYTES (256 * 1024)
#define CLAIMS_MAX 65536
#define DAY_LEN 10

/* One commune of one Pays from a day to the day before another; "" where open. */
struct claim {
	char commune[6], pays[RIGHTS_PAYS_MAX + 1];
	char du[DAY_LEN + 1], au[DAY_LEN + 1];
};
struct claims {
	struct claim *at;
	size_t count, cap;
	enum es_err err;
};

static void claims_add(struct claims *c, const struct claim *one)
{
	if (c->err == ES_OK && c->count == c->cap) {
		size_t cap = c->cap ? 2 * c->cap : 1024;
		struct claim *at = cap <= CLAIMS_MAX ? realloc(c->at, cap * sizeof *at) : NULL;

		c->err = at ? ES_OK : ES_NOMEM;
		if (at) {
			c->at = at;
			c->cap = cap;
		}
	}
	if (c->err == ES_OK)
		c->at[c->count++] = *one;
}

static void claims_drop(struct claims *c, const char *pays)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->at[i].pays, pays) != 0)
			c->at[kept++] = c->at[i];
	c->count = kept;
}

/* --- what the control log says --- */

static void read_text(struct canon_reader *r, char *out, size_t size)
{
	struct slice text = SLICE_NONE;

	if (canon_peek(r) == CANON_NIL)
		canon_read_nil(r);
	else
		text = canon_read_str(r, size - 1);
	if (text.len > 0)
		memcpy(out, text.p, text.len);
	out[text.len] = 0;
}

static void take_entry(struct claims *c, const struct change *ch)
{
	struct claim one = {.pays = ""};
	struct slice value, list = SLICE_NONE;
	struct canon_reader r;
	unsigned no;

	for (struct field_walk w = field_walk_start(ch->fields); field_walk_next(&w, &no, &value);) {
		canon_read_init(&r, value);
		if (no == 2)
			read_text(&r, one.pays, sizeof one.pays);
		else if (no == 4)
			list = value;
	}
	claims_drop(c, one.pays);
	canon_read_init(&r, list);
	for (uint32_t n = canon_read_array(&r, CLAIMS_MAX); n > 0 && r.err == ES_OK; n--) {
		canon_read_array(&r, 3);
		read_text(&r, one.commune, sizeof one.commune);
		read_text(&r, one.du, sizeof one.du);
		read_text(&r, one.au, sizeof one.au);
		if (r.err == ES_OK)
			claims_add(c, &one);
	}
}

static enum es_err take_commit(struct node *n, uint64_t seq, struct claims *c)
{
	static _Thread_local struct packed p;
	struct change ch;
	struct buf bytes;

	buf_init(&bytes, COMMIT_PACKED_MAX);
	enum es_err err = node_read_commit(n, 0, seq, &bytes, &p);
	for (uint32_t i = 0; err == ES_OK && i < p.count; i++)
		if (p.payload[i].present && change_decode(p.payload[i].change, &ch) == ES_OK && ch.control && ch.op == OP_TERRITORY)
			take_entry(c, &ch);
	buf_done(&bytes);
	return err == ES_OK ? c->err : err;
}

static enum es_err claims_read(struct node *n, struct claims *c)
{
	enum es_err err = ES_OK;

	for (uint64_t seq = 1; seq <= n->frontier.heads[0].seq && err == ES_OK; seq++)
		err = take_commit(n, seq, c);
	return err;
}

/* --- what is asked --- */

static bool is_day(const char *text)
{
	return !*text || (strlen(text) == DAY_LEN && text[4] == '-' && text[7] == '-' && strspn(text, "0123456789-") == DAY_LEN);
}

/* "35001;2026-01-01;2027-01-01": the commune, and where they are, its first day and the
 * day on which it is in it no more. */
static enum es_err take_line(struct request *r, struct node *n, char *line, size_t no, struct claim *one)
{
	const char *cell[3] = {"", "", ""};
	char *rest = line;

	for (size_t i = 0; i < 3 && rest; i++)
		cell[i] = strsep(&rest, ";,\t");
	if (!reference_commune(n->ref, slice_str(cell[0])) || strlen(cell[0]) >= sizeof one->commune || !is_day(cell[1]) || !is_day(cell[2])) {
		buf_printf(&r->why, _("line %zu: '%.40s': expected CODE_INSEE[;FROM[;UNTIL]] with a commune of the table and days AAAA-MM-JJ"), no,
			   cell[0]);
		return ES_BAD_VALUE;
	}
	snprintf(one->commune, sizeof one->commune, "%s", cell[0]);
	snprintf(one->du, sizeof one->du, "%s", cell[1]);
	snprintf(one->au, sizeof one->au, "%s", cell[2]);
	return ES_OK;
}

/* A first line that begins with a letter is a header ("code_insee;du;au"). */
static enum es_err take_list(struct request *r, struct node *n, char *text, const char *pays, struct claims *c)
{
	struct claim one = {.pays = ""};
	char *line;
	enum es_err err = ES_OK;

	snprintf(one.pays, sizeof one.pays, "%s", pays);
	for (size_t no = 1; err == ES_OK && (line = strsep(&text, "\n")) != NULL; no++) {
		line[strcspn(line, "\r")] = 0;
		if (!*line || (no == 1 && *line > '9' && !reference_commune(n->ref, SLICE(line, strcspn(line, ";,\t")))))
			continue;
		err = take_line(r, n, line, no, &one);
		if (err == ES_OK)
			claims_add(c, &one);
	}
	if (err == ES_OK && c->count == 0) {
		buf_str(&r->why, _("the list names no commune"));
		err = ES_BAD_VALUE;
	}
	return err == ES_OK ? c->err : err;
}

static bool overlap(const struct claim *a, const struct claim *b)
{
	return (!*a->au || strcmp(b->du, a->au) < 0) && (!*b->au || strcmp(a->du, b->au) < 0);
}

/* No commune in two Pays at once. */
static enum es_err check_claims(struct request *r, struct node *n, const struct claims *mine, const struct claims *theirs)
{
	for (size_t i = 0; i < mine->count; i++)
		for (size_t t = 0; t < theirs->count; t++) {
			const struct claim *a = &mine->at[i], *b = &theirs->at[t];

			if (strcmp(a->commune, b->commune) != 0 || strcmp(a->pays, b->pays) == 0 || !overlap(a, b))
				continue;
			const struct commune *c = reference_commune(n->ref, slice_str(a->commune));
			const struct territory *other = rights_territory(&n->rights, b->pays);
			buf_printf(&r->why, _("%s (%s) is in %s already; end it there first, or --shared where both hold it"), a->commune,
				   c ? c->name : "?", other ? other->name : b->pays);
			return ES_BAD_VALUE;
		}
	return ES_OK;
}

static void day_or_nil(struct buf *out, const char *day)
{
	if (*day)
		canon_str(out, slice_str(day));
	else
		canon_nil(out);
}

static enum es_err enter_claims(struct request *r, struct node *n, const char *code, const char *name, const struct claims *mine)
{
	struct buf list, entry;

	buf_init(&list, CHANGE_MAX);
	buf_init(&entry, CHANGE_MAX);
	canon_array(&list, (uint32_t)mine->count);
	for (size_t i = 0; i < mine->count; i++) {
		canon_array(&list, 3);
		canon_str(&list, slice_str(mine->at[i].commune));
		day_or_nil(&list, mine->at[i].du);
		day_or_nil(&list, mine->at[i].au);
	}
	entry_territory(slice_str("pays"), slice_str(code), slice_str(name), buf_slice(&list), &entry);
	enum es_err err = buf_err(&list);
	if (err == ES_OK)
		err = explain_awaiting(r, n, node_enter(n, &entry));
	else
		buf_done(&entry);
	buf_done(&list);
	return err;
}

static enum es_err draw(struct request *r, struct node *n, const char *code, char *text)
{
	const struct territory *known = rights_territory(&n->rights, code);
	const struct pays *p = reference_pays(n->ref, slice_str(code));
	struct claims mine = {0}, theirs = {0};
	char name[RIGHTS_NAME_MAX + 1], shared[8];
	enum es_err err;

	body_text(r, "name", name, sizeof name);
	body_text(r, "shared", shared, sizeof shared);
	if (!name[0])
		snprintf(name, sizeof name, "%s", known ? known->name : p ? p->name : "");
	if (!name[0]) {
		buf_printf(&r->why, _("%s: a new Pays has a name: --name"), code);
		return ES_USAGE;
	}
	err = take_list(r, n, text, code, &mine);
	if (err == ES_OK)
		err = claims_read(n, &theirs);
	if (err == ES_OK && strcmp(shared, "oui") != 0)
		err = check_claims(r, n, &mine, &theirs);
	if (err == ES_OK)
		err = enter_claims(r, n, code, name, &mine);
	free(mine.at);
	free(theirs.at);
	return err;
}

/* --- the routes --- */

static void place_json(struct buf *out, bool first, const char *code, const char *name)
{
	buf_str(out, first ? "{\"code\":" : ",{\"code\":");
	json_quote(slice_str(code), out);
	buf_str(out, ",\"name\":");
	json_quote(slice_str(name), out);
}

static size_t count_of(const struct claims *c, const char *pays)
{
	size_t count = 0;

	for (size_t i = 0; i < c->count; i++)
		count += strcmp(c->at[i].pays, pays) == 0;
	return count;
}

enum es_err api_territory(struct request *r, struct node *n)
{
	struct claims c = {0};
	enum es_err err = claims_read(n, &c);

	buf_printf(&r->out, "{\"total\":%zu,\"items\":[", n->rights.territory_count);
	for (size_t i = 0; i < n->rights.territory_count; i++) {
		const struct territory *t = &n->rights.territories[i];

		place_json(&r->out, i == 0, t->code, t->name);
		buf_printf(&r->out, ",\"communes\":%zu}", count_of(&c, t->code));
	}
	buf_str(&r->out, "],\"known\":[");
	for (size_t i = 0; i < reference_pays_count(n->ref); i++) {
		place_json(&r->out, i == 0, reference_pays_at(n->ref, i)->code, reference_pays_at(n->ref, i)->name);
		buf_str(&r->out, "}");
	}
	buf_str(&r->out, "]}");
	free(c.at);
	return err;
}

enum es_err api_territory_add(struct request *r, struct node *n)
{
	char code[RIGHTS_PAYS_MAX + 1], *text = malloc(LIST_BYTES);
	enum es_err err = text ? only_cress(r, n, _("draws territories")) : ES_NOMEM;

	body_text(r, "code", code, sizeof code);
	if (err == ES_OK)
		body_text(r, "communes", text, LIST_BYTES);
	if (err == ES_OK)
		err = text[0] ? draw(r, n, code, text) : territory_ensure(r, n, code);
	free(text);
	if (err != ES_OK)
		return err;
	const struct territory *t = rights_territory(&n->rights, code);
	place_json(&r->out, true, code, t ? t->name : "");
	buf_str(&r->out, "}");
	return ES_OK;
}
