/* SPDX-License-Identifier: Apache-2.0
 *
 * What doctor makes of its facts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* The program's own files: no library holds them. */
#include "daemon/cli/doctor.c"
#include "daemon/cli/facts.c"
#include "daemon/cli/print.c"
#include "daemon/cli/words.c"

#define GIB (1024ll * 1024 * 1024)
#define DAY 86400

static struct doctor_facts well(void)
{
	struct doctor_facts f = {.conf = "/etc/essaim/essaim.conf", .key = "/var/lib/essaim/node.key", .dir = "/var/lib/essaim",
				 .conf_there = true, .key_err = ES_OK, .key_mode = 0100600, .disk_free = 10 * GIB,
				 .journal_bytes = GIB, .daemon = DAEMON_ANSWERS, .state = "live", .daemon_version = ESSAIM_VERSION,
				 .backup_age_s = 3600, .clock_known = true, .clock_ms = -40, .home = "cress.example:4446"};

	return f;
}

static enum finding_id of(const struct doctor_facts *f, enum doctor_check check)
{
	struct doctor_finding found_all[CHECK_COUNT];

	doctor_judge(f, found_all);
	for (size_t i = 0; i < CHECK_COUNT; i++)
		assert_int_equal(finding_check(found_all[i].id), i);
	return found_all[check].id;
}

static void a_node_that_is_well_is_well(void **state)
{
	struct doctor_facts f = well();

	(void)state;
	for (size_t i = 0; i < CHECK_COUNT; i++)
		assert_int_equal(finding_outcome(of(&f, (enum doctor_check)i)), DOCTOR_OK);
}

/* One fact is changed, one finding follows. */
#define CASE(check, finding, change)                                                            \
	do {                                                                                    \
		struct doctor_facts f = well();                                                 \
		change;                                                                         \
		assert_string_equal(finding_name(of(&f, CHECK_##check)), #finding);             \
	} while (0)

static void each_thing_that_is_wrong_is_found(void **state)
{
	(void)state;
	CASE(CONFIGURATION, CONF_NONE, f.conf_there = false);
	CASE(CONFIGURATION, CONF_BAD, strcpy(f.conf_why, "essaim.conf:3: lsten: unknown key"));
	CASE(KEY, KEY_OPEN, f.key_err = ES_KEY_OPEN);
	CASE(KEY, KEY_NONE, f.key_err = ES_NO_NODE);
	CASE(KEY, KEY_BAD, f.key_err = ES_CONFIG);
	CASE(KEY, KEY_UNSEEN, f.key_err = ES_IO);
	CASE(DISK, DISK_LOW, f.disk_free = GIB);
	CASE(DISK, DISK_GOOD, f.disk_free = GIB + 65 * MIB);
	CASE(DISK, DISK_FULL, f.disk_free = 15 * MIB);
	CASE(DISK, DISK_UNSEEN, f.disk_free = DOCTOR_NOT_KNOWN);
	CASE(DAEMON, DAEMON_OFF, f.daemon = DAEMON_ABSENT);
	CASE(DAEMON, DAEMON_DENIED, f.daemon = DAEMON_DENIED);
	CASE(VERSION, VERSION_OTHER, strcpy(f.daemon_version, "0.0.9"));
	CASE(VERSION, VERSION_NEWER, f.journal = ES_VERSION);
	CASE(VERSION, VERSION_SCHEMA, f.directory_other = true);
	CASE(VERSION, VERSION_UNSEEN, f.journal = ES_NO_NODE);
	CASE(DATABASE, DATABASE_JOURNAL, f.journal = ES_PAGE_DAMAGED);
	CASE(DATABASE, DATABASE_DIRECTORY, f.directory = ES_PAGE_DAMAGED);
	CASE(DATABASE, DATABASE_HELD, f.journal = ES_LOCKED);
	CASE(DATABASE, DATABASE_UNSEEN, f.journal = ES_NO_NODE);
	CASE(BACKUP, BACKUP_NEVER, f.backup_age_s = DOCTOR_NEVER);
	CASE(BACKUP, BACKUP_GOOD, f.backup_age_s = 7 * DAY - 1);
	CASE(BACKUP, BACKUP_OLD, f.backup_age_s = 7 * DAY);
	CASE(BACKUP, BACKUP_GONE, f.backup_age_s = 30 * DAY);
	CASE(BACKUP, BACKUP_UNSEEN, f.backup_age_s = DOCTOR_NOT_KNOWN);
	CASE(ERASURES, ERASURES_WAIT, f.erasures = 2);
	CASE(ERASURES, ERASURES_LATE, f.erasures = f.erasures_late = 1);
	CASE(ERASURES, ERASURES_UNSEEN, f.erasures = DOCTOR_NOT_KNOWN);
}

static void the_clock_is_judged_by_homes_else_by_what_is_held(void **state)
{
	(void)state;
	CASE(CLOCK, CLOCK_GOOD, f.clock_ms = 10000);
	CASE(CLOCK, CLOCK_DRIFTS, f.clock_ms = 10001);
	CASE(CLOCK, CLOCK_DRIFTS, f.clock_ms = -STAMP_SKEW_MAX_MS);
	CASE(CLOCK, CLOCK_AHEAD, f.clock_ms = -STAMP_SKEW_MAX_MS - 1);
	CASE(CLOCK, CLOCK_BEHIND, f.clock_ms = STAMP_SKEW_MAX_MS + 1);
	CASE(CLOCK, CLOCK_HUBS, (f.clock_ms = STAMP_SKEW_MAX_MS + 1, f.cress = true));
	CASE(CLOCK, CLOCK_ALONE, f.clock_known = false);
	CASE(CLOCK, CLOCK_PAST, (f.clock_known = false, f.newest_ms = 61000));
}

static void home_is_reached_or_why_not(void **state)
{
	(void)state;
	CASE(HOME, HOME_LIVE, strcpy(f.state, "recovering"));
	CASE(HOME, HOME_FENCED, strcpy(f.state, "fenced"));
	CASE(HOME, HOME_REFUSES, (strcpy(f.state, "offline"), f.reach = REACH_REFUSES));
	CASE(HOME, HOME_SILENT, (strcpy(f.state, "offline"), f.reach = REACH_SILENT));
	CASE(HOME, HOME_NO_NAME, (strcpy(f.state, "offline"), f.reach = REACH_NO_NAME));
	CASE(HOME, HOME_UNKNOWN, strcpy(f.state, "offline"));
	CASE(HOME, HOME_ENDS, (strcpy(f.state, "offline"), f.reach = REACH_ANSWERS, strcpy(f.last_end, "SUSPENDED")));
	CASE(HOME, HOME_WAITING, (strcpy(f.state, "waiting"), f.reach = REACH_ANSWERS));
	CASE(HOME, HOME_REFUSES, (strcpy(f.state, "waiting"), f.reach = REACH_REFUSES));
	CASE(HOME, HOME_ANSWERS, (f.daemon = DAEMON_ABSENT, f.state[0] = 0, f.reach = REACH_ANSWERS));
	CASE(HOME, HOME_SELF, (f.cress = true, strcpy(f.listen, "0.0.0.0:4446")));
	CASE(HOME, HOME_DEAF, f.cress = true);
}

/* A fact stands where the text wants it, in both languages; what fails says what to do. */
static void every_finding_speaks_both_languages(void **state)
{
	(void)state;
	for (int id = 0; id < FINDING_COUNT; id++) {
		struct doctor_finding f = {.id = (enum finding_id)id, .a = "<A>", .b = "<B>"};
		struct buf text[2], next[2];

		for (int french = 0; french < 2; french++) {
			buf_init(&text[french], 4096);
			buf_init(&next[french], 4096);
			finding_text(&f, french, &text[french]);
			finding_next(&f, french, &next[french]);
			assert_true(text[french].len > 0);
			assert_null(strchr(buf_cstr(&text[french]), '{'));
			assert_int_equal(next[french].len > 0, finding_outcome(f.id) != DOCTOR_OK);
		}
		assert_int_equal(!strstr(buf_cstr(&text[0]), "<A>"), !strstr(buf_cstr(&text[1]), "<A>"));
		assert_int_equal(!strstr(buf_cstr(&text[0]), "<B>"), !strstr(buf_cstr(&text[1]), "<B>"));
		assert_int_equal(!strstr(buf_cstr(&next[0]), "<A>"), !strstr(buf_cstr(&next[1]), "<A>"));
		for (int french = 0; french < 2; french++) {
			buf_done(&text[french]);
			buf_done(&next[french]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_that_is_well_is_well),
		cmocka_unit_test(each_thing_that_is_wrong_is_found),
		cmocka_unit_test(the_clock_is_judged_by_homes_else_by_what_is_held),
		cmocka_unit_test(home_is_reached_or_why_not),
		cmocka_unit_test(every_finding_speaks_both_languages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
