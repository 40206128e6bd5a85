/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/cli/import_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/facts.h"
#include "daemon/cli/print.h"
#include "daemon/cli/rejects.h"
#include "daemon/cli/words.h"
#include "proto/text.h"

#define VALUE_SHOWN 80 /* bytes of a value that a finding quotes */

/* The field that a column of the file holds: "telephone" of "Tél." and of "Tél. contact". */
static const char *field_of(const json_t *mapping, const char *column)
{
	const char *name = fact_text(mapping, column), *dot = strrchr(name, '.');

	return dot ? dot + 1 : *name ? name : column;
}

static void add_finding(struct buf *b, const json_t *f)
{
	buf_printf(b, "%s%s: %s", b->len ? ", " : "", fact_text(f, "column"), fact_text(f, "code"));
}

/* Whole letters, and an ellipsis where there were more. */
static void add_value(struct buf *b, const char *value)
{
	size_t end = text_cut(slice_str(value), VALUE_SHOWN);

	buf_printf(b, " \"%.*s%s\"", (int)end, value, value[end] ? "…" : "");
}

/* For who reads: with the value and what it means. */
static void add_explained(struct buf *b, const json_t *f, const json_t *mapping)
{
	const char *column = fact_text(f, "column"), *code = fact_text(f, "code");

	add_finding(b, f);
	if (*fact_text(f, "value"))
		add_value(b, fact_text(f, "value"));
	word_add_sentence(b, code, field_of(mapping, column));
}

static const char *verdict_text(const char *verdict)
{
	if (strcmp(verdict, "rejete") == 0)
		return word(W_VERDICT_REJECTED);
	return strcmp(verdict, "avertissement") == 0 ? word(W_VERDICT_WARNING) : verdict;
}

/* The records a line is like, or is. */
static void add_candidates(struct buf *b, const json_t *line)
{
	json_t *uid;
	size_t i;

	json_array_foreach(json_object_get(line, "candidates"), i, uid)
		buf_printf(b, "%s%s", i ? " " : b->len ? " -> " : "", json_string_value(uid));
}

/* All that is said of a line, each finding behind the first on a line of its own. */
static void show_line(const json_t *line, const json_t *mapping)
{
	json_t *list = json_object_get(line, "findings"), *f;
	struct buf text;
	size_t i;

	buf_init(&text, 1 << 20);
	word_print(stdout, W_IMPORT_LINE, (long long)fact_int(line, "line"),
		   verdict_text(fact_text(line, "verdict")));
	json_array_foreach(list, i, f)
	{
		add_explained(&text, f, mapping);
		if (i + 1 == json_array_size(list))
			break;
		print_line(stdout, buf_cstr(&text));
		fputs("\n  ", stdout);
		buf_clear(&text);
	}
	add_candidates(&text, line);
	print_line(stdout, buf_cstr(&text));
	putchar('\n');
	buf_done(&text);
}

/* Only what is not obvious: a header that is not its field's name. */
static void show_mapping(const json_t *mapping)
{
	const char *header;
	json_t *field;
	struct grid g;

	grid_init(&g, 3);
	g.indent = "  ";
	json_object_foreach((json_t *)(uintptr_t)mapping, header, field)
	{
		const char *name = fact_shown(field);

		if (strcmp(header, name) == 0 || (!*name && strcmp(header, "motif_rejet") == 0))
			continue;
		grid_add(&g, header);
		grid_add(&g, "->");
		grid_add(&g, *name ? name : word(W_EXTRA));
	}
	grid_print(&g, stdout);
}

static void show_counts(const json_t *counts)
{
	static const char *const keys[] = {"accepte",  "avertissement", "rejete",
					   "nouveaux", "modifies",      "inchanges",
					   "candidats", "contacts_nouveaux", "contacts_modifies"};
	struct grid g;

	grid_init(&g, 2);
	g.right = 2;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (i >= 6 && fact_int(counts, keys[i]) == 0)
			continue;
		grid_add(&g, word((enum word_id)(W_COUNT_ACCEPTED + (int)i)));
		grid_add_int(&g, fact_int(counts, keys[i]));
	}
	grid_print(&g, stdout);
}

/* What could have been written where an unknown code was. */
static void show_codes(const json_t *codes)
{
	const char *column;
	json_t *list;
	struct buf names;

	json_object_foreach((json_t *)(uintptr_t)codes, column, list)
	{
		buf_init(&names, 1 << 16);
		fact_join(&names, list);
		print_line(stdout, column);
		word_print(stdout, W_CODES_ALLOWED, buf_cstr(&names));
		buf_done(&names);
	}
}

void import_show(const json_t *report)
{
	json_t *lines = json_object_get(report, "lines"), *line;
	const char *separator = fact_text(report, "separator");
	size_t i;

	word_print(stdout, W_IMPORT_DIALECT, fact_text(report, "encoding"),
		   strcmp(separator, "\t") == 0 ? "tab" : separator);
	show_mapping(json_object_get(report, "mapping"));
	show_counts(json_object_get(report, "counts"));
	json_array_foreach(lines, i, line)
	{
		if (strcmp(fact_text(line, "verdict"), "accepte") != 0)
			show_line(line, json_object_get(report, "mapping"));
	}
	show_codes(json_object_get(report, "codes"));
}

static bool comes_back(const json_t *line)
{
	return strcmp(fact_text(line, "verdict"), "rejete") == 0 || strcmp(fact_text(line, "match"), "candidat") == 0;
}

/* One text per record, NULL where it does not come back. */
static char **read_reasons(const json_t *report, size_t *count)
{
	json_t *lines = json_object_get(report, "lines"), *line, *f;
	char **reasons;
	size_t i, k;

	*count = 0;
	json_array_foreach(lines, i, line)
	{
		if (fact_int(line, "record") > (int64_t)*count)
			*count = (size_t)fact_int(line, "record");
	}
	reasons = calloc(*count + 1, sizeof *reasons);
	json_array_foreach(lines, i, line)
	{
		int64_t record = fact_int(line, "record");
		struct buf text;

		if (!reasons || record < 1 || !comes_back(line))
			continue;
		buf_init(&text, 65536);
		json_array_foreach(json_object_get(line, "findings"), k, f) add_finding(&text, f);
		add_candidates(&text, line);
		free(reasons[record - 1]);
		reasons[record - 1] = strdup(buf_cstr(&text));
		buf_done(&text);
	}
	return reasons;
}

int64_t import_rejected(const json_t *report)
{
	return fact_int(json_object_get(report, "counts"), "rejete");
}

int64_t import_candidates(const json_t *report)
{
	return fact_int(json_object_get(report, "counts"), "candidats");
}

int import_leave(const char *file, struct slice bytes, const json_t *report, char *path, size_t size)
{
	size_t count;
	char **reasons = read_reasons(report, &count);
	int code;

	snprintf(path, size, "%s.rejets.csv", file);
	code = reasons ? rejects_write(path, bytes, *fact_text(report, "separator"), (const char *const *)reasons, count)
		       : print_fail(ES_NOMEM, W_MEMORY);
	for (size_t i = 0; reasons && i < count; i++)
		free(reasons[i]);
	free(reasons);
	return code;
}
