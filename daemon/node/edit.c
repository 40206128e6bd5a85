/* SPDX-License-Identifier: Apache-2.0
 *
 * From what a person wants a record to say to changes in the outbox.
 *
 * Each field has one scope it belongs to (schema_scope). What is written, or
 * has to move, becomes one change per scope and per `base`, widest scope first:
 * so where a published value is narrowed, the nil in the wider log has the
 * smaller stamp and the value in the narrower one is what is shown. A value
 * that is still in the outbox of a wider scope is taken out of it: what was
 * never signed is never published. */
#include <stdlib.h>
#include <string.h>
#include "daemon/node/node_parts.h"
#include "proto/canon.h"

static const uint8_t canon_nil_byte[1] = {0xc0};
#define NIL SLICE(canon_nil_byte, 1)
#define REWRITES 32 /* outbox edits rewritten in one round */
#define MOVES_MAX (SCHEMA_FIELDS_MAX * 3)

struct move {
	enum scope scope;
	es_stamp base;
	unsigned field;
	struct slice value;
};
struct editing {
	struct node *n;
	const struct edit *e;
	struct record_id record;
	bool created;
	bool older; /* a line whose date is before the record's */
	struct buf state; /* layer 4 and pending, as it stands now */
	enum scope stood, portee, withdrawn; /* stood: its portee before; withdrawn: widest scope that loses a value */
	struct move moves[MOVES_MAX];
	size_t move_count;
	bool purge[SCOPE_COUNT][SCHEMA_FIELDS_MAX]; /* to be taken out of the outbox */
	bool purging;
	struct buf scratch;
	enum es_err err;
};

static bool is_nil(struct slice v)
{
	return v.len == 0 || (v.len == 1 && v.p[0] == 0xc0);
}

/* --- the record as it stands --- */

struct pending {
	struct buf *state;
	unsigned kind;
	enum es_err err;
};

static bool fold_pending(void *ctx, const struct outbox_edit *e)
{
	struct pending *p = ctx;
	struct fold_change c = {.scope = e->scope, .edited = e->edited, .pending = true, .salt = e->salt};
	static const uint8_t empty_map[1] = {0x80};
	struct change ch;
	struct buf next;

	if (e->kind != p->kind)
		return true;
	c.fields = SLICE(empty_map, 1);
	if (e->change.len > 0 && change_decode(e->change, &ch) == ES_OK) {
		if (ch.op != OP_PUT)
			return true;
		c.fields = ch.fields;
	}
	buf_init(&next, 16 * CHANGE_MAX);
	p->err = fold_apply(buf_slice(p->state), &c, &next);
	buf_done(p->state);
	*p->state = next;
	return p->err == ES_OK;
}

enum es_err node_record_state(struct node *n, const struct record_id *record, unsigned kind, struct buf *state)
{
	struct pending p = {.state = state, .kind = kind};
	int64_t after = 0;

	if (n->reader) {
		after = reader_position(n->reader).edit;
		p.err = reader_state(n->reader, record, kind, state);
	}
	if (p.err == ES_OK) {
		enum es_err err = journal_outbox_each(n->journal, SCOPE_COUNT, record, after, fold_pending, &p);
		if (err != ES_OK)
			p.err = err;
	}
	return p.err;
}

static enum es_err load_state(struct editing *ed)
{
	ed->err = node_record_state(ed->n, &ed->record, ed->e->kind->no, &ed->state);
	return ed->err;
}

/* What the edit says of a field; a default says nothing where a value stands. */
static struct slice named(const struct editing *ed, const struct schema_field *f)
{
	bool fallback = ed->e->if_empty >> f->index & 1;

	/* Clearing who may see a record would widen it to the kind's default. */
	if (f->no == FIELD_PORTEE && is_nil(ed->e->values[f->index]))
		return SLICE_NONE;
	if (fallback && !is_nil(fold_shown(buf_slice(&ed->state), f->no).value))
		return SLICE_NONE;
	/* Cleared was said too. */
	if (ed->older && fold_shown(buf_slice(&ed->state), f->no).value.len > 0)
		return SLICE_NONE;
	return ed->e->values[f->index];
}

/* The new value where the edit names the field, else what stands. */
static struct slice wanted(const struct editing *ed, const struct schema_field *f)
{
	struct slice v = named(ed, f);

	return v.len > 0 ? v : fold_shown(buf_slice(&ed->state), f->no).value;
}

static struct slice wanted_named(const struct editing *ed, const char *name)
{
	const struct schema_field *f = schema_field_named(ed->e->kind, slice_str(name));

	return f ? wanted(ed, f) : SLICE_NONE;
}

static struct slice text_of(struct slice value)
{
	struct canon_reader r;

	canon_read_init(&r, value);
	return canon_peek(&r) == CANON_STR ? canon_read_str(&r, CHANGE_MAX) : SLICE_NONE;
}

static bool list_has(struct slice list, struct slice name)
{
	struct canon_reader r;
	bool found = false;

	canon_read_init(&r, list);
	if (canon_peek(&r) != CANON_ARRAY)
		return false;
	for (uint32_t n = canon_read_array(&r, 1024); n > 0 && r.err == ES_OK; n--)
		found = found || slice_eq(canon_read_str(&r, CHANGE_MAX), name);
	return found;
}

static void note_age(struct editing *ed)
{
	const struct schema_field *f = schema_field_named(ed->e->kind, slice_str("date_maj"));
	struct slice line = f && ed->e->yields ? text_of(ed->e->values[f->index]) : SLICE_NONE;
	struct slice now = f ? text_of(fold_shown(buf_slice(&ed->state), f->no).value) : SLICE_NONE;

	ed->older = line.len > 0 && now.len > 0 && slice_cmp(line, now) < 0;
}

static void note_widest(void *ctx, unsigned no, const struct fold_value *v)
{
	enum scope *widest = ctx;

	(void)no;
	if (!is_nil(v->value) && v->scope < *widest)
		*widest = v->scope;
}

enum scope node_portee(struct slice said, struct slice state, const struct schema_kind *k)
{
	enum scope portee = SCOPE_COUNT;

	if (said.len > 0 && scope_parse(said, &portee))
		return portee;
	portee = SCOPE_COUNT;
	fold_each(state, note_widest, &portee);
	return portee == SCOPE_COUNT ? k->portee_default : portee;
}

/* --- moves --- */

static void add_move(struct editing *ed, enum scope scope, es_stamp base, unsigned field, struct slice value)
{
	if (ed->move_count == MOVES_MAX) {
		ed->err = ES_TOO_LARGE;
		return;
	}
	ed->moves[ed->move_count++] = (struct move){.scope = scope, .base = base, .field = field, .value = value};
}

/* A value that stands where it should not: nil where it was sealed, out of the
 * outbox where it was not. */
static void withdraw(struct editing *ed, const struct schema_field *f, enum scope scope)
{
	struct fold_value v = fold_in_scope(buf_slice(&ed->state), f->no, scope);

	if (is_nil(v.value))
		return;
	if (v.pending) {
		ed->purge[scope][f->index] = true;
		ed->purging = true;
	}
	if (fold_sealed_in_scope(buf_slice(&ed->state), f->no, scope)) {
		add_move(ed, scope, v.edited, f->no, NIL);
		if (scope < ed->withdrawn && scope != SCOPE_LOCAL)
			ed->withdrawn = scope;
	}
}

/* Does the edit say who may see what? */
static bool says_who_sees(const struct editing *ed)
{
	const char *const names[] = {"portee", "champs_locaux", "statut_diffusion"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const struct schema_field *f = schema_field_named(ed->e->kind, slice_str(names[i]));

		if (f && named(ed, f).len > 0)
			return true;
	}
	return false;
}

/* What names a record that stays here stays with it. So does what names one that is gone
 * and was said to nobody. */
static bool stays_with_named(struct editing *ed, const struct schema_field *f, struct slice value, enum scope now)
{
	enum named named = NAMED_SHARED;
	enum es_err err = node_named(ed->n, ed->e->kind, f, value, &named);

	if (err != ES_OK)
		ed->err = err;
	return err != ES_OK || named == NAMED_HERE || (named == NAMED_UNKNOWN && now == SCOPE_LOCAL);
}

static bool follows_named(const struct editing *ed, const struct schema_field *f, struct slice value)
{
	return ed->e->moved && node_names(ed->e->kind, f, value, ed->e->moved);
}

static void clear_field(struct editing *ed, const struct schema_field *f)
{
	bool erased = ed->e->withdraws >> f->index & 1;

	for (enum scope s = SCOPE_PUBLIC; s <= SCOPE_LOCAL; s++) {
		struct fold_value v = fold_in_scope(buf_slice(&ed->state), f->no, s);

		if (erased)
			withdraw(ed, f, s);
		else if (!is_nil(v.value))
			add_move(ed, s, v.edited, f->no, NIL);
	}
}

static void plan_field(struct editing *ed, const struct schema_field *f, bool diffusion_p, struct slice kept_home)
{
	struct slice state = buf_slice(&ed->state), value = wanted(ed, f);
	struct fold_value now = fold_shown(state, f->no);
	enum scope scope = schema_scope(ed->e->kind, f, ed->portee, diffusion_p, list_has(kept_home, slice_str(f->name)));
	bool changed = named(ed, f).len > 0 && !slice_eq(value, now.value) &&
		       !(is_nil(value) && is_nil(now.value));

	if (is_nil(value)) {
		if (changed)
			clear_field(ed, f);
		return;
	}
	if (!changed && now.scope > scope && !says_who_sees(ed) && !follows_named(ed, f, value))
		scope = now.scope; /* what kept it there may be void: nobody asked that it be seen by more */
	if (scope < SCOPE_LOCAL && stays_with_named(ed, f, value, changed ? SCOPE_COUNT : now.scope))
		scope = SCOPE_LOCAL;
	if (!changed && now.scope == scope && !is_nil(now.value)) {
		for (enum scope s = SCOPE_PUBLIC; s < scope; s++)
			withdraw(ed, f, s);
		return;
	}
	for (enum scope s = SCOPE_PUBLIC; s < scope; s++)
		withdraw(ed, f, s);
	add_move(ed, scope, now.edited, f->no, value);
}

static void plan(struct editing *ed)
{
	const struct schema_kind *k = ed->e->kind;
	struct slice portee = text_of(wanted(ed, schema_field_no(k, FIELD_PORTEE)));
	struct slice diffusion = text_of(wanted_named(ed, "statut_diffusion"));
	struct slice kept_home = wanted(ed, schema_field_no(k, FIELD_CHAMPS_LOCAUX));
	bool p = slice_eq(diffusion, slice_str("P"));

	ed->portee = node_portee(portee, buf_slice(&ed->state), k);
	ed->stood = node_portee(text_of(fold_shown(buf_slice(&ed->state), FIELD_PORTEE).value), buf_slice(&ed->state), k);
	for (size_t i = 0; i < k->field_count; i++)
		plan_field(ed, &k->fields[i], p, kept_home);
	if (portee.len == 0) { /* every record says who may see it */
		canon_str(&ed->scratch, slice_str(scope_name(ed->portee)));
		add_move(ed, schema_scope(k, schema_field_no(k, FIELD_PORTEE), ed->portee, p, false), 0, FIELD_PORTEE,
			 buf_slice(&ed->scratch));
	}
}

/* What stands of a field in that scope once the moves are made. */
static struct slice after_moves(const struct editing *ed, const struct schema_field *f, enum scope scope)
{
	struct fold_value v = fold_in_scope(buf_slice(&ed->state), f->no, scope);

	for (size_t i = 0; i < ed->move_count; i++)
		if (ed->moves[i].scope == scope && ed->moves[i].field == f->no)
			return ed->moves[i].value;
	return v.value.len == 0 || ed->purge[scope][f->index] ? NIL : v.value;
}

static bool has_move(const struct editing *ed, enum scope scope, es_stamp base, unsigned field)
{
	for (size_t i = 0; i < ed->move_count; i++)
		if (ed->moves[i].scope == scope && ed->moves[i].base == base && ed->moves[i].field == field)
			return true;
	return false;
}

/* Whoever decides has seen both values: the field is said once more, with the base
 * that is the beaten one (proto/conflict.h). */
static bool decide_field(void *ctx, const struct said *stands, const struct said *other)
{
	struct editing *ed = ctx;
	const struct schema_field *f = stands->kind == ed->e->kind->no ? schema_field_no(ed->e->kind, stands->field) : NULL;

	if (f && named(ed, f).len > 0 && !has_move(ed, other->scope, other->edited, f->no))
		add_move(ed, other->scope, other->edited, f->no, after_moves(ed, f, other->scope));
	return ed->err == ES_OK;
}

static void decide(struct editing *ed)
{
	enum es_err err = node_conflicts(ed->n, &ed->record, decide_field, ed);

	if (err != ES_OK)
		ed->err = err;
}

/* --- to the outbox --- */

static int by_scope_base_field(const void *a, const void *b)
{
	const struct move *x = a, *y = b;

	if (x->scope != y->scope)
		return x->scope < y->scope ? -1 : 1;
	if (x->base != y->base)
		return x->base < y->base ? -1 : 1;
	return x->field < y->field ? -1 : x->field > y->field;
}

static enum es_err put_change(struct editing *ed, enum scope scope, es_stamp base, es_stamp edited,
			      const struct move *moves, size_t count)
{
	struct node *n = ed->n;
	struct change ch = {.op = OP_PUT, .record = ed->record, .kind = ed->e->kind->no, .edited = edited, .base = base};
	struct outbox_edit out = {.scope = scope, .record = ed->record, .kind = ch.kind, .edited = edited};
	struct buf fields, bytes;
	enum es_err err;

	buf_init(&fields, 4 * CHANGE_MAX);
	buf_init(&bytes, 4 * CHANGE_MAX);
	canon_map(&fields, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		canon_u64(&fields, moves[i].field);
		buf_add(&fields, moves[i].value.p, moves[i].value.len);
	}
	ch.fields = buf_slice(&fields);
	change_encode(&ch, &bytes);
	err = buf_err(&fields) != ES_OK ? buf_err(&fields) : buf_err(&bytes);
	if (err == ES_OK && bytes.len > CHANGE_MAX)
		err = ES_TOO_LARGE;
	rng_fill(&n->rng, out.salt.bytes, 16);
	out.change = buf_slice(&bytes);
	if (err == ES_OK)
		err = journal_outbox_add(n->journal, &out);
	buf_done(&fields);
	buf_done(&bytes);
	return err;
}

static enum es_err write_moves(struct editing *ed)
{
	enum es_err err = ES_OK;

	qsort(ed->moves, ed->move_count, sizeof *ed->moves, by_scope_base_field);
	for (size_t i = 0, end; i < ed->move_count && err == ES_OK; i = end) {
		struct move *m = &ed->moves[i];

		for (end = i; end < ed->move_count && ed->moves[end].scope == m->scope && ed->moves[end].base == m->base;)
			end++;
		err = put_change(ed, m->scope, m->base, node_next_edited(ed->n, m->base), m, end - i);
	}
	return err;
}

/* Edits of this record still unsigned, rewritten without the fields that have
 * left their scope. The same `edited`: the new one stands for the old. */
struct rewriting {
	struct editing *ed;
	struct outbox_edit old[REWRITES];
	struct buf bytes[REWRITES];
	size_t count;
};

static bool collect_rewrite(void *ctx, const struct outbox_edit *e)
{
	struct rewriting *w = ctx;
	struct move moves[SCHEMA_FIELDS_MAX];
	size_t count = 0;
	bool hit = false;
	struct change ch;
	unsigned no;
	struct slice value;

	if (w->count == REWRITES || e->change.len == 0 || e->kind != w->ed->e->kind->no || change_decode(e->change, &ch) != ES_OK ||
	    ch.op != OP_PUT)
		return w->count < REWRITES;
	for (struct field_walk f = field_walk_start(ch.fields); field_walk_next(&f, &no, &value);) {
		const struct schema_field *field = schema_field_no(w->ed->e->kind, no);
		bool purge = field && w->ed->purge[e->scope][field->index] && !is_nil(value);

		hit = hit || purge;
		if (!purge && count < SCHEMA_FIELDS_MAX)
			moves[count++] = (struct move){.field = no, .value = value};
	}
	if (!hit)
		return true;
	struct buf fields, *out = &w->bytes[w->count];
	buf_init(&fields, CHANGE_MAX);
	buf_init(out, CHANGE_MAX);
	canon_map(&fields, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		canon_u64(&fields, moves[i].field);
		buf_add(&fields, moves[i].value.p, moves[i].value.len);
	}
	ch.fields = buf_slice(&fields);
	if (count > 0)
		change_encode(&ch, out);
	w->old[w->count++] = *e;
	buf_done(&fields);
	return true;
}

/* *full: there may be more than one round holds. */
static enum es_err purge_round(struct editing *ed, bool *full)
{
	struct rewriting *w = calloc(1, sizeof *w);
	enum es_err err = w ? ES_OK : ES_NOMEM;

	if (w) {
		w->ed = ed;
		err = journal_outbox_each(ed->n->journal, SCOPE_COUNT, &ed->record, 0, collect_rewrite, w);
	}
	for (size_t i = 0; w && i < w->count; i++) {
		struct outbox_edit again = w->old[i];

		if (err == ES_OK)
			err = journal_outbox_remove(ed->n->journal, again.edit);
		rng_fill(&ed->n->rng, again.salt.bytes, 16);
		again.change = buf_slice(&w->bytes[i]);
		if (err == ES_OK)
			err = journal_outbox_add(ed->n->journal, &again);
		buf_done(&w->bytes[i]);
	}
	*full = w && w->count == REWRITES;
	free(w);
	return err;
}

static enum es_err purge_outbox(struct editing *ed)
{
	enum es_err err = ES_OK;

	for (bool full = true; full && err == ES_OK;)
		err = purge_round(ed, &full);
	return err;
}

/* --- the verbs --- */

/* Which record is meant: ours of that uid, or a new one. */
static enum es_err find_record(struct editing *ed, bool must_exist)
{
	struct record_id ids[8];
	unsigned kinds[8];
	struct node *n = ed->n;
	struct id16 uid = ed->e->uid;

	if (!ed->e->has_uid) { /* a ULID: 48 bits of milliseconds, 80 of chance */
		be_write(uid.bytes, (uint64_t)n->utc, 6);
		rng_fill(&n->rng, uid.bytes + 6, 10);
	}
	memcpy(ed->record.bytes, n->hub.bytes, 16);
	memcpy(ed->record.bytes + 16, uid.bytes, 16);
	enum es_err err = load_state(ed);
	struct id16 steward = rights_steward(&n->rights, &ed->record, ed->e->kind->no);
	if (err != ES_OK || !ed->e->has_uid || (ed->state.len > 0 && id_eq(&steward, &n->hub)))
		return err;
	if (!id_eq(&steward, &n->hub))
		return ES_OTHER_HUB; /* ours once, handed over */
	size_t count = n->reader ? reader_find(n->reader, &uid, ids, kinds, 8) : 0;
	bool others = false;
	for (size_t i = 0; i < count && i < 8; i++) {
		steward = rights_steward(&n->rights, &ids[i], kinds[i]);

		if (kinds[i] != ed->e->kind->no)
			continue;
		if (id_eq(&steward, &n->hub)) { /* handed over to us */
			ed->record = ids[i];
			buf_clear(&ed->state);
			return load_state(ed);
		}
		others = true;
	}
	if (others)
		return ES_OTHER_HUB;
	return must_exist ? ES_NOT_FOUND : ES_OK;
}

static void editing_done(struct editing *ed)
{
	buf_done(&ed->state);
	buf_done(&ed->scratch);
	free(ed);
}

static struct editing *editing_new(struct node *n, const struct edit *e)
{
	struct editing *ed = calloc(1, sizeof *ed);

	if (!ed)
		return NULL;
	ed->n = n;
	ed->e = e;
	ed->withdrawn = SCOPE_COUNT;
	buf_init(&ed->state, 16 * CHANGE_MAX);
	buf_init(&ed->scratch, CHANGE_MAX);
	return ed;
}

/* A proposal: one change, in the widest scope that holds all its fields. */
enum es_err node_propose(struct node *n, const struct edit *e, struct edit_result *out)
{
	struct record_id ids[8];
	unsigned kinds[8];
	struct buf fields, state;
	enum scope scope = SCOPE_PUBLIC;
	uint32_t count = 0;
	enum es_err err = ES_NOT_FOUND;
	size_t found = n->reader ? reader_find(n->reader, &e->uid, ids, kinds, 8) : 0, at = 8;

	for (size_t i = 0; i < found && i < 8 && at == 8; i++)
		if (kinds[i] == e->kind->no)
			at = i;
	if (at == 8)
		return err;
	struct id16 steward = rights_steward(&n->rights, &ids[at], kinds[at]);
	if (id_eq(&steward, &n->hub))
		return ES_EXISTS;
	buf_init(&state, 16 * CHANGE_MAX);
	buf_init(&fields, CHANGE_MAX);
	err = reader_state(n->reader, &ids[at], kinds[at], &state);
	enum scope portee = node_portee(text_of(fold_shown(buf_slice(&state), FIELD_PORTEE).value), buf_slice(&state), e->kind);
	for (size_t i = 0; i < e->kind->field_count; i++)
		count += e->values[i].len > 0 && !(e->if_empty >> i & 1);
	canon_map(&fields, count);
	for (unsigned no = 0; no < 256; no++) { /* ascending, as the map wants */
		const struct schema_field *f = schema_field_no(e->kind, no);

		if (!f || e->values[f->index].len == 0 || (e->if_empty >> f->index & 1))
			continue;
		enum scope s = schema_scope(e->kind, f, portee, false, false);
		enum named named = NAMED_SHARED;
		if (err == ES_OK)
			err = node_named(n, e->kind, f, e->values[f->index], &named);
		scope = named == NAMED_HERE ? SCOPE_LOCAL : s > scope ? s : scope;
		canon_u64(&fields, no);
		buf_add(&fields, e->values[f->index].p, e->values[f->index].len);
	}
	if (err == ES_OK && (count == 0 || scope > SCOPE_FEDERATION))
		err = ES_NOT_ALLOWED; /* what is private there is not ours to write */
	if (err == ES_OK)
		err = buf_err(&fields) != ES_OK ? buf_err(&fields)
						: node_outbox_op(n, scope, OP_PROPOSE, &ids[at], kinds[at], buf_slice(&fields));
	out->uid = e->uid;
	out->outcome = EDIT_CHANGED;
	out->kept_from = SCOPE_COUNT;
	buf_done(&fields);
	buf_done(&state);
	return err;
}

enum es_err node_stands(struct node *n, const struct edit *e, struct buf *out)
{
	struct editing *ed = editing_new(n, e);

	if (!ed)
		return ES_NOMEM;
	enum es_err err = find_record(ed, false);
	if (err == ES_OK) {
		buf_add(out, ed->state.p, ed->state.len);
		err = buf_err(out);
	}
	editing_done(ed);
	return err;
}

enum es_err node_put(struct node *n, const struct record_id *record, const struct schema_kind *k, enum scope scope,
		     struct slice fields)
{
	struct edit e = {.kind = k};
	struct editing *ed = editing_new(n, &e);
	struct field_walk w = field_walk_start(fields);
	struct slice value;
	enum es_err err;
	unsigned no;

	if (!ed)
		return ES_NOMEM;
	ed->record = *record;
	err = load_state(ed);
	while (err == ES_OK && field_walk_next(&w, &no, &value)) {
		add_move(ed, scope, fold_shown(buf_slice(&ed->state), no).edited, no, value);
		err = ed->err;
	}
	if (err == ES_OK)
		err = write_moves(ed);
	editing_done(ed);
	return err;
}

struct restating {
	struct editing *ed;
	const struct rest *rest;
};

/* In the scope where it is shown: what stands below is older and goes with the rest. */
static void restate_field(void *ctx, unsigned no, const struct fold_value *v)
{
	const struct restating *r = ctx;
	const struct schema_field *f = schema_field_no(r->rest->kind, no);
	bool goes = f && r->rest->without >> f->index & 1;

	if (!goes && !is_nil(v->value))
		add_move(r->ed, v->scope, v->edited, no, v->value);
	else if (goes && no == FIELD_EXTRA && r->rest->extra.len > 0)
		add_move(r->ed, v->scope, v->edited, no, r->rest->extra);
}

enum es_err node_restate(struct node *n, const struct record_id *record, const struct rest *rest)
{
	struct edit e = {.kind = rest->kind};
	struct editing *ed = editing_new(n, &e);
	struct restating r = {.ed = ed, .rest = rest};
	enum es_err err;

	if (!ed)
		return ES_NOMEM;
	ed->record = *record;
	err = load_state(ed);
	if (err == ES_OK) {
		fold_each(buf_slice(&ed->state), restate_field, &r);
		err = ed->err;
	}
	if (err == ES_OK)
		err = write_moves(ed);
	editing_done(ed);
	return err;
}

bool node_edit_ready(const struct node *n)
{
	int64_t last = journal_last_edit(n->journal);
	struct position at = n->reader ? reader_position(n->reader) : (struct position){0};

	return at.commit >= n->own_pos && at.edit >= last;
}

enum es_err node_edit(struct node *n, const struct edit *e, bool must_exist, struct edit_result *out)
{
	struct editing *ed = editing_new(n, e);
	enum es_err err;

	if (!ed)
		return ES_NOMEM;
	err = find_record(ed, must_exist);
	ed->created = ed->state.len == 0;
	if (err == ES_OK && must_exist && fold_deleted(buf_slice(&ed->state)))
		err = ES_NOT_FOUND;
	if (err == ES_OK) {
		if (fold_deleted(buf_slice(&ed->state))) { /* imported again: it comes back */
			static const uint8_t canon_false[1] = {0xc2};
			struct fold_value d = fold_shown(buf_slice(&ed->state), FIELD_DELETED);

			add_move(ed, d.scope, d.edited, FIELD_DELETED, SLICE(canon_false, 1));
			ed->created = true;
		}
		note_age(ed);
		plan(ed);
		if (e->decides)
			decide(ed);
		err = ed->err;
	}
	if (err == ES_OK && ed->purging)
		err = purge_outbox(ed);
	if (err == ES_OK)
		err = write_moves(ed);
	if (err == ES_OK) {
		memcpy(out->uid.bytes, ed->record.bytes + 16, 16);
		out->outcome = ed->move_count == 0 && !ed->purging ? EDIT_SAME : ed->created ? EDIT_NEW : EDIT_CHANGED;
		out->kept_from = ed->withdrawn;
		out->record = ed->record;
		out->older = ed->older;
		out->moved_home = !ed->created && (ed->portee == SCOPE_LOCAL) != (ed->stood == SCOPE_LOCAL);
	}
	editing_done(ed);
	return err;
}

/* Its `portee` may be gone, or be an edit again, where others know the rest. */
static bool sealed_anywhere(const struct editing *ed)
{
	const struct schema_kind *k = ed->e->kind;

	for (size_t i = 0; i < k->field_count; i++)
		for (enum scope s = SCOPE_PUBLIC; s <= SCOPE_LOCAL; s++)
			if (fold_sealed_in_scope(buf_slice(&ed->state), k->fields[i].no, s))
				return true;
	return false;
}

/* Where all who know the record read that it is deleted. */
static enum scope deleted_in(const struct editing *ed)
{
	struct fold_value portee = fold_shown(buf_slice(&ed->state), FIELD_PORTEE);

	return is_nil(portee.value) ? node_portee(SLICE_NONE, buf_slice(&ed->state), ed->e->kind) : portee.scope;
}

enum es_err node_delete(struct node *n, const struct id16 *uid, struct edit_result *out)
{
	static const uint8_t canon_true[1] = {0xc3};
	struct record_id ids[8];
	unsigned kinds[8];
	struct edit e = {.has_uid = true, .uid = *uid};
	enum es_err err = ES_NOT_FOUND;
	size_t count = n->reader ? reader_find(n->reader, uid, ids, kinds, 8) : 0;

	for (size_t i = 0; i < count && i < 8 && !e.kind; i++) {
		struct id16 steward = rights_steward(&n->rights, &ids[i], kinds[i]);

		err = ES_OTHER_HUB;
		if (id_eq(&steward, &n->hub))
			e.kind = schema_kind_no(kinds[i]);
	}
	if (!e.kind)
		return err;
	struct editing *ed = editing_new(n, &e);
	if (!ed)
		return ES_NOMEM;
	err = find_record(ed, true);
	if (err == ES_OK && fold_deleted(buf_slice(&ed->state)))
		err = ES_NOT_FOUND;
	if (err == ES_OK) {
		memset(ed->purge, true, sizeof ed->purge); /* what was never signed is never published */
		err = purge_outbox(ed);
	}
	if (err == ES_OK && sealed_anywhere(ed)) {
		add_move(ed, deleted_in(ed), fold_shown(buf_slice(&ed->state), FIELD_DELETED).edited, FIELD_DELETED, SLICE(canon_true, 1));
		err = ed->err == ES_OK ? write_moves(ed) : ed->err;
	}
	out->uid = *uid;
	out->outcome = EDIT_CHANGED;
	out->kept_from = SCOPE_COUNT;
	editing_done(ed);
	return err;
}
