/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/reference/reference_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/places.h"
#include "proto/text.h"

const char *reference_default_dir(void)
{
	const char *asked = getenv("ESSAIM_REFERENCE");
	struct stat st;

	if (asked && asked[0])
		return asked;
	return stat(ESSAIM_REFERENCE_DIR, &st) == 0 ? ESSAIM_REFERENCE_DIR : ESSAIM_SOURCE_REFERENCE_DIR;
}

int reference_compare_code(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int reference_compare_old(const void *a, const void *b)
{
	return strcmp(((const struct old_code *)a)->code, ((const struct old_code *)b)->code);
}

int reference_compare_naf(const void *a, const void *b)
{
	return memcmp(a, b, 6);
}

static const void *find_code(const void *rows, size_t count, size_t size, struct slice code)
{
	char key[16], *p = key;

	if (code.len == 0 || code.len >= sizeof(key))
		return NULL;
	memcpy(key, code.p, code.len);
	key[code.len] = '\0';
	return bsearch(&p, rows, count, size, reference_compare_code);
}

static bool saint(struct slice word, struct buf *out)
{
	bool st = word.len == 2 && memcmp(word.p, "st", 2) == 0;
	bool ste = word.len == 3 && memcmp(word.p, "ste", 3) == 0;

	if (st || ste)
		buf_str(out, ste ? "sainte" : "saint");
	return st || ste;
}

/* "fougeres cedex 2", folded: the commune's own name. */
static struct slice cut_cedex(struct slice folded)
{
	static const char word[] = " cedex";
	size_t n = folded.len;

	while (n > 0 && folded.p[n - 1] >= '0' && folded.p[n - 1] <= '9')
		n--;
	if (n < folded.len && n > 0 && folded.p[n - 1] == ' ')
		n--;
	if (n <= strlen(word) || memcmp(folded.p + n - strlen(word), word, strlen(word)) != 0)
		return folded;
	return SLICE(folded.p, n - strlen(word));
}

bool name_is_cedex(struct slice name)
{
	char mem[256];
	struct buf folded;

	buf_init_fixed(&folded, mem, sizeof(mem));
	text_fold(name, TEXT_APART, &folded);
	return cut_cedex(buf_slice(&folded)).len < folded.len;
}

void reference_normal_name(struct slice name, struct buf *out)
{
	char mem[256];
	struct buf folded;
	struct slice rest;

	buf_init_fixed(&folded, mem, sizeof(mem));
	text_fold(name, TEXT_APART, &folded);
	for (rest = cut_cedex(buf_slice(&folded)); rest.len > 0;) {
		const uint8_t *space = memchr(rest.p, ' ', rest.len);
		size_t n = space ? (size_t)(space - rest.p) : rest.len;

		if (!saint(SLICE(rest.p, n), out))
			buf_add(out, rest.p, n);
		buf_add_u8(out, ' ');
		rest = SLICE(rest.p + n + (space != NULL), rest.len - n - (space != NULL));
	}
}

uint32_t reference_name_bucket(struct slice name)
{
	uint32_t h = 2166136261U;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ name.p[i]) * 16777619U;
	return (h ^ h >> 16) & (NAME_BUCKETS - 1);
}

void reference_free(struct reference *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->text_count; i++)
		free(r->texts[i]);
	free(r->texts);
	free(r->communes);
	free(r->name_head);
	free(r->name_next);
	free(r->old);
	free(r->naf);
	free(r->epci);
	free(r->regions);
	free(r->departements);
	free(r->categories);
	free(r->pays);
	free(r->members);
	free(r->pays_of);
	free(r);
}

size_t reference_bytes(const struct reference *r)
{
	return r->bytes + sizeof(*r);
}

const struct commune *reference_commune(const struct reference *r, struct slice code)
{
	return find_code(r->communes, r->commune_count, sizeof(*r->communes), code);
}

const struct commune *reference_old_commune(const struct reference *r, struct slice old_code)
{
	struct old_code key = {0}, *found;

	if (old_code.len != 5)
		return NULL;
	memcpy(key.code, old_code.p, 5);
	found = bsearch(&key, r->old, r->old_count, sizeof(key), reference_compare_old);
	return found ? &r->communes[found->commune] : NULL;
}

static bool has_postal(const struct commune *c, struct slice postal)
{
	size_t n = postal.len;

	for (const char *p = c->postal; p && *p; p = strchr(p, '|')) {
		p += *p == '|';
		if (strncmp(p, (const char *)postal.p, n) == 0 && (p[n] == '|' || p[n] == '\0'))
			return true;
	}
	return false;
}

bool commune_has_postal(const struct commune *c, struct slice postal)
{
	return postal.len == 5 && has_postal(c, postal);
}

void reference_each_commune(const struct reference *r, void (*each)(void *ctx, const struct commune *c), void *ctx)
{
	for (size_t i = 0; i < r->commune_count; i++)
		each(ctx, &r->communes[i]);
}

static bool same_name(const struct commune *c, struct slice name)
{
	char mem[300];
	struct buf own;

	buf_init_fixed(&own, mem, sizeof(mem));
	reference_normal_name(slice_str(c->name), &own);
	return slice_eq(buf_slice(&own), name);
}

bool commune_is_named(const struct commune *c, struct slice name)
{
	char mem[300];
	struct buf normal;

	buf_init_fixed(&normal, mem, sizeof(mem));
	reference_normal_name(name, &normal);
	return same_name(c, buf_slice(&normal));
}

size_t reference_commune_named(const struct reference *r, struct slice name, struct slice postal, struct slice region,
			       const struct commune **out, size_t max)
{
	char mem[300];
	struct buf normal;
	size_t n = 0;

	buf_init_fixed(&normal, mem, sizeof(mem));
	reference_normal_name(name, &normal);
	for (uint32_t i = r->name_head[reference_name_bucket(buf_slice(&normal))]; i > 0; i = r->name_next[i]) {
		const struct commune *c = &r->communes[i - 1];

		if ((postal.len > 0 && !commune_has_postal(c, postal)) ||
		    (region.len > 0 && !slice_eq(slice_str(c->region), region)) || !same_name(c, buf_slice(&normal)))
			continue;
		if (n < max)
			out[n] = c;
		n++;
	}
	return n;
}

size_t reference_commune_beginning(const struct reference *r, struct slice name, struct slice region,
				   const struct commune **out, size_t max)
{
	char mem[300], own_mem[300];
	struct buf normal, own;
	size_t n = 0;

	buf_init_fixed(&normal, mem, sizeof(mem));
	reference_normal_name(name, &normal);
	for (size_t i = 0; i < r->commune_count && n < max && normal.len > 0; i++) {
		const struct commune *c = &r->communes[i];

		if (!slice_eq(slice_str(c->region), region))
			continue;
		buf_init_fixed(&own, own_mem, sizeof(own_mem));
		reference_normal_name(slice_str(c->name), &own);
		if (own.len > normal.len && memcmp(own.p, normal.p, normal.len) == 0)
			out[n++] = c;
	}
	return n;
}

bool reference_naf(const struct reference *r, struct slice code_with_dot)
{
	return code_with_dot.len == 6 &&
	       bsearch(code_with_dot.p, r->naf, r->naf_count, sizeof(*r->naf), reference_compare_naf) != NULL;
}

const struct legal_category *reference_category(const struct reference *r, struct slice code)
{
	return find_code(r->categories, r->category_count, sizeof(*r->categories), code);
}

const char *reference_region_name(const struct reference *r, struct slice code)
{
	const struct named *found = find_code(r->regions, r->region_count, sizeof(*r->regions), code);

	return found ? found->name : NULL;
}

size_t reference_departement_count(const struct reference *r)
{
	return r->departement_count;
}

const char *reference_departement_at(const struct reference *r, size_t i, const char **name)
{
	*name = r->departements[i].name;
	return r->departements[i].code;
}

const char *reference_epci_name(const struct reference *r, struct slice code)
{
	const struct named *found = find_code(r->epci, r->epci_count, sizeof(*r->epci), code);

	return found ? found->name : NULL;
}

const struct pays *reference_pays(const struct reference *r, struct slice code)
{
	for (size_t i = 0; i < r->pays_count; i++) {
		if (slice_eq(slice_str(r->pays[i].code), code))
			return &r->pays[i];
	}
	return NULL;
}

size_t reference_pays_count(const struct reference *r)
{
	return r->pays_count;
}

const struct pays *reference_pays_at(const struct reference *r, size_t i)
{
	return i < r->pays_count ? &r->pays[i] : NULL;
}

const struct pays *reference_pays_of(const struct reference *r, const struct commune *c)
{
	uint32_t at = r->pays_of[c - r->communes];

	return at > 0 ? &r->pays[at - 1] : NULL;
}

void reference_pays_communes(const struct reference *r, struct slice pays,
			     void (*each)(void *ctx, const char *code_insee), void *ctx)
{
	const struct pays *p = reference_pays(r, pays);

	for (size_t i = 0; p && i < r->member_count; i++) {
		if (r->members[i].pays == (uint32_t)(p - r->pays))
			each(ctx, r->communes[r->members[i].commune].code);
	}
}
