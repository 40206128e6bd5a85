/* SPDX-License-Identifier: Apache-2.0
 *
 * An act is drawn when it is done, on a machine that runs then; it is one work of
 * that machine's writer. What it put into the outbox is entered in the ledger once
 * its transaction is durable. */
#include "tests/sim/human.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "proto/canon.h"
#include "tests/sim/check.h"
#include "tests/sim/officer.h"
#include "tests/sim/schedule.h"
#include "tests/sim/trace.h"

static const char *const names[ACT_KINDS] = {
	"add", "set", "rm", "burst", "propose", "offer", "answer", "forget", "accept", "rotate", "suspend", "resume",
	"revoke", "quota", "void", "charter", "checkpoint", "rotate.home", "invite", "alone", "admit", "resolve",
	"recover",
};

const char *act_name(enum act_kind k)
{
	return names[k];
}

struct people *people_new(struct world *w)
{
	struct people *p = calloc(1, sizeof *p);

	assert(p);
	w->people = p;
	return p;
}

void people_free(struct people *p)
{
	if (!p)
		return;
	free(p->records);
	free(p);
}

bool human_is_hostile(const struct world *w, const struct id16 *hub)
{
	for (int i = 1; i <= w->node_count; i++)
		if (w->nodes[i] && w->nodes[i]->liar && id_eq(&w->nodes[i]->hub, hub))
			return true;
	return false;
}

static void note_record(struct people *p, const struct record_id *id, unsigned kind, int who)
{
	if (p->record_count == p->record_cap) {
		p->record_cap = p->record_cap ? 2 * p->record_cap : 64;
		p->records = realloc(p->records, p->record_cap * sizeof *p->records);
		assert(p->records);
	}
	p->records[p->record_count++] = (struct record_note){.id = *id, .kind = kind, .who = who};
}

/* --- what an act left in the outbox --- */

#define LEFT_MAX 32

struct act {
	enum act_kind kind;
	struct rng rng;
	int to; /* machine; 0: any */
	int64_t before; /* last outbox number before it */
	struct record_id record;
	unsigned record_kind;
	bool created, moves_scope, looked;
	struct {
		struct id16 salt;
		enum scope scope;
		es_stamp edited;
		unsigned op;
		uint32_t canaries[CANARIES_A_UNIT];
		unsigned canary_count;
	} left[LEFT_MAX];
	size_t left_count;
	struct salts { /* of this record's edits in the outbox, before and after it */
		struct id16 *list;
		size_t count;
	} was, still;
	struct ledger *ledger;
};

static bool note_left(void *ctx, const struct outbox_edit *e)
{
	struct act *a = ctx;
	struct unit u = {0};
	struct change ch;

	if (e->change.len == 0 || change_decode(e->change, &ch) != ES_OK || a->left_count == LEFT_MAX)
		return a->left_count < LEFT_MAX;
	if (ch.op != OP_PUT && ch.op != OP_PROPOSE)
		return true;
	ledger_read(a->ledger, e->change, &u);
	a->left[a->left_count].salt = e->salt;
	a->left[a->left_count].scope = e->scope;
	a->left[a->left_count].edited = e->edited;
	a->left[a->left_count].op = ch.op;
	memcpy(a->left[a->left_count].canaries, u.canaries, sizeof u.canaries);
	a->left[a->left_count++].canary_count = u.canary_count;
	a->record = e->record;
	a->record_kind = e->kind;
	return true;
}

static bool note_salt(void *ctx, const struct outbox_edit *e)
{
	struct salts *s = ctx;

	s->list = realloc(s->list, (s->count + 1) * sizeof *s->list);
	assert(s->list);
	s->list[s->count++] = e->salt;
	return true;
}

static bool has_salt(const struct salts *s, const struct id16 *salt)
{
	for (size_t i = 0; i < s->count; i++)
		if (id_eq(&s->list[i], salt))
			return true;
	return false;
}

/* Before an act on a record that there is. */
static enum es_err look_before(struct sim_node *s, struct act *a, const struct record_note *r)
{
	a->record = r->id;
	a->record_kind = r->kind;
	a->before = journal_last_edit(s->n->journal);
	return journal_outbox_each(s->n->journal, SCOPE_COUNT, &r->id, 0, note_salt, &a->was);
}

static enum es_err look_left(struct sim_node *s, struct act *a)
{
	enum es_err err = journal_outbox_each(s->n->journal, SCOPE_COUNT, NULL, a->before, note_left, a);

	a->looked = err == ES_OK && (a->left_count > 0 || a->record_kind > 0);
	if (a->looked)
		err = journal_outbox_each(s->n->journal, SCOPE_COUNT, &a->record, 0, note_salt, &a->still);
	return err;
}

/* What is local, or was never sealed, is forgotten here, by nobody's order but the steward's. */
static void forget_local(struct sim_node *s, const struct act *a)
{
	struct ledger *l = &s->w->judge->ledger;

	for (size_t i = 0; i < l->unit_count; i++) {
		struct unit *u = &l->units[i];

		if ((u->scope == SCOPE_LOCAL || !u->sealed) && u->who == s->who && memcmp(u->record.bytes, a->record.bytes, 32) == 0) {
			u->excused = true;
			u->why = "forgotten";
		}
	}
}

/* Who may see its words has changed: they may be elsewhere from now on. */
static void note_moved(struct ledger *l, const struct act *a)
{
	for (size_t i = 0; i < l->canary_count && a->moves_scope; i++)
		if (memcmp(l->canaries[i].record.bytes, a->record.bytes, 32) == 0)
			l->canaries[i].withdrawn = true;
}

/* Its transaction is durable. */
void human_committed(struct sim_node *s, const struct work *k)
{
	struct act *a = k->ctx;
	struct ledger *l = &s->w->judge->ledger;

	if (k->kind != WORK_EDIT || k->err != ES_OK)
		return;
	if (a->kind == ACT_FORGET)
		forget_local(s, a);
	for (size_t i = 0; i < a->left_count; i++) {
		struct unit *u = ledger_add_unit(l, &a->left[i].salt);

		u->machine = s->no;
		u->who = s->who;
		u->record = a->record;
		u->kind = a->record_kind;
		u->op = a->left[i].op;
		u->scope = a->left[i].scope;
		if (!u->sealed)
			u->edited = a->left[i].edited;
		u->made = s->w->now;
		u->certain = true;
		if (s->no < 64)
			u->holders |= 1ull << s->no;
		memcpy(u->canaries, a->left[i].canaries, sizeof u->canaries);
		u->canary_count = a->left[i].canary_count;
	}
	/* What this edit took out of the outbox was not signed, or not any more: it is as if unsaid. */
	for (size_t i = 0; i < l->unit_count && a->looked; i++) {
		struct unit *u = &l->units[i];
		bool about = u->kind == a->record_kind && memcmp(u->record.bytes, a->record.bytes, 32) == 0 && !has_salt(&a->still, &u->salt);

		if (about && u->machine == s->no && (!u->sealed || has_salt(&a->was, &u->salt)))
			u->superseded = true;
		else if (about && s->no < 64 && has_salt(&a->was, &u->salt))
			u->copy_superseded |= 1ull << s->no;
	}
	if (a->created)
		note_record(s->w->people, &a->record, a->record_kind, s->who);
	note_moved(l, a);
}

/* Nobody heard how it ended: what it may have taken out of the outbox, or forgotten
 * of what stays at home, is in doubt. */
static void doubt(struct sim_node *s, const struct act *a)
{
	struct ledger *l = &s->w->judge->ledger;

	note_moved(l, a);
	for (size_t i = 0; i < l->unit_count && a->record_kind > 0; i++) {
		struct unit *u = &l->units[i];

		bool ours = !u->sealed || (a->kind == ACT_FORGET && u->scope == SCOPE_LOCAL);

		if (ours && u->machine == s->no && u->kind == a->record_kind && memcmp(u->record.bytes, a->record.bytes, 32) == 0)
			u->certain = false;
	}
}

static void told(struct sim_node *s, struct work *k, enum es_err err)
{
	struct act *a = k->ctx;
	struct people *p = s->w->people;

	if (err == ES_OK)
		p->done[a->kind]++;
	else
		p->refused[a->kind]++;
	trace_act(s->w->now, s->no, act_name(a->kind), err, a->left_count);
	if (err == ES_UNREACHABLE)
		doubt(s, a);
	if (trace_on && err != ES_OK)
		trace_say("refused: %s", es_err_name(err));
	free(a->was.list);
	free(a->still.list);
	free(a);
}

/* --- edits --- */

struct words {
	struct buf buf;
	struct edit edit;
	size_t at[SCHEMA_FIELDS_MAX], len[SCHEMA_FIELDS_MAX];
	uint32_t canary[SCHEMA_FIELDS_MAX]; /* index + 1 */
};

static void say(struct words *x, unsigned field, size_t from)
{
	x->at[field] = from;
	x->len[field] = x->buf.len - from;
}

static void say_text(struct words *x, unsigned field, const char *text)
{
	size_t from = x->buf.len;

	canon_str(&x->buf, slice_str(text));
	say(x, field, from);
}

static void say_canary(struct sim_node *s, struct act *a, struct words *x, unsigned field, bool large)
{
	struct ledger *l = &s->w->judge->ledger;
	struct canary *c = ledger_add_canary(l, &a->rng);
	char text[3600];
	int n = snprintf(text, sizeof text, "mot %s", c->text);

	c->who = s->who;
	for (uint64_t fill = large ? draw(&a->rng, 100, 3000) : 0; fill > 0 && n < 3500; fill--)
		text[n++] = fill % 7 ? (char)('a' + fill % 26) : ' ';
	text[n] = 0;
	say_text(x, field, text);
	x->canary[field] = (uint32_t)(c - l->canaries) + 1;
}

static void say_list(struct words *x, unsigned field, const char *one)
{
	size_t from = x->buf.len;

	canon_array(&x->buf, one ? 1 : 0);
	if (one)
		canon_str(&x->buf, slice_str(one));
	say(x, field, from);
}

static unsigned field_index(const struct schema_kind *k, const char *name)
{
	const struct schema_field *f = schema_field_named(k, slice_str(name));

	assert(f);
	return f->index;
}

static const char *const texts_of_structure[] = {"nom", "description", "telephone", "adresse", "site_web"};
static const char *const texts_of_contact[] = {"nom", "prenom", "fonction", "courriel", "telephone"};
static const char *const texts_of_offre[] = {"titre", "labels_verifies", "titre", "titre", "titre"};
static const char *const texts_of_besoin[] = {"titre", "titre", "titre", "titre", "titre"};

static const char *const *texts_of(unsigned kind)
{
	return kind == 1 ? texts_of_structure : kind == 2 ? texts_of_contact : kind == 3 ? texts_of_offre : texts_of_besoin;
}

static void say_portee(struct act *a, struct words *x, const struct schema_kind *k)
{
	static const char *const scopes[] = {"public", "federation", "cress", "local"};

	say_text(x, field_index(k, "portee"), scopes[rng_below(&a->rng, 4)]);
}

/* A text for one of its fields; sometimes who may see it. */
static void draw_edit(struct sim_node *s, struct act *a, struct words *x, bool creating)
{
	const struct schema_kind *k = x->edit.kind;
	const char *const *texts = texts_of(k->no);
	uint64_t count = draw(&a->rng, 1, 3);

	for (uint64_t i = 0; i < count; i++) {
		uint64_t which = rng_below(&a->rng, 5);

		if (strcmp(texts[which], "labels_verifies") == 0)
			say_list(x, field_index(k, texts[which]), "label");
		else
			say_canary(s, a, x, field_index(k, texts[which]), which == 1 && chance(&a->rng, 200000));
	}
	if (creating)
		say_canary(s, a, x, field_index(k, texts[0]), false);
	uint64_t scoped = rng_below(&a->rng, 100);
	if (scoped < (creating ? 40 : 6))
		say_portee(a, x, k);
	uint64_t kept = rng_below(&a->rng, 100);
	if (kept < (creating ? 15 : 6))
		say_list(x, field_index(k, "champs_locaux"), texts[1 + rng_below(&a->rng, 4)]);
	else if (!creating && kept < 9)
		say_list(x, field_index(k, "champs_locaux"), NULL);
}

static void finish_words(struct words *x)
{
	for (size_t i = 0; i < SCHEMA_FIELDS_MAX; i++)
		if (x->len[i] > 0)
			x->edit.values[i] = SLICE(x->buf.p + x->at[i], x->len[i]);
}

static void place_canaries(struct sim_node *s, struct act *a, const struct words *x)
{
	struct ledger *l = &s->w->judge->ledger;
	const struct schema_kind *k = x->edit.kind;

	for (size_t i = 0; i < k->field_count; i++) {
		struct canary *c = x->canary[i] ? &l->canaries[x->canary[i] - 1] : NULL;

		if (!c)
			continue;
		c->record = a->record;
		c->kind = k->no;
		c->field = k->fields[i].no;
		c->scope = SCOPE_COUNT;
		for (size_t u = 0; u < a->left_count; u++)
			for (unsigned n = 0; n < a->left[u].canary_count; n++)
				if (a->left[u].canaries[n] == x->canary[i] - 1)
					c->scope = a->left[u].scope;
	}
	a->moves_scope = !a->created && (x->len[field_index(k, "portee")] > 0 || x->len[field_index(k, "champs_locaux")] > 0);
}

static struct act *act_new(struct sim_node *s, enum act_kind kind)
{
	struct act *a = calloc(1, sizeof *a);
	uint64_t no = s->w->people->acts++;

	assert(a);
	a->kind = kind;
	a->ledger = &s->w->judge->ledger;
	rng_seed_number(&a->rng, s->w->seed * 2654435761u + no);
	return a;
}

static enum es_err edit_words(struct sim_node *s, struct act *a, struct words *x, bool must_exist)
{
	struct edit_result r;
	enum es_err err;

	finish_words(x);
	a->before = journal_last_edit(s->n->journal);
	err = node_edit(s->n, &x->edit, must_exist, &r);
	if (err == ES_OK)
		err = look_left(s, a);
	a->created = err == ES_OK && r.outcome == EDIT_NEW && a->left_count > 0;
	if (err == ES_OK && a->left_count > 0)
		place_canaries(s, a, x);
	return err;
}

static enum es_err run_add(struct sim_node *s, struct work *k)
{
	struct act *a = k->ctx;
	struct words x = {0};

	buf_init(&x.buf, CHANGE_MAX);
	x.edit.kind = schema_kind_no((unsigned)draw(&a->rng, 1, 4));
	draw_edit(s, a, &x, true);
	enum es_err err = edit_words(s, a, &x, false);
	buf_done(&x.buf);
	return err;
}

/* A record that this node may write (`ours`) or may not, as it sees it; NULL: none. */
static const struct record_note *pick(struct sim_node *s, struct act *a, bool ours)
{
	struct people *p = s->w->people;
	size_t count = 0, at;

	for (size_t i = 0; i < p->record_count; i++) {
		struct id16 steward = rights_steward(&s->n->rights, &p->records[i].id, p->records[i].kind);

		count += id_eq(&steward, &s->n->hub) == ours;
	}
	if (count == 0)
		return NULL;
	at = (size_t)rng_below(&a->rng, count);
	for (size_t i = 0; i < p->record_count; i++) {
		struct id16 steward = rights_steward(&s->n->rights, &p->records[i].id, p->records[i].kind);

		if (id_eq(&steward, &s->n->hub) == ours && at-- == 0)
			return &p->records[i];
	}
	return NULL;
}

static void uid_of(const struct record_note *r, struct id16 *uid)
{
	memcpy(uid->bytes, r->id.bytes + 16, 16);
}

static enum es_err run_set(struct sim_node *s, struct work *k)
{
	struct act *a = k->ctx;
	const struct record_note *r = pick(s, a, true);
	struct words x = {0};

	if (!r)
		return run_add(s, k);
	buf_init(&x.buf, CHANGE_MAX);
	x.edit.kind = schema_kind_no(r->kind);
	x.edit.has_uid = true;
	uid_of(r, &x.edit.uid);
	draw_edit(s, a, &x, false);
	enum es_err err = look_before(s, a, r);
	if (err == ES_OK)
		err = edit_words(s, a, &x, true);
	buf_done(&x.buf);
	return err;
}

static enum es_err run_rm(struct sim_node *s, struct work *k)
{
	struct act *a = k->ctx;
	const struct record_note *r = pick(s, a, true);
	struct edit_result out;
	struct id16 uid;

	if (!r)
		return ES_NOT_FOUND;
	uid_of(r, &uid);
	enum es_err err = look_before(s, a, r);
	if (err == ES_OK)
		err = node_delete(s->n, &uid, &out);
	return err == ES_OK ? look_left(s, a) : err;
}

static enum es_err run_propose(struct sim_node *s, struct work *k)
{
	struct act *a = k->ctx;
	const struct record_note *r = pick(s, a, false);
	struct words x = {0};
	struct edit_result out;

	if (!r)
		return ES_NOT_FOUND;
	buf_init(&x.buf, CHANGE_MAX);
	x.edit.kind = schema_kind_no(r->kind);
	x.edit.has_uid = true;
	uid_of(r, &x.edit.uid);
	say_canary(s, a, &x, field_index(x.edit.kind, texts_of(r->kind)[0]), false);
	finish_words(&x);
	a->before = journal_last_edit(s->n->journal);
	enum es_err err = node_propose(s->n, &x.edit, &out);
	if (err == ES_OK)
		err = look_left(s, a);
	if (err == ES_OK && a->left_count > 0)
		place_canaries(s, a, &x);
	buf_done(&x.buf);
	return err;
}

static enum es_err run_offer(struct sim_node *s, struct work *k)
{
	struct act *a = k->ctx;
	const struct record_note *r = pick(s, a, true);
	const struct rights *g = &s->n->rights;
	struct id16 uid;

	if (!r || g->member_count < 2)
		return ES_NOT_FOUND;
	const struct sim_node *named = a->to ? s->w->nodes[a->to] : NULL;
	const struct member *to = named ? rights_member(g, &named->hub) : &g->members[rng_below(&a->rng, g->member_count)];
	if (!to)
		return ES_NOT_FOUND;
	uid_of(r, &uid);
	a->record = r->id;
	return id_eq(&to->hub, &s->n->hub) ? ES_NOT_FOUND : node_hand_over(s->n, &uid, &to->hub);
}

struct inbox_pick {
	struct act *a;
	int64_t no;
	uint64_t seen;
	const struct id16 *self;
	bool ours;
};

static bool pick_item(void *ctx, const struct inbox_item *i)
{
	struct inbox_pick *p = ctx;

	if (i->state != INBOX_OPEN || (!id_eq(&i->to, p->self) && !id_eq(&i->from, p->self)))
		return true;
	if (!id_eq(&i->to, p->self) && rng_below(&p->a->rng, 6) > 0)
		return true; /* seldom withdrawn */
	p->ours = id_eq(&i->from, p->self);
	p->seen++;
	if (rng_below(&p->a->rng, p->seen) == 0) /* each with the same chance */
		p->no = i->no;
	return true;
}

static enum es_err run_answer(struct sim_node *s, struct work *k)
{
	struct act *a = k->ctx;
	struct inbox_pick p = {.a = a, .self = &s->n->hub};
	enum es_err err = node_inbox(s->n, pick_item, &p);

	if (err != ES_OK || p.seen == 0)
		return err != ES_OK ? err : ES_NOT_FOUND;
	a->before = journal_last_edit(s->n->journal);
	bool yes = rng_below(&a->rng, 4) > 0 && !p.ours;
	err = node_answer(s->n, p.no, yes, slice_str("vu"));
	return err == ES_OK ? look_left(s, a) : err; /* an acceptance carries its put */
}

static enum es_err run_forget(struct sim_node *s, struct work *k)
{
	struct act *a = k->ctx;
	const struct record_note *r = pick(s, a, true);
	struct id16 uid;
	int64_t forgot;

	if (!r)
		return ES_NOT_FOUND;
	uid_of(r, &uid);
	a->record = r->id;
	a->record_kind = r->kind;
	enum es_err err = node_forget(s->n, &uid, &forgot);
	if (err == ES_OK)
		s->w->people->records[r - s->w->people->records].forgotten = true;
	return err;
}

bool human_forgot(const struct world *w, const struct record_id *id)
{
	const struct people *p = w->people;

	for (size_t i = 0; i < p->record_count; i++)
		if (memcmp(p->records[i].id.bytes, id->bytes, 32) == 0)
			return p->records[i].forgotten;
	return true; /* of an act whose end nobody heard */
}

static enum es_err run_accept(struct sim_node *s, struct work *k)
{
	(void)k;
	return node_accept_charter(s->n);
}

static enum es_err (*const runs[ACT_KINDS])(struct sim_node *s, struct work *k) = {
	[ACT_ADD] = run_add, [ACT_SET] = run_set, [ACT_RM] = run_rm, [ACT_PROPOSE] = run_propose, [ACT_OFFER] = run_offer,
	[ACT_ANSWER] = run_answer, [ACT_FORGET] = run_forget, [ACT_ACCEPT_CHARTER] = run_accept,
};

/* --- who does it --- */

static struct sim_node *any_up(struct world *w, int at)
{
	int up[NODES_MAX + 1], count = 0;

	if (at > 0)
		return w->nodes[at] && w->nodes[at]->n ? w->nodes[at] : NULL;
	for (int i = 1; i <= w->node_count; i++) {
		const struct sim_node *s = w->nodes[i];
		bool nobody = s && i > 1 && s->role == ROLE_CRESS; /* a second home: what it forgets, no officer enters anew */

		if (s && s->n && s->life == LIFE_UP && !nobody)
			up[count++] = i;
	}
	return count > 0 ? w->nodes[up[rng_below(&w->rng, (uint64_t)count)]] : NULL;
}

static void one_act(struct sim_node *s, enum act_kind kind, int to)
{
	struct act *a = act_new(s, kind);
	struct work *k = sim_act(s, true, runs[kind], told, a);

	a->to = to;
	k->kind = WORK_EDIT;
}

void human_do(struct world *w, enum act_kind kind, int at)
{
	human_do_to(w, kind, at, 0);
}

void human_do_to(struct world *w, enum act_kind kind, int at, int to)
{
	struct sim_node *s;

	if (kind >= ACT_ROTATE) {
		officer_do(w, kind, at);
		return;
	}
	s = any_up(w, at);
	if (!s)
		return;
	if (kind != ACT_BURST) {
		one_act(s, kind, to);
		return;
	}
	for (uint64_t n = draw(&w->rng, 3, 12); n > 0; n--)
		one_act(s, n % 3 ? ACT_ADD : ACT_SET, 0);
}
