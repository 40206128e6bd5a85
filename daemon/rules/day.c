/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/rules/day.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void day_of(es_ms utc, char out[DAY_TEXT])
{
	time_t now = (time_t)(utc / 1000);
	struct tm local;

	strftime(out, DAY_TEXT, "%Y-%m-%d", localtime_r(&now, &local));
}

void day_write(int year, int month, int day, char out[DAY_TEXT])
{
	snprintf(out, DAY_TEXT, "%04u-%02u-%02u", (unsigned)year % 10000, (unsigned)month % 100, (unsigned)day % 100);
}

int day_last(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool read_day(struct slice text, int *year, int *month, int *day)
{
	char copy[DAY_TEXT] = "";

	if (text.len < DAY_TEXT - 1)
		return false;
	memcpy(copy, text.p, DAY_TEXT - 1);
	return sscanf(copy, "%4d-%2d-%2d", year, month, day) == 3 && *year > 0 && *month >= 1 && *month <= 12 && *day >= 1 &&
	       *day <= day_last(*year, *month);
}

bool day_add_months(struct slice text, int months, char out[DAY_TEXT])
{
	int year, month, day;

	if (!read_day(text, &year, &month, &day))
		return false;
	months += year * 12 + month - 1;
	if (months < 12)
		return false;
	year = months / 12;
	month = months % 12 + 1;
	day_write(year, month, day > day_last(year, month) ? day_last(year, month) : day, out);
	return true;
}

bool day_add_days(struct slice text, int days, char out[DAY_TEXT])
{
	struct tm t = {.tm_hour = 12};
	int year, month, day;

	if (!read_day(text, &year, &month, &day))
		return false;
	t.tm_year = year - 1900;
	t.tm_mon = month - 1;
	t.tm_mday = day + days;
	time_t noon = timegm(&t);
	strftime(out, DAY_TEXT, "%Y-%m-%d", gmtime_r(&noon, &t));
	return true;
}
