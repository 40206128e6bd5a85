/* SPDX-License-Identifier: Apache-2.0
 *
 * What the checks and an import ask of this node, and where their edits go. */
#include <string.h>
#include "daemon/api/api_parts.h"
#include "daemon/rules/follow.h"
#include "proto/canon.h"

#define WITHDRAWN_MAX 10000000 /* records that one import narrows */
#define NOTED_MAX 1000000 /* registrations that one import brings */

struct slice edit_text(const struct edit *e, size_t index)
{
	struct canon_reader r;

	canon_read_init(&r, e->values[index]);
	return canon_peek(&r) == CANON_STR ? canon_read_str(&r, CHANGE_MAX) : SLICE_NONE;
}

/* The annuaire has the structures of all hubs: what it says of another's, and that hub
 * says too, is no structure of ours, nor news of one of ours with the same SIRET. Derived fields are none of its columns;
 * "Mise à jour" alone, which the file has from the journal where the record is silent, is no news. */
static bool others_say(struct editing_host *h, const struct edit *e, const struct structure_match *m)
{
	struct slice values[SCHEMA_FIELDS_MAX] = {{0}};

	for (size_t i = 0; i < e->kind->field_count; i++)
		if (!(e->kind->fields[i].flags & FIELD_DERIVED) && !(e->if_empty >> i & 1) && i != structure_date_maj)
			values[i] = e->values[i];
	return reader_repeats(h->n->reader, m, values);
}

static bool host_repeats(void *ctx, const struct edit *e)
{
	struct editing_host *h = ctx;
	if (!e->listed || e->kind->no != structure_KIND || !h->n->reader)
		return false;
	struct structure_match m = {.pole = h->n->owner, .siret = edit_text(e, structure_siret), .rna = edit_text(e, structure_rna),
				    .nom = edit_text(e, structure_nom), .code_insee = edit_text(e, structure_code_insee)};

	return others_say(h, e, &m);
}

static bool closes_structure(const struct edit *e, const struct edit_result *result)
{
	return result->outcome != EDIT_SAME && e->kind->no == structure_KIND &&
	       slice_eq(edit_text(e, structure_etat), slice_str("fermee"));
}

static enum es_err close_structure(struct editing_host *h, const struct edit *e, const struct edit_result *result)
{
	struct findings findings = {0};
	struct edit closed = *e;
	struct following f = {.n = h->n, .was = {.e = &closed, .ref = h->n->ref, .host = &h->host, .findings = &findings}};

	ulid_encode(result->uid.bytes, f.uid);
	return structure_close(&f);
}

static enum es_err note_withdrawn(struct editing_host *h, const struct schema_kind *k, const struct edit_result *result)
{
	const struct withdrawn one = {k, result->record};

	h->widest = result->kept_from < h->widest ? result->kept_from : h->widest;
	buf_add(&h->withdrawn, &one, sizeof one);
	return buf_err(&h->withdrawn);
}

static enum es_err host_edit(void *ctx, const struct edit *e, struct edit_answer *answer)
{
	struct editing_host *h = ctx;
	struct edit_result result;
	enum es_err err;

	if (host_repeats(h, e)) {
		*answer = (struct edit_answer){.outcome = EDIT_SAME};
		return ES_OK;
	}
	err = node_edit(h->n, e, false, &result);
	if (err == ES_OK)
		*answer = (struct edit_answer){.outcome = result.outcome, .uid = result.uid, .older = result.older};
	if (err == ES_OK && closes_structure(e, &result))
		err = close_structure(h, e, &result);
	if (err == ES_OK && result.kept_from < SCOPE_LOCAL)
		err = note_withdrawn(h, e->kind, &result);
	if (err == ES_OK && result.moved_home)
		err = node_say_names(h->n, e->kind, &result.uid, &h->withdrawn);
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

/* --- seats taken without asking --- */

struct noted_seats {
	struct id16 event, structure;
	int64_t cost;
};

static int64_t noted_before(const struct editing_host *h, const struct id16 *event, const struct id16 *structure, bool *there)
{
	const struct noted_seats *list = (const void *)h->noted.p;
	int64_t sum = 0;

	for (size_t i = 0; i < h->noted.len / sizeof *list; i++) {
		if (!id_eq(&list[i].event, event))
			continue;
		sum += list[i].cost;
		*there = *there || id_eq(&list[i].structure, structure);
	}
	return sum;
}

static bool host_note_seats(void *ctx, const struct id16 *event, const struct id16 *structure, int64_t persons, struct seats_taken *out)
{
	struct editing_host *h = ctx;
	struct noted_seats now = {.event = *event, .structure = *structure, .cost = persons};
	struct seats s = {0};
	bool there = false, known = node_seats(h->n, event, &s) == ES_OK;

	for (size_t i = 0; i < s.count && !there; i++)
		there = s.list[i].granted && id_eq(&s.list[i].structure, structure);
	*out = (struct seats_taken){.ours = s.ours, .places = s.capacity, .granted = s.granted + noted_before(h, event, structure, &there)};
	if (s.by_structure)
		now.cost = !there;
	out->granted += now.cost;
	if (!h->host.by_hand)
		buf_add(&h->noted, &now, sizeof now);
	seats_done(&s);
	return known;
}

void editing_host_init(struct editing_host *h, struct request *r, struct node *n, bool by_hand)
{
	*h = (struct editing_host){.n = n, .api = r->api, .asker = -1, .widest = SCOPE_COUNT};
	buf_init(&h->withdrawn, WITHDRAWN_MAX * sizeof(struct withdrawn));
	buf_init(&h->noted, NOTED_MAX * sizeof(struct noted_seats));
	day_of(n->utc, h->today);
	h->host = (struct exchange_host){.ctx = h, .pole = n->owner, .region = n->rights.founded ? n->rights.region : n->region,
					 .cress = n->role == ROLE_CRESS, .charter_due = node_charter_due(n), .by_hand = by_hand, .today = h->today, .reader = n->reader,
					 .state = host_state, .in_pays = host_in_pays, .pole_of = host_pole_of,
					 .seats = host_seats, .note_seats = host_note_seats, .edit = host_edit, .knows = host_knows, .repeats = host_repeats};
}
