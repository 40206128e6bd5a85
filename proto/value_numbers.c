/* SPDX-License-Identifier: Apache-2.0
 *
 * Dates, times, numbers and yes or no, as people and spreadsheets write them. */
#include "proto/value_rules.h"

#include <stdio.h>
#include <string.h>

#include "proto/text.h"

#define SERIAL_MIN 10000 /* 1927-05-18; below, a number is more likely a year or a mistake */
#define SERIAL_MAX 73050 /* 2099-12-31 */

struct day { int year, month, day; };

/* A decimal number of at most `most` digits at *at; -1 where there is none. */
static int read_number(const char *p, size_t len, size_t *at, size_t least, size_t most)
{
	size_t from = *at;
	int v = 0;

	while (*at < len && *at - from < most && p[*at] >= '0' && p[*at] <= '9')
		v = v * 10 + (p[(*at)++] - '0');
	return *at - from >= least ? v : -1;
}

static bool leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_length(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && leap(year) ? 29 : days[month - 1];
}

static bool day_exists(struct day d)
{
	return d.year >= 1000 && d.month >= 1 && d.month <= 12 && d.day >= 1 &&
	       d.day <= month_length(d.year, d.month);
}

/* Days since 0000-03-01 and back (H. Hinnant's civil calendar arithmetic). */
static int64_t day_number(struct day d)
{
	int64_t y = d.month <= 2 ? d.year - 1 : d.year, m = (d.month + 9) % 12;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + d.day - 1;
}

static struct day day_after(struct day from, int64_t days)
{
	struct day d = from; /* behind February: a year's length is the next one's */

	for (; days > 365 + leap(d.year + 1); d.year++)
		days -= 365 + leap(d.year + 1);
	for (; days > 0; days--) {
		if (++d.day > month_length(d.year, d.month)) {
			d.day = 1;
			d.month = d.month % 12 + 1;
			d.year += d.month == 1;
		}
	}
	return d;
}

/* ISO or JJ/MM/AAAA at the front; *at behind it. */
static bool read_day(const char *p, size_t len, size_t *at, struct day *out)
{
	struct day d = {.year = -1};
	int first;

	*at = 0;
	first = read_number(p, len, at, 1, 4);
	if (first < 0 || *at >= len)
		return false;
	if (p[*at] == '-' && *at == 4) {
		(*at)++;
		d.year = first;
		d.month = read_number(p, len, at, 2, 2);
		if (*at < len && p[*at] == '-')
			(*at)++;
		d.day = read_number(p, len, at, 2, 2);
	} else if (*at <= 2 && (p[*at] == '/' || p[*at] == '-' || p[*at] == '.')) {
		char sign = p[(*at)++];

		d.day = first;
		d.month = read_number(p, len, at, 1, 2);
		if (*at < len && p[*at] == sign)
			(*at)++;
		d.year = read_number(p, len, at, 4, 4);
	}
	*out = d;
	return day_exists(d);
}

static void write_day(struct reading *r, struct day d)
{
	r->len = (size_t)snprintf(r->out, sizeof(r->out), "%04d-%02d-%02d", d.year, d.month, d.day);
}

/* A spreadsheet counts days from 1899-12-30. */
static bool read_serial(struct reading *r, const char *p, size_t len)
{
	size_t at = 0;
	int serial = read_number(p, len, &at, 5, 5);

	if (at != len || serial < SERIAL_MIN || serial > SERIAL_MAX)
		return false;
	write_day(r, day_after((struct day){1899, 12, 30}, serial));
	reading_note(r, "date_numero_serie_tableur", VERDICT_WARNING);
	return true;
}

bool rule_date(struct reading *r)
{
	const char *p = (const char *)r->text.p;
	size_t len = r->text.len, at;
	struct day d;

	if (read_serial(r, p, len))
		return true;
	if (!read_day(p, len, &at, &d))
		return reading_reject(r, "date_invalide");
	/* A spreadsheet's export may add midnight. */
	for (; at < len; at++) {
		if (p[at] != ' ' && p[at] != 'T' && p[at] != '0' && p[at] != ':')
			return reading_reject(r, "date_invalide");
	}
	write_day(r, d);
	return true;
}

/* The last Sunday of a month of 31 days; 0000-03-01 was a Wednesday. */
static int last_sunday(int year, int month)
{
	int64_t n = day_number((struct day){year, month, 31});

	return 31 - (int)((n + 3) % 7);
}

/* Hours ahead of UTC in Paris, for a local time: European summer time, from
 * 02:00 on the last Sunday of March to 03:00 on the last one of October. */
static int paris_offset(struct day d, int hour)
{
	int now = d.month * 10000 + d.day * 100 + hour;
	int spring = 30000 + last_sunday(d.year, 3) * 100 + 2;
	int autumn = 100000 + last_sunday(d.year, 10) * 100 + 3;

	return now >= spring && now < autumn ? 2 : 1;
}

struct clock { int hour, minute, second, offset; bool has_offset; };

static bool read_offset(const char *p, size_t len, size_t at, struct clock *c)
{
	int sign, hours, minutes = 0;

	c->has_offset = at < len;
	if (at == len)
		return true;
	if (len - at == 1 && p[at] == 'Z')
		return true;
	sign = p[at] == '+' ? 1 : p[at] == '-' ? -1 : 0;
	at++;
	hours = read_number(p, len, &at, 2, 2);
	if (at < len && p[at] == ':')
		at++;
	if (at < len)
		minutes = read_number(p, len, &at, 2, 2);
	c->offset = sign * (hours * 60 + minutes);
	return sign != 0 && hours >= 0 && hours <= 14 && minutes >= 0 && minutes < 60 && at == len;
}

static bool read_clock(const char *p, size_t len, size_t at, struct clock *c)
{
	*c = (struct clock){0};
	c->hour = read_number(p, len, &at, 1, 2);
	if (c->hour < 0 || at >= len || (p[at] != ':' && p[at] != 'h'))
		return false;
	at++;
	c->minute = read_number(p, len, &at, 2, 2);
	if (at < len && p[at] == ':') {
		at++;
		c->second = read_number(p, len, &at, 2, 2);
	}
	return c->hour < 24 && c->minute >= 0 && c->minute < 60 && c->second >= 0 && c->second < 60 &&
	       read_offset(p, len, at, c);
}

bool rule_time(struct reading *r)
{
	const char *p = (const char *)r->text.p;
	size_t len = r->text.len, at;
	struct clock c;
	struct day d;

	if (!read_day(p, len, &at, &d) || at >= len || (p[at] != 'T' && p[at] != ' ') ||
	    !read_clock(p, len, at + 1, &c))
		return reading_reject(r, "date_invalide");
	if (!c.has_offset)
		c.offset = paris_offset(d, c.hour) * 60;
	r->len = (size_t)snprintf(r->out, sizeof(r->out), "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", d.year, d.month,
				  d.day, c.hour, c.minute, c.second, c.offset < 0 ? '-' : '+',
				  (c.offset < 0 ? -c.offset : c.offset) / 60 % 24, (c.offset < 0 ? -c.offset : c.offset) % 60);
	return true;
}

int64_t value_time_seconds(struct slice text)
{
	const char *p = (const char *)text.p;
	struct clock c = {0};
	struct day d;
	size_t at;

	if (!read_day(p, text.len, &at, &d))
		return INT64_MIN;
	if (at < text.len && !read_clock(p, text.len, at + 1, &c))
		return INT64_MIN;
	return day_number(d) * 86400 + c.hour * 3600 + c.minute * 60 + c.second - c.offset * 60;
}

/* How many digits behind the decimal point the integer inside keeps. */
static int decimals_of(enum field_type type)
{
	return type == TYPE_COORD ? 7 : type == TYPE_CENTS ? 2 : type == TYPE_TENTH ? 1 : 0;
}

struct decimal {
	int64_t units, fraction; /* fraction: `decimals` digits */
	bool negative, point, rest; /* rest: digits beyond were not zero */
};

/* Digits, at most one point or comma. */
static bool read_decimal(const char *p, size_t len, int decimals, struct decimal *d)
{
	size_t i = 0;
	int kept = 0, digits = 0;

	*d = (struct decimal){0};
	if (len > 0 && (p[0] == '-' || p[0] == '+'))
		d->negative = p[i++] == '-';
	for (; i < len; i++) {
		if ((p[i] == ',' || p[i] == '.') && !d->point) {
			d->point = true;
			continue;
		}
		if (p[i] < '0' || p[i] > '9' || ++digits > 18)
			return false;
		if (!d->point)
			d->units = d->units * 10 + (p[i] - '0');
		else if (kept < decimals && ++kept)
			d->fraction = d->fraction * 10 + (p[i] - '0');
		else
			d->rest |= p[i] != '0';
	}
	for (; kept < decimals; kept++)
		d->fraction *= 10;
	return digits > 0;
}

/* Cuts a currency's name or sign from the end, and "HT" or "TTC" behind it, which
 * are another field's. */
static bool cut_currency(struct reading *r)
{
	static const char *const names[] = {"HT", "ht", "TTC", "ttc", "\xe2\x82\xac", "EUR", "eur", "euros", "euro"};
	bool cut = false;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = strlen(names[i]);

		if (r->len > n && memcmp(r->out + r->len - n, names[i], n) == 0) {
			r->len -= n;
			cut = true;
		}
	}
	return cut;
}

static const char *number_code(const struct reading *r)
{
	return r->f->type == TYPE_COORD ? "coordonnees_invalides" : "hors_limites";
}

/* Exchange files hold whole cents ("29800"); a person writes euros, which a
 * comma, a sign or spaces between thousands give away. */
bool rule_number(struct reading *r)
{
	int decimals = decimals_of(r->f->type);
	bool human;
	struct decimal d;
	int64_t scale = 1;

	if (!reading_squeeze(r, "", 40))
		return reading_reject(r, number_code(r));
	human = r->len != r->text.len;
	if (r->f->type == TYPE_CENTS)
		human |= cut_currency(r);
	if (!read_decimal(r->out, r->len, decimals, &d) || (d.rest && r->f->type != TYPE_COORD))
		return reading_reject(r, number_code(r));
	if (r->f->type != TYPE_CENTS || human || d.point) {
		for (int i = 0; i < decimals; i++)
			scale *= 10;
	}
	if (d.units > INT64_MAX / 100000000)
		return reading_reject(r, number_code(r));
	r->number = (d.units * scale + d.fraction) * (d.negative ? -1 : 1);
	if (r->number < r->f->min || r->number > r->f->max)
		return reading_reject(r, number_code(r));
	return true;
}

bool rule_bool(struct reading *r)
{
	static const char *const words[][7] = {
		{"non", "n", "false", "faux", "0", "no", NULL},
		{"oui", "o", "true", "vrai", "1", "yes", "x"},
	};
	char word[16] = "";
	struct buf folded;

	if (r->text.len >= sizeof(word))
		return reading_reject(r, "valeur_hors_liste");
	buf_init_fixed(&folded, word, sizeof(word) - 1);
	text_fold(r->text, TEXT_JOINED, &folded);
	word[folded.len] = '\0';
	for (size_t i = 0; i < 14; i++) {
		const char *known = words[i / 7][i % 7];

		if (known && strcmp(word, known) == 0) {
			r->number = i >= 7;
			return true;
		}
	}
	return reading_reject(r, "valeur_hors_liste");
}
