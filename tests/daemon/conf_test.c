/* SPDX-License-Identifier: Apache-2.0
 *
 * The configuration: what counts when several files speak, how a mistake is told, and
 * that the example, the man page and the table know the same keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/log.h"
#include "common/places.h"
#include "daemon/service/conf.h"

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/essaim-conf-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return system(command);
}

static const char *put(const char *name, const char *text)
{
	static char path[8][128];
	static unsigned turn;
	char *at = path[turn++ % 8];
	FILE *f;

	snprintf(at, sizeof path[0], "%s/%s", dir, name);
	f = fopen(at, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return at;
}

static enum es_err load(const char *written, const char *path, struct conf *out, char why[512])
{
	struct buf b;
	enum es_err err;

	buf_init(&b, 4096);
	err = conf_load(written, path, out, &b);
	snprintf(why, 512, "%s", buf_cstr(&b));
	buf_done(&b);
	return err;
}

static void without_a_file_everything_is_the_default(void **state)
{
	struct conf c;
	char why[512];

	(void)state;
	assert_int_equal(load(NULL, "/nonexistent/essaim.conf", &c, why), ES_OK);
	assert_string_equal(c.listen, "");
	assert_string_equal(c.advertise, "");
	assert_int_equal(c.log, LOG_NOTE);
}

static void the_administrator_has_the_last_word(void **state)
{
	struct conf c;
	char why[512], folder[128];
	const char *written = put("written.conf", "listen = \"127.0.0.1:1001\";\nadvertise = \"a.example:1\";\n");
	const char *main = put("essaim.conf", "listen = \"127.0.0.1:1002\";\nlog = \"error\";\n");

	(void)state;
	assert_int_equal(load(written, main, &c, why), ES_OK);
	assert_string_equal(c.listen, "127.0.0.1:1002");
	assert_string_equal(c.advertise, "a.example:1");
	snprintf(folder, sizeof folder, "%s/conf.d", dir);
	mkdir(folder, 0700);
	put("conf.d/20.conf", "log = \"debug\";\n");
	put("conf.d/10.conf", "log = \"info\";\nadvertise = \"b.example\";\n");
	put("conf.d/30.conf.dpkg-old", "no conf at all");
	assert_int_equal(load(written, main, &c, why), ES_OK);
	assert_int_equal(c.log, LOG_DEBUG_);
	assert_string_equal(c.advertise, "b.example:4446");
}

static void a_mistake_is_told_with_file_line_key_and_reason(void **state)
{
	static const struct {
		const char *text, *why; /* after "PATH:" */
	} cases[] = {
		{"log = \"loud\";\n", "1: log: one of \"error\", \"warning\", \"notice\", \"info\", \"debug\""},
		{"\n\nlog = 3;\n", "3: log: one of \"error\", \"warning\", \"notice\", \"info\", \"debug\""},
		{"# a\nlisten = 4446;\n", "2: listen: expected \"host:port\", in quotes"},
		{"listen = \"a:b:c\";\n", "1: listen: expected \"host:port\", in quotes"},
		{"listne = \"a:1\";\n", "1: listne: unknown key; did you mean 'listen'?"},
		{"advertised = \"a:1\";\n", "1: advertised: unknown key; did you mean 'advertise'?"},
		{"colour = \"red\";\n", "1: colour: unknown key; known: listen, advertise, log, page, page_host, page_public, page_session"},
		{"page_session = \"60\";\n", "1: page_session: expected seconds, from 1 to 43200, without quotes"},
		{"page_session = 0;\n", "1: page_session: expected seconds, from 1 to 43200, without quotes"},
		{"page_public = true;\n", "1: page_public: one of \"yes\", \"no\""},
		{"page_hosts = \"a\";\n", "1: page_hosts: unknown key; did you mean 'page_host'?"},
		{"log = \"info\";\nlog = \"info\";\n", "2: syntax: duplicate setting name"},
		{"listen\n", "2: syntax: syntax error"},
		{"advertise = \"0.0.0.0:1\";\n", "1: advertise: \"host:port\" that others can dial, not a wildcard"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *path = put("bad.conf", cases[i].text);
		struct conf c = {.log = 42};
		char why[512], want[512];

		snprintf(want, sizeof want, "%s:%s", path, cases[i].why);
		assert_int_equal(load(NULL, path, &c, why), ES_CONFIG);
		assert_string_equal(why, want);
		assert_int_equal(c.log, 42);
	}
}

/* --- three places, one table --- */

static char *read_all(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, 1 << 16);

	assert_non_null(f);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 16) - 1, f) > 0);
	fclose(f);
	return text;
}

static const struct {
	const char *name, *otherwise, *quote;
} table[] = {
#define SETTING(name, type, otherwise, member) {#name, otherwise, #type[0] == 'S' ? "" : "\""},
#include "daemon/service/conf.def"
#undef SETTING
};
#define TABLE_COUNT (sizeof table / sizeof *table)

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
		n++;
	return n;
}

static void the_example_shows_each_key_once_with_its_default(void **state)
{
	char *text = read_all(ESSAIM_SOURCE_CONF_DIR "/essaim.conf"), line[128];
	size_t shown = 0;

	(void)state;
	for (size_t i = 0; i < TABLE_COUNT; i++) {
		snprintf(line, sizeof line, "\n#%s = %s%s%s;\n", table[i].name, table[i].quote, table[i].otherwise, table[i].quote);
		assert_int_equal(count(text, line), 1);
	}
	for (const char *at = text; (at = strstr(at, "\n#")); at++)
		shown += at[2] != ' ' && at[2] != '\n';
	assert_int_equal(shown, TABLE_COUNT);
	free(text);
}

/* Its comments taken away, the example says the defaults. */
static void the_example_uncommented_is_the_defaults(void **state)
{
	char *text = read_all(ESSAIM_SOURCE_CONF_DIR "/essaim.conf"), why[512];
	struct conf shown, otherwise;

	(void)state;
	for (char *at = text; (at = strstr(at, "\n#")); at++)
		if (at[2] != ' ' && at[2] != '\n')
			at[1] = ' ';
	assert_int_equal(load(NULL, "/nonexistent/x.conf", &otherwise, why), ES_OK);
	char other[192];
	snprintf(other, sizeof other, "%s/example", dir);
	mkdir(other, 0700);
	assert_int_equal(load(NULL, put("example/essaim.conf", text), &shown, why), ES_OK);
	shown.page_given = false; /* said, though the same */
	assert_memory_equal(&shown, &otherwise, sizeof shown);
	free(text);
}

static void the_man_page_has_each_key_with_its_default(void **state)
{
	char *text = read_all(ESSAIM_SOURCE_CONF_DIR "/man/essaim.conf.5.md"), row[128];

	(void)state;
	for (size_t i = 0; i < TABLE_COUNT; i++) {
		snprintf(row, sizeof row, "\n| `%s` = %s%s%s |", table[i].name, table[i].quote, table[i].otherwise, table[i].quote);
		assert_int_equal(count(text, row), 1);
	}
	assert_int_equal(count(text, "\n| `"), TABLE_COUNT);
	free(text);
}

static void what_is_in_force_can_be_read_again(void **state)
{
	struct conf c, again;
	char why[512];
	struct buf text;

	(void)state;
	assert_int_equal(load(NULL, put("example/a.conf", "listen = \"h:7\";\nlog = \"debug\";\n"), &c, why), ES_OK);
	buf_init(&text, 4096);
	conf_show(&c, &text);
	assert_int_equal(load(NULL, put("example/b.conf", buf_cstr(&text)), &again, why), ES_OK);
	again.page_given = c.page_given;
	assert_memory_equal(&c, &again, sizeof c);
	buf_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_file_everything_is_the_default),
		cmocka_unit_test(a_mistake_is_told_with_file_line_key_and_reason),
		cmocka_unit_test(the_administrator_has_the_last_word),
		cmocka_unit_test(the_example_shows_each_key_once_with_its_default),
		cmocka_unit_test(the_example_uncommented_is_the_defaults),
		cmocka_unit_test(the_man_page_has_each_key_with_its_default),
		cmocka_unit_test(what_is_in_force_can_be_read_again),
	};

	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
