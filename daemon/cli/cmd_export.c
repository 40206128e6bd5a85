/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/output.h"
#include "daemon/cli/print.h"

static void export_path(struct buf *path, const char *format, const char *kind)
{
	buf_init(path, 4096);
	buf_str(path, "/export");
	path_query(path, "format", format);
	path_query(path, "kind", kind);
}

static int to_stdout(struct client *c, const char *format, const char *kind)
{
	struct buf path;

	export_path(&path, format, kind);
	if (client_download(c, buf_cstr(&path), stdout))
		fflush(stdout); /* main looks at its errors */
	buf_done(&path);
	return 0;
}

static int to_file(struct client *c, const char *format, const char *kind, const char *file)
{
	struct output o;
	struct buf path;
	int code = 0;

	if (!output_open(&o, file))
		return print_fail_file(file, errno);
	export_path(&path, format, kind);
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
static int to_dir(struct client *c, const char *kind, const char *plural, const char *dir)
{
	char file[PATH_MAX];

	if (strchr(plural, '/') || snprintf(file, sizeof file, "%s/%s.csv", dir, plural) >= PATH_MAX)
		return print_fail_file(dir, ENAMETOOLONG);
	return to_file(c, "csv", kind, file);
}

/* All kinds, or the one named, each into its file. */
static int to_files(struct client *c, const char *only, const char *dir)
{
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
		const char *name = fact_text(k, "name");

		if (code != 0 || c->exit || (only && strcmp(only, name) != 0))
			continue;
		code = to_dir(c, name, fact_text(k, "plural"), dir);
		found++;
	}
	json_decref(kinds);
	if (only && found == 0)
		return print_fail(ES_UNKNOWN_KIND, W_KIND_UNKNOWN, only);
	if (code == 0 && !c->exit && !c->args->quiet)
		word_print(stderr, W_EXPORTED, found, dir);
	return code;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int cmd_export(const struct args *a)
{
	const char *format = a->words[0], *kind = args_get(a, "kind"), *output = args_get(a, "output");
	bool csv = strcmp(format, "csv") == 0;
	struct client c;
	int code = 0;

	if (!csv && strcmp(format, "jsonl") != 0)
		return print_fail(ES_USAGE, W_FORMAT_UNKNOWN, format);
	if (csv && !kind && !output)
		return print_fail(ES_USAGE, W_EXPORT_WHERE);
	if (!client_open(&c, a))
		return client_close(&c, 0);
	if (!output || strcmp(output, "-") == 0)
		code = to_stdout(&c, format, kind);
	else if (csv && (!kind || is_dir(output)))
		code = to_files(&c, kind, output);
	else
		code = to_file(&c, format, kind, output);
	return client_close(&c, code);
}
