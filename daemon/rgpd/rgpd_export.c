/* SPDX-License-Identifier: Apache-2.0
 *
 * Which exports were given out: what an erased person is told of (W6), and all that
 * is kept of them. One line each in DIR/exports.log: when, format, kind. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "common/log.h"
#include "daemon/rgpd/rgpd.h"

#define EXPORT_LINE_MAX 128

static void log_path(const char *dir, char out[NODE_PATH_MAX + 16])
{
	snprintf(out, NODE_PATH_MAX + 16, "%s/exports.log", dir);
}

void rgpd_note_export(const char *dir, const char *format, const struct schema_kind *k)
{
	char path[NODE_PATH_MAX + 16], line[EXPORT_LINE_MAX], iso[25];
	struct timespec now;
	int len, fd;

	clock_gettime(CLOCK_REALTIME, &now);
	if (k && !rgpd_names_anybody(k))
		return;
	log_path(dir, path);
	stamp_text(stamp_at((es_ms)now.tv_sec * 1000), iso);
	len = snprintf(line, sizeof line, "%s %.20s %s\n", iso, format, k ? k->name : "*");
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, line, (size_t)len) != len) /* one write: lines of two readers do not mix */
		log_event(LOG_WARN, "export.not_noted", "why=\"%s\"", strerror(errno));
	if (fd >= 0)
		close(fd);
}

void rgpd_exports_json(const char *dir, const char *since, struct buf *out)
{
	char path[NODE_PATH_MAX + 16], line[EXPORT_LINE_MAX], iso[32], format[24], kind[64];
	const char *comma = "";
	FILE *f;

	log_path(dir, path);
	f = fopen(path, "re");
	buf_str(out, "[");
	while (f && fgets(line, sizeof line, f)) {
		if (sscanf(line, "%31s %23s %63s", iso, format, kind) != 3 || strncmp(iso, since, 10) < 0)
			continue;
		buf_printf(out, "%s{\"date\":", comma);
		json_quote(slice_str(iso), out);
		buf_str(out, ",\"format\":");
		json_quote(slice_str(format), out);
		buf_str(out, ",\"kind\":");
		json_quote(slice_str(kind), out);
		buf_str(out, "}");
		comma = ",";
	}
	buf_str(out, "]");
	if (f)
		fclose(f);
}
