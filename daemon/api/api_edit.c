/* SPDX-License-Identifier: Apache-2.0
 *
 * A person's edit of one record: add, set, propose, remove. */
#include <stdlib.h>
#include <string.h>
#include "daemon/api/api_parts.h"
#include "daemon/rules/codes.h"
#include "daemon/rules/follow.h"
#include "daemon/rules/sentences.h"
#include "proto/value.h"

#define PAIRS_MAX (SCHEMA_FIELDS_MAX + 4)

static void findings_json(const struct findings *f, struct buf *out)
{
	buf_str(out, "[");
	for (size_t i = 0; i < f->count; i++) {
		buf_str(out, i ? ",{\"column\":" : "{\"column\":");
		json_quote(slice_str(f->list[i].column), out);
		buf_str(out, ",\"code\":");
		json_quote(slice_str(f->list[i].code), out);
		buf_str(out, ",\"value\":");
		json_quote(slice_str(f->list[i].value), out);
		buf_str(out, "}");
	}
	buf_str(out, "]");
}

static void name_fields(const struct schema_kind *k, struct buf *out)
{
	for (size_t i = 0; i < k->field_count; i++)
		if (k->fields[i].no != FIELD_EXTRA)
			buf_printf(out, "%s%s", i ? ", " : "", k->fields[i].name);
}

/* Texts as canonical values; an unknown field is named in `why`. What cannot be read is in the
 * findings, of every field at once. */
static enum es_err read_values(struct request *r, struct edit *e, const struct pair *pairs, size_t n, struct buf *memory,
			       struct findings *f)
{
	size_t at[SCHEMA_FIELDS_MAX] = {0}, len[SCHEMA_FIELDS_MAX] = {0};
	enum es_err err = ES_OK;
	bool unread = false;

	for (size_t i = 0; i < n && err == ES_OK; i++) {
		const struct schema_field *field = schema_field_said(e->kind, slice_str(pairs[i].key));

		if (!field) {
			buf_printf(&r->why, _("%.64s: unknown field of %s; known: "), pairs[i].key, e->kind->name);
			name_fields(e->kind, &r->why);
			err = ES_UNKNOWN_FIELD;
			break;
		}
		if (len[field->index] > 0) {
			buf_printf(&r->why, _("%.64s: %s is said twice"), pairs[i].key, field->name);
			err = ES_BAD_VALUE;
			break;
		}
		at[field->index] = memory->len;
		unread = !value_parse(field, slice_str(pairs[i].value), memory, f) || unread;
		len[field->index] = memory->len - at[field->index];
	}
	if (err == ES_OK)
		err = unread ? ES_BAD_VALUE : buf_err(memory);
	for (size_t i = 0; i < e->kind->field_count && err == ES_OK; i++)
		if (len[i] > 0)
			e->values[i] = SLICE(memory->p + at[i], len[i]);
	return err;
}

/* A10: whoever wrote an unknown code is told the known ones. */
static void name_codes(struct request *r, struct node *n, const struct schema_kind *k, const struct finding *one)
{
	const struct schema_field *f = schema_field_named(k, slice_str(one->column));
	char today[11];

	if (!f || strcmp(one->code, "valeur_hors_liste") != 0)
		return;
	if (k->no == code_liste_KIND && f->index == code_liste_categorie)
		f = &schema_kind_no(partenariat_KIND)->fields[partenariat_categorie];
	bool lists = k->no == code_liste_KIND && f->index == code_liste_liste;
	if (!lists && !f->codes)
		return;
	day_of(n->utc, today);
	buf_str(&r->why, _("; known: "));
	if (lists)
		codes_lists(", ", &r->why);
	else
		codes_known(n->reader, f, today, ", ", &r->why);
}

/* As a clause, without its stop: more may follow. */
static void name_fault(struct request *r, const struct finding *one)
{
	const char *text = sentence_in(say_language(), one->code, one->column);
	size_t n = text ? strlen(text) : 0;

	if (n > 0)
		buf_printf(&r->why, ": %.*s", (int)(n - (text[n - 1] == '.')), text);
}

/* False: its sentence has to do. */
static bool name_remedy(struct request *r, const struct finding *one)
{
	static const struct {
		const char *code, *text;
	} remedies[] = {
#define REMEDY(code, text) {code, text},
#include "daemon/rules/remedies.def"
	};

	for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
		if (strcmp(remedies[i].code, one->code) == 0) {
			buf_printf(&r->why, "; %s", _(remedies[i].text));
			return true;
		}
	return false;
}

/* One clause a finding, with what would be right where the finding knows it. */
static enum es_err refused(struct request *r, struct node *n, const struct schema_kind *k, const struct findings *f)
{
	enum es_err err = ES_BAD_VALUE;

	for (size_t i = 0; i < f->count; i++) {
		const struct finding *one = &f->list[i];

		if (one->verdict != VERDICT_REJECTED)
			continue;
		buf_printf(&r->why, "%s%s: %s", r->why.len ? "; " : "", one->column, one->code);
		if (one->value[0])
			buf_printf(&r->why, " (%s)", one->value);
		if (!name_remedy(r, one))
			name_fault(r, one);
		name_codes(r, n, k, one);
		if (strncmp(one->code, "role_", 5) == 0)
			err = ES_NOT_ALLOWED;
	}
	return err;
}

static void edit_answer(struct request *r, struct node *n, const struct edit_result *result, const struct findings *f)
{
	char uid[ULID_LEN + 1];

	ulid_encode(result->uid.bytes, uid);
	buf_printf(&r->out, "{\"uid\":\"%s\",\"changed\":%s,\"findings\":", uid,
		   result->outcome == EDIT_SAME ? "false" : "true");
	findings_json(f, &r->out);
	if (result->kept_from < SCOPE_LOCAL) {
		buf_str(&r->out, ",\"encore_chez\":[");
		node_holders(n, result->kept_from, holder_json, &r->out);
		buf_str(&r->out, "]");
	}
	buf_str(&r->out, "}");
}

/* The record, and what follows from it (follow.h). `c->state` gets it as it stood. */
static enum es_err write_record(struct request *r, struct node *n, const struct checking *c, struct edit_result *result,
				struct buf *after)
{
	struct following f = {.n = n, .was = *c, .answer = after};
	enum es_err err = c->creating ? ES_OK : node_stands(n, c->e, c->state);

	c->e->decides = true;
	if (err == ES_OK)
		err = node_edit(n, c->e, !c->creating, result);
	if (err != ES_OK)
		return err;
	ulid_encode(result->uid.bytes, f.uid);
	err = follow_edit(&f);
	if (err == ES_OK && result->kept_from < SCOPE_LOCAL)
		err = node_erase_withdrawn(n, &(struct withdrawn){c->e->kind, result->record}, 1);
	return err == ES_BAD_VALUE && c->findings->worst == VERDICT_REJECTED ? refused(r, n, c->e->kind, c->findings) : err;
}

/* `after` gets what else was done, as members of the answer. */
static enum es_err write_values(struct request *r, struct node *n, struct edit *e, enum writing how, const struct pair *pairs,
				size_t count, struct findings *f, struct edit_result *out, struct buf *after)
{
	struct buf memory, scratch, before;
	struct editing_host h;
	enum es_err err;

	buf_init(&memory, 16 * 65536);
	buf_init(&scratch, 16 * 65536);
	buf_init(&before, 16 * 65536);
	editing_host_init(&h, r, n, true);
	err = read_values(r, e, pairs, count, &memory, f);
	if (err == ES_OK)
		exchange_check(e, how == WRITING_NEW, n->ref, &h.host, &scratch, f);
	if (f->worst == VERDICT_REJECTED && r->why.len == 0)
		err = refused(r, n, e->kind, f);
	if (err == ES_OK && how == WRITING_PROPOSAL)
		err = node_propose(n, e, out);
	else if (err == ES_OK)
		err = write_record(r, n, &(struct checking){e, how == WRITING_NEW, n->ref, &h.host, &scratch, f, &before}, out, after);
	buf_done(&memory);
	buf_done(&scratch);
	buf_done(&before);
	return err;
}

enum es_err record_write(struct request *r, struct node *n, struct edit *e, const struct pair *pairs, size_t count,
			 enum writing how, struct edit_result *result, struct findings *f)
{
	return write_values(r, n, e, how, pairs, count, f, result, NULL);
}

enum es_err record_put(struct request *r, struct node *n, struct edit *e, const struct pair *pairs, size_t count,
		       enum writing how, struct edit_result *result)
{
	struct findings *f = calloc(1, sizeof *f);
	enum es_err err = f ? record_write(r, n, e, pairs, count, how, result, f) : ES_NOMEM;

	free(f);
	return err;
}

enum es_err edit_pairs(struct request *r, struct node *n, struct edit *e, const struct pair *pairs, size_t count, enum writing how)
{
	struct findings *f = calloc(1, sizeof *f);
	struct edit_result result;
	struct buf after;

	buf_init(&after, 16 << 20);
	enum es_err err = f ? write_values(r, n, e, how, pairs, count, f, &result, &after) : ES_NOMEM;
	if (err == ES_OK)
		err = buf_err(&after);
	if (err == ES_OK) {
		edit_answer(r, n, &result, f);
		r->out.len--; /* the object goes on */
		buf_add(&r->out, after.p, after.len);
		buf_str(&r->out, "}");
	}
	buf_done(&after);
	free(f);
	return err;
}

static enum es_err edit_record(struct request *r, struct node *n, struct edit *e, enum writing how)
{
	struct pair pairs[PAIRS_MAX];
	enum es_err err;
	size_t count = body_pairs(r, "values", pairs, PAIRS_MAX, &err);

	if (err != ES_OK)
		buf_str(&r->why, _("the values must be a JSON object of texts"));
	else if (how != WRITING_PROPOSAL)
		err = countersign_guard(r, e->kind, pairs, count);
	if (err == ES_OK)
		err = edit_pairs(r, n, e, pairs, count, how);
	pairs_free(pairs, count);
	return err;
}

enum es_err api_add(struct request *r, struct node *n)
{
	struct edit e = {0};
	char kind[64];

	body_text(r, "kind", kind, sizeof kind);
	e.kind = schema_kind_named(slice_str(kind));
	if (!e.kind) {
		buf_printf(&r->why, _("%s: unknown kind"), kind);
		kinds_known(&r->why);
		return ES_UNKNOWN_KIND;
	}
	return edit_record(r, n, &e, WRITING_NEW);
}

enum es_err part_uid(struct request *r, struct id16 *uid)
{
	if (ulid_decode(r->part, strlen(r->part), uid->bytes))
		return ES_OK;
	buf_printf(&r->why, _("%s: not a uid (26 characters)"), r->part);
	return ES_BAD_VALUE;
}

/* Did we hand one of them over? To whom it belongs now. */
static bool was_ceded(const struct node *n, const struct record_id *ids, const unsigned *kinds, size_t count, char *out, size_t size)
{
	for (size_t i = 0; i < count; i++)
		for (size_t t = 0; t < n->rights.tenure_count; t++) {
			const struct tenure *tenure = &n->rights.tenures[t];
			struct id16 steward = rights_steward(&n->rights, &ids[i], kinds[i]);
			const struct member *m = rights_member(&n->rights, &steward);

			if (tenure->kind != kinds[i] || memcmp(tenure->record.bytes, ids[i].bytes, 32) != 0 ||
			    !id_eq(&tenure->from, &n->hub) || !m)
				continue;
			rights_owner_text(m, out, size);
			return true;
		}
	return false;
}

/* The kind of our record of that uid. */
static enum es_err own_kind(struct request *r, struct node *n, const struct id16 *uid, const struct schema_kind **out)
{
	struct record_id ids[8];
	unsigned kinds[8];
	size_t count = n->reader ? reader_find(n->reader, uid, ids, kinds, 8) : 0;
	char ceded[RIGHTS_PAYS_MAX + 8];
	enum es_err err = ES_NOT_FOUND;

	for (size_t i = 0; i < count && i < 8 && err != ES_OK; i++) {
		const struct schema_kind *k = schema_kind_no(kinds[i]);

		struct id16 steward = rights_steward(&n->rights, &ids[i], kinds[i]);

		err = ES_OTHER_HUB;
		if (k && id_eq(&steward, &n->hub)) {
			*out = k;
			err = ES_OK;
		}
	}
	if (err == ES_OTHER_HUB && count <= 8 && was_ceded(n, ids, kinds, count, ceded, sizeof ceded))
		buf_printf(&r->why, _("%s: cede: fiche cédée à %s; only that hub writes it: 'essaim propose' asks it to"), r->part, ceded);
	else if (err != ES_OK)
		buf_printf(&r->why, "%s: %s%s", r->part, _(es_err_text(err)),
			   err == ES_OTHER_HUB ? _("; only its own hub writes it: 'essaim propose' asks it to") : "");
	return err;
}

enum es_err api_set(struct request *r, struct node *n)
{
	struct edit e = {.has_uid = true};
	enum es_err err = part_uid(r, &e.uid);

	if (err == ES_OK)
		err = own_kind(r, n, &e.uid, &e.kind);
	return err == ES_OK ? edit_record(r, n, &e, WRITING_OURS) : err;
}

/* A change to another hub's record, for that hub to accept or refuse. */
enum es_err api_propose(struct request *r, struct node *n)
{
	struct edit e = {.has_uid = true};
	struct record_id ids[8];
	unsigned kinds[8];
	enum es_err err;

	body_text(r, "uid", r->part, sizeof r->part);
	err = part_uid(r, &e.uid);
	size_t count = err == ES_OK && n->reader ? reader_find(n->reader, &e.uid, ids, kinds, 8) : 0;
	for (size_t i = 0; i < count && i < 8 && !e.kind; i++)
		e.kind = schema_kind_no(kinds[i]);
	if (err == ES_OK && !e.kind) {
		buf_printf(&r->why, _("%s: no such record here"), r->part);
		err = ES_NOT_FOUND;
	}
	if (err == ES_OK)
		err = edit_record(r, n, &e, WRITING_PROPOSAL);
	if (err == ES_EXISTS) {
		buf_printf(&r->why, _("%s: this record is ours: write it with 'essaim set'"), r->part);
		err = ES_NOT_ALLOWED;
	} else if (err == ES_NOT_ALLOWED && r->why.len == 0) {
		buf_printf(&r->why, _("%s: a proposal holds at least one field, and none that its hub keeps to itself"), r->part);
	}
	return err;
}

static enum es_err check_removal(struct request *r, struct node *n, const struct schema_kind *k, const struct id16 *uid)
{
	struct edit e = {.kind = k, .has_uid = true, .uid = *uid};
	struct findings *f = calloc(1, sizeof *f);
	struct editing_host h;
	struct buf before;

	if (!f)
		return ES_NOMEM;
	buf_init(&before, 16 * 65536);
	editing_host_init(&h, r, n, true);
	enum es_err err = node_stands(n, &e, &before);
	if (err == ES_OK)
		rules_removal(&(struct checking){.e = &e, .ref = n->ref, .host = &h.host, .findings = f, .state = &before});
	if (f->worst == VERDICT_REJECTED)
		err = refused(r, n, k, f);
	buf_done(&before);
	free(f);
	return err;
}

enum es_err api_remove(struct request *r, struct node *n)
{
	const struct schema_kind *k = NULL;
	struct edit_result result;
	struct id16 uid;
	enum es_err err = part_uid(r, &uid);

	if (err == ES_OK)
		err = own_kind(r, n, &uid, &k);
	if (err == ES_OK)
		err = check_removal(r, n, k, &uid);
	if (err == ES_OK)
		err = node_delete(n, &uid, &result);
	if (err == ES_OK)
		buf_printf(&r->out, "{\"uid\":\"%s\"}", r->part);
	else if (r->why.len == 0)
		buf_printf(&r->why, "%s: %s", r->part, _(es_err_text(err)));
	return err;
}
