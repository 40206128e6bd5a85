/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables of rules.def, each with its one loop. */
#include "daemon/rules/checking.h"

#include <stdio.h>
#include <stdlib.h>

#include "daemon/rules/day.h"
#include "proto/fold.h"

#define RELEASED "2026-11-27" /* a clock that shows less is wrong */
#define DAY_S 86400

struct rule {
	unsigned kind;
	void (*apply)(struct checking *c, const struct rule *r);
	bool by_hand; /* binds an edit, not an import */
	bool removal; /* binds a removal alone */
	size_t field, other;
	const char *value, *then;
	int64_t total;
};

/* --- the record before and after --- */

struct slice rules_before(const struct checking *c, size_t index)
{
	struct slice v = fold_shown(buf_slice(c->state), c->e->kind->fields[index].no).value;

	return is_nil(v) ? SLICE_NONE : v;
}

/* A default says nothing where a value stands (node_edit). */
struct slice rules_after(const struct checking *c, size_t index)
{
	struct slice stands = rules_before(c, index);

	if (!named(c, index) || (stands.len > 0 && c->e->if_empty >> index & 1))
		return stands;
	return has_value(c, index) ? c->e->values[index] : SLICE_NONE;
}

static struct slice text_of(struct slice value)
{
	struct canon_reader r;

	canon_read_init(&r, value);
	return canon_peek(&r) == CANON_STR ? canon_read_str(&r, SIZE_MAX) : SLICE_NONE;
}

struct slice rules_text_before(const struct checking *c, size_t index)
{
	return text_of(rules_before(c, index));
}

struct slice rules_text(const struct checking *c, size_t index)
{
	return text_of(rules_after(c, index));
}

bool rules_changes(const struct checking *c, size_t index)
{
	return named(c, index) && !slice_eq(rules_after(c, index), rules_before(c, index));
}

bool rules_enters(const struct checking *c, size_t index, const char *text)
{
	return rules_changes(c, index) && slice_eq(rules_text(c, index), slice_str(text));
}

/* --- at every edit --- */

static void check_writer(struct checking *c, const struct rule *r)
{
	(void)r;
	if (!c->host->cress && c->host->pole)
		findings_add(c->findings, c->e->kind->name, "role_cress", VERDICT_REJECTED, SLICE_NONE);
}

static void check_sayer(struct checking *c, const struct rule *r)
{
	struct slice code = rules_text(c, r->field);

	if (!c->host->cress && c->host->pole && rules_changes(c, r->field) && value_one_of(r->value, code))
		say(c, r->field, "role_cress", VERDICT_REJECTED, code);
}

static void check_pays(struct checking *c, const struct rule *r)
{
	struct slice code = rules_text(c, r->field);

	if (c->host->cress && c->creating && code.len > 0 && c->host->in_pays && c->host->in_pays(c->host->ctx, code))
		say(c, r->field, "role_pays", VERDICT_REJECTED, code);
}

static void check_commune(struct checking *c, const struct rule *r)
{
	struct slice code = str_of(c, r->field);
	const struct commune *now = code.len > 0 && !reference_commune(c->ref, code) ? reference_old_commune(c->ref, code) : NULL;

	if (now) {
		say(c, r->field, "code_insee_ancien", VERDICT_WARNING, code);
		set_str(c, r->field, slice_str(now->code));
	} else if (code.len > 0 && !reference_commune(c->ref, code)) {
		say(c, r->field, "code_insee_inconnu", VERDICT_REJECTED, code);
	}
}

static void check_dates(struct checking *c, const struct rule *r)
{
	struct slice a = rules_text(c, r->field), b = rules_text(c, r->other);

	if (a.len > 0 && b.len > 0 && value_time_seconds(a) > value_time_seconds(b))
		say(c, named(c, r->other) ? r->other : r->field, "date_invalide", VERDICT_REJECTED, named(c, r->other) ? b : a);
}

/* A clock that is behind this program is not believed. */
static void check_past(struct checking *c, const struct rule *r)
{
	struct slice date = str_of(c, r->field);
	int64_t now = c->host->today ? value_time_seconds(slice_str(c->host->today)) : INT64_MIN,
		released = value_time_seconds(slice_str(RELEASED));

	if (date.len > 0 && value_time_seconds(date) > (now > released ? now : released) + DAY_S)
		say(c, r->field, "date_invalide", VERDICT_REJECTED, date);
}

static void check_sum(struct checking *c, const struct rule *r)
{
	int64_t sum = 0;
	char text[64];
	bool any = false, touched = false;

	for (size_t i = r->field; i <= r->other; i++) {
		struct canon_reader v;

		canon_read_init(&v, rules_after(c, i));
		touched = touched || named(c, i);
		if (canon_peek(&v) != CANON_INT)
			continue;
		sum += canon_read_int(&v, INT64_MIN, INT64_MAX);
		any = true;
	}
	snprintf(text, sizeof(text), "%lld != %lld", (long long)sum, (long long)r->total);
	if (touched && any && sum != r->total)
		say(c, r->field, r->value, VERDICT_REJECTED, slice_str(text));
}

static void check_one_of(struct checking *c, const struct rule *r)
{
	bool touched = c->creating || named(c, r->field) || named(c, r->other);

	if (touched && rules_after(c, r->field).len == 0 && rules_after(c, r->other).len == 0)
		say(c, r->field, "champ_requis", VERDICT_REJECTED, slice_str(c->e->kind->fields[r->other].name));
}

/* "value:from:to", a day or nothing on either side, where `needed` says nothing else. */
static bool is_line(const char *codes, size_t days, size_t needed, struct slice line)
{
	struct slice part[3] = {{0}};
	size_t n = 0;
	char day[DAY_TEXT];

	for (size_t i = 0, from = 0; i <= line.len; i++) {
		if (i < line.len && line.p[i] != ':')
			continue;
		if (n == days + 1)
			return false;
		part[n++] = SLICE(line.p + from, i - from);
		from = i + 1;
	}
	for (size_t i = 1; i <= days; i++)
		if ((part[i].len > 0 || i <= needed) && (part[i].len != DAY_TEXT - 1 || !day_add_days(part[i], 0, day)))
			return false;
	if (part[1].len > 0 && part[2].len > 0 && slice_cmp(part[1], part[2]) > 0)
		return false;
	return part[0].len > 0 && (codes[0] == '\0' || value_one_of(codes, part[0]));
}

static void check_each_line(struct checking *c, size_t index, const char *codes, size_t days, size_t needed)
{
	struct canon_reader r;

	if (!has_value(c, index))
		return;
	canon_read_init(&r, c->e->values[index]);
	for (uint32_t n = canon_read_array(&r, UINT32_MAX); n > 0 && r.err == ES_OK; n--) {
		struct slice line = canon_read_str(&r, SIZE_MAX);

		if (!is_line(codes, days, needed, line))
			say(c, index, "date_invalide", VERDICT_REJECTED, line);
	}
}

static void check_list(struct checking *c, const struct rule *r)
{
	check_each_line(c, r->field, r->value, (size_t)r->total, r->other);
}

static void check_line_values(struct checking *c, const struct rule *r)
{
	struct findings *f = calloc(1, sizeof *f);
	struct canon_reader read;
	struct buf value;

	buf_init(&value, 4096);
	canon_read_init(&read, has_value(c, r->field) ? c->e->values[r->field] : SLICE_NONE);
	for (uint32_t n = has_value(c, r->field) ? canon_read_array(&read, UINT32_MAX) : 0; f && n > 0 && read.err == ES_OK; n--) {
		struct slice line = canon_read_str(&read, SIZE_MAX);
		const uint8_t *end = memchr(line.p, ':', line.len);

		if (!value_parse(&c->e->kind->fields[r->other], end ? SLICE(line.p, end - line.p) : line, &value, f) && f->count > 0)
			say(c, r->field, f->list[f->count - 1].code, VERDICT_REJECTED, line);
	}
	buf_done(&value);
	free(f);
}

/* Only where nothing stands and nothing is said. */
static void take_default(struct checking *c, size_t index, const char *text)
{
	size_t from = c->scratch->len;

	if (named(c, index) || rules_before(c, index).len > 0 ||
	    !value_parse(&c->e->kind->fields[index], slice_str(text), c->scratch, c->findings))
		return;
	c->e->values[index] = SLICE(c->scratch->p + from, c->scratch->len - from);
	c->e->if_empty |= UINT64_C(1) << index;
}

static void apply_when(struct checking *c, const struct rule *r)
{
	if (named(c, r->field) && (r->value ? slice_eq(rules_text(c, r->field), slice_str(r->value)) : has_value(c, r->field)))
		take_default(c, r->other, r->then);
}

static void add_names(struct buf *out, struct slice list, struct slice but, uint32_t *count)
{
	struct canon_reader r;

	canon_read_init(&r, list);
	for (uint32_t n = canon_peek(&r) == CANON_ARRAY ? canon_read_array(&r, UINT32_MAX) : 0; n > 0 && r.err == ES_OK; n--) {
		struct slice name = canon_read_str(&r, SIZE_MAX);

		if (slice_eq(name, but))
			continue;
		canon_str(out, name);
		(*count)++;
	}
}

/* champs_locaux names the field, or, `kept` false, no longer does. Where nobody can say
 * what stands there, a list that does stand is left as it is. */
static void keep_home(struct checking *c, size_t field, bool kept)
{
	size_t index = schema_field_no(c->e->kind, FIELD_CHAMPS_LOCAUX)->index, from = c->scratch->len;
	struct slice name = slice_str(c->e->kind->fields[field].name);
	struct buf names;
	uint32_t count = 0;

	buf_init(&names, 65536);
	add_names(&names, rules_after(c, index), name, &count);
	if (kept) {
		canon_str(&names, name);
		count++;
	}
	canon_array(c->scratch, count);
	buf_add(c->scratch, names.p, names.len);
	buf_done(&names);
	if (c->state->len == 0 && !named(c, index))
		c->e->if_empty |= UINT64_C(1) << index;
	if (buf_err(c->scratch) == ES_OK)
		c->e->values[index] = SLICE(c->scratch->p + from, c->scratch->len - from);
}

static void apply_consent(struct checking *c, const struct rule *r)
{
	if (c->creating || named(c, r->field) || named(c, r->other))
		keep_home(c, r->field, !is_yes(rules_after(c, r->other)));
}

/* What is of a person is said to others only with consent, and comes home when it is withdrawn. */
static void check_leaves(struct checking *c, const struct rule *r)
{
	const size_t portee = schema_field_no(c->e->kind, FIELD_PORTEE)->index;

	if (is_yes(rules_after(c, r->field)) || slice_eq(rules_text(c, r->field), slice_str(r->then)) ||
	    !value_one_of(r->value, rules_text(c, portee)))
		return;
	if (rules_changes(c, portee))
		say(c, r->field, "champ_requis", VERDICT_REJECTED, SLICE_NONE);
	else if (rules_changes(c, r->field))
		set_str(c, portee, slice_str("local"));
}

/* Published by another consent it may be; whoever takes this one back means it to come home. */
static void check_goes(struct checking *c, const struct rule *r)
{
	const size_t portee = schema_field_no(c->e->kind, FIELD_PORTEE)->index;

	if (c->state->len > 0 && rules_changes(c, r->field) && !slice_eq(rules_text(c, r->field), slice_str(r->then)) &&
	    !rules_changes(c, portee) && value_one_of(r->value, rules_text(c, portee)))
		set_str(c, portee, slice_str("local"));
}

static bool names_field(struct slice list, const char *name)
{
	struct canon_reader r;
	bool found = false;

	canon_read_init(&r, list);
	for (uint32_t n = canon_peek(&r) == CANON_ARRAY ? canon_read_array(&r, UINT32_MAX) : 0; n > 0 && r.err == ES_OK; n--)
		found = slice_eq(canon_read_str(&r, SIZE_MAX), slice_str(name)) || found;
	return found;
}

/* Said where it is typed, and where somebody would have it leave. */
static void check_of_person(struct checking *c, const struct rule *r)
{
	const struct schema_field *kept = schema_field_no(c->e->kind, FIELD_CHAMPS_LOCAUX);
	bool typed = named(c, r->field);
	bool leaves = named(c, kept->index) && !names_field(rules_after(c, kept->index), c->e->kind->fields[r->field].name);

	if ((!typed && !leaves) || !mail_is_of_person(rules_text(c, r->field)))
		return;
	say(c, r->field, "courriel_nominatif_donnee_personnelle", VERDICT_WARNING, SLICE_NONE);
	keep_home(c, r->field, true);
}

/* --- at an edit by a person --- */

static void check_start(struct checking *c, const struct rule *r)
{
	if (c->state->len > 0)
		return;
	if (!named(c, r->field))
		take_default(c, r->field, r->value);
	else if (!slice_eq(rules_text(c, r->field), slice_str(r->value)))
		say(c, r->field, "transition_interdite", VERDICT_REJECTED, slice_str(r->value));
}

static void check_step(struct checking *c, const struct rule *r)
{
	if (rules_changes(c, r->field) && slice_eq(rules_text_before(c, r->field), slice_str(r->value)) &&
	    !value_one_of(r->then, rules_text(c, r->field)))
		say(c, r->field, "transition_interdite", VERDICT_REJECTED, slice_str(r->then));
}

static void check_needs(struct checking *c, const struct rule *r)
{
	if (rules_enters(c, r->field, r->value) && rules_after(c, r->other).len == 0)
		say(c, r->other, "champ_requis", VERDICT_REJECTED, SLICE_NONE);
}

static void apply_today(struct checking *c, const struct rule *r)
{
	bool enters = r->value ? rules_enters(c, r->field, r->value)
			       : rules_changes(c, r->field) && rules_after(c, r->field).len > 0;

	if (enters && !named(c, r->other) && c->host->today)
		set_str(c, r->other, slice_str(c->host->today));
}

static void check_closed(struct checking *c, const struct rule *r)
{
	if (!value_one_of(r->value, rules_text_before(c, r->field)))
		return;
	for (size_t i = 0; i < c->e->kind->field_count; i++) {
		if (rules_changes(c, i) && !value_one_of(r->then, slice_str(c->e->kind->fields[i].name))) {
			say(c, i, "fiche_close", VERDICT_REJECTED, SLICE_NONE);
			return;
		}
	}
}

/* "value:from:to": the last line, where it has no end, ends today. */
static void add_ended(struct buf *out, struct slice item, const char *today)
{
	bool open = item.len > 0 && item.p[item.len - 1] == ':';
	struct buf line;

	buf_init(&line, 1024);
	buf_add(&line, item.p, item.len);
	if (open)
		buf_str(&line, today);
	canon_str(out, buf_slice(&line));
	buf_done(&line);
}

static void add_line(struct buf *out, struct slice value, const char *from, uint32_t *count)
{
	struct buf line;

	if (value.len == 0)
		return;
	buf_init(&line, 1024);
	buf_add(&line, value.p, value.len);
	buf_printf(&line, ":%s:", from);
	canon_str(out, buf_slice(&line));
	buf_done(&line);
	(*count)++;
}

/* What stood without a line of its own gets one: since when is not known. */
static void add_past(struct checking *c, size_t list, size_t plain, struct buf *items, uint32_t *count)
{
	struct slice was = rules_text_before(c, plain), lines = rules_before(c, list);
	struct canon_reader r;
	struct buf line;

	canon_read_init(&r, lines);
	for (uint32_t n = lines.len > 0 ? canon_read_array(&r, UINT32_MAX) : 0; n > 0 && r.err == ES_OK; n--, (*count)++)
		add_ended(items, canon_read_str(&r, SIZE_MAX), c->host->today);
	if (*count > 0 || was.len == 0)
		return;
	buf_init(&line, 1024);
	buf_add(&line, was.p, was.len);
	buf_printf(&line, "::%s", c->host->today);
	canon_str(items, buf_slice(&line));
	buf_done(&line);
	(*count)++;
}

/* R13: what changes in time is dated and never overwritten. */
static void date_change(struct checking *c, const struct schema_field *list)
{
	const struct schema_field *plain = schema_field_named(c->e->kind, slice_str(list->refers));
	size_t from = c->scratch->len;
	uint32_t count = 0;
	struct buf items;

	if (named(c, list->index) || !rules_changes(c, plain->index) || !c->host->today)
		return;
	buf_init(&items, 65536);
	add_past(c, list->index, plain->index, &items, &count);
	add_line(&items, rules_text(c, plain->index), c->host->today, &count);
	canon_array(c->scratch, count);
	buf_add(c->scratch, items.p, items.len);
	buf_done(&items);
	if (buf_err(c->scratch) == ES_OK)
		c->e->values[list->index] = SLICE(c->scratch->p + from, c->scratch->len - from);
}

/* R4: the number that goes, since the one before it ended, until today. */
static void apply_former(struct checking *c, const struct rule *r)
{
	struct slice was = rules_text_before(c, r->field), lines = rules_before(c, r->other), last = SLICE_NONE;
	size_t from = c->scratch->len;
	struct canon_reader read;
	struct buf line;

	if (was.len == 0 || named(c, r->other) || !rules_changes(c, r->field) || !c->host->today)
		return;
	canon_read_init(&read, lines);
	uint32_t count = lines.len > 0 ? canon_read_array(&read, UINT32_MAX) : 0;
	canon_array(c->scratch, count + 1);
	for (uint32_t n = count; n > 0 && read.err == ES_OK; n--) {
		last = canon_read_str(&read, SIZE_MAX);
		canon_str(c->scratch, last);
	}
	buf_init(&line, 1024);
	buf_add(&line, was.p, was.len);
	buf_str(&line, ":");
	if (last.len > 10 && last.p[last.len - 11] == ':')
		buf_add(&line, last.p + last.len - 10, 10);
	buf_printf(&line, ":%s", c->host->today);
	canon_str(c->scratch, buf_slice(&line));
	buf_done(&line);
	if (buf_err(c->scratch) == ES_OK)
		c->e->values[r->other] = SLICE(c->scratch->p + from, c->scratch->len - from);
}

/* --- at a removal --- */

static void check_held(struct checking *c, const struct rule *r)
{
	struct uid_text own = own_uid(c);
	char sql[160], text[24];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s WHERE %s = ?1", r->value, r->then);
	int64_t count = rules_number(c, sql, own.text, "");
	snprintf(text, sizeof(text), "%lld", (long long)count);
	if (count > 0)
		findings_add(c->findings, r->value, "fiche_liee", VERDICT_REJECTED, slice_str(text));
}

static const struct rule rules[] = {
#define CRESS(k) {.kind = k##_KIND, .apply = check_writer},
#define CRESS_SAYS(k, a, v) {.kind = k##_KIND, .apply = check_sayer, .field = k##_##a, .value = (v)},
#define PAYS(k, a) {.kind = k##_KIND, .apply = check_pays, .field = k##_##a},
#define INSEE(k, a) {.kind = k##_KIND, .apply = check_commune, .field = k##_##a},
#define ORDER(k, a, b) {.kind = k##_KIND, .apply = check_dates, .field = k##_##a, .other = k##_##b},
#define PAST(k, a) {.kind = k##_KIND, .apply = check_past, .field = k##_##a},
#define SUM(k, a, b, n, v) \
	{.kind = k##_KIND, .apply = check_sum, .field = k##_##a, .other = k##_##b, .total = (n), .value = (v)},
#define ONE_OF(k, a, b) {.kind = k##_KIND, .apply = check_one_of, .field = k##_##a, .other = k##_##b},
#define WHEN(k, a, v, b, t) \
	{.kind = k##_KIND, .apply = apply_when, .field = k##_##a, .other = k##_##b, .value = (v), .then = (t)},
#define CONSENT(k, a, b) {.kind = k##_KIND, .apply = apply_consent, .field = k##_##a, .other = k##_##b},
#define LEAVES(k, s, a, v) {.kind = k##_KIND, .apply = check_leaves, .field = k##_##a, .value = (s), .then = (v)},
#define GOES(k, s, a, v) {.kind = k##_KIND, .apply = check_goes, .field = k##_##a, .value = (s), .then = (v)},
#define OF_PERSON(k, a) {.kind = k##_KIND, .apply = check_of_person, .field = k##_##a},
#define START(k, a, v) {.kind = k##_KIND, .apply = check_start, .by_hand = true, .field = k##_##a, .value = (v)},
#define STEP(k, a, v, t) \
	{.kind = k##_KIND, .apply = check_step, .by_hand = true, .field = k##_##a, .value = (v), .then = (t)},
#define NEEDS(k, a, v, b) \
	{.kind = k##_KIND, .apply = check_needs, .by_hand = true, .field = k##_##a, .other = k##_##b, .value = (v)},
#define TODAY(k, a, v, b) \
	{.kind = k##_KIND, .apply = apply_today, .by_hand = true, .field = k##_##a, .other = k##_##b, .value = (v)},
#define CLOSED(k, a, v, t) \
	{.kind = k##_KIND, .apply = check_closed, .by_hand = true, .field = k##_##a, .value = (v), .then = (t)},
#define FORMER(k, a, b) {.kind = k##_KIND, .apply = apply_former, .by_hand = true, .field = k##_##a, .other = k##_##b},
#define LINES(k, a, n, m, v) \
	{.kind = k##_KIND, .apply = check_list, .field = k##_##a, .other = (m), .value = (v), .total = (n)},
#define LINE_OF(k, a, b) {.kind = k##_KIND, .apply = check_line_values, .field = k##_##a, .other = k##_##b},
#define HELD(k, by, ref) {.kind = k##_KIND, .apply = check_held, .removal = true, .value = #by, .then = #ref},
#include "daemon/rules/rules.def"
};

static bool has_rules(const struct schema_kind *k)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].kind == k->no)
			return true;
	return false;
}

/* An import of many structures looks nothing up that no rule asks for. */
static bool needs_state(const struct checking *c)
{
	const struct schema_kind *k = c->e->kind;
	bool of_person = k->no == structure_KIND && (named(c, schema_field_no(k, FIELD_CHAMPS_LOCAUX)->index) ||
						     mail_is_of_person(str_of(c, structure_courriel)));

	return c->e->has_uid && c->host->state && (c->host->by_hand || of_person || k->no == inscription_KIND || (has_rules(k) && k->no != structure_KIND));
}

/* Said wider than the kind may be, it would show what is not so. */
static void check_portee(struct checking *c)
{
	const struct schema_field *f = schema_field_no(c->e->kind, FIELD_PORTEE);
	enum scope asked;

	if (scope_parse(str_of(c, f->index), &asked) && asked < c->e->kind->cap)
		say(c, f->index, "hors_limites", VERDICT_REJECTED, slice_str(scope_name(c->e->kind->cap)));
}

static void check_lines(struct checking *c, const struct schema_field *list)
{
	const struct schema_field *plain = schema_field_named(c->e->kind, slice_str(list->refers));

	check_each_line(c, list->index, plain->codes && !plain->refers ? plain->codes : "", 2, 0);
}

void rules_check(struct checking *c)
{
	const struct schema_kind *k = c->e->kind;

	if (needs_state(c) && c->host->state(c->host->ctx, c->e, c->state) != ES_OK)
		return; /* the edit itself meets the same failure */
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].kind == k->no && !rules[i].removal && (c->host->by_hand || !rules[i].by_hand))
			rules[i].apply(c, &rules[i]);
	rules_look(c);
	check_portee(c);
	for (size_t i = 0; i < k->field_count; i++)
		if (k->fields[i].flags & FIELD_DATED)
			check_lines(c, &k->fields[i]);
	for (size_t i = 0; c->host->by_hand && i < k->field_count; i++)
		if (k->fields[i].flags & FIELD_DATED)
			date_change(c, &k->fields[i]);
}

void rules_removal(struct checking *c)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && c->host->reader; i++)
		if (rules[i].removal && rules[i].kind == c->e->kind->no)
			rules[i].apply(c, &rules[i]);
	rules_look_removal(c);
}

bool rules_cress_writes(const struct schema_kind *k)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].kind == k->no && rules[i].apply == check_writer)
			return true;
	return false;
}
