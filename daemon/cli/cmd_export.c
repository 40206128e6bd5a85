/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/output.h"
#include "daemon/cli/print.h"
#include "daemon/export/export.h"

/* One file: what to ask the daemon for. */
struct wish {
	const struct export_format *format;
	const char *kind; /* NULL: the format's own choice */
};

static void export_path(struct buf *path, const struct args *a, const struct wish *w)
{
	buf_init(path, 4096);
	buf_str(path, args_get(a, "month") && export_has_past(w->format) ? "/export/past" : "/export");
	path_query(path, "format", w->format->name);
	path_query(path, "kind", w->kind);
	path_query(path, "month", args_get(a, "month"));
	path_query(path, "finalite", args_get(a, "finalite"));
	path_query(path, "public", args_has(a, "public") ? "1" : NULL);
}

static int to_stdout(struct client *c, const struct wish *w)
{
	struct buf path;

	export_path(&path, c->args, w);
	if (client_download(c, buf_cstr(&path), stdout))
		fflush(stdout); /* main looks at its errors */
	buf_done(&path);
	return 0;
}

static int to_file(struct client *c, const struct wish *w, const char *file)
{
	struct output o;
	struct buf path;
	int code = 0;

	if (!output_open(&o, file))
		return print_fail_file(file, errno);
	export_path(&path, c->args, w);
	if (!client_download(c, buf_cstr(&path), o.file)) {
		output_drop(&o);
		if (c->write_errno) {
			client_forgive(c);
			code = print_fail_file(file, c->write_errno);
		}
	} else if (!output_done(&o)) {
		code = print_fail_file(file, errno);
	}
	buf_done(&path);
	return code;
}

/* DIR/structures.csv; every character of a plural is ours, but ask anyway. */
static int to_dir(struct client *c, const struct wish *w, const char *stem, const char *dir)
{
	char file[PATH_MAX];

	if (strchr(stem, '/') || snprintf(file, sizeof file, "%s/%s.%s", dir, stem, w->format->ending) >= PATH_MAX)
		return print_fail_file(dir, ENAMETOOLONG);
	return to_file(c, w, file);
}

/* All kinds, or the one named, each into its file. */
static int to_files(struct client *c, const struct wish *wish, const char *dir)
{
	struct wish w = *wish;
	json_t *kinds, *k;
	size_t i;
	int code = 0, found = 0;

	if (mkdir(dir, 0777) != 0 && errno != EEXIST)
		return print_fail_file(dir, errno);
	if (!client_call(c, "GET", "/kinds", NULL))
		return 0;
	kinds = json_incref(json_object_get(c->json, "kinds"));
	json_array_foreach(kinds, i, k)
	{
		w.kind = fact_text(k, "name");
		if (code != 0 || c->exit || (wish->kind && strcmp(wish->kind, w.kind) != 0))
			continue;
		code = to_dir(c, &w, fact_text(k, "plural"), dir);
		found++;
	}
	json_decref(kinds);
	if (wish->kind && found == 0)
		return print_fail(ES_UNKNOWN_KIND, W_KIND_UNKNOWN, wish->kind);
	if (code == 0 && !c->exit && !c->args->quiet)
		word_print(stderr, W_EXPORTED, found, dir);
	return code;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int to_output(struct client *c, const struct wish *w, const char *output)
{
	struct wish one = *w;

	if (w->format->kinds != EXPORT_ONE && is_dir(output))
		return to_dir(c, w, w->format->stem, output);
	if (w->format->kinds != EXPORT_ONE || (w->kind && !is_dir(output)) || (w->format->default_kind && !is_dir(output)))
		return to_file(c, w, output);
	one.kind = w->kind ? w->kind : w->format->default_kind;
	return to_files(c, &one, output);
}

static int unknown_format(const char *name)
{
	struct buf names;
	int code;

	buf_init(&names, 4096);
	export_format_names(&names);
	code = print_fail(ES_USAGE, W_FORMAT_UNKNOWN, name, buf_cstr(&names));
	buf_done(&names);
	return code;
}

int cmd_export(const struct args *a)
{
	struct wish w = {.format = export_format_named(a->words[0]), .kind = args_get(a, "kind")};
	const char *output = args_get(a, "output");
	struct client c;
	int code = 0;

	if (!w.format)
		return unknown_format(a->words[0]);
	if (w.format->kinds == EXPORT_WHOLE && w.kind)
		return print_fail(ES_USAGE, W_EXPORT_NO_KIND, w.format->name);
	if (w.format->kinds == EXPORT_ONE && !w.format->default_kind && !w.kind && !output)
		return print_fail(ES_USAGE, W_EXPORT_WHERE);
	if (!client_open(&c, a))
		return client_close(&c, 0);
	if (!output || strcmp(output, "-") == 0)
		code = to_stdout(&c, &w);
	else
		code = to_output(&c, &w, output);
	if (code == 0 && !c.exit && w.format->holds == HOLDS_PERSONS)
		word_print(stderr, W_EXPORT_PERSONAL);
	return client_close(&c, code);
}
