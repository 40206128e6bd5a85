/* SPDX-License-Identifier: Apache-2.0 */
#include "common/stamp.h"

#define STAMP_MS_MAX ((es_ms)1 << 48)
#define YEAR_10000_MS 253402300800000 /* the text has room for four digits */

es_stamp stamp_at(es_ms ms)
{
	if (ms < 0)
		ms = 0;
	if (ms >= STAMP_MS_MAX)
		ms = STAMP_MS_MAX - 1;
	return (es_stamp)ms << 16;
}

es_ms stamp_ms(es_stamp s)
{
	return (es_ms)(s >> 16);
}

static es_stamp stamp_after(es_stamp s)
{
	return s == STAMP_MAX ? s : s + 1;
}

es_stamp stamp_next(es_ms now, es_stamp last, es_stamp floor)
{
	es_stamp above = stamp_after(last > floor ? last : floor);
	es_stamp clock = stamp_at(now);

	return clock > above ? clock : above;
}

bool stamp_ahead(es_stamp s, es_ms now)
{
	/* Clamped like a stamp, so that no clock makes the sum overflow. */
	return stamp_ms(s) > stamp_ms(stamp_at(now)) + STAMP_SKEW_MAX_MS;
}

/* Day number since 1970-01-01 to year, month, day, counting years from March
 * so that the leap day comes last. */
static void stamp_date(int64_t days, unsigned *year, unsigned *month, unsigned *day)
{
	uint64_t z = (uint64_t)days + 719468; /* since 0000-03-01 */
	uint64_t era = z / 146097, doe = z % 146097;
	uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	uint64_t mp = (5 * doy + 2) / 153;

	*day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
	*month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
	*year = (unsigned)(yoe + era * 400 + (*month <= 2));
}

static char *stamp_digits(char *out, unsigned v, unsigned n, char after)
{
	for (unsigned i = n; i > 0; i--) {
		out[i - 1] = (char)('0' + v % 10);
		v /= 10;
	}
	out[n] = after;
	return out + n + 1;
}

void stamp_text(es_stamp s, char out[25])
{
	es_ms ms = stamp_ms(s) < YEAR_10000_MS ? stamp_ms(s) : YEAR_10000_MS - 1;
	unsigned in_day = (unsigned)(ms % 86400000), year, month, day;

	stamp_date(ms / 86400000, &year, &month, &day);
	out = stamp_digits(out, year, 4, '-');
	out = stamp_digits(out, month, 2, '-');
	out = stamp_digits(out, day, 2, 'T');
	out = stamp_digits(out, in_day / 3600000, 2, ':');
	out = stamp_digits(out, in_day / 60000 % 60, 2, ':');
	out = stamp_digits(out, in_day / 1000 % 60, 2, '.');
	out = stamp_digits(out, in_day % 1000, 3, 'Z');
	*out = '\0';
}
