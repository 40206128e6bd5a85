/* SPDX-License-Identifier: Apache-2.0
 *
 * indicateurs.csv: what the CRESS has frozen for the month, else what is known today. */
#include "daemon/export/export_parts.h"
#include "daemon/report/report.h"

enum es_err export_indicateurs(struct exporting *e)
{
	struct report_month month;

	if (!report_month_parse(slice_str(e->o->month ? e->o->month : ""), &month))
		return ES_BAD_VALUE;
	return report_export(e->r, &month, e->o->public, e->out);
}
