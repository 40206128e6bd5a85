/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/value_rules.h"

#include <stdio.h>
#include <string.h>

#include "proto/text.h"

#define LA_POSTE "356000000"

void reading_note(struct reading *r, const char *code, enum verdict verdict)
{
	bool personal = r->f->flags & FIELD_PERSONAL;

	findings_add(r->findings, r->f->name, code, verdict, personal ? SLICE_NONE : r->text);
}

bool reading_reject(struct reading *r, const char *code)
{
	reading_note(r, code, VERDICT_REJECTED);
	return false;
}

bool reading_squeeze(struct reading *r, const char *drop, size_t max)
{
	struct buf out;

	buf_init_fixed(&out, r->out, max < READING_MAX ? max : READING_MAX);
	for (size_t at = 0; at < r->text.len;) {
		uint32_t cp = text_next(r->text, &at);

		if (!text_is_space(cp) && !(cp < 0x80 && strchr(drop, (int)cp)))
			text_add(&out, cp);
	}
	r->len = out.len;
	return buf_err(&out) == ES_OK;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool all_digits(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_digit(p[i]))
			return false;
	}
	return len > 0;
}

bool reading_digits(const struct reading *r)
{
	return all_digits(r->out, r->len);
}

static bool luhn(const char *digits, size_t len)
{
	unsigned sum = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned d = (unsigned)(digits[len - 1 - i] - '0') << (i & 1);

		sum += d > 9 ? d - 9 : d;
	}
	return sum % 10 == 0;
}

bool value_siren_valid(struct slice digits)
{
	const char *p = (const char *)digits.p;

	return digits.len == 9 && all_digits(p, 9) && memcmp(p, "000000000", 9) != 0 && luhn(p, 9);
}

/* La Poste's thousands of offices outran the key: there the sum of the digits
 * is a multiple of five. Its seat still has a true key. */
static bool post_office(const char *p)
{
	unsigned sum = 0;

	for (size_t i = 0; i < 14; i++)
		sum += (unsigned)(p[i] - '0');
	return memcmp(p, LA_POSTE, 9) == 0 && sum % 5 == 0;
}

bool value_siret_valid(struct slice digits)
{
	const char *p = (const char *)digits.p;

	return digits.len == 14 && all_digits(p, 14) && value_siren_valid(SLICE(p, 9)) &&
	       (luhn(p, 14) || post_office(p));
}

/* 8,12346E+13: what a spreadsheet makes of a number it thinks too long. */
static bool scientific(struct slice text)
{
	size_t i = 0, digits = 0;

	for (; i < text.len && (is_digit((char)text.p[i]) || text.p[i] == ',' || text.p[i] == '.'); i++)
		digits++;
	if (digits == 0 || i == text.len || (text.p[i] | 0x20) != 'e')
		return false;
	i++;
	if (i < text.len && (text.p[i] == '+' || text.p[i] == '-'))
		i++;
	return i < text.len && all_digits((const char *)text.p + i, text.len - i);
}

/* Zeros in front, where a spreadsheet ate them. */
static void pad_zeros(struct reading *r, size_t len)
{
	size_t missing = len - r->len;

	memmove(r->out + missing, r->out, r->len);
	memset(r->out, '0', missing);
	r->len = len;
}

static struct slice read_so_far(const struct reading *r)
{
	return SLICE(r->out, r->len);
}

/* The digits of a SIRET (14) or SIREN (9) in r->out, as long as they must be. */
static bool company_digits(struct reading *r, size_t len, size_t least, bool (*valid)(struct slice))
{
	if (scientific(r->text))
		return reading_reject(r, "siret_notation_scientifique");
	if (!reading_squeeze(r, ".-", 40))
		return reading_reject(r, "siret_longueur");
	if (!reading_digits(r))
		return reading_reject(r, "siret_non_numerique");
	if (r->len >= least && r->len < len) {
		pad_zeros(r, len);
		if (!valid(read_so_far(r)))
			return reading_reject(r, "siret_longueur");
		reading_note(r, "zero_initial_perdu", VERDICT_WARNING);
		return true;
	}
	if (r->len != len)
		return reading_reject(r, "siret_longueur");
	return valid(read_so_far(r)) || reading_reject(r, "siret_cle");
}

bool rule_siret(struct reading *r)
{
	if (!company_digits(r, 14, 12, value_siret_valid))
		return false;
	if (r->text.len > 14)
		reading_note(r, "normalise_siret", VERDICT_ACCEPTED);
	if (!luhn(r->out, 14))
		reading_note(r, "exception_la_poste", VERDICT_ACCEPTED);
	return true;
}

bool rule_siren(struct reading *r)
{
	return company_digits(r, 9, 7, value_siren_valid);
}

bool rule_epci(struct reading *r)
{
	if (!company_digits(r, 9, 9, value_siren_valid))
		return false;
	return memcmp(r->out, "20", 2) == 0 || memcmp(r->out, "24", 2) == 0 || reading_reject(r, "hors_limites");
}

static void upper(struct reading *r)
{
	for (size_t i = 0; i < r->len; i++) {
		if (r->out[i] >= 'a' && r->out[i] <= 'z')
			r->out[i] = (char)(r->out[i] - 32);
	}
}

static bool digit_or_capital(char c)
{
	return is_digit(c) || (c >= 'A' && c <= 'Z');
}

bool rule_rna(struct reading *r)
{
	if (!reading_squeeze(r, ".-", 40) || r->len != 10)
		return reading_reject(r, "hors_limites");
	upper(r);
	if (r->out[0] != 'W' || !is_digit(r->out[1]) || !digit_or_capital(r->out[2]) ||
	    !digit_or_capital(r->out[3]) || !all_digits(r->out + 4, 6))
		return reading_reject(r, "hors_limites");
	if (!all_digits(r->out + 1, 9))
		reading_note(r, "rna_forme", VERDICT_WARNING);
	return true;
}

bool rule_categorie(struct reading *r)
{
	if (!reading_squeeze(r, "", 8) || r->len != 4 || !reading_digits(r))
		return reading_reject(r, "valeur_hors_liste");
	return true;
}

/* An occupation: a letter of its field, A to N, and four digits. */
bool rule_rome(struct reading *r)
{
	if (!reading_squeeze(r, ".-", 5) || r->len != 5)
		return reading_reject(r, "rome_inconnu");
	upper(r);
	return (r->out[0] >= 'A' && r->out[0] <= 'N' && all_digits(r->out + 1, 4)) || reading_reject(r, "rome_inconnu");
}

bool rule_naf(struct reading *r)
{
	struct slice written;

	if (!reading_squeeze(r, ".-", 8) || r->len != 5)
		return reading_reject(r, "naf_inconnu");
	upper(r);
	if (!all_digits(r->out, 4) || r->out[4] < 'A' || r->out[4] > 'Z')
		return reading_reject(r, "naf_inconnu");
	memmove(r->out + 3, r->out + 2, 3);
	r->out[2] = '.';
	r->len = 6;
	written = read_so_far(r);
	if (!slice_eq(written, r->text))
		reading_note(r, "normalise_naf", VERDICT_ACCEPTED);
	return true;
}

bool rule_postal(struct reading *r)
{
	if (!reading_squeeze(r, "", 8) || !reading_digits(r) || r->len < 4 || r->len > 5)
		return reading_reject(r, "hors_limites");
	if (r->len == 4) {
		pad_zeros(r, 5);
		reading_note(r, "zero_initial_perdu", VERDICT_WARNING);
	}
	return true;
}

/* ^(0[1-9]|[1-8]\d|9[0-5]|2[AB])\d{3}$ | ^97[1-8]\d\d$ | ^98[4-9]\d\d$ | 20xxx (old Corsica) */
static bool insee_shape(const char *p)
{
	int two = (p[0] - '0') * 10 + (p[1] - '0');

	if (!all_digits(p + 2, 3))
		return false;
	if (p[0] == '2' && (p[1] == 'A' || p[1] == 'B'))
		return true;
	if (!is_digit(p[0]) || !is_digit(p[1]) || two == 0 || two == 96 || two == 99)
		return false;
	if (two == 97)
		return p[2] >= '1' && p[2] <= '8';
	return two != 98 || p[2] >= '4';
}

bool rule_insee(struct reading *r)
{
	if (!reading_squeeze(r, "", 8))
		return reading_reject(r, "code_insee_inconnu");
	upper(r);
	if (r->len == 4 && reading_digits(r)) {
		pad_zeros(r, 5);
		reading_note(r, "zero_initial_perdu", VERDICT_WARNING);
	}
	return (r->len == 5 && insee_shape(r->out)) || reading_reject(r, "code_insee_inconnu");
}

/* Overseas numbers have their own country codes behind the same ten digits. */
static const char *country_of(const char *national)
{
	static const struct { const char *start, *country; } overseas[] = {
		{"0262", "+262"}, {"0263", "+262"}, {"0269", "+262"}, {"0639", "+262"}, {"0692", "+262"},
		{"0693", "+262"}, {"0590", "+590"}, {"0690", "+590"}, {"0691", "+590"}, {"0594", "+594"},
		{"0694", "+594"}, {"0596", "+596"}, {"0696", "+596"}, {"0697", "+596"},
	};

	for (size_t i = 0; i < sizeof(overseas) / sizeof(overseas[0]); i++) {
		/* 06 39 98 is metropolitan: the regulator's range for fiction. */
		if (memcmp(national, overseas[i].start, 4) == 0 && memcmp(national, "063998", 6) != 0)
			return overseas[i].country;
	}
	return "+33";
}

/* 0611223344 and 611223344 become +33611223344. */
static void make_international(struct reading *r)
{
	char national[11], whole[READING_MAX];
	int n;

	snprintf(national, sizeof(national), "%s%.*s", r->len == 9 ? "0" : "", (int)r->len, r->out);
	n = snprintf(whole, sizeof(whole), "%s%s", country_of(national), national + 1);
	memcpy(r->out, whole, (size_t)n);
	r->len = (size_t)n;
}

/* "0033..." and "+33 (0)6..." */
static void drop_prefixes(struct reading *r)
{
	if (r->len > 4 && memcmp(r->out, "00", 2) == 0) {
		r->out[0] = '+';
		memmove(r->out + 1, r->out + 2, r->len - 2);
		r->len--;
	}
	if (r->len == 13 && memcmp(r->out, "+330", 4) == 0) {
		memmove(r->out + 3, r->out + 4, r->len - 4);
		r->len--;
	}
}

bool rule_phone(struct reading *r)
{
	bool plus;

	if (!reading_squeeze(r, ".-()/_", 40) || r->len == 0)
		return reading_reject(r, "hors_limites");
	drop_prefixes(r);
	plus = r->out[0] == '+';
	if (!all_digits(r->out + plus, r->len - plus))
		return reading_reject(r, "hors_limites");
	if (plus)
		return (r->len >= 8 && r->len <= 16 && r->out[1] != '0') || reading_reject(r, "hors_limites");
	if (r->len == 10 && r->out[0] == '0' && r->out[1] != '0') {
		make_international(r);
		return true;
	}
	/* Nine digits, the zero lost; or a short number (115, 3949) that has no other form. */
	if (r->len > 4 && (r->len != 9 || r->out[0] == '0'))
		return reading_reject(r, "hors_limites");
	if (r->len == 9)
		make_international(r);
	reading_note(r, "telephone_incomplet", VERDICT_WARNING);
	return true;
}

static bool email_byte(uint8_t c, bool local)
{
	static const char other[] = "!#$%&'*+/=?^_`{|}~";

	return is_digit((char)c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
	       c >= 0x80 || (local && c != 0 && strchr(other, c));
}

/* One side of the @: no empty label between dots. */
static bool email_part(const uint8_t *p, size_t len, bool local)
{
	for (size_t i = 0; i < len; i++) {
		if (!email_byte(p[i], local) || (p[i] == '.' && (i == 0 || i + 1 == len || p[i - 1] == '.')))
			return false;
	}
	return len > 0;
}

bool rule_email(struct reading *r)
{
	const uint8_t *p = r->text.p, *at = memchr(p, '@', r->text.len);
	size_t local = at ? (size_t)(at - p) : 0, domain;

	if (at == NULL || r->text.len > 254)
		return reading_reject(r, "courriel_invalide");
	domain = r->text.len - local - 1;
	if (!email_part(p, local, true) || !email_part(at + 1, domain, false) || !memchr(at + 1, '.', domain))
		return reading_reject(r, "courriel_invalide");
	memcpy(r->out, p, r->text.len);
	r->len = r->text.len;
	return true;
}
