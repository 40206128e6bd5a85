/* SPDX-License-Identifier: Apache-2.0
 *
 * import: the file goes to the daemon as it is; the report comes back, and what
 * was rejected is left beside the file, to be corrected and imported again. */
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
#include "daemon/cli/print.h"
#include "daemon/cli/rejects.h"

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

static void add_finding(struct buf *b, const json_t *f, bool value)
{
	buf_printf(b, "%s%s: %s", b->len ? ", " : "", fact_text(f, "column"), fact_text(f, "code"));
	if (value && *fact_text(f, "value"))
		buf_printf(b, " \"%.40s\"", fact_text(f, "value"));
}

static const char *verdict_text(const char *verdict)
{
	if (strcmp(verdict, "rejete") == 0)
		return word(W_VERDICT_REJECTED);
	return strcmp(verdict, "avertissement") == 0 ? word(W_VERDICT_WARNING) : verdict;
}

static void show_line(const json_t *line)
{
	json_t *list = json_object_get(line, "findings"), *f;
	struct buf text;
	size_t i;

	buf_init(&text, 1 << 20);
	json_array_foreach(list, i, f) add_finding(&text, f, true);
	word_print(stdout, W_IMPORT_LINE, (long long)fact_int(line, "line"),
		   verdict_text(fact_text(line, "verdict")));
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

		if (strcmp(header, name) == 0)
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
					   "nouveaux", "modifies",      "inchanges"};
	struct grid g;

	grid_init(&g, 2);
	g.right = 2;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
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

static void show_report(const json_t *report)
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
			show_line(line);
	}
	show_codes(json_object_get(report, "codes"));
}

/* One text per record, NULL where it was not rejected. */
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

		if (!reasons || record < 1 || strcmp(fact_text(line, "verdict"), "rejete") != 0)
			continue;
		buf_init(&text, 65536);
		json_array_foreach(json_object_get(line, "findings"), k, f) add_finding(&text, f, false);
		free(reasons[record - 1]);
		reasons[record - 1] = strdup(buf_cstr(&text));
		buf_done(&text);
	}
	return reasons;
}

static int leave_rejects(const char *path, const struct source *s, const json_t *report)
{
	size_t count;
	char **reasons = read_reasons(report, &count);
	int code = reasons ? rejects_write(path, s->bytes, *fact_text(report, "separator"),
					   (const char *const *)reasons, count)
			   : print_fail(ES_NOMEM, W_MEMORY);

	for (size_t i = 0; reasons && i < count; i++)
		free(reasons[i]);
	free(reasons);
	return code;
}

/* Rejected records: left in FILE.rejets.csv, which an import from a pipe has
 * no place for, then an error unless they were to be skipped. */
static int conclude_rejected(const struct client *c, const struct source *s, int64_t rejected)
{
	const struct args *a = c->args;
	const char *file = a->words[1];
	char path[PATH_MAX + 16];
	int code = 0;

	if (args_has(a, "dry-run"))
		return args_has(a, "skip-rejected")
			       ? 0
			       : print_fail(ES_REJECTED, W_REJECTED_DRY, (long long)rejected);
	snprintf(path, sizeof path, "%s.rejets.csv", file);
	if (strcmp(file, "-") == 0)
		snprintf(path, sizeof path, "%s", file);
	else
		code = leave_rejects(path, s, c->json);
	if (code == 0 && !args_has(a, "skip-rejected"))
		return print_fail(ES_REJECTED, W_REJECTED, (long long)rejected, path);
	if (code == 0 && !a->quiet && strcmp(file, "-") != 0)
		word_print(stderr, W_REJECTS_LEFT, path);
	return code;
}

static int conclude(const struct client *c, const struct source *s)
{
	int64_t rejected = fact_int(json_object_get(c->json, "counts"), "rejete");

	if (!command_json(c))
		show_report(c->json);
	fflush(stdout);
	if (rejected > 0)
		return conclude_rejected(c, s, rejected);
	if (args_has(c->args, "dry-run") && !c->args->quiet)
		word_print(stderr, W_DRY);
	return 0;
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
	path_query(path, "encoding", args_get(a, "encoding"));
	path_query(path, "separator", separator ? one : NULL);
	return true;
}

static int import_source(const struct args *a, const struct source *s, const char *path)
{
	struct progress progress;
	struct client c;
	bool ok = client_open(&c, a);

	if (ok) {
		progress_start(&progress, a);
		ok = client_upload(&c, path, s->bytes);
		progress_end(&progress);
	}
	return client_close(&c, ok ? conclude(&c, s) : 0);
}

int cmd_import(const struct args *a)
{
	struct source s;
	struct buf path;
	int code;

	buf_init(&path, 65536);
	if (!import_path(a, &path)) {
		buf_done(&path);
		return es_err_exit(ES_USAGE);
	}
	if (source_open(&s, a->words[1]))
		code = import_source(a, &s, buf_cstr(&path));
	else
		code = print_fail_file(a->words[1], errno);
	source_close(&s);
	buf_done(&path);
	return code;
}
