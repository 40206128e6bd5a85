/* SPDX-License-Identifier: Apache-2.0
 *
 * The Prometheus text format, and the table of what is told in it (metrics.def).
 * Pure: writes into a buf, reads nothing.
 *
 *     metric_begin(out, METRIC_PEERS);
 *     metric_sample(out, METRIC_PEERS, 3, (const char *const[]){"live"});
 */
#ifndef DAEMON_METRICS_H
#define DAEMON_METRICS_H

#include "common/bytes.h"
#include "daemon/service/timing.h"

enum metric_id {
#define METRIC(id, ...) METRIC_##id,
#include "daemon/service/metrics.def"
#undef METRIC
	METRIC_COUNT
};
enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
struct metric {
	const char *name;
	enum metric_type type;
	const char *labels; /* "author,scope" */
	const char *fr, *en;
};
extern const struct metric metrics[METRIC_COUNT];
const char *metric_type_name(enum metric_type type);

/* HELP and TYPE; then its samples, before the next one begins. */
void metric_begin(struct buf *out, enum metric_id id);
/* One value for each of its labels; NULL where it has none. */
void metric_sample(struct buf *out, enum metric_id id, double value, const char *const *labels);
void metric_histogram(struct buf *out, enum metric_id id, const struct timing *t);

#endif
