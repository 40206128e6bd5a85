/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"

static FILE *seen;
static int real_stderr;
static char line[8192];

static int watch_stderr(void **state)
{
	(void)state;
	seen = tmpfile();
	real_stderr = dup(STDERR_FILENO);
	log_set_level(LOG_INFO);
	return seen != NULL && dup2(fileno(seen), STDERR_FILENO) >= 0 ? 0 : -1;
}

static int leave_stderr(void **state)
{
	(void)state;
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	return fclose(seen);
}

/* All that was written to stderr since the last time. */
static const char *written(void)
{
	size_t len;

	fflush(stderr);
	rewind(seen);
	len = fread(line, 1, sizeof(line) - 1, seen);
	line[len] = '\0';
	rewind(seen);
	assert_int_equal(ftruncate(fileno(seen), 0), 0);
	lseek(STDERR_FILENO, 0, SEEK_SET);
	return line;
}

static void an_event_is_one_line_with_its_priority_in_front(void **state)
{
	(void)state;
	log_event(LOG_WARN, "log.blocked", "hub=%s seq=%llu", "pole-brest", 312ull);
	assert_string_equal(written(), "<4>log.blocked hub=pole-brest seq=312\n");
	log_event(LOG_ERR_, "store.failed", "code=%d", -5);
	log_event(LOG_NOTE, "peer.up", "a=%c", 'x');
	assert_string_equal(written(), "<3>store.failed code=-5\n<5>peer.up a=x\n");
}

static void a_person_is_shown_no_priority(void **state)
{
	(void)state;
	log_set_plain(true);
	log_event(LOG_WARN, "peer.gone", "hub=%s", "pole-brest");
	log_set_plain(false);
	assert_string_equal(written(), "peer.gone hub=pole-brest\n");
}

static void an_event_may_have_nothing_to_add(void **state)
{
	const char *nothing = "";

	(void)state;
	log_event(LOG_INFO, "daemon.ready", "%s", nothing);
	assert_string_equal(written(), "<6>daemon.ready\n");
}

static void an_event_above_the_level_is_not_written(void **state)
{
	(void)state;
	log_event(LOG_DEBUG_, "a", "n=%d", 1);
	assert_string_equal(written(), "");
	log_set_level(LOG_DEBUG_);
	log_event(LOG_DEBUG_, "a", "n=%d", 1);
	assert_string_equal(written(), "<7>a n=1\n");
	log_set_level(LOG_WARN);
	log_event(LOG_NOTE, "a", "n=%d", 1);
	assert_string_equal(written(), "");
	log_event(LOG_WARN, "a", "n=%d", 1);
	assert_string_equal(written(), "<4>a n=1\n");
}

static void a_value_that_a_reader_could_misread_is_quoted(void **state)
{
	static const struct {
		const char *value, *line;
	} rows[] = {
		{"plain", "<6>e why=plain n=1\n"},
		{"two words", "<6>e why=\"two words\" n=1\n"},
		{"", "<6>e why=\"\" n=1\n"},
		{"a=b", "<6>e why=\"a=b\" n=1\n"},
		{"say \"no\" \\ yes", "<6>e why=\"say \\\"no\\\" \\\\ yes\" n=1\n"},
		{"\"x\" then=OK y=\"z\"", "<6>e why=\"\\\"x\\\" then=OK y=\\\"z\\\"\" n=1\n"},
		{"pôle", "<6>e why=pôle n=1\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		log_event(LOG_INFO, "e", "why=%s n=%d", rows[i].value, 1);
		assert_string_equal(written(), rows[i].line);
	}
}

static void quotes_in_the_format_group_and_are_written_once(void **state)
{
	(void)state;
	log_event(LOG_INFO, "e", "why=\"%s\" n=%d", "two words", 1);
	assert_string_equal(written(), "<6>e why=\"two words\" n=1\n");
	log_event(LOG_INFO, "e", "why=\"no answer in %d s\" n=%d", 5, 1);
	assert_string_equal(written(), "<6>e why=\"no answer in 5 s\" n=1\n");
}

static void a_value_starts_no_second_line_and_no_second_pair(void **state)
{
	(void)state;
	log_event(LOG_INFO, "e", "why=%s", "x\n<0>panic\r\t\x1b[1m\x7f");
	assert_string_equal(written(), "<6>e why=x?<0>panic???[1m?\n");
	log_event(LOG_INFO, "e", "%s", "x\n<0>panic");
	assert_string_equal(written(), "<6>e x?<0>panic\n");
	/* Bytes below blank are no marks of ours. */
	log_event(LOG_INFO, "e", "why=%s", "x\x02 then=OK");
	assert_string_equal(written(), "<6>e why=\"x? then=OK\"\n");
}

static void a_long_line_is_cut_and_still_ends(void **state)
{
	char value[5000];

	(void)state;
	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	log_event(LOG_INFO, "e", "a=%s b=%d", value, 1);
	assert_memory_equal(written(), "<6>e a=xxx", 10);
	assert_in_range(strlen(line), 1000, 2048);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);

	memset(value, '"', sizeof(value) - 1); /* twice as long once quoted */
	log_event(LOG_INFO, "e", "a=%s", value);
	assert_in_range(strlen(written()), 1000, 2048);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_event_is_one_line_with_its_priority_in_front,
						watch_stderr, leave_stderr),
		cmocka_unit_test_setup_teardown(a_person_is_shown_no_priority, watch_stderr, leave_stderr),
		cmocka_unit_test_setup_teardown(an_event_may_have_nothing_to_add, watch_stderr,
						leave_stderr),
		cmocka_unit_test_setup_teardown(an_event_above_the_level_is_not_written,
						watch_stderr, leave_stderr),
		cmocka_unit_test_setup_teardown(a_value_that_a_reader_could_misread_is_quoted,
						watch_stderr, leave_stderr),
		cmocka_unit_test_setup_teardown(quotes_in_the_format_group_and_are_written_once,
						watch_stderr, leave_stderr),
		cmocka_unit_test_setup_teardown(a_value_starts_no_second_line_and_no_second_pair,
						watch_stderr, leave_stderr),
		cmocka_unit_test_setup_teardown(a_long_line_is_cut_and_still_ends, watch_stderr,
						leave_stderr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
