/* SPDX-License-Identifier: Apache-2.0
 *
 * The text format, the table of metrics, and the guide's table, which is the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/service/metrics.h"
#include "common/places.h"

#define GUIDE ESSAIM_SOURCE_CONF_DIR "/guides/administrateur.md"

static void a_sample_has_its_labels_escaped_and_integers_stay_integers(void **state)
{
	static const struct {
		enum metric_id id;
		double value;
		const char *labels[3];
		const char *wanted;
	} cases[] = {
		{METRIC_OUTBOX, 0, {NULL}, "essaim_outbox_edits 0\n"},
		{METRIC_OUTBOX, -0.0, {NULL}, "essaim_outbox_edits 0\n"},
		{METRIC_DISK_FREE, 80352727040.0, {NULL}, "essaim_disk_free_bytes 80352727040\n"},
		{METRIC_CLOCK, -0.25, {NULL}, "essaim_clock_offset_seconds -0.250000\n"},
		{METRIC_BACKUP_AGE, (double)INFINITY, {NULL}, "essaim_backup_age_seconds +Inf\n"},
		{METRIC_PEERS, 3, {"live"}, "essaim_peers{state=\"live\"} 3\n"},
		{METRIC_LOG_LAG, 2, {"pole-auray", "public"}, "essaim_log_lag_commits{author=\"pole-auray\",scope=\"public\"} 2\n"},
		{METRIC_PEER_LAG, 1, {"a\"b\\c\nd"}, "essaim_peer_lag_commits{peer=\"a\\\"b\\\\c\\nd\"} 1\n"},
		{METRIC_BUILD_INFO, 1, {"0.1.0", "7", "2"}, "essaim_build_info{version=\"0.1.0\",schema=\"7\",journal=\"2\"} 1\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf b;

		buf_init(&b, 4096);
		metric_sample(&b, cases[i].id, cases[i].value, cases[i].labels);
		assert_string_equal(buf_cstr(&b), cases[i].wanted);
		buf_done(&b);
	}
}

static void a_histogram_counts_up_to_each_bound(void **state)
{
	static const uint64_t took_us[] = {0, 500, 501, 7000, 10000000, 10000001};
	struct timing t = {0};
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof took_us / sizeof *took_us; i++)
		timing_add(&t, took_us[i]);
	assert_int_equal(timing_count(&t), 6);
	buf_init(&b, 4096);
	metric_begin(&b, METRIC_FSYNC);
	metric_histogram(&b, METRIC_FSYNC, &t);
	const char *text = buf_cstr(&b);
	assert_non_null(strstr(text, "# TYPE essaim_journal_fsync_seconds histogram\n"));
	assert_non_null(strstr(text, "_bucket{le=\"0.0005\"} 2\n"));
	assert_non_null(strstr(text, "_bucket{le=\"0.001\"} 3\n"));
	assert_non_null(strstr(text, "_bucket{le=\"0.005\"} 3\n"));
	assert_non_null(strstr(text, "_bucket{le=\"0.01\"} 4\n"));
	assert_non_null(strstr(text, "_bucket{le=\"10\"} 5\n"));
	assert_non_null(strstr(text, "_bucket{le=\"+Inf\"} 6\n"));
	assert_non_null(strstr(text, "_sum 20.008002\n"));
	assert_non_null(strstr(text, "_count 6\n"));
	buf_done(&b);
}

static bool ends(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

/* What promtool asks, wherever promtool is not. */
static void names_follow_the_conventions(void **state)
{
	static const char *const units[] = {"_seconds", "_bytes", "_seconds_total", "_bytes_total"};

	(void)state;
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		const struct metric *m = &metrics[i];
		bool unit = false;

		assert_true(strncmp(m->name, "essaim_", 7) == 0 || strncmp(m->name, "process_", 8) == 0);
		assert_int_equal(strspn(m->name, "abcdefghijklmnopqrstuvwxyz_"), strlen(m->name));
		assert_int_equal(ends(m->name, "_total"), m->type == METRIC_COUNTER);
		for (size_t k = 0; k < 4; k++)
			unit = unit || ends(m->name, units[k]);
		assert_int_equal(unit, strstr(m->name, "_seconds") || strstr(m->name, "_bytes"));
		assert_true(m->fr[0] && m->en[0]);
		assert_null(strpbrk(m->en, "\\\n"));
		assert_null(strchr(m->fr, '|'));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(m->name, metrics[k].name);
	}
}

static void labels_text(const struct metric *m, struct buf *out)
{
	for (const char *at = m->labels; *at;) {
		size_t len = strcspn(at, ",");

		buf_printf(out, "%s`%.*s`", at == m->labels ? "" : ", ", (int)len, at);
		at += len + (at[len] == ',');
	}
}

/* In the table's order, and no row more. */
static void the_guide_has_the_same_table(void **state)
{
	FILE *f = fopen(GUIDE, "re");
	char line[1024];
	size_t i = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		struct buf b;

		if (strncmp(line, "| `essaim_", 10) != 0 && strncmp(line, "| `process_", 11) != 0)
			continue;
		assert_true(i < METRIC_COUNT);
		buf_init(&b, 4096);
		buf_printf(&b, "| `%s` | %s | ", metrics[i].name, metric_type_name(metrics[i].type));
		labels_text(&metrics[i], &b);
		buf_printf(&b, "%s| %s |\n", metrics[i].labels[0] ? " " : "", metrics[i].fr);
		assert_string_equal(line, buf_cstr(&b));
		buf_done(&b);
		i++;
	}
	fclose(f);
	assert_int_equal(i, METRIC_COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sample_has_its_labels_escaped_and_integers_stay_integers),
		cmocka_unit_test(a_histogram_counts_up_to_each_bound),
		cmocka_unit_test(names_follow_the_conventions),
		cmocka_unit_test(the_guide_has_the_same_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
