/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/value_rules.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "proto/canon.h"
#include "proto/text.h"

#define EARTH_KM 6371.0088
#define LIST_ITEM_MAX 200 /* characters */

void findings_add(struct findings *f, const char *column, const char *code, enum verdict verdict,
		  struct slice value)
{
	struct finding *one;
	size_t n = text_cut(value, FINDING_VALUE_MAX - 1);

	if (verdict > f->worst)
		f->worst = verdict;
	if (f->count == FINDINGS_MAX)
		return;
	one = &f->list[f->count++];
	*one = (struct finding){.column = column, .code = code, .verdict = verdict};
	if (n > 0)
		memcpy(one->value, value.p, n);
}

static bool is_control(uint32_t cp)
{
	return (cp < 0x20 && cp != '\n') || (cp >= 0x7f && cp < 0xa0);
}

/* Composed already: below the combining marks, or French punctuation. */
static bool always_composed(uint32_t cp)
{
	return cp < 0x300 || (cp >= 0x2010 && cp <= 0x2027) || cp == 0x202f || cp == 0x20ac;
}

static void add_composed(struct slice text, struct buf *out)
{
	utf8proc_uint8_t *composed = NULL;
	utf8proc_ssize_t n = utf8proc_map(text.p, (utf8proc_ssize_t)text.len, &composed, UTF8PROC_STABLE | UTF8PROC_COMPOSE);

	if (n < 0)
		out->err = ES_NOMEM;
	else
		buf_add(out, composed, (size_t)n);
	free(composed);
}

/* The characters as they are but those that nobody sees, lines ending in LF; whether composing
 * is needed. */
static bool add_lines(struct slice text, struct buf *out, bool *composed)
{
	for (size_t at = 0; at < text.len;) {
		size_t from = at;
		uint32_t cp = text_next(text, &at);

		*composed &= always_composed(cp);
		if (cp == '\r') {
			if (at < text.len && text.p[at] == '\n')
				at++;
			buf_add_u8(out, '\n');
		} else if (text_is_line_end(cp)) {
			buf_add_u8(out, '\n');
		} else if (is_control(cp)) {
			return false;
		} else if (!text_is_hidden(cp)) {
			buf_add(out, text.p + from, at - from);
		}
	}
	return true;
}

bool value_clean_text(struct slice text, struct buf *out)
{
	struct buf lines;
	bool composed = true, ok;

	if (text_plain(text)) {
		text = text_trim(text);
		buf_add(out, text.p, text.len);
		return true;
	}
	if (!utf8_valid(text.p, text.len))
		return false;
	text = text_trim(text);
	buf_init(&lines, text.len + 1);
	ok = add_lines(text, &lines, &composed);
	if (ok && composed)
		buf_add(out, lines.p, lines.len);
	else if (ok)
		add_composed(buf_slice(&lines), out);
	buf_done(&lines);
	return ok;
}

void value_fold_text(struct slice text, bool query, struct buf *out)
{
	text_fold(text, query ? TEXT_JOINED : TEXT_BOTH, out);
}

int64_t value_distance_km(int32_t lat1_e7, int32_t lon1_e7, int32_t lat2_e7, int32_t lon2_e7)
{
	const double radians = 3.14159265358979323846 / 180 / 1e7;
	double lat1 = lat1_e7 * radians, lat2 = lat2_e7 * radians;
	double dlat = sin((lat2 - lat1) / 2), dlon = sin((lon2_e7 * radians - lon1_e7 * radians) / 2);
	double h = dlat * dlat + cos(lat1) * cos(lat2) * dlon * dlon;

	return (int64_t)(2 * EARTH_KM * asin(sqrt(h > 1 ? 1 : h)) + 0.5);
}

bool value_one_of(const char *codes, struct slice code)
{
	if (code.len == 0 || memchr(code.p, '|', code.len))
		return false;
	for (const char *p = codes; p; p = strchr(p, '|')) {
		p += *p == '|';
		if (strncmp(p, (const char *)code.p, code.len) == 0 && (p[code.len] == '|' || p[code.len] == '\0'))
			return true;
	}
	return false;
}

/* The code itself, or what a person writes for it: "Espaces verts". */
static bool match_code(const char *codes, struct slice item, char out[64], size_t *len)
{
	struct buf folded;

	if (item.len < 64 && value_one_of(codes, item)) {
		memcpy(out, item.p, item.len);
		*len = item.len;
		return true;
	}
	buf_init_fixed(&folded, out, 63);
	text_fold(item, TEXT_APART, &folded);
	for (size_t i = 0; i < folded.len; i++)
		out[i] = out[i] == ' ' ? '_' : out[i];
	*len = folded.len;
	return buf_err(&folded) == ES_OK && value_one_of(codes, buf_slice(&folded));
}

bool value_is_code(struct slice text)
{
	bool shaped = text.len > 0 && text.len <= 40;

	for (size_t i = 0; i < text.len && shaped; i++)
		shaped = (text.p[i] >= 'a' && text.p[i] <= 'z') || text.p[i] == '_' || (text.p[i] >= '0' && text.p[i] <= '9');
	return shaped;
}

static bool parse_code(struct reading *r)
{
	char code[64];
	size_t len;

	if (r->f->codes == NULL) {
		if (!text_plain(r->text))
			return reading_reject(r, "valeur_hors_liste");
		if (r->text.len > (size_t)r->f->max || r->text.len > READING_MAX)
			return reading_reject(r, "texte_trop_long");
		memcpy(r->out, r->text.p, r->text.len);
		r->len = r->text.len;
		return true;
	}
	if (!match_code(r->f->codes, r->text, code, &len)) {
		/* A list that the CRESS extends: what is in it today, only the directory knows. */
		if (r->f->refers == NULL || !value_is_code(r->text))
			return reading_reject(r, "valeur_hors_liste");
		len = r->text.len;
		memcpy(code, r->text.p, len);
	}
	memcpy(r->out, code, len);
	r->len = len;
	return true;
}

static bool parse_ref(struct reading *r, struct buf *out)
{
	uint8_t uid[16];

	if (!ulid_decode((const char *)r->text.p, r->text.len, uid))
		return reading_reject(r, "uid_invalide");
	canon_bin(out, uid, sizeof(uid));
	return true;
}

/* Length of the item at the front of a list and of the separator behind it: '|',
 * ';' and ", " (for codes a bare ',' too), so that no item ever holds one. */
static size_t item_length(struct slice rest, bool codes, size_t *separator)
{
	for (size_t i = 0; i < rest.len; i++) {
		bool comma = rest.p[i] == ',' && (codes || (i + 1 < rest.len && rest.p[i + 1] == ' '));

		if (rest.p[i] == '|' || rest.p[i] == ';' || comma) {
			*separator = 1;
			return i;
		}
	}
	*separator = 0;
	return rest.len;
}

static bool list_has(struct slice items, struct slice item)
{
	struct canon_reader r;

	canon_read_init(&r, items);
	while (!canon_at_end(&r) && r.err == ES_OK) {
		if (slice_eq(canon_read_str(&r, items.len), item))
			return true;
	}
	return false;
}

/* One item's canonical str behind the others, unless it stands there already. */
static bool add_item(struct reading *r, struct slice item, struct buf *items, uint32_t *count)
{
	struct slice value = item;
	char code[64];
	size_t len;

	if (item.len == 0)
		return true;
	if (r->f->codes) {
		if (match_code(r->f->codes, item, code, &len))
			value = SLICE(code, len);
		else if (r->f->refers == NULL || !value_is_code(item)) {
			r->text = item;
			return reading_reject(r, "valeur_hors_liste");
		}
	} else if (text_length(item) > LIST_ITEM_MAX) {
		return reading_reject(r, "texte_trop_long");
	}
	if (!list_has(buf_slice(items), value)) {
		canon_str(items, value);
		(*count)++;
	}
	return true;
}

/* Without the text: it might be read as what it is not there too. */
static void note_hidden(struct reading *r)
{
	struct slice whole = r->text;
	bool hidden = text_holds(whole, text_is_hidden);

	r->text = SLICE_NONE;
	if (hidden)
		reading_note(r, "caractere_invisible", VERDICT_WARNING);
	r->text = whole;
}

static bool parse_list(struct reading *r, struct buf *out)
{
	struct buf clean, items;
	uint32_t count = 0;
	size_t separator;
	bool ok;

	buf_init(&clean, r->text.len * 3 + 16);
	buf_init(&items, r->text.len * 4 + 256);
	ok = value_clean_text(r->text, &clean) || reading_reject(r, "hors_limites");
	for (struct slice rest = buf_slice(&clean); ok && rest.len > 0;) {
		size_t n = item_length(rest, r->f->codes != NULL, &separator);

		ok = add_item(r, text_trim(SLICE(rest.p, n)), &items, &count);
		rest = SLICE(rest.p + n + separator, rest.len - n - separator);
	}
	if (ok && count > r->f->max)
		ok = reading_reject(r, "hors_limites");
	if (ok)
		note_hidden(r);
	if (ok && count == 0)
		canon_nil(out);
	else if (ok) {
		canon_array(out, count);
		buf_add(out, items.p, items.len);
	}
	buf_done(&clean);
	buf_done(&items);
	return ok;
}

static void note_double_encoding(struct reading *r)
{
	char repaired[FINDING_VALUE_MAX];
	struct buf out;
	size_t at = text_cut(r->text, FINDING_VALUE_MAX - 1);
	struct slice whole = r->text;

	buf_init_fixed(&out, repaired, sizeof(repaired));
	r->text = SLICE(whole.p, at);
	if (text_repair(r->text, &out)) {
		r->text = buf_slice(&out);
		reading_note(r, "double_encodage_suspect", VERDICT_WARNING);
	}
	r->text = whole;
}

/* What lets a text through and is worth saying. */
static void note_text(struct reading *r)
{
	if (text_is_formula(r->text))
		reading_note(r, "formule_neutralisee", VERDICT_WARNING);
	if (memchr(r->text.p, '\r', r->text.len) || text_holds(r->text, text_is_line_end))
		reading_note(r, "saut_de_ligne_normalise", VERDICT_ACCEPTED);
	if (text_plain(r->text))
		return;
	note_double_encoding(r);
	note_hidden(r);
}

static bool parse_text(struct reading *r, struct buf *out)
{
	struct buf clean;
	struct slice text;
	size_t length;
	bool ok;

	if (text_plain(r->text)) {
		text = r->text;
		buf_init(&clean, 0);
	} else {
		buf_init(&clean, r->text.len * 3 + 16);
		if (!value_clean_text(r->text, &clean)) {
			buf_done(&clean);
			return reading_reject(r, "hors_limites");
		}
		text = text_trim(buf_slice(&clean)); /* what nobody sees may have stood outside the spaces */
	}
	length = text_length(text);
	ok = length <= (size_t)r->f->max || reading_reject(r, "texte_trop_long");
	if (ok && length < (size_t)r->f->min)
		ok = reading_reject(r, "hors_limites");
	if (ok) {
		note_text(r);
		if (text.len > 0)
			canon_str(out, text);
		else
			canon_nil(out);
	}
	buf_done(&clean);
	return ok;
}

/* A JSON object, kept as text: only its ends are looked at. */
static bool parse_extra(struct reading *r, struct buf *out)
{
	if (r->text.p[0] != '{' || r->text.p[r->text.len - 1] != '}')
		return reading_reject(r, "valeur_hors_liste");
	return parse_text(r, out);
}

static bool parse_rule(struct reading *r)
{
	switch (r->f->rule) {
	case RULE_SIRET: return rule_siret(r);
	case RULE_SIREN: return rule_siren(r);
	case RULE_RNA: return rule_rna(r);
	case RULE_CATEGORIE: return rule_categorie(r);
	case RULE_NAF: return rule_naf(r);
	case RULE_POSTAL: return rule_postal(r);
	case RULE_INSEE: return rule_insee(r);
	case RULE_EPCI: return rule_epci(r);
	case RULE_PHONE: return rule_phone(r);
	case RULE_EMAIL: return rule_email(r);
	case RULE_ROME: return rule_rome(r);
	case RULE_NONE: case RULE_EXTRA: break;
	}
	return parse_code(r);
}

static bool finish_str(bool ok, const struct reading *r, struct buf *out)
{
	if (ok)
		canon_str(out, SLICE(r->out, r->len));
	return ok;
}

static bool parse_typed(struct reading *r, struct buf *out)
{
	bool ok = false;

	switch (r->f->type) {
	case TYPE_TEXT:
		if (r->f->rule == RULE_EXTRA)
			return parse_extra(r, out);
		return r->f->rule == RULE_NONE ? parse_text(r, out) : finish_str(parse_rule(r), r, out);
	case TYPE_CODE: return finish_str(parse_rule(r), r, out);
	case TYPE_DATE: return finish_str(rule_date(r), r, out);
	case TYPE_TIME: return finish_str(rule_time(r), r, out);
	case TYPE_LIST: return parse_list(r, out);
	case TYPE_REF: return parse_ref(r, out);
	case TYPE_BOOL:
		ok = rule_bool(r);
		if (ok)
			canon_bool(out, r->number != 0);
		break;
	case TYPE_INT: case TYPE_CENTS: case TYPE_TENTH: case TYPE_COORD:
		ok = rule_number(r);
		if (ok)
			canon_int(out, r->number);
		break;
	}
	return ok;
}

bool value_parse(const struct schema_field *f, struct slice text, struct buf *out, struct findings *findings)
{
	struct reading r;

	r.f = f;
	r.findings = findings;
	r.text = text;
	r.len = 0;
	if (!utf8_valid(text.p, text.len)) {
		r.text = SLICE_NONE;
		return reading_reject(&r, "hors_limites");
	}
	r.text = text_trim(text);
	if (r.text.len == 0) {
		canon_nil(out);
		return true;
	}
	return parse_typed(&r, out);
}
