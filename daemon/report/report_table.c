/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/report/report.h"

const struct indicator indicators[] = {
#define INDICATOR(code, unit, sens, sees, form, rule, version, kind, label, english, sql) \
	{code, unit, sens, sees, form, rule, version, kind, sql, NULL, NULL, 0, false, label, english},
#define INNER(code, unit, sens, sees, form, rule, version, kind, label, english, sql) \
	{code, unit, sens, sees, form, rule, version, kind, sql, NULL, NULL, 0, true, label, english},
#define QUOTIENT(code, unit, sens, over, under, factor, version, label, english) \
	{code, unit, sens, SEES_SUMS, FORM_SUM, SECRET_FEW, version, NULL, NULL, over, under, factor, false, label, english},
#include "daemon/report/indicators.def"
#undef INDICATOR
#undef INNER
#undef QUOTIENT
};
const size_t indicator_count = sizeof indicators / sizeof *indicators;

const struct indicator *indicator_named(struct slice code)
{
	for (size_t i = 0; i < indicator_count; i++)
		if (slice_eq(slice_str(indicators[i].code), code))
			return &indicators[i];
	return NULL;
}
