/* SPDX-License-Identifier: Apache-2.0
 *
 * Where somebody is named. The journal is read three times: for what was typed; for
 * what her own records say of her (an address learnt from a name, a former number);
 * and for all of that together. The directory alone would miss values that were
 * replaced and records that were deleted, whose payloads are still in the journal. */
#include <stdlib.h>
#include <string.h>
#include "daemon/node/node_parts.h"
#include "daemon/rgpd/rgpd.h"
#include "proto/canon.h"

#define STATE_MAX (16 * CHANGE_MAX)
#define NAME_MAX 600

enum pass { PASS_ASKED, PASS_LEARN, PASS_ALL };
struct finding_person {
	struct node *n;
	struct rgpd_found *out;
	size_t room;
	enum pass pass;
	struct buf state; /* of the record whose change is read, where its kind is a person's */
	enum es_err err;
};

/* --- hits --- */

static struct rgpd_hit *find_hit(struct rgpd_found *f, const struct record_id *record, const struct schema_kind *k)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->list[i].kind == k && memcmp(f->list[i].record.bytes, record->bytes, 32) == 0)
			return &f->list[i];
	return NULL;
}

static struct rgpd_hit *new_hit(struct finding_person *p, const struct record_id *record, const struct schema_kind *k)
{
	struct id16 steward = rights_steward(&p->n->rights, record, k->no);

	if (p->out->count == p->room) {
		size_t room = p->room ? p->room * 2 : 32;
		struct rgpd_hit *more = realloc(p->out->list, room * sizeof *more);

		if (!more) {
			p->err = ES_NOMEM;
			return NULL;
		}
		p->out->list = more;
		p->room = room;
	}
	struct rgpd_hit *h = &p->out->list[p->out->count++];
	*h = (struct rgpd_hit){.record = *record, .kind = k, .ours = id_eq(&steward, &p->n->hub)};
	return h;
}

static void note_hit(struct finding_person *p, const struct change *ch, const struct schema_kind *k,
		     const struct schema_field *f, const struct needle *by)
{
	struct rgpd_hit *h = find_hit(p->out, &ch->record, k);

	if (!h)
		h = new_hit(p, &ch->record, k);
	if (!h)
		return;
	h->fields |= UINT64_C(1) << f->index;
	if (!h->by || by < h->by)
		h->by = by;
}

/* --- one change --- */

static struct slice as_text(struct slice value)
{
	struct canon_reader r;

	canon_read_init(&r, value);
	return canon_peek(&r) == CANON_STR ? canon_read_str(&r, CHANGE_MAX) : SLICE_NONE;
}

static const struct needle *in_value(const struct finding_person *p, const struct schema_field *f, struct slice value)
{
	const struct needles *n = &p->out->needles;
	struct canon_reader r;
	struct id16 uid;

	canon_read_init(&r, value);
	if (f->type == TYPE_REF && canon_peek(&r) == CANON_BIN) {
		canon_read_exact(&r, uid.bytes, 16);
		return r.err == ES_OK ? needles_uid(n, &uid) : NULL;
	}
	if (canon_peek(&r) != CANON_ARRAY)
		return needles_in(n, as_text(value));
	for (uint32_t left = canon_read_array(&r, 1024); left > 0 && r.err == ES_OK; left--) {
		const struct needle *x = needles_in(n, canon_read_str(&r, CHANGE_MAX));

		if (x)
			return x;
	}
	return NULL;
}

static struct slice field_of(const struct finding_person *p, const struct schema_kind *k, const struct change *ch, const char *name)
{
	const struct schema_field *f = schema_field_named(k, slice_str(name));
	struct slice v = f ? change_field(ch->fields, f->no) : SLICE_NONE;

	return as_text(v.len > 0 || !f ? v : fold_shown(buf_slice(&p->state), f->no).value);
}

/* First and last name in one text, which one needs to be known by them. */
static void full_name(const struct finding_person *p, const struct schema_kind *k, const struct change *ch, bool last_first,
		      struct buf *out)
{
	struct slice first = field_of(p, k, ch, "prenom"), last = field_of(p, k, ch, "nom");

	buf_add(out, last_first ? last.p : first.p, last_first ? last.len : first.len);
	buf_str(out, " ");
	buf_add(out, last_first ? first.p : last.p, last_first ? first.len : last.len);
}

static void look_at_name(struct finding_person *p, const struct schema_kind *k, const struct change *ch)
{
	const struct schema_field *nom = schema_field_named(k, slice_str("nom"));
	char memory[NAME_MAX];
	struct buf name;

	for (int last_first = 0; last_first < 2 && nom; last_first++) {
		buf_init_fixed(&name, memory, sizeof memory);
		full_name(p, k, ch, last_first, &name);
		const struct needle *by = buf_err(&name) == ES_OK ? needles_in(&p->out->needles, buf_slice(&name)) : NULL;

		if (by)
			note_hit(p, ch, k, nom, by);
	}
}

static void look_at(struct finding_person *p, const struct schema_kind *k, const struct change *ch)
{
	struct slice value;
	unsigned no;

	for (struct field_walk w = field_walk_start(ch->fields); field_walk_next(&w, &no, &value);) {
		const struct schema_field *f = schema_field_no(k, no);
		const struct needle *by = f && (rgpd_names(f) || no == FIELD_EXTRA) ? in_value(p, f, value) : NULL;

		if (by)
			note_hit(p, ch, k, f, by);
	}
	if (rgpd_is_person(k))
		look_at_name(p, k, ch);
}

/* What a record of hers says she is known by. */
static void learn(struct finding_person *p, const struct schema_kind *k, const struct change *ch)
{
	static const char *const known_by[] = {"courriel", "telephone"};
	const struct rgpd_hit *h = find_hit(p->out, &ch->record, k);
	struct needles *n = &p->out->needles;
	char memory[NAME_MAX];
	struct id16 uid;
	struct buf name;

	if (!h || !rgpd_is_person(k))
		return;
	memcpy(uid.bytes, ch->record.bytes + 16, 16);
	needles_add_uid(n, &uid);
	for (size_t i = 0; i < sizeof known_by / sizeof *known_by; i++)
		needles_add(n, field_of(p, k, ch, known_by[i]), false);
	for (int last_first = 0; last_first < 2; last_first++) {
		buf_init_fixed(&name, memory, sizeof memory);
		full_name(p, k, ch, last_first, &name);
		if (buf_err(&name) == ES_OK)
			needles_add(n, buf_slice(&name), false);
	}
}

static void load_state(struct finding_person *p, const struct change *ch)
{
	buf_clear(&p->state);
	if (p->n->reader)
		p->err = reader_state(p->n->reader, &ch->record, ch->kind, &p->state);
}

static bool each_change(void *ctx, struct slice bytes)
{
	struct finding_person *p = ctx;
	const struct schema_kind *k;
	struct change ch;

	if (change_read(bytes, &ch) != ES_OK || ch.control || (ch.op != OP_PUT && ch.op != OP_PROPOSE))
		return true;
	k = schema_kind_no(ch.kind);
	if (!k)
		return true;
	if (rgpd_is_person(k))
		load_state(p, &ch);
	if (p->pass == PASS_LEARN)
		learn(p, k, &ch);
	else
		look_at(p, k, &ch);
	return p->err == ES_OK;
}

/* --- all of them --- */

static int by_kind_and_record(const void *a, const void *b)
{
	const struct rgpd_hit *x = a, *y = b;

	if (x->kind->no != y->kind->no)
		return x->kind->no < y->kind->no ? -1 : 1;
	int order = memcmp(x->record.bytes + 16, y->record.bytes + 16, 16);
	return order ? order : memcmp(x->record.bytes, y->record.bytes, 16);
}

/* Of her name only, and with an address or a number that is not hers. */
static bool is_other(const struct finding_person *p, const struct rgpd_hit *h)
{
	static const char *const known_by[] = {"courriel", "telephone"};

	if (!rgpd_is_person(h->kind) || h->by->asked || h->by->type != NEEDLE_NAME)
		return false;
	for (size_t i = 0; i < sizeof known_by / sizeof *known_by; i++) {
		const struct schema_field *f = schema_field_named(h->kind, slice_str(known_by[i]));
		struct slice text = f ? as_text(fold_shown(buf_slice(&p->state), f->no).value) : SLICE_NONE;

		if (text.len > 0 && !needles_in(&p->out->needles, text))
			return true;
	}
	return false;
}

static void judge(struct finding_person *p, struct rgpd_hit *h)
{
	buf_clear(&p->state);
	if (p->n->reader && p->err == ES_OK)
		p->err = reader_state(p->n->reader, &h->record, h->kind->no, &p->state);
	h->deleted = p->state.len == 0 || fold_deleted(buf_slice(&p->state));
	h->other = is_other(p, h);
}

enum es_err rgpd_find(struct node *n, struct slice text, struct rgpd_found *out)
{
	struct finding_person p = {.n = n, .out = out};

	*out = (struct rgpd_found){0};
	if (!needles_add(&out->needles, text, true))
		return ES_BAD_VALUE;
	buf_init(&p.state, STATE_MAX);
	for (p.pass = PASS_ASKED; p.pass <= PASS_ALL && p.err == ES_OK; p.pass++) {
		enum es_err err = journal_each_change(n->journal, each_change, &p);

		if (p.err == ES_OK)
			p.err = err;
	}
	for (size_t i = 0; i < out->count && p.err == ES_OK; i++)
		judge(&p, &out->list[i]);
	qsort(out->list, out->count, sizeof *out->list, by_kind_and_record);
	buf_done(&p.state);
	if (p.err != ES_OK)
		rgpd_found_done(out);
	return p.err;
}

void rgpd_found_done(struct rgpd_found *f)
{
	free(f->list);
	f->list = NULL;
	f->count = 0;
}

/* A field that must be there says who, by a uid that means nobody any more. */
enum rgpd_goes rgpd_fate(const struct rgpd_hit *h)
{
	uint64_t clear = 0;

	for (size_t i = 0; i < h->kind->field_count; i++) {
		const struct schema_field *f = &h->kind->fields[i];

		if (h->fields >> i & 1 && !(f->flags & FIELD_REQUIRED))
			clear |= UINT64_C(1) << i;
		/* An exchange with her alone. */
		if (h->fields >> i & 1 && f->type == TYPE_REF && strcmp(h->kind->name, "interaction") == 0)
			return RGPD_RECORD;
	}
	if (h->other)
		return RGPD_NOTHING;
	return rgpd_is_person(h->kind) ? RGPD_RECORD : clear ? RGPD_NAMES : RGPD_NOTHING;
}
