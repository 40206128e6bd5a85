/* SPDX-License-Identifier: Apache-2.0
 *
 * The pure parts of the page's side: who is named in a header, what is in a cookie, what is
 * a file, how tries are counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "daemon/web/audit.h"
#include "daemon/web/web_parts.h"

static void a_host_is_this_machine_or_one_of_its_names(void **state)
{
	static const struct {
		const char *host, *names;
		bool good;
	} cases[] = {
		{"localhost", "", true}, {"LocalHost:80", "", true}, {"127.0.0.1", "", true}, {"127.0.0.1:4447", "", true},
		{"[::1]", "", true}, {"[::1]:4447", "", true}, {"essaim.pole.example", "essaim.pole.example", true},
		{"b.example:443", " a.example  b.example ", true}, {"[fd00::1]:80", "[fd00::1]", true},
		{"", "", false}, {"", "a.example", false}, {":80", "", false}, {"localhost:", "", false}, {"localhost:80x", "", false},
		{"localhost.evil.example", "", false}, {"evil.localhost", "", false}, {"127.0.0.1.evil.example", "", false},
		{"127.0.0.2", "", false}, {"[::1", "", false}, {"::1", "", false}, {"[::1]x", "", false}, {"[::1]:", "", false},
		{"a.example", "aa.example", false}, {"a.example", "a.example.org", false}, {"a.example b.example", "a.example b.example", false},
		{"localhost@evil.example", "", false}, {"localhost/..", "", false}, {" localhost", "", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (web_host_good(cases[i].host, cases[i].names) != cases[i].good)
			fail_msg("host '%s' of '%s'", cases[i].host, cases[i].names);
}

static void an_origin_is_the_host_under_http_or_https(void **state)
{
	(void)state;
	assert_true(web_origin_good("http://localhost:4447", "localhost:4447"));
	assert_true(web_origin_good("https://essaim.example", "essaim.example"));
	assert_true(web_origin_good("HTTPS://Essaim.Example", "essaim.example"));
	assert_false(web_origin_good("null", "localhost"));
	assert_false(web_origin_good("", "localhost"));
	assert_false(web_origin_good("localhost", "localhost"));
	assert_false(web_origin_good("file://localhost", "localhost"));
	assert_false(web_origin_good("http://localhost:1", "localhost"));
	assert_false(web_origin_good("http://localhost.evil.example", "localhost"));
	assert_false(web_origin_good("http://evil.example/localhost", "localhost"));
}

static void a_cookie_is_found_once_and_whole(void **state)
{
	static const struct {
		const char *header, *value; /* NULL: none */
	} cases[] = {
		{"k=v", "v"}, {"a=1; k=v", "v"}, {"k=v; a=1", "v"}, {"k=", ""}, {"k=a=b", "a=b"}, {"a=k=x; k=v", "v"},
		{"", NULL}, {"kk=v", NULL}, {"k", NULL}, {"a=1", NULL}, {"k=v; k=w", NULL}, {"k=v; k=v", NULL}, {"K=v", NULL},
		{"k=123456789", NULL} /* longer than there is room */, {";;; k=v", "v"}, {"a=;k=v;", "v"},
	};
	char out[8];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool found = web_cookie(cases[i].header, "k", out, sizeof out);

		if (found != (cases[i].value != NULL) || (found && strcmp(out, cases[i].value) != 0))
			fail_msg("cookie '%s'", cases[i].header);
	}
}

static void tokens_are_long_and_never_the_same(void **state)
{
	char a[WEB_TOKEN_LEN + 1], b[WEB_TOKEN_LEN + 1];

	(void)state;
	web_token(a);
	web_token(b);
	assert_int_equal(strlen(a), WEB_TOKEN_LEN);
	assert_true(web_same_token(a, a));
	assert_false(web_same_token(a, b));
	assert_false(web_same_token("", ""));
	b[0] = 0;
	assert_false(web_same_token(a, b));
}

/* --- with a loop, whose clock is the tests' --- */

struct world {
	uv_loop_t loop;
	struct api api;
	struct web web;
};

static int world_init(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	if (!w || uv_loop_init(&w->loop) != 0 || crypto_start() != ES_OK)
		return -1;
	w->api.loop = &w->loop;
	w->web.api = &w->api;
	w->web.conf.rest_s = 1800;
	*state = w;
	return 0;
}

static int world_done(void **state)
{
	struct world *w = *state;

	uv_loop_close(&w->loop);
	free(w);
	return 0;
}

static void five_tries_of_a_name_then_one_waits(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 5; i++) {
		assert_int_equal(web_tries_wait(&w->web, COUNT_NAME, "anne"), 0);
		web_tries_count(&w->web, COUNT_NAME, "anne");
	}
	assert_in_range(web_tries_wait(&w->web, COUNT_NAME, "anne"), 1, 60);
	assert_int_equal(web_tries_wait(&w->web, COUNT_NAME, "claude"), 0);
	assert_int_equal(web_tries_wait(&w->web, COUNT_ADDRESS, "anne"), 0);
}

/* Names that nobody has fill the table: what was counted most stays longest. */
static void a_flood_of_names_does_not_forget_the_one_under_attack(void **state)
{
	struct world *w = *state;
	char name[32];

	for (int i = 0; i < 6; i++)
		web_tries_count(&w->web, COUNT_NAME, "anne");
	for (int i = 0; i < 2 * WEB_TRIES_MAX; i++) {
		snprintf(name, sizeof name, "nobody-%d", i);
		web_tries_count(&w->web, COUNT_NAME, name);
	}
	assert_in_range(web_tries_wait(&w->web, COUNT_NAME, "anne"), 1, 120);
}

static void header_of(const char *cookie, char out[128])
{
	snprintf(out, 128, WEB_COOKIE "=%s", cookie);
}

static void a_session_is_found_by_its_cookie_alone(void **state)
{
	struct world *w = *state;
	struct account anne = {.name = "anne", .role = role_named("cress")};
	char cookie[WEB_TOKEN_LEN + 1], header[128];
	struct web_session *s = web_session_begin(&w->web, &anne, cookie);

	header_of(cookie, header);
	assert_ptr_equal(web_session_of(&w->web, header), s);
	assert_null(memmem(&w->web, sizeof w->web, cookie, WEB_TOKEN_LEN)); /* kept as its hash */
	header_of(s->token, header);
	assert_null(web_session_of(&w->web, header));
	assert_null(web_session_of(&w->web, NULL));
	web_sessions_end_of(&w->web, "claude");
	header_of(cookie, header);
	assert_non_null(web_session_of(&w->web, header));
	web_sessions_end_of(&w->web, "anne");
	assert_null(web_session_of(&w->web, header));
}

static void a_session_ends_at_rest_and_after_a_day_of_work(void **state)
{
	struct world *w = *state;
	struct account anne = {.name = "anne", .role = role_named("cress")};
	char cookie[WEB_TOKEN_LEN + 1], header[128];
	struct web_session *s = web_session_begin(&w->web, &anne, cookie);
	es_ms now = (es_ms)uv_now(&w->loop);

	header_of(cookie, header);
	assert_int_equal(web_session_left(&w->web, s), 1800 * 1000);
	s->heard = now - 1800 * 1000;
	assert_int_equal(web_session_left(&w->web, s), 0);
	s->heard = now;
	s->began = now - WEB_SESSION_MS;
	assert_null(web_session_of(&w->web, header));
	assert_false(s->used);
}

static void the_session_at_rest_for_longest_makes_room(void **state)
{
	struct world *w = *state;
	struct account anne = {.name = "anne", .role = role_named("cress")};
	char first[WEB_TOKEN_LEN + 1], cookie[WEB_TOKEN_LEN + 1], header[128];

	web_session_begin(&w->web, &anne, first)->heard -= 1000;
	for (int i = 0; i < WEB_SESSIONS_MAX; i++)
		web_session_begin(&w->web, &anne, cookie);
	header_of(first, header);
	assert_null(web_session_of(&w->web, header));
	header_of(cookie, header);
	assert_non_null(web_session_of(&w->web, header));
}

static void a_ticket_ends_with_its_session_even_in_the_same_place(void **state)
{
	struct world *w = *state;
	struct account anne = {.name = "anne", .role = role_named("cress")};
	char cookie[WEB_TOKEN_LEN + 1];
	struct request r = {.api = &w->api, .visit.session = web_session_begin(&w->web, &anne, cookie)};
	struct web_ticket t;

	web_ticket_take(&r, &t);
	assert_true(web_ticket_good(&w->web, &t));
	web_session_end(r.visit.session);
	assert_false(web_ticket_good(&w->web, &t));
	assert_ptr_equal(web_session_begin(&w->web, &anne, cookie), t.session);
	assert_false(web_ticket_good(&w->web, &t));
}

/* --- files --- */

static void put(const char *dir, const char *name, const char *text)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void only_files_of_known_kinds_are_in_the_table(void **state)
{
	char dir[] = "/tmp/essaim-web.XXXXXX", sub[512], command[600];
	struct web_files files;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(sub, sizeof sub, "%s/police", dir);
	assert_int_equal(mkdir(sub, 0700), 0);
	put(dir, "index.html", "<!doctype html>");
	put(dir, "a.js", "x");
	put(dir, ".a.js", "x");
	put(dir, "a.sh", "x");
	put(dir, "a", "x");
	put(sub, "b.woff2", "x");
	assert_int_equal(web_files_read(dir, &files), ES_OK);
	assert_int_equal(files.count, 3);
	assert_ptr_equal(web_files_find(&files, "/"), web_files_find(&files, "/index.html"));
	assert_non_null(web_files_find(&files, "/police/b.woff2"));
	for (const char *const *bad = (const char *const[]){"", "a.js", "//a.js", "/a.js/", "/police", "/police/../a.js", "/.a.js", "/a.sh", NULL}; *bad; bad++)
		assert_null(web_files_find(&files, *bad));
	web_files_free(&files);
	assert_int_equal(web_files_read("/nowhere/at/all", &files), ES_OK);
	assert_int_equal(files.count, 0);
	snprintf(command, sizeof command, "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

static void what_would_not_be_smaller_is_not_packed(void **state)
{
	struct buf out, text;

	(void)state;
	buf_init(&out, 100000);
	buf_init(&text, 100000);
	assert_int_equal(web_pack(slice_str("x"), 1, &out), ES_TOO_LARGE);
	for (int i = 0; i < 1000; i++)
		buf_str(&text, "essaim ");
	buf_clear(&out);
	assert_int_equal(web_pack(buf_slice(&text), 1, &out), ES_OK);
	assert_true(out.len < 200 && out.p[0] == 0x1f && out.p[1] == 0x8b);
	buf_done(&out);
	buf_done(&text);
}

/* --- accounts, the audit log --- */

static void accounts_come_back_as_they_were_written(void **state)
{
	char dir[] = "/tmp/essaim-accounts.XXXXXX", path[512];
	struct accounts a = {0}, b = {0};
	struct account one = {.name = "claude", .role = role_named("admin"), .since = 1234567890123};
	struct buf why;

	(void)state;
	buf_init(&why, 4096);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(accounts_load(dir, &a, &why), ES_OK);
	assert_int_equal(a.count, 0);
	assert_int_equal(account_hash("quatre mots font bien", one.hash), ES_OK);
	assert_int_equal(accounts_put(&a, &one), ES_OK);
	memcpy(one.name, "anne", 5);
	assert_int_equal(accounts_put(&a, &one), ES_OK);
	assert_int_equal(accounts_save(dir, &a), ES_OK);
	assert_int_equal(accounts_load(dir, &b, &why), ES_OK);
	assert_int_equal(b.count, 2);
	assert_string_equal(b.list[0].name, "anne");
	assert_int_equal(accounts_named(&b, "claude")->since, 1234567890123);
	assert_true(account_matches(b.list[0].hash, "quatre mots font bien"));
	assert_false(account_matches(b.list[0].hash, "quatre mots font mal"));
	assert_false(account_matches("", "quatre mots font bien"));
	assert_true(accounts_remove(&b, "anne"));
	assert_false(accounts_remove(&b, "anne"));
	put(dir, "accounts", "anne chef 1 $argon2id$x\n");
	assert_int_equal(accounts_load(dir, &b, &why), ES_CONFIG);
	assert_non_null(strstr(buf_cstr(&why), "accounts:1:"));
	assert_int_equal(b.count, 1); /* untouched */
	snprintf(path, sizeof path, "%s/accounts", dir);
	unlink(path);
	rmdir(dir);
	accounts_free(&a);
	accounts_free(&b);
	buf_done(&why);
}

static void the_audit_gives_the_last_lines_and_no_torn_one(void **state)
{
	char dir[] = "/tmp/essaim-audit.XXXXXX", path[512];
	struct audit_line line = {.who = "anne", .role = "cress", .from = "\"x", .method = "POST", .route = "/r", .uid = "", .code = "OK"};
	struct buf out;

	(void)state;
	buf_init(&out, 65536);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(audit_read(dir, 5, &out), ES_OK);
	assert_string_equal(buf_cstr(&out), "[]");
	for (int i = 0; i < 3; i++) {
		line.uid = i == 2 ? "last" : "";
		audit_note(dir, &line);
	}
	snprintf(path, sizeof path, "%s/audit.log", dir);
	FILE *f = fopen(path, "a");
	fputs("{\"at\":\"2026", f);
	fclose(f);
	buf_clear(&out);
	assert_int_equal(audit_read(dir, 2, &out), ES_OK);
	assert_non_null(strstr(buf_cstr(&out), "\"uid\":\"last\""));
	assert_null(strstr(buf_cstr(&out), "{\"at\":\"2026]"));
	assert_int_equal(out.p[out.len - 2], '}');
	assert_non_null(strstr(buf_cstr(&out), "\"from\":\"\\\"x\""));
	audit_note(dir, &line); /* glued to the torn one */
	line.uid = "after";
	audit_note(dir, &line);
	buf_clear(&out);
	assert_int_equal(audit_read(dir, 2, &out), ES_OK);
	assert_non_null(strstr(buf_cstr(&out), "[{\"at\""));
	assert_null(strstr(buf_cstr(&out), "last"));
	assert_non_null(strstr(buf_cstr(&out), "after"));
	unlink(path);
	rmdir(dir);
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_is_this_machine_or_one_of_its_names),
		cmocka_unit_test(an_origin_is_the_host_under_http_or_https),
		cmocka_unit_test(a_cookie_is_found_once_and_whole),
		cmocka_unit_test(tokens_are_long_and_never_the_same),
		cmocka_unit_test_setup_teardown(five_tries_of_a_name_then_one_waits, world_init, world_done),
		cmocka_unit_test_setup_teardown(a_flood_of_names_does_not_forget_the_one_under_attack, world_init, world_done),
		cmocka_unit_test_setup_teardown(a_session_is_found_by_its_cookie_alone, world_init, world_done),
		cmocka_unit_test_setup_teardown(a_session_ends_at_rest_and_after_a_day_of_work, world_init, world_done),
		cmocka_unit_test_setup_teardown(the_session_at_rest_for_longest_makes_room, world_init, world_done),
		cmocka_unit_test_setup_teardown(a_ticket_ends_with_its_session_even_in_the_same_place, world_init, world_done),
		cmocka_unit_test(only_files_of_known_kinds_are_in_the_table),
		cmocka_unit_test(what_would_not_be_smaller_is_not_packed),
		cmocka_unit_test(accounts_come_back_as_they_were_written),
		cmocka_unit_test(the_audit_gives_the_last_lines_and_no_torn_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
