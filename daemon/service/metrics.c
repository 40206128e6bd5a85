/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/service/metrics.h"
#include <assert.h>
#include <math.h>
#include <string.h>

#define EXACT_MAX 9007199254740992.0 /* integers up to here are exact in a double */

const struct metric metrics[METRIC_COUNT] = {
#define METRIC(id, name_, type_, labels_, fr_, en_) \
	[METRIC_##id] = {.name = name_, .type = METRIC_##type_, .labels = labels_, .fr = fr_, .en = en_},
#include "daemon/service/metrics.def"
#undef METRIC
};

const char *metric_type_name(enum metric_type type)
{
	static const char *const names[] = {"counter", "gauge", "histogram"};

	return names[type];
}

void metric_begin(struct buf *out, enum metric_id id)
{
	const struct metric *m = &metrics[id];

	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->en, m->name, metric_type_name(m->type));
}

/* A node's name is its own choice: quotes, backslashes and line ends are escaped. */
static void put_label(struct buf *out, const char *name, size_t len, const char *value)
{
	buf_printf(out, "%.*s=\"", (int)len, name);
	for (; *value; value++) {
		if (*value == '\n')
			buf_str(out, "\\n");
		else if (*value == '"' || *value == '\\')
			buf_printf(out, "\\%c", *value);
		else
			buf_add(out, value, 1);
	}
	buf_str(out, "\"");
}

static void put_value(struct buf *out, double value)
{
	if (isinf(value))
		buf_str(out, value > 0 ? " +Inf\n" : " -Inf\n");
	else if (value == floor(value) && fabs(value) < EXACT_MAX)
		buf_printf(out, " %.0f\n", value + 0.0); /* no -0 */
	else
		buf_printf(out, " %.6f\n", value);
}

void metric_sample(struct buf *out, enum metric_id id, double value, const char *const *labels)
{
	const struct metric *m = &metrics[id];
	const char *name = m->labels;

	assert(m->type != METRIC_HISTOGRAM);
	buf_str(out, m->name);
	for (size_t i = 0; *name; i++) {
		size_t len = strcspn(name, ",");

		buf_str(out, i ? "," : "{");
		put_label(out, name, len, labels[i]);
		name += len + (name[len] == ',');
	}
	buf_str(out, m->labels[0] ? "}" : "");
	put_value(out, value);
}

void metric_histogram(struct buf *out, enum metric_id id, const struct timing *t)
{
	const struct metric *m = &metrics[id];
	uint64_t n = 0;

	assert(m->type == METRIC_HISTOGRAM && !m->labels[0]);
	for (size_t i = 0; i < TIMING_BOUNDS; i++) {
		n += t->within[i];
		buf_printf(out, "%s_bucket{le=\"%g\"} %llu\n", m->name, timing_bounds_us[i] / 1e6, (unsigned long long)n);
	}
	n += t->within[TIMING_BOUNDS];
	buf_printf(out, "%s_bucket{le=\"+Inf\"} %llu\n", m->name, (unsigned long long)n);
	buf_printf(out, "%s_sum %.6f\n", m->name, (double)t->total_us / 1e6);
	buf_printf(out, "%s_count %llu\n", m->name, (unsigned long long)n);
}
