/* SPDX-License-Identifier: Apache-2.0
 *
 * What a search asks for, from its parameters. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "common/say.h"

#include "daemon/search/search_parts.h"

#define SEARCH_PAGE 50
#define SEARCH_PAGE_MAX 1000
#define SEARCH_KM 20
#define SEARCH_KM_MAX 20100

static const char *const names[] = {"text", "q", "kind", "near", "within", "limit", "offset", "all", "cards", "points"};
#define NAMES (sizeof(names) / sizeof(*names))

static const char *name_at(size_t i)
{
	return i < NAMES ? names[i] : search_filter_names[i - NAMES];
}

enum es_err search_parameter(const char *name, struct buf *why)
{
	for (size_t i = 0; i < NAMES + SEARCH_FILTERS; i++)
		if (strcmp(name, name_at(i)) == 0)
			return ES_OK;
	buf_printf(why, _("%.40s: a search has no such parameter; known: "), name);
	for (size_t i = 0; i < NAMES + SEARCH_FILTERS; i++)
		buf_printf(why, "%s%s", i > 0 ? ", " : "", name_at(i));
	return ES_BAD_VALUE;
}

static const char *parameter(const struct search_source *from, const char *name)
{
	return from->get(from->ctx, name);
}

static int64_t number(const struct search_source *from, const char *name, int64_t otherwise, int64_t max)
{
	const char *text = parameter(from, name);
	int64_t v = text[0] != '\0' ? strtoll(text, NULL, 10) : otherwise;

	return v < 0 ? 0 : v > max ? max : v;
}

static enum es_err find_commune(const struct search_source *from, const char *name, const struct commune **out, struct buf *why)
{
	const struct commune *found[8];
	size_t n;

	*out = commune_of(slice_str(name), from->ref);
	if (*out != NULL)
		return ES_OK;
	n = reference_commune_named(from->ref, slice_str(name), SLICE_NONE, slice_str(from->region), found, 8);
	if (n == 1) {
		*out = found[0];
		return ES_OK;
	}
	buf_printf(why, "%s: %s", name, n > 0 ? _("several communes bear that name: ") : _("no commune of the region bears that name"));
	for (size_t i = 0; i < n && i < 8; i++)
		buf_printf(why, "%s%s %s", i > 0 ? ", " : "", found[i]->code, found[i]->name);
	if (n > 0)
		buf_str(why, _("; give its INSEE code"));
	return n > 0 ? ES_AMBIGUOUS : ES_NOT_FOUND;
}

static enum es_err read_near(struct search *s, const struct search_source *from, struct buf *why)
{
	const char *name = parameter(from, "near");
	const struct commune *c;
	enum es_err err;

	if (name[0] == '\0')
		return ES_OK;
	err = find_commune(from, name, &c, why);
	if (err != ES_OK)
		return err;
	if (!c->has_point) {
		buf_printf(why, _("%s: no coordinates known for that commune"), name);
		return ES_BAD_VALUE;
	}
	s->near = true;
	s->lat_e7 = c->lat_e7;
	s->lon_e7 = c->lon_e7;
	return ES_OK;
}

/* The day here, where the officers are. */
static void set_today(struct search *s)
{
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(s->today, sizeof(s->today), "%Y-%m-%d", &tm);
}

static enum es_err read_filter(struct search *s, enum search_filter f, const struct search_source *from, struct buf *why)
{
	const struct commune *c;
	enum es_err err = ES_OK;

	s->filters[f] = parameter(from, search_filter_names[f]);
	if (s->filters[f][0] == '\0')
		return ES_OK;
	if (f == SEARCH_COMMUNE) {
		err = find_commune(from, s->filters[f], &c, why);
		if (err == ES_OK)
			s->filters[f] = c->code;
	} else if (f == SEARCH_VALID_ON && strcmp(s->filters[f], "today") == 0) {
		s->filters[f] = s->today;
	}
	return err == ES_OK ? filter_check(s, f, from, why) : err;
}

static bool any_kind_applies(const struct search *s)
{
	struct kind_maps maps;

	kind_maps_init(&maps);
	for (size_t i = 0; i < maps.count; i++)
		if ((s->kind == NULL || s->kind == maps.at[i].k) && filter_applies(s, &maps.at[i]))
			return true;
	return false;
}

enum es_err search_read(struct search *s, const struct search_source *from, struct buf *why)
{
	const char *kind = parameter(from, "kind"), *text = parameter(from, "text");
	enum es_err err = ES_OK;

	if (text[0] == '\0')
		text = parameter(from, "q");
	*s = (struct search){.text = slice_str(text), .kind = schema_kind_named(slice_str(kind)),
			     .closed = strcmp(parameter(from, "all"), "1") == 0,
			     .cards = strcmp(parameter(from, "cards"), "1") == 0,
			     .within_km = number(from, "within", SEARCH_KM, SEARCH_KM_MAX),
			     .limit = number(from, "limit", SEARCH_PAGE, SEARCH_PAGE_MAX),
			     .offset = number(from, "offset", 0, INT64_MAX)};
	set_today(s);
	s->points = strcmp(parameter(from, "points"), "1") == 0 && s->kind != NULL && search_is_card(s->kind);
	if (kind[0] != '\0' && s->kind == NULL) {
		buf_printf(why, _("%s: unknown kind"), kind);
		return ES_UNKNOWN_KIND;
	}
	err = read_near(s, from, why);
	for (size_t f = 0; f < SEARCH_FILTERS && err == ES_OK; f++)
		err = read_filter(s, f, from, why);
	if (err == ES_OK && s->filters[SEARCH_STATUT][0] != '\0')
		s->closed = true; /* it says which */
	if (err == ES_OK && filter_given(s) && !any_kind_applies(s)) {
		buf_printf(why, _("%s%sno kind has all these filters"), s->kind != NULL ? s->kind->name : "", s->kind != NULL ? ": " : "");
		err = ES_BAD_VALUE;
	}
	return err;
}

/* --- query strings --- */

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* In place; false: a % that no byte follows, or that hides an end. */
static bool decode(char *text)
{
	char *to = text;

	while (*text != '\0') {
		int high, low;

		if (*text != '%') {
			*to++ = (char)(*text == '+' ? ' ' : *text);
			text++;
			continue;
		}
		high = hex_digit(text[1]);
		low = high < 0 ? -1 : hex_digit(text[2]);
		if (low < 0 || high + low == 0)
			return false;
		*to++ = (char)(high * 16 + low);
		text += 3;
	}
	*to = '\0';
	return true;
}

static bool take_parameter(struct search_query *q, char *pair)
{
	char *equal = strchr(pair, '=');

	if (*pair == '\0')
		return true;
	if (equal == NULL || q->count == SEARCH_PARAMETERS_MAX)
		return false;
	*equal = '\0';
	q->parameters[q->count].name = pair;
	q->parameters[q->count++].value = equal + 1;
	return decode(pair) && decode(equal + 1);
}

bool search_query_parse(struct search_query *q, struct slice text)
{
	bool good = text.len <= SEARCH_QUERY_MAX && memchr(text.p, 0, text.len) == NULL;

	q->count = 0;
	if (!good)
		return false;
	memcpy(q->text, text.p, text.len);
	q->text[text.len] = '\0';
	for (char *at = q->text, *end; good && at != NULL; at = end) {
		end = strchr(at, '&');
		if (end != NULL)
			*end++ = '\0';
		good = take_parameter(q, at);
	}
	return good;
}

const char *search_query_get(void *ctx, const char *name)
{
	const struct search_query *q = ctx;

	for (size_t i = 0; i < q->count; i++)
		if (strcmp(q->parameters[i].name, name) == 0)
			return q->parameters[i].value;
	return "";
}

enum es_err search_query_check(const struct search_query *q, struct buf *why)
{
	enum es_err err = ES_OK;

	for (size_t i = 0; i < q->count && err == ES_OK; i++)
		err = search_parameter(q->parameters[i].name, why);
	return err;
}
