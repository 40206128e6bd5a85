/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/roles.h"
#include "daemon/export/export.h"
#include "daemon/service/language.h"

static void the_environment_chooses_as_gettext_does(void **state)
{
	static const struct {
		const char *language, *all, *messages, *lang;
		enum say_language is;
	} cases[] = {
		{NULL, NULL, NULL, NULL, SAY_ENGLISH},
		{NULL, NULL, NULL, "fr_FR.UTF-8", SAY_FRENCH},
		{NULL, NULL, "fr_FR.UTF-8", "en_GB.UTF-8", SAY_FRENCH},
		{NULL, "C.UTF-8", "fr_FR.UTF-8", "fr_FR.UTF-8", SAY_ENGLISH},
		{"fr:en", NULL, NULL, "en_GB.UTF-8", SAY_FRENCH},
		{"br:fr", NULL, NULL, "br_FR.UTF-8", SAY_FRENCH},
		{"br:en:fr", NULL, NULL, "br_FR.UTF-8", SAY_ENGLISH},
		{"fr", "C", NULL, "fr_FR.UTF-8", SAY_ENGLISH},
		{"fr", NULL, NULL, NULL, SAY_ENGLISH},
		{"", "fr", NULL, NULL, SAY_FRENCH},
		{NULL, NULL, NULL, "frp_FR", SAY_ENGLISH},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct {
			const char *name, *value;
		} set[] = {{"LANGUAGE", cases[i].language}, {"LC_ALL", cases[i].all}, {"LC_MESSAGES", cases[i].messages}, {"LANG", cases[i].lang}};

		for (size_t v = 0; v < sizeof set / sizeof *set; v++)
			set[v].value ? setenv(set[v].name, set[v].value, 1) : unsetenv(set[v].name);
		if (language_of_environment() != cases[i].is)
			fail_msg("case %zu", i);
	}
}

static void a_request_chooses_by_weight_then_by_order(void **state)
{
	static const struct {
		const char *header;
		enum say_language is;
	} cases[] = {
		{NULL, SAY_ENGLISH}, {"", SAY_ENGLISH}, {"fr", SAY_FRENCH}, {"en", SAY_ENGLISH}, {"de", SAY_ENGLISH}, {"*", SAY_ENGLISH},
		{"fr-FR,fr;q=0.9,en;q=0.8", SAY_FRENCH}, {"en-GB,en;q=0.9,fr;q=0.8", SAY_ENGLISH}, {"en;q=0.5, fr;q=0.7", SAY_FRENCH},
		{"en;q=0.5,fr", SAY_FRENCH}, {"de, fr", SAY_FRENCH}, {"fr, en", SAY_FRENCH}, {"en, fr", SAY_ENGLISH}, {"FR-ca", SAY_FRENCH},
		{"frp", SAY_ENGLISH}, {"fr;q=0", SAY_ENGLISH}, {"fr;q=0,en", SAY_ENGLISH}, {"fr; q=0.2,en;q=0.1", SAY_FRENCH},
		{"fr;q=nan,en;q=0.1", SAY_ENGLISH}, {"fr;q=9,en;q=0.1", SAY_ENGLISH}, {",,,;;;=,fr", SAY_FRENCH}, {"fr;", SAY_FRENCH},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (language_accepted(cases[i].header) != cases[i].is)
			fail_msg("'%s'", cases[i].header);
}

static void every_error_has_its_sentence_in_french(void **state)
{
	(void)state;
	setenv("LC_ALL", "fr_FR.UTF-8", 1);
	unsetenv("LANGUAGE");
	language_start();
	assert_int_equal(say_language(), SAY_FRENCH);
	for (int i = 0; i < ES_ERR_COUNT; i++)
		if (strcmp(_(es_err_text((enum es_err)i)), es_err_text((enum es_err)i)) == 0)
			fail_msg("%s", es_err_name((enum es_err)i));
	say_set(SAY_ENGLISH);
}

/* Tables with a column for each language are catalogues of their own. */
static void check(const char *fr, const char *en)
{
	const char *f = fr, *e = en;

	if (!*fr || !*en)
		fail_msg("empty: '%s' '%s'", fr, en);
	for (;;) { /* all the arguments of alerts are texts */
		f = strchr(f, '%');
		e = strchr(e, '%');
		if (!f || !e)
			break;
		if (f[1] != 's' || e[1] != 's')
			fail_msg("another argument than %%s: '%s' '%s'", fr, en);
		f++, e++;
	}
	if (f || e)
		fail_msg("other arguments: '%s' '%s'", fr, en);
	if (strstr(fr, "(s)") || strstr(en, "(s)"))
		fail_msg("{|s} is the plural: '%s' '%s'", fr, en);
}

static void no_column_of_a_table_is_empty_or_takes_other_arguments(void **state)
{
	static const struct {
		const char *fr, *en;
	} rows[] = {
#define ALERT(id, code, fr, en) {fr, en},
#include "daemon/api/alerts.def"
#undef ALERT
#define ROLE(id, node, within, fr, en) {fr, en},
#define ACTION(id, a, c, m, f, fr, en) {fr, en},
#include "daemon/api/roles.def"
#undef ROLE
#undef ACTION
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check(rows[i].fr, rows[i].en);
	for (size_t i = 0; i < export_format_count; i++)
		check(export_formats[i].fr, export_formats[i].en);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_environment_chooses_as_gettext_does),
		cmocka_unit_test(a_request_chooses_by_weight_then_by_order),
		cmocka_unit_test(every_error_has_its_sentence_in_french),
		cmocka_unit_test(no_column_of_a_table_is_empty_or_takes_other_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
