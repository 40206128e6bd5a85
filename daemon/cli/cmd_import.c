/* SPDX-License-Identifier: Apache-2.0
 *
 * import: the file, or a folder's, go to the daemon as they are; the report comes
 * back, and what was rejected is left beside its file, to be corrected and imported
 * again. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/import_report.h"
#include "daemon/cli/print.h"
#include "proto/schema.h"

#define STDIN_MAX ((size_t)1 << 30)
#define PROGRESS_MS 200

struct source {
	struct slice bytes;
	struct buf read; /* what could not be mapped */
	bool mapped;
};

static bool read_all(struct source *s, int fd)
{
	ssize_t n;

	buf_init(&s->read, STDIN_MAX);
	do {
		uint8_t *p = buf_reserve(&s->read, 65536);

		if (!p) {
			errno = EFBIG;
			return false;
		}
		n = read(fd, p, 65536);
		s->read.len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	s->bytes = buf_slice(&s->read);
	return n == 0;
}

static bool source_open(struct source *s, const char *path)
{
	int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	bool ok = false;

	memset(s, 0, sizeof *s);
	if (fd < 0 || fstat(fd, &st) != 0) {
		ok = false;
	} else if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
	} else if (!S_ISREG(st.st_mode) || st.st_size == 0 || strcmp(path, "-") == 0) {
		ok = read_all(s, fd);
	} else {
		void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

		ok = s->mapped = p != MAP_FAILED;
		s->bytes = ok ? SLICE(p, (size_t)st.st_size) : SLICE_NONE;
	}
	int saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
	return ok;
}

static void source_close(struct source *s)
{
	if (s->mapped)
		munmap((void *)(uintptr_t)s->bytes.p, s->bytes.len);
	buf_done(&s->read);
}

/* A thread of its own asks how far the import is, on its own connection. */
struct progress {
	const struct args *args;
	pthread_t thread;
	atomic_bool stop;
	bool running;
};

static void progress_draw(const json_t *answer)
{
	int64_t done = fact_int(answer, "done"), total = fact_int(answer, "total");
	int percent = total > 0 ? (int)(100.0 * (double)done / (double)total) : 0;
	char bar[31];

	if (strcmp(fact_text(answer, "what"), "import") != 0 || total <= 0)
		return;
	percent = percent > 100 ? 100 : percent;
	for (int i = 0; i < 30; i++)
		bar[i] = i < percent * 30 / 100 ? '#' : '.';
	bar[30] = 0;
	fprintf(stderr, "\r[%s] %3d %%", bar, percent);
}

static void *progress_run(void *ctx)
{
	const struct timespec pause = {.tv_nsec = PROGRESS_MS * 1000000L};
	struct progress *p = ctx;
	struct client c;
	bool ok = client_open(&c, p->args);

	c.stop = &p->stop;
	while (ok && !atomic_load(&p->stop)) {
		nanosleep(&pause, NULL);
		ok = client_call(&c, "GET", "/progress", NULL);
		if (ok && !atomic_load(&p->stop))
			progress_draw(c.json);
	}
	/* Not knowing how far is not worth a word. */
	client_forgive(&c);
	client_close(&c, 0);
	return NULL;
}

static void progress_start(struct progress *p, const struct args *a)
{
	memset(p, 0, sizeof *p);
	p->args = a;
	atomic_init(&p->stop, false);
	if (isatty(STDERR_FILENO) && !a->quiet)
		p->running = pthread_create(&p->thread, NULL, progress_run, p) == 0;
}

static void progress_end(struct progress *p)
{
	if (!p->running)
		return;
	atomic_store(&p->stop, true);
	pthread_join(p->thread, NULL);
	fputs("\r\033[K", stderr);
}

/* One file, or one of a folder's. */
struct table {
	const struct schema_kind *kind; /* NULL: the daemon judges the name */
	char path[PATH_MAX];
	struct source source;
	const json_t *report;
};
struct tables {
	struct table *list;
	size_t count;
};

static bool known_before(const struct schema_kind *k, const bool *placed)
{
	for (size_t i = 0; i < k->field_count; i++) {
		const struct schema_field *f = &k->fields[i];
		const struct schema_kind *to = f->refers ? schema_kind_named(slice_str(f->refers)) : NULL;

		if (to && to != k && !placed[to - schema_kinds])
			return false;
	}
	return true;
}

/* Kinds that others refer to first; those that refer in a circle as they stand. */
static const struct schema_kind *next_kind(const bool *placed)
{
	const struct schema_kind *first = NULL;

	for (size_t i = 0; i < schema_kind_count; i++) {
		if (placed[i])
			continue;
		if (known_before(&schema_kinds[i], placed))
			return &schema_kinds[i];
		first = first ? first : &schema_kinds[i];
	}
	return first;
}

static int add_table(struct tables *t, const struct schema_kind *k, const char *path)
{
	struct table *one = &t->list[t->count];

	one->kind = k;
	if (snprintf(one->path, sizeof one->path, "%s", path) >= (int)sizeof one->path)
		return print_fail_file(path, ENAMETOOLONG);
	t->count++;
	return source_open(&one->source, path) ? 0 : print_fail_file(path, errno);
}

/* DIR/structures.csv and so on, those that are there. */
static int add_folder(struct tables *t, const char *dir)
{
	bool *placed = calloc(schema_kind_count, sizeof *placed);
	int code = placed ? 0 : print_fail(ES_NOMEM, W_MEMORY);

	for (size_t i = 0; i < schema_kind_count && code == 0; i++) {
		const struct schema_kind *k = next_kind(placed);
		char path[PATH_MAX];

		placed[k - schema_kinds] = true;
		if (snprintf(path, sizeof path, "%s/%s.csv", dir, k->plural) >= (int)sizeof path)
			code = print_fail_file(dir, ENAMETOOLONG);
		else if (access(path, F_OK) == 0)
			code = add_table(t, k, path);
		else if (errno != ENOENT)
			code = print_fail_file(path, errno);
	}
	free(placed);
	return code == 0 && t->count == 0 ? print_fail(ES_USAGE, W_NO_TABLE, dir) : code;
}

static void tables_close(struct tables *t)
{
	for (size_t i = 0; i < t->count; i++)
		source_close(&t->list[i].source);
	free(t->list);
}

/* What comes back goes beside its file; from a pipe there is no such place. */
static int leave(const struct args *a, const struct table *t, char *path, size_t size)
{
	int code;

	snprintf(path, size, "%s", t->path);
	if (args_has(a, "dry-run") || strcmp(t->path, "-") == 0 ||
	    import_rejected(t->report) + import_candidates(t->report) == 0)
		return 0;
	code = import_leave(t->path, t->source.bytes, t->report, path, size);
	if (code == 0 && !a->quiet && (import_rejected(t->report) == 0 || args_has(a, "skip-rejected")))
		word_print(stderr, W_REJECTS_LEFT, path);
	return code;
}

static int conclude(const struct client *c, const struct tables *t)
{
	const struct args *a = c->args;
	int64_t rejected = import_rejected(c->json), candidates = import_candidates(c->json);
	char path[PATH_MAX + 16], first[PATH_MAX + 16] = "";
	bool json = command_json(c);
	int code = 0;

	for (size_t i = 0; i < t->count && code == 0; i++) {
		if (!json && t->count > 1)
			printf("\n%s\n", t->list[i].path);
		if (!json)
			import_show(t->list[i].report);
		code = leave(a, &t->list[i], path, sizeof path);
		if (first[0] == 0 && import_rejected(t->list[i].report) > 0)
			snprintf(first, sizeof first, "%s", path);
	}
	if (!json)
		command_names(json_object_get(c->json, "encore_chez"), W_STILL_HELD);
	fflush(stdout);
	if (code != 0)
		return code;
	if (rejected > 0 && !args_has(a, "skip-rejected"))
		return args_has(a, "dry-run") ? print_fail(ES_REJECTED, W_REJECTED_DRY, (long long)rejected)
					      : print_fail(ES_REJECTED, W_REJECTED, (long long)rejected, first);
	if (candidates > 0 && !a->quiet)
		word_print(stderr, W_CANDIDATES_LEFT, (long long)candidates);
	if (rejected == 0 && args_has(a, "dry-run") && !a->quiet)
		word_print(stderr, W_DRY);
	return 0;
}

static bool find_reports(const struct client *c, struct tables *t, bool folder)
{
	json_t *list = json_object_get(c->json, "tables");

	for (size_t i = 0; i < t->count; i++) {
		t->list[i].report = folder ? json_object_get(json_array_get(list, i), "report") : c->json;
		if (t->list[i].report == NULL)
			return false;
	}
	return true;
}

static bool import_path(const struct args *a, struct buf *path)
{
	const char *separator = args_get(a, "separator");
	char one[2] = "";

	if (separator && !separator_parse(separator, one)) {
		print_fail(ES_USAGE, W_NOT_A_SEPARATOR, separator);
		return false;
	}
	buf_str(path, "/import");
	path_query(path, "kind", a->words[0]);
	path_query(path, "dry_run", args_has(a, "dry-run") ? "1" : NULL);
	path_query(path, "skip_rejected", args_has(a, "skip-rejected") ? "1" : NULL);
	path_query(path, "candidates", args_get(a, "candidates"));
	path_query(path, "encoding", args_get(a, "encoding"));
	path_query(path, "separator", separator ? one : NULL);
	path_query(path, "brief", a->json ? NULL : "1"); /* what is fine is only counted */
	return true;
}

/* Each file behind a line that says what it is (daemon/api/api_import.c). */
static struct slice join_tables(const struct tables *t, struct buf *body)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct table *one = &t->list[i];
		const char *slash = strrchr(one->path, '/');

		buf_printf(body, "@%s %s %zu\n", one->kind->name, slash ? slash + 1 : one->path, one->source.bytes.len);
		buf_add(body, one->source.bytes.p, one->source.bytes.len);
	}
	return buf_slice(body);
}

static int import_tables(const struct args *a, struct tables *t, const char *path, bool folder)
{
	struct progress progress;
	struct client c;
	struct buf body;
	struct slice bytes;
	bool ok;

	buf_init(&body, STDIN_MAX);
	bytes = folder ? join_tables(t, &body) : t->list[0].source.bytes;
	if (buf_err(&body) != ES_OK) {
		buf_done(&body);
		return print_fail(buf_err(&body), W_MEMORY);
	}
	ok = client_open(&c, a);
	if (ok) {
		progress_start(&progress, a);
		ok = client_upload(&c, path, bytes);
		progress_end(&progress);
	}
	buf_done(&body);
	return client_close(&c, ok && find_reports(&c, t, folder) ? conclude(&c, t) : 0);
}

int cmd_import(const struct args *a)
{
	struct tables t = {.list = calloc(schema_kind_count + 1, sizeof *t.list)};
	bool folder = strcmp(a->words[0], "all") == 0;
	struct buf path;
	int code;

	buf_init(&path, 65536);
	if (!t.list)
		code = print_fail(ES_NOMEM, W_MEMORY);
	else if (!import_path(a, &path))
		code = es_err_exit(ES_USAGE);
	else
		code = folder ? add_folder(&t, a->words[1]) : add_table(&t, NULL, a->words[1]);
	if (code == 0)
		code = import_tables(a, &t, buf_cstr(&path), folder);
	tables_close(&t);
	buf_done(&path);
	return code;
}
