/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/web/audit.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "common/log.h"
#include "common/stamp.h"
#include "proto/value.h"

#define LINE_MAX_ 1024
#define READ_MAX (2 * AUDIT_BYTES_MAX + LINE_MAX_)

static void audit_path(const char *dir, const char *suffix, char out[4200])
{
	snprintf(out, 4200, "%.4000s/audit.log%s", dir, suffix);
}

static void turn_over(const char *dir, int fd)
{
	char path[4200], former[4200];
	struct stat st;

	if (fstat(fd, &st) != 0 || st.st_size < AUDIT_BYTES_MAX)
		return;
	audit_path(dir, "", path);
	audit_path(dir, ".1", former);
	if (rename(path, former) != 0)
		log_event(LOG_WARN, "audit.unwritable", "why=\"%s\"", strerror(errno));
}

static void member(struct buf *out, const char *key, const char *value)
{
	buf_printf(out, ",\"%s\":", key);
	json_quote(slice_str(value), out);
}

static void line_json(const struct audit_line *l, struct buf *out)
{
	struct timespec t;
	char at[25], what[160];

	clock_gettime(CLOCK_REALTIME, &t);
	stamp_text(stamp_at((es_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000), at);
	snprintf(what, sizeof what, "%s %s", l->method, l->route);
	buf_printf(out, "{\"at\":\"%s\"", at);
	member(out, "who", l->who);
	member(out, "role", l->role);
	member(out, "from", l->from);
	member(out, "what", what);
	member(out, "uid", l->uid);
	member(out, "code", l->code);
	buf_str(out, "}\n");
}

void audit_note(const char *dir, const struct audit_line *line)
{
	char memory[LINE_MAX_], path[4200];
	struct buf text;
	int fd;

	buf_init_fixed(&text, memory, sizeof memory);
	line_json(line, &text);
	audit_path(dir, "", path);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || buf_err(&text) != ES_OK || write(fd, text.p, text.len) != (ssize_t)text.len)
		log_event(LOG_WARN, "audit.unwritable", "why=\"%s\"", strerror(errno));
	else
		turn_over(dir, fd);
	if (fd >= 0)
		close(fd);
}

static enum es_err add_file(const char *dir, const char *suffix, struct buf *text)
{
	char path[4200], part[65536];
	size_t n;

	audit_path(dir, suffix, path);
	FILE *f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? ES_OK : ES_IO;
	while ((n = fread(part, 1, sizeof part, f)) > 0)
		buf_add(text, part, n);
	bool bad = ferror(f);
	fclose(f);
	return bad ? ES_IO : buf_err(text);
}

/* A line that a crash cut off has the next one behind it: neither is one. */
static bool is_whole(struct slice line)
{
	json_t *read = json_loadb((const char *)line.p, line.len, JSON_REJECT_DUPLICATES, NULL);
	bool whole = json_is_object(read);

	json_decref(read);
	return whole;
}

/* Where the last `limit` lines begin. */
static size_t start_of(const struct buf *text, size_t limit)
{
	size_t at = text->len, lines = 0;

	while (at > 0 && (text->p[at - 1] != '\n' || lines++ < limit))
		at--;
	return at;
}

enum es_err audit_read(const char *dir, size_t limit, struct buf *out)
{
	struct buf text;
	enum es_err err;
	const char *comma = "";

	buf_init(&text, READ_MAX);
	err = add_file(dir, ".1", &text);
	if (err == ES_OK)
		err = add_file(dir, "", &text);
	buf_str(out, "[");
	for (size_t at = start_of(&text, limit), end; at < text.len; at = end + 1) {
		const uint8_t *stop = memchr(text.p + at, '\n', text.len - at);

		if (!stop)
			break;
		end = (size_t)(stop - text.p);
		if (!is_whole(SLICE(text.p + at, end - at)))
			continue;
		buf_str(out, comma);
		buf_add(out, text.p + at, end - at);
		comma = ",";
	}
	buf_str(out, "]");
	buf_done(&text);
	return err == ES_OK ? buf_err(out) : err;
}
