/* SPDX-License-Identifier: Apache-2.0
 *
 * Records: add, set, remove, show, list, search, match, import, export. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include "daemon/api_parts.h"
#include "daemon/codes.h"
#include "daemon/export.h"
#include "daemon/follow.h"
#include "daemon/reader_due.h"
#include "daemon/rgpd.h"
#include "proto/canon.h"
#include "proto/value.h"

#define PAIRS_MAX (SCHEMA_FIELDS_MAX + 4)

/* --- edits --- */

static struct slice edit_text(const struct edit *e, const char *name)
{
	const struct schema_field *f = schema_field_named(e->kind, slice_str(name));
	struct canon_reader r;

	canon_read_init(&r, f ? e->values[f->index] : SLICE_NONE);
	return canon_peek(&r) == CANON_STR ? canon_read_str(&r, CHANGE_MAX) : SLICE_NONE;
}

/* The annuaire has the structures of all hubs: what it says of another's, and that hub
 * says too, is no structure of ours, nor news of one of ours with the same SIRET. Derived fields are none of its columns. */
static bool others_say(struct editing_host *h, const struct edit *e, const struct structure_match *m)
{
	struct slice values[SCHEMA_FIELDS_MAX] = {{0}};

	for (size_t i = 0; i < e->kind->field_count; i++)
		if (!(e->kind->fields[i].flags & FIELD_DERIVED) && !(e->if_empty >> i & 1))
			values[i] = e->values[i];
	return reader_repeats(h->n->reader, m, values);
}

static bool repeats(struct editing_host *h, const struct edit *e)
{
	struct structure_match m = {.pole = h->n->owner, .siret = edit_text(e, "siret"), .rna = edit_text(e, "rna"),
				    .nom = edit_text(e, "nom"), .code_insee = edit_text(e, "code_insee")};

	return e->listed && strcmp(e->kind->name, "structure") == 0 && h->n->reader && others_say(h, e, &m);
}

/* F14: what follows in the same transaction. */
static bool closes_structure(const struct edit *e, const struct edit_result *result)
{
	return result->outcome != EDIT_SAME && strcmp(e->kind->name, "structure") == 0 &&
	       slice_eq(edit_text(e, "etat"), slice_str("fermee"));
}

static enum es_err host_edit(void *ctx, const struct edit *e, struct edit_answer *answer)
{
	struct editing_host *h = ctx;
	struct edit_result result;
	enum es_err err;

	if (repeats(h, e)) {
		*answer = (struct edit_answer){.outcome = EDIT_SAME};
		return ES_OK;
	}
	err = node_edit(h->n, e, false, &result);

	if (err == ES_OK)
		*answer = (struct edit_answer){.outcome = result.outcome, .uid = result.uid, .older = result.older};
	if (err == ES_OK && closes_structure(e, &result))
		err = structure_closed(h->n, &result.uid, NULL);
	if (err == ES_OK && result.kept_from < h->withdrawn)
		h->withdrawn = result.kept_from;
	return err;
}

struct knowing {
	unsigned kind;
	bool yes;
};

static bool note_known(void *ctx, const struct outbox_edit *e)
{
	struct knowing *k = ctx;

	k->yes = k->yes || e->kind == k->kind;
	return !k->yes;
}

/* In the directory, or earlier in this very transaction. */
static bool host_knows(void *ctx, const struct schema_kind *k, const struct id16 *uid)
{
	struct editing_host *h = ctx;
	struct knowing w = {.kind = k->no};
	struct record_id id;

	if (h->n->reader && reader_knows(h->n->reader, k, uid))
		return true;
	memcpy(id.bytes, h->n->hub.bytes, 16);
	memcpy(id.bytes + 16, uid->bytes, 16);
	return journal_outbox_each(h->n->journal, SCOPE_COUNT, &id, 0, note_known, &w) == ES_OK && w.yes;
}

/* Another hub's record, to which something is proposed, as it is shown here. */
static enum es_err others_state(struct node *n, const struct edit *e, struct buf *out)
{
	struct record_id ids[8];
	unsigned kinds[8];
	size_t count = n->reader ? reader_find(n->reader, &e->uid, ids, kinds, 8) : 0;

	for (size_t i = 0; i < count && i < 8; i++)
		if (kinds[i] == e->kind->no)
			return reader_state(n->reader, &ids[i], kinds[i], out);
	return ES_NOT_FOUND;
}

static enum es_err host_state(void *ctx, const struct edit *e, struct buf *out)
{
	struct editing_host *h = ctx;
	enum es_err err = node_stands(h->n, e, out);

	return err == ES_OTHER_HUB ? others_state(h->n, e, out) : err;
}

struct holding {
	struct slice code;
	bool yes;
};

static void note_commune(void *ctx, const char *code_insee)
{
	struct holding *h = ctx;

	h->yes = h->yes || slice_eq(h->code, slice_str(code_insee));
}

/* The hub in whose Pays the commune lies; NULL: none. */
static const struct member *member_of(const struct node *n, struct slice code_insee)
{
	for (size_t i = 0; i < n->rights.member_count; i++) {
		const struct member *m = &n->rights.members[i];
		struct holding h = {.code = code_insee};

		if (m->role != ROLE_HUB || m->state != MEMBER_ACTIVE)
			continue;
		reference_pays_communes(n->ref, slice_str(m->pays), note_commune, &h);
		if (h.yes)
			return m;
	}
	return NULL;
}

static bool host_in_pays(void *ctx, struct slice code_insee)
{
	struct editing_host *h = ctx;

	return member_of(h->n, code_insee) != NULL;
}

static void host_pole_of(void *ctx, struct slice code_insee, struct buf *out)
{
	struct editing_host *h = ctx;
	const struct member *m = member_of(h->n, code_insee);
	char owner[RIGHTS_PAYS_MAX + 8] = "";

	if (m || (m = rights_cress(&h->n->rights)))
		rights_owner_text(m, owner, sizeof owner);
	buf_str(out, owner);
}

static void host_seats(void *ctx, const struct id16 *event, struct buf *json)
{
	struct editing_host *h = ctx;

	buf_str(json, "[");
	seats_list_json(h->n, event, json);
	buf_str(json, "]");
}

void editing_host_init(struct editing_host *h, struct request *r, struct node *n, bool by_hand)
{
	*h = (struct editing_host){.n = n, .api = r->api, .withdrawn = SCOPE_COUNT};
	day_of(n->utc, h->today);
	h->host = (struct exchange_host){.ctx = h, .pole = n->owner, .region = n->rights.founded ? n->rights.region : n->region,
					 .cress = n->role == ROLE_CRESS, .charter_due = node_charter_due(n), .by_hand = by_hand, .today = h->today, .reader = n->reader,
					 .state = host_state, .in_pays = host_in_pays, .pole_of = host_pole_of,
					 .seats = host_seats, .edit = host_edit, .knows = host_knows};
}

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

/* Texts as canonical values; names the field in `why`. */
static enum es_err read_values(struct request *r, struct edit *e, const struct pair *pairs, size_t n, struct buf *memory,
			       struct findings *f)
{
	size_t at[SCHEMA_FIELDS_MAX] = {0}, len[SCHEMA_FIELDS_MAX] = {0};
	enum es_err err = ES_OK;

	for (size_t i = 0; i < n && err == ES_OK; i++) {
		const struct schema_field *field = schema_field_named(e->kind, slice_str(pairs[i].key));

		if (!field) {
			buf_printf(&r->why, "%s: unknown field of %s; see 'essaim list --help'", pairs[i].key, e->kind->name);
			err = ES_UNKNOWN_FIELD;
			break;
		}
		at[field->index] = memory->len;
		if (!value_parse(field, slice_str(pairs[i].value), memory, f))
			err = ES_BAD_VALUE;
		len[field->index] = memory->len - at[field->index];
	}
	if (err == ES_OK)
		err = buf_err(memory);
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

	if (!f || !f->codes || strcmp(one->code, "valeur_hors_liste") != 0)
		return;
	day_of(n->utc, today);
	buf_str(&r->why, "; known: ");
	codes_known(n->reader, f, today, ", ", &r->why);
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
static enum es_err write_record(struct request *r, struct node *n, const struct checking *c, struct edit_result *result)
{
	struct following f = {.n = n, .was = *c};
	enum es_err err = c->creating ? ES_OK : node_stands(n, c->e, c->state);

	c->e->decides = true;
	if (err == ES_OK)
		err = node_edit(n, c->e, !c->creating, result);
	if (err != ES_OK)
		return err;
	ulid_encode(result->uid.bytes, f.uid);
	err = follow_edit(&f);
	if (err == ES_OK && result->kept_from < SCOPE_LOCAL)
		err = node_erase_withdrawn(n, c->e->kind, &result->record);
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
	if (f->worst == VERDICT_REJECTED)
		err = refused(r, n, e->kind, f);
	if (err == ES_OK && how == WRITING_PROPOSAL)
		err = node_propose(n, e, out);
	else if (err == ES_OK)
		err = write_record(r, n, &(struct checking){e, how == WRITING_NEW, n->ref, &h.host, &scratch, f, &before}, out);
	if (err == ES_OK && how != WRITING_PROPOSAL && closes_structure(e, out))
		err = structure_closed(n, &out->uid, after);
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
		buf_str(&r->why, "the values must be a JSON object of texts");
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
		buf_printf(&r->why, "%s: unknown kind; known: ", kind);
		for (size_t i = 0; i < schema_kind_count; i++)
			buf_printf(&r->why, "%s%s", i ? ", " : "", schema_kinds[i].name);
		return ES_UNKNOWN_KIND;
	}
	return edit_record(r, n, &e, WRITING_NEW);
}

static enum es_err part_uid(struct request *r, struct id16 *uid)
{
	if (ulid_decode(r->part, strlen(r->part), uid->bytes))
		return ES_OK;
	buf_printf(&r->why, "%s: not a uid (26 characters)", r->part);
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
		buf_printf(&r->why, "%s: cede: fiche cédée à %s; only that hub writes it: 'essaim propose' asks it to", r->part, ceded);
	else if (err != ES_OK)
		buf_printf(&r->why, "%s: %s%s", r->part, es_err_text(err),
			   err == ES_OTHER_HUB ? "; only its own hub writes it: 'essaim propose' asks it to" : "");
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
		buf_printf(&r->why, "%s: no such record here", r->part);
		err = ES_NOT_FOUND;
	}
	if (err == ES_OK)
		err = edit_record(r, n, &e, WRITING_PROPOSAL);
	if (err == ES_EXISTS) {
		buf_printf(&r->why, "%s: this record is ours: write it with 'essaim set'", r->part);
		err = ES_NOT_ALLOWED;
	} else if (err == ES_NOT_ALLOWED && r->why.len == 0) {
		buf_printf(&r->why, "%s: a proposal holds at least one field, and none that its hub keeps to itself", r->part);
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
		buf_printf(&r->why, "%s: %s", r->part, es_err_text(err));
	return err;
}

/* --- reads --- */

static int64_t number(struct request *r, const char *name, int64_t otherwise, int64_t max)
{
	const char *text = request_param(r, name);
	int64_t v = text[0] ? strtoll(text, NULL, 10) : otherwise;

	return v < 0 ? 0 : v > max ? max : v;
}

static enum es_err kind_param(struct request *r, bool needed, const struct schema_kind **out)
{
	const char *name = request_param(r, "kind");

	*out = schema_kind_named(slice_str(name));
	if (*out || (!needed && !name[0]))
		return ES_OK;
	buf_printf(&r->why, "%s: unknown kind", name[0] ? name : "kind");
	return ES_UNKNOWN_KIND;
}

/* With facts=1, as the page's sheets ask; that it is not here is an answer to them too. */
static enum es_err show_facts(struct request *r, struct reader *reader, const struct id16 *uid, enum es_err err)
{
	if (err == ES_NOT_FOUND) {
		buf_clear(&r->out);
		buf_printf(&r->out, "{\"uid\":\"%s\",\"missing\":true}", r->part);
		return ES_OK;
	}
	if (err != ES_OK)
		return err;
	r->out.len--; /* the object goes on */
	buf_str(&r->out, ",\"facts\":");
	err = reader_facts(reader, uid, &r->out);
	buf_str(&r->out, "}");
	return err;
}

enum es_err api_show(struct request *r, struct reader *reader)
{
	const char *on = request_param(r, "on");
	struct id16 uid;
	bool siret = strlen(r->part) == 14 && strspn(r->part, "0123456789") == 14;
	enum es_err err = siret ? ES_OK : part_uid(r, &uid);

	if (siret && !reader_resolve(reader, slice_str(r->part), &uid))
		err = ES_NOT_FOUND;
	if (err == ES_OK && on[0] && (strlen(on) != SEARCH_DATE_LEN || value_time_seconds(slice_str(on)) == INT64_MIN)) {
		buf_printf(&r->why, "on: '%.40s' is not a day YYYY-MM-DD", on);
		err = ES_BAD_VALUE;
	}
	if (err == ES_OK)
		err = reader_show_on(reader, &uid, on[0] ? on : NULL, &r->out);
	if (err == ES_OK)
		reader_clause_hours(reader, r->part, &r->out);
	if (strcmp(request_param(r, "facts"), "1") == 0)
		err = show_facts(r, reader, &uid, err);
	if (err == ES_NOT_FOUND)
		buf_printf(&r->why, "%s: no such record here", r->part);
	return err;
}

enum es_err api_list(struct request *r, struct reader *reader)
{
	const struct schema_kind *k;
	enum es_err err = kind_param(r, true, &k);

	return err != ES_OK ? err : reader_list(reader, k, number(r, "limit", 100, API_LIST_MAX),
						number(r, "offset", 0, INT64_MAX), &r->out);
}

static const char *search_param(void *r, const char *name)
{
	return request_param(r, name);
}

struct search_source search_from_request(struct request *r)
{
	return (struct search_source){search_param, r, r->api->ref, r->api->swarm->rights.region};
}

enum es_err api_search(struct request *r, struct reader *reader)
{
	struct search_source from = search_from_request(r);
	enum es_err err = search_read(&r->search, &from, &r->why);

	return err != ES_OK ? err : reader_search(reader, &r->search, &r->out);
}

void today_text(char out[11])
{
	day_of((es_ms)time(NULL) * 1000, out);
}

enum es_err api_match(struct request *r, struct reader *reader)
{
	struct ranking q = {.all = strcmp(request_param(r, "all"), "1") == 0, .limit = number(r, "limit", 20, API_LIST_MAX)};
	enum es_err err = part_uid(r, &q.uid);
	char today[11];

	today_text(today);
	q.today = slice_str(today);
	if (err == ES_OK)
		err = reader_rank(reader, &q, &r->out);
	if (err == ES_NOT_FOUND)
		buf_printf(&r->why, "%s: no need or offer of that uid here; see 'essaim list besoin'", r->part);
	return err;
}

static enum es_err format_param(struct request *r, const struct export_format **out)
{
	*out = export_format_named(request_param(r, "format"));
	if (*out)
		return ES_OK;
	buf_printf(&r->why, "%s: unknown format; known: ", request_param(r, "format"));
	export_format_names(&r->why);
	return ES_USAGE;
}

enum es_err api_export(struct request *r, struct reader *reader)
{
	const char *finalite = request_param(r, "finalite");
	struct report_month month;
	struct export_options o = {.month = month.text, .region = r->api->swarm->rights.region, .finalite = finalite[0] ? finalite : NULL,
				   .public = r->within == SCOPE_PUBLIC || strcmp(request_param(r, "public"), "1") == 0};
	const struct export_format *f = NULL;
	enum es_err err = format_param(r, &f);

	if (err == ES_OK && r->role && action_rows[ACTION_EXPORT].cells[r->role->id] == CELL_SHOWN && strncmp(f->type, "text/csv", 8) != 0) {
		buf_printf(&r->why, "%s: %s exports CSV of what is public only", f->name, r->role->name);
		err = ES_NOT_ALLOWED;
	}

	if (err == ES_OK)
		err = month_param(r, request_param(r, "month"), "", &month);
	if (err == ES_OK)
		err = kind_param(r, f->kinds == EXPORT_ONE && !f->default_kind, &o.kind);
	if (err == ES_OK && !(r->out_file = tmpfile()))
		err = ES_IO;
	if (err == ES_OK)
		err = export_write(reader, f, &o, r->out_file);
	if (err == ES_IO && errno == ENOSPC)
		err = ES_DISK_FULL;
	if (err == ES_USAGE && f)
		buf_printf(&r->why, "%s: this format has no kind to choose", f->name);
	if (f)
		r->type = f->type;
	if (err == ES_OK && f)
		rgpd_note_export(r->api->dir, f->name, o.kind);
	return err;
}

static void field_bounds(const struct schema_field *f, struct buf *out)
{
	buf_printf(out, ",\"cap\":\"%s\",\"max\":%lld,\"required\":%s,\"personal\":%s", scope_name(f->cap), (long long)f->max,
		   f->flags & FIELD_REQUIRED ? "true" : "false", f->flags & FIELD_PERSONAL ? "true" : "false");
	if (f->refers)
		buf_printf(out, ",\"refers\":\"%s\"", f->refers);
	if (f->codes) {
		buf_str(out, ",\"codes\":");
		json_quote(slice_str(f->codes), out);
	}
}

void api_kinds(struct request *r)
{
	static const char *const types[] = {"text", "code", "date", "time", "list", "int", "cents", "tenth", "coord", "bool", "ref"};

	buf_str(&r->out, "{\"kinds\":[");
	for (size_t i = 0; i < schema_kind_count; i++) {
		const struct schema_kind *k = &schema_kinds[i];

		buf_printf(&r->out, "%s{\"name\":\"%s\",\"plural\":\"%s\",\"label\":", i ? "," : "", k->name, k->plural);
		json_quote(slice_str(k->label), &r->out);
		buf_printf(&r->out, ",\"cap\":\"%s\",\"portee\":\"%s\"", scope_name(k->cap), scope_name(k->portee_default));
		buf_str(&r->out, ",\"fields\":[");
		for (size_t f = 0; f < k->field_count; f++) {
			buf_printf(&r->out, "%s{\"name\":\"%s\",\"type\":\"%s\",\"label\":", f ? "," : "", k->fields[f].name,
				   types[k->fields[f].type]);
			json_quote(slice_str(k->fields[f].label ? k->fields[f].label : ""), &r->out);
			field_bounds(&k->fields[f], &r->out);
			buf_str(&r->out, "}");
		}
		buf_str(&r->out, "]}");
	}
	buf_str(&r->out, "]}");
	request_answer(r, ES_OK);
}

void api_roles(struct request *r)
{
	roles_json(r->api->swarm->role == ROLE_CRESS, &r->out);
	request_answer(r, ES_OK);
}
