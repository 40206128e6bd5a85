/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line's pure parts: the table, what a line says by it, durations,
 * suggestions, and the two languages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The program's own files: no library holds them. */
#include "daemon/cli/facts.c"
#include "daemon/cli/print.c"
#include "daemon/cli/table.c"
#include "daemon/cli/words.c"

#define ARGV_MAX 16

/* Splits at spaces, parses, and keeps the sentence. */
struct line {
	char text[256], why[512];
	struct args args;
	enum es_err err;
};

static void line_parse(struct line *l, const char *text)
{
	char *argv[ARGV_MAX] = {(char[]){"essaim"}}, *rest = NULL;
	struct buf why;
	int argc = 1;

	snprintf(l->text, sizeof l->text, "%s", text);
	for (char *w = strtok_r(l->text, " ", &rest); w && argc < ARGV_MAX; w = strtok_r(NULL, " ", &rest))
		argv[argc++] = w;
	buf_init(&why, 4096);
	l->err = args_parse(&l->args, argc, argv, &why);
	snprintf(l->why, sizeof l->why, "%s", buf_cstr(&why));
	buf_done(&why);
}

static void options_of_all_stand_on_either_side_of_the_command(void **state)
{
	static const char *const lines[] = {"--data d --json list structure --limit 3",
					    "list --data d --json structure --limit 3",
					    "list structure --limit=3 --data=d --json",
					    "--json list --limit 3 --data d -- structure"};
	struct line l;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		line_parse(&l, lines[i]);
		assert_int_equal(l.err, ES_OK);
		assert_int_equal(l.args.command, COMMAND_list);
		assert_true(l.args.json);
		assert_false(l.args.quiet);
		assert_string_equal(args_get(&l.args, "data"), "d");
		assert_string_equal(args_get(&l.args, "limit"), "3");
		assert_null(args_get(&l.args, "offset"));
		assert_int_equal(l.args.word_count, 1);
		assert_string_equal(l.args.words[0], "structure");
		args_done(&l.args);
	}
}

static void a_line_that_is_not_in_the_table_is_refused_with_a_sentence(void **state)
{
	static const struct {
		const char *line, *why;
	} cases[] = {
		{"", "no command given."},
		{"statsu", "unknown command 'statsu': did you mean 'status'?"},
		{"memb", "unknown command 'memb': did you mean 'members'?"},
		{"xyzzy", "unknown command 'xyzzy'."},
		{"status --jsn", "unknown option '--jsn': did you mean '--json'?"},
		{"import structure f --dryrun", "unknown option '--dryrun': did you mean '--dry-run'?"},
		{"status --zzz=secret", "unknown option '--zzz'."},
		{"status -x", "unknown option '-x'."},
		{"status --limit 3", "unknown option '--limit'."},
		{"--limit 3 list structure", "unknown option '--limit'."},
		{"status --data", "option --data needs a value: DIR."},
		{"status --json=yes", "option --json takes no value."},
		{"list k --limit 1 --limit 2", "option --limit is given twice."},
		{"show", "something is missing: 'essaim show UID|SIRET'."},
		{"show a b", "'b' is one word too many: 'essaim show UID|SIRET'."},
		{"set uid", "something is missing: 'essaim set UID FIELD=VALUE...'."},
		{"status b", "'b' is one word too many: 'essaim status'."},
	};
	struct line l;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		line_parse(&l, cases[i].line);
		assert_int_equal(l.err, ES_USAGE);
		assert_string_equal(l.why, cases[i].why);
		args_done(&l.args);
	}
}

static void help_and_version_ask_nothing_of_the_rest(void **state)
{
	struct line l;

	(void)state;
	line_parse(&l, "show --help");
	assert_int_equal(l.err, ES_OK);
	assert_true(l.args.help);
	args_done(&l.args);
	line_parse(&l, "-VV");
	assert_int_equal(l.err, ES_OK);
	assert_int_equal(l.args.version, 2);
	args_done(&l.args);
	line_parse(&l, "--help");
	assert_int_equal(l.args.command, COMMAND_all);
	args_done(&l.args);
}

static void values_and_words_that_look_like_options_are_kept(void **state)
{
	struct line l;

	(void)state;
	line_parse(&l, "add structure longitude=-2.3 -- --nom=x");
	assert_int_equal(l.err, ES_OK);
	assert_int_equal(l.args.word_count, 3);
	assert_string_equal(l.args.words[2], "--nom=x");
	args_done(&l.args);
	line_parse(&l, "import structure -");
	assert_int_equal(l.err, ES_OK);
	assert_string_equal(l.args.words[1], "-");
	args_done(&l.args);
}

static void durations_have_a_unit_or_are_seconds(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} cases[] = {
		{"7d", 604800},
		{"7j", 604800},
		{"12h", 43200},
		{"30m", 1800},
		{"90s", 90},
		{"90", 90},
		{"1", 1},
		{"3660d", 316224000},
		{"3661d", 0},
		{"0", 0},
		{"0d", 0},
		{"", 0},
		{"d", 0},
		{"7dd", 0},
		{"7 d", 0},
		{"-7d", 0},
		{"7.5d", 0},
		{"7w", 0},
		{"9223372036854775807", 0},
		{"999999999999999d", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t s = 0;

		assert_int_equal(duration_parse(cases[i].text, &s), cases[i].seconds != 0);
		assert_int_equal(s, cases[i].seconds);
	}
}

static void timeouts_are_seconds_with_decimals(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{"60", 60000}, {"0", 0},   {"0.3", 300},        {"1.25", 1250}, {"1.005", 1005},
		{"1.", -1},    {".5", -1}, {"1.0005", -1},      {"-1", -1},     {"", -1},
		{"1e3", -1},   {"1s", -1}, {"99999999999", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t ms = -1;

		assert_int_equal(timeout_parse(cases[i].text, &ms), cases[i].ms >= 0);
		assert_int_equal(ms, cases[i].ms);
	}
}

static void counts_stay_within_their_bound(void **state)
{
	int64_t n = 7;

	(void)state;
	assert_true(count_parse("65535", 65535, &n));
	assert_int_equal(n, 65535);
	assert_false(count_parse("65536", 65535, &n));
	assert_false(count_parse("9", 5, &n));
	assert_false(count_parse("", 5, &n));
	assert_false(count_parse("+1", 5, &n));
	assert_true(count_parse("9223372036854775807", INT64_MAX, &n));
	assert_false(count_parse("9223372036854775808", INT64_MAX, &n));
}

static void a_separator_is_one_character_that_no_value_needs(void **state)
{
	static const struct {
		const char *text;
		char c;
	} cases[] = {{";", ';'}, {",", ','}, {"tab", '\t'}, {"\\t", '\t'}, {"\t", '\t'}, {"|", '|'},
		     {"", 0},    {";;", 0},  {"\"", 0},     {"\n", 0},     {"a", 0},     {"\xc2\xa7", 0}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char c = 0;

		assert_int_equal(separator_parse(cases[i].text, &c), cases[i].c != 0);
		assert_int_equal(c, cases[i].c);
	}
}

static void distance_counts_swaps_once(void **state)
{
	(void)state;
	assert_int_equal(edit_distance("", ""), 0);
	assert_int_equal(edit_distance("abc", ""), 3);
	assert_int_equal(edit_distance("status", "statsu"), 1);
	assert_int_equal(edit_distance("status", "stats"), 1);
	assert_int_equal(edit_distance("kitten", "sitting"), 3);
}

static void every_command_and_option_is_told_in_both_languages(void **state)
{
	(void)state;
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		assert_int_equal(command_named(commands[i].name), i);
		assert_true(*commands[i].fr && *commands[i].en);
		assert_true(commands[i].least <= commands[i].most);
	}
	for (size_t i = 0; i < OPTION_COUNT; i++)
		assert_true(*command_options[i].fr && *command_options[i].en);
}

/* The conversions of a format, one after the other: "%s%lld". */
static void conversions(const char *format, char *out, size_t size)
{
	size_t n = 0;

	for (const char *p = strchr(format, '%'); p; p = strchr(p, '%')) {
		size_t len = 1 + strcspn(p + 1, "sduizc%") + 1;

		if (p[len - 1] == 'z')
			len++;
		assert_true(n + len < size);
		memcpy(out + n, p, len);
		n += len;
		p += len;
	}
	out[n] = 0;
}

static void both_languages_take_the_same_arguments(void **state)
{
	(void)state;
	for (size_t i = 0; i < WORD_COUNT; i++) {
		char fr[128], en[128];

		conversions(word_in(WORDS_FR, (enum word_id)i), fr, sizeof fr);
		conversions(word_in(WORDS_EN, (enum word_id)i), en, sizeof en);
		assert_string_equal(fr, en);
	}
}

static void the_environment_chooses_the_language(void **state)
{
	static const struct {
		const char *all, *lang;
		enum word_language is;
	} cases[] = {{NULL, NULL, WORDS_EN},         {NULL, "fr_FR.UTF-8", WORDS_FR},
		     {"C", "fr_FR.UTF-8", WORDS_EN}, {"fr", "en_GB.UTF-8", WORDS_FR},
		     {"", "fr_FR", WORDS_FR},        {NULL, "br_FR", WORDS_EN}};

	(void)state;
	unsetenv("LC_MESSAGES");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cases[i].all ? setenv("LC_ALL", cases[i].all, 1) : unsetenv("LC_ALL");
		cases[i].lang ? setenv("LANG", cases[i].lang, 1) : unsetenv("LANG");
		words_set(WORDS_EN);
		words_choose();
		assert_int_equal(words_language(), cases[i].is);
	}
	words_set(WORDS_EN);
}

static char *printed(void (*print)(FILE *, const char *), const char *text)
{
	char *out = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&out, &len);

	assert_non_null(f);
	print(f, text);
	fclose(f);
	return out;
}

static void text_from_elsewhere_moves_no_cursor(void **state)
{
	static const struct {
		const char *text, *line;
	} cases[] = {{"Pôle d'Auray", "Pôle d'Auray"},
		     {"a\033[2Jb", "a?[2Jb"},
		     {"a\nb\tc", "a b c"},
		     {"a\rb\x7f", "a?b?"},
		     {"a\xc2\x9b"
		      "1m",
		      "a?1m"},
		     {"\xc2\xa0\xc3\x9b", "\xc2\xa0\xc3\x9b"}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *out = printed(print_line, cases[i].text);

		assert_string_equal(out, cases[i].line);
		free(out);
	}
	char *out = printed(print_text, "a\n\tb\033");
	assert_string_equal(out, "a\n\tb?");
	free(out);
}

static void print_sample_grid(FILE *f, const char *text)
{
	struct grid g;

	grid_init(&g, 3);
	g.right = 2;
	grid_head(&g, (const char *const[]){"nom", "n", "uid"});
	grid_add(&g, text);
	grid_add_int(&g, 12);
	grid_add(&g, "x");
	grid_print(&g, f);
}

static void columns_align_on_characters_not_bytes(void **state)
{
	char *out = printed(print_sample_grid, "Éé́");

	(void)state;
	assert_string_equal(out, "nom   n  uid\nÉé́   12  x\n");
	free(out);
	assert_int_equal(text_width("Pôle"), 4);
}

static void values_read_as_people_write_them(void **state)
{
	static const struct {
		const char *json, *text;
	} cases[] = {{"{\"v\":\"a\"}", "a"},
		     {"{\"v\":12}", "12"},
		     {"{\"v\":48.57784}", "48.57784"},
		     {"{\"v\":12.5}", "12.5"},
		     {"{\"v\":-2.7612345}", "-2.7612345"},
		     {"{\"v\":true}", "yes"},
		     {"{\"v\":false}", "no"},
		     {"{\"v\":[\"a\",\"b\"]}", "a|b"},
		     {"{\"v\":null}", ""},
		     {"{}", ""},
		     {"{\"v\":{\"a\":1}}", "{\"a\":1}"}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		json_t *o = json_loads(cases[i].json, 0, NULL);

		assert_non_null(o);
		assert_string_equal(fact_shown(json_object_get(o, "v")), cases[i].text);
		json_decref(o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_of_all_stand_on_either_side_of_the_command),
		cmocka_unit_test(a_line_that_is_not_in_the_table_is_refused_with_a_sentence),
		cmocka_unit_test(help_and_version_ask_nothing_of_the_rest),
		cmocka_unit_test(values_and_words_that_look_like_options_are_kept),
		cmocka_unit_test(durations_have_a_unit_or_are_seconds),
		cmocka_unit_test(timeouts_are_seconds_with_decimals),
		cmocka_unit_test(counts_stay_within_their_bound),
		cmocka_unit_test(a_separator_is_one_character_that_no_value_needs),
		cmocka_unit_test(distance_counts_swaps_once),
		cmocka_unit_test(every_command_and_option_is_told_in_both_languages),
		cmocka_unit_test(both_languages_take_the_same_arguments),
		cmocka_unit_test(the_environment_chooses_the_language),
		cmocka_unit_test(text_from_elsewhere_moves_no_cursor),
		cmocka_unit_test(columns_align_on_characters_not_bytes),
		cmocka_unit_test(values_read_as_people_write_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
