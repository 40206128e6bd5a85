/* SPDX-License-Identifier: Apache-2.0
 *
 * Months as Paris counts them. Their first days lie nowhere near a change of the
 * clocks (last Sundays of March and October), so that a month's own number says
 * how far midnight is from UTC. */
#include <string.h>
#include "daemon/report/report_parts.h"
#include "daemon/rules/day.h"
#include "proto/value.h"

#define HOUR_MS 3600000
#define EPOCH "1970-01-01"

es_ms report_time_ms(struct slice text)
{
	int64_t s = value_time_seconds(text);

	return s == INT64_MIN ? 0 : (s - value_time_seconds(slice_str(EPOCH))) * 1000;
}

static es_ms midnight(int year, int month)
{
	bool summer = month >= 4 && month <= 10;
	char day[11];

	day_write(year, month, 1, day);
	return (value_time_seconds(slice_str(day)) - value_time_seconds(slice_str(EPOCH))) * 1000 - (summer ? 2 : 1) * HOUR_MS;
}

static void fill(int year, int month, struct report_month *out)
{
	day_write(year, month, 1, out->from);
	day_write(year, month, day_last(year, month), out->to);
	day_write(year - 1, month, day_last(year - 1, month), out->year_ago);
	memcpy(out->text, out->from, 7);
	out->text[7] = 0;
	out->cutoff = midnight(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1);
}

static int digits(const uint8_t *p, size_t count)
{
	int n = 0;

	for (size_t i = 0; i < count; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		n = n * 10 + p[i] - '0';
	}
	return n;
}

bool report_month_parse(struct slice text, struct report_month *out)
{
	int year, month;

	if (text.len != 7 || text.p[4] != '-')
		return false;
	year = digits(text.p, 4);
	month = digits(text.p + 5, 2);
	if (year < 1990 || year > 2999 || month < 1 || month > 12)
		return false;
	fill(year, month, out);
	return true;
}

void report_month_at(es_ms utc, struct report_month *out)
{
	char iso[25];
	int year, month;

	stamp_text(stamp_at(utc), iso);
	year = digits((const uint8_t *)iso, 4);
	month = digits((const uint8_t *)iso + 5, 2);
	fill(year, month, out);
	if (utc >= out->cutoff) /* UTC's last hour or two are Paris's next month */
		fill(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, out);
}

void report_month_before(const struct report_month *m, struct report_month *out)
{
	int year = digits((const uint8_t *)m->text, 4), month = digits((const uint8_t *)m->text + 5, 2);

	fill(month == 1 ? year - 1 : year, month == 1 ? 12 : month - 1, out);
}

bool report_month_upto(struct report_month *m, struct slice day)
{
	if (day.len != 10 || memcmp(day.p, m->text, 7) != 0 || day.p[7] != '-' || digits(day.p + 8, 2) < 1 ||
	    slice_cmp(day, slice_str(m->to)) > 0)
		return false;
	memcpy(m->to, day.p, 10);
	memcpy(m->year_ago + 8, day.p + 8, 2);
	if (memcmp(m->year_ago + 5, "02-29", 5) == 0) /* not every year has it */
		m->year_ago[9] = '8';
	return true;
}
