/* SPDX-License-Identifier: Apache-2.0
 *
 * Which territories a commune lies in on a given day (R7, R8, R13). */
#include <stdlib.h>
#include <string.h>
#include "daemon/directory/directory_sql.h"
#include "daemon/report/report.h"

const char *const report_place_types[PLACE_TYPES] = {"pays", "epci", "departement", "region"};

struct drawing {
	struct report_places *p;
	size_t place_room, member_room;
	uint16_t place; /* whose communes are being added */
	bool failed;
};

static bool grow(void **list, size_t *room, size_t count, size_t size)
{
	size_t more = *room ? *room * 2 : 256;
	void *grown;

	if (count < *room)
		return true;
	grown = realloc(*list, more * size);
	if (grown) {
		*list = grown;
		*room = more;
	}
	return grown != NULL;
}

static uint16_t add_place(struct drawing *d, unsigned type, struct slice code, const char *name)
{
	struct report_places *p = d->p;
	uint16_t at;

	if (report_place_find(p, type, code, &at))
		return at;
	if (d->failed || code.len >= sizeof p->list->code || p->count >= UINT16_MAX ||
	    !grow((void **)&p->list, &d->place_room, p->count, sizeof *p->list)) {
		d->failed = true;
		return 0;
	}
	struct report_place *place = &p->list[p->count];
	*place = (struct report_place){.type = type};
	memcpy(place->code, code.p, code.len);
	snprintf(place->name, sizeof place->name, "%.150s", name ? name : "");
	return (uint16_t)p->count++;
}

static void add_member(struct drawing *d, const char *commune, uint16_t place)
{
	struct report_places *p = d->p;

	if (d->failed || !grow((void **)&p->members, &d->member_room, p->member_count, sizeof *p->members)) {
		d->failed = true;
		return;
	}
	struct report_member *m = &p->members[p->member_count++];
	snprintf(m->commune, sizeof m->commune, "%.5s", commune);
	m->place = place;
}

static void each_pays_commune(void *ctx, const char *commune)
{
	struct drawing *d = ctx;

	add_member(d, commune, d->place);
}

static const struct {
	const char *code, *name;
} departements[] = {{"22", "Côtes-d'Armor"}, {"29", "Finistère"}, {"35", "Ille-et-Vilaine"}, {"56", "Morbihan"}};

static const char *departement_name(const char *code)
{
	for (size_t i = 0; i < sizeof departements / sizeof *departements; i++)
		if (strcmp(departements[i].code, code) == 0)
			return departements[i].name;
	return code;
}

static void draw_commune(void *ctx, const struct commune *c)
{
	struct drawing *d = ctx;
	struct slice epci = slice_str(c->epci);

	if (strcmp(c->region, d->p->region) != 0)
		return;
	add_member(d, c->code, add_place(d, PLACE_REGION, slice_str(c->region), strcmp(c->region, "53") == 0 ? "Bretagne" : c->region));
	add_member(d, c->code, add_place(d, PLACE_DEPARTEMENT, slice_str(c->departement), departement_name(c->departement)));
	if (epci.len > 0)
		add_member(d, c->code, add_place(d, PLACE_EPCI, epci, reference_epci_name(d->p->ref, epci)));
}

/* The vintage of the reference tables. */
static void draw_reference(struct drawing *d)
{
	const struct reference *ref = d->p->ref;

	reference_each_commune(ref, draw_commune, d);
	for (size_t i = 0; i < reference_pays_count(ref); i++) {
		const struct pays *pays = reference_pays_at(ref, i);

		d->place = add_place(d, PLACE_PAYS, slice_str(pays->code), pays->name);
		reference_pays_communes(ref, slice_str(pays->code), each_pays_commune, d);
	}
}

static void drop_members(struct report_places *p, uint16_t place)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->member_count; i++)
		if (p->members[i].place != place)
			p->members[kept++] = p->members[i];
	p->member_count = kept;
}

static struct slice until(struct slice *rest, uint8_t sign)
{
	const uint8_t *end = memchr(rest->p, sign, rest->len);
	size_t len = end ? (size_t)(end - rest->p) : rest->len;
	struct slice part = SLICE(rest->p, len);

	*rest = SLICE(rest->p + len + (end != NULL), rest->len - len - (end != NULL));
	return part;
}

/* "35112:2016-01-01:2026-12-31", an end left open by an empty date or none. */
static void draw_member(struct drawing *d, struct slice member, struct slice day, uint16_t place)
{
	struct slice code = until(&member, ':'), from = until(&member, ':'), to = member;
	char commune[6] = "";

	if (code.len != 5 || (from.len > 0 && slice_cmp(from, day) > 0) || (to.len > 0 && slice_cmp(to, day) < 0))
		return;
	memcpy(commune, code.p, 5);
	add_member(d, commune, place);
}

/* What the CRESS has drawn itself stands over the tables. */
static enum es_err draw_records(struct drawing *d, struct reader *r, const char *day)
{
	sqlite3_stmt *s = NULL;
	int rc = SQLITE_DONE;
	enum es_err err;

	if (!schema_kind_named(slice_str("territoire")))
		return ES_OK;
	err = sql_prepare(r->db, "SELECT type_territoire, code, nom, membres FROM territoire WHERE membres IS NOT NULL"
				 " AND pole LIKE 'cress-%' ORDER BY type_territoire, code, uid, pole", &s);
	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct slice rest = sql_text(s, 3);
		unsigned type;

		if (!report_place_type(sql_text(s, 0), &type))
			continue;
		uint16_t place = add_place(d, type, sql_text(s, 1), (const char *)sqlite3_column_text(s, 2));
		drop_members(d->p, place);
		while (rest.len > 0)
			draw_member(d, until(&rest, '|'), slice_str(day), place);
	}
	if (err == ES_OK)
		err = sql_err(rc);
	sqlite3_finalize(s);
	return err;
}

static _Thread_local const struct report_places *sorting;

static int by_place(const void *a, const void *b)
{
	const struct report_place *x = a, *y = b;

	return x->type != y->type ? (x->type < y->type ? -1 : 1) : strcmp(x->code, y->code);
}

static int by_commune(const void *a, const void *b)
{
	const struct report_member *x = a, *y = b;
	int order = strcmp(x->commune, y->commune);

	return order ? order : (int)x->place - (int)y->place;
}

static int by_index(const void *a, const void *b)
{
	return by_place(&sorting->list[*(const uint16_t *)a], &sorting->list[*(const uint16_t *)b]);
}

/* Places into their order, members after them. */
static enum es_err put_in_order(struct report_places *p)
{
	uint16_t *was = malloc((p->count + 1) * sizeof *was), *now = malloc((p->count + 1) * sizeof *now);

	if (!was || !now) {
		free(was);
		free(now);
		return ES_NOMEM;
	}
	for (size_t i = 0; i < p->count; i++)
		was[i] = (uint16_t)i;
	sorting = p;
	qsort(was, p->count, sizeof *was, by_index);
	for (size_t i = 0; i < p->count; i++)
		now[was[i]] = (uint16_t)i;
	for (size_t i = 0; i < p->member_count; i++)
		p->members[i].place = now[p->members[i].place];
	qsort(p->list, p->count, sizeof *p->list, by_place);
	qsort(p->members, p->member_count, sizeof *p->members, by_commune);
	free(was);
	free(now);
	return ES_OK;
}

/* How many communes, and how many EPCI, each has. */
static void count_members(struct report_places *p)
{
	uint16_t at[PLACES_OF_MAX];

	for (size_t i = 0; i < p->member_count; i++)
		p->list[p->members[i].place].communes++;
	for (size_t i = 0; i < p->count; i++) {
		size_t n = p->list[i].type == PLACE_EPCI ? report_places_of(p, slice_str(p->list[i].code), SLICE_NONE, at) : 0;

		for (size_t k = 0; k < n; k++)
			p->list[at[k]].epcis++;
	}
}

static void first_region(void *ctx, const char *commune)
{
	struct report_places *p = ctx;
	const struct commune *c = reference_commune(p->ref, slice_str(commune));

	if (c && !p->region[0])
		snprintf(p->region, sizeof p->region, "%.7s", c->region);
}

/* The one that the Pays of the reference tables lie in. */
static void find_region(struct report_places *p)
{
	for (size_t i = 0; i < reference_pays_count(p->ref) && !p->region[0]; i++)
		reference_pays_communes(p->ref, slice_str(reference_pays_at(p->ref, i)->code), first_region, p);
}

enum es_err report_places_open(struct reader *r, const char *day, struct report_places *out)
{
	struct drawing d = {.p = out};
	enum es_err err;

	*out = (struct report_places){.ref = r->ref};
	find_region(out);
	draw_reference(&d);
	err = draw_records(&d, r, day);
	if (err == ES_OK && d.failed)
		err = ES_NOMEM;
	if (err == ES_OK)
		err = put_in_order(out);
	if (err == ES_OK)
		count_members(out);
	else
		report_places_done(out);
	return err;
}

void report_places_done(struct report_places *p)
{
	free(p->list);
	free(p->members);
	*p = (struct report_places){0};
}

bool report_place_type(struct slice name, unsigned *type)
{
	for (unsigned i = 0; i < PLACE_TYPES; i++)
		if (slice_eq(name, slice_str(report_place_types[i]))) {
			*type = i;
			return true;
		}
	return false;
}

bool report_place_find(const struct report_places *p, unsigned type, struct slice code, uint16_t *out)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->list[i].type == type && slice_eq(slice_str(p->list[i].code), code)) {
			*out = (uint16_t)i;
			return true;
		}
	return false;
}

enum es_err report_place_ensure(struct report_places *p, unsigned type, struct slice code)
{
	struct report_place place = {.type = type};
	struct report_place *more;
	uint16_t at;

	if (report_place_find(p, type, code, &at))
		return ES_OK;
	if (code.len >= sizeof place.code || p->count >= UINT16_MAX)
		return ES_BAD_VALUE;
	more = realloc(p->list, (p->count + 1) * sizeof *more);
	if (!more)
		return ES_NOMEM;
	p->list = more;
	memcpy(place.code, code.p, code.len);
	for (at = 0; at < p->count && by_place(&p->list[at], &place) < 0;)
		at++;
	memmove(&p->list[at + 1], &p->list[at], (p->count - at) * sizeof *more);
	p->list[at] = place;
	p->count++;
	for (size_t i = 0; i < p->member_count; i++)
		p->members[i].place += p->members[i].place >= at;
	return ES_OK;
}

static size_t add_once(uint16_t *out, size_t n, uint16_t place)
{
	for (size_t i = 0; i < n; i++)
		if (out[i] == place)
			return n;
	if (n < PLACES_OF_MAX)
		out[n++] = place;
	return n;
}

static size_t first_member(const struct report_places *p, const char *commune)
{
	size_t low = 0, high = p->member_count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (strcmp(p->members[mid].commune, commune) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static size_t of_commune(const struct report_places *p, const char *commune, uint16_t *out, size_t n)
{
	for (size_t i = first_member(p, commune); i < p->member_count && strcmp(p->members[i].commune, commune) == 0; i++)
		n = add_once(out, n, p->members[i].place);
	return n;
}

/* An EPCI counts wherever it has a commune. */
static size_t of_epci(const struct report_places *p, struct slice code, uint16_t *out)
{
	uint16_t epci;
	size_t n = 0;

	if (!report_place_find(p, PLACE_EPCI, code, &epci))
		return 0;
	for (size_t i = 0; i < p->member_count; i++)
		if (p->members[i].place == epci)
			n = of_commune(p, p->members[i].commune, out, n);
	return n;
}

static size_t add_region(const struct report_places *p, uint16_t *out, size_t n)
{
	uint16_t region;

	return report_place_find(p, PLACE_REGION, slice_str(p->region), &region) ? add_once(out, n, region) : n;
}

static size_t of_named(const struct report_places *p, struct slice type_name, struct slice code, uint16_t *out)
{
	uint16_t place;
	unsigned type;

	if (!report_place_type(type_name, &type))
		return 0;
	if (type == PLACE_EPCI)
		return of_epci(p, code, out);
	if (!report_place_find(p, type, code, &place))
		return 0;
	out[0] = place;
	return add_region(p, out, 1);
}

size_t report_places_of(const struct report_places *p, struct slice place, struct slice pole, uint16_t out[PLACES_OF_MAX])
{
	struct slice rest = place, type = place.len > 0 ? until(&rest, ':') : SLICE_NONE;
	const struct commune *now;
	char commune[6] = "";
	size_t n = 0;

	if (place.len == 5) {
		memcpy(commune, place.p, 5);
		n = of_commune(p, commune, out, 0);
		now = n == 0 ? reference_old_commune(p->ref, place) : NULL;
		if (now)
			n = of_commune(p, now->code, out, 0);
		if (n > 0 || reference_commune(p->ref, place))
			return n; /* known, and outside: R8 */
	} else if (place.len == 9 && rest.len == 0) {
		n = of_epci(p, place, out);
	} else if (rest.len > 0) {
		n = of_named(p, type, rest, out);
	}
	if (n == 0 && pole.len > 5 && memcmp(pole.p, "pole-", 5) == 0)
		n = of_named(p, slice_str("pays"), SLICE(pole.p + 5, pole.len - 5), out);
	return n > 0 ? n : pole.len > 0 ? add_region(p, out, 0) : 0;
}
