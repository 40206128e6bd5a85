/* SPDX-License-Identifier: Apache-2.0
 *
 * The page's own files. Read at start (and at SIGHUP) into a table; a request finds its
 * path there or nowhere, so no path of a request ever reaches the file system. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>
#include "common/log.h"
#include "common/places.h"
#include "daemon/web/web_parts.h"

#define FILES_MAX 256
#define FILE_BYTES_MAX (4 * 1024 * 1024)
#define DEPTH_MAX 3

const char *web_default_dir(void)
{
	const char *asked = getenv("ESSAIM_PAGE");
	struct stat st;

	if (asked && asked[0])
		return asked;
	return stat(ESSAIM_PAGE_DIR, &st) == 0 ? ESSAIM_PAGE_DIR : ESSAIM_SOURCE_PAGE_DIR;
}

/* What has another ending is not served. */
static const char *type_of(const char *name)
{
	static const struct {
		const char *ending, *type;
	} types[] = {{".html", "text/html; charset=utf-8"}, {".css", "text/css; charset=utf-8"},
		     {".js", "text/javascript; charset=utf-8"}, {".json", "application/json; charset=utf-8"},
		     {".geojson", "application/geo+json"}, {".svg", "image/svg+xml"}, {".png", "image/png"},
		     {".ico", "image/x-icon"}, {".woff2", "font/woff2"}, {".txt", "text/plain; charset=utf-8"},
		     {".webmanifest", "application/manifest+json"}};
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		size_t end = strlen(types[i].ending);

		if (len > end && strcmp(name + len - end, types[i].ending) == 0)
			return types[i].type;
	}
	return NULL;
}

enum es_err web_pack(struct slice plain, int level, struct buf *out)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)plain.p, .avail_in = (uInt)plain.len};
	enum { GZIP = 16 + 15, MEMORY = 8 };
	uint8_t *room = plain.len < UINT32_MAX ? buf_reserve(out, plain.len) : NULL;
	int code;

	if (!room || deflateInit2(&z, level, Z_DEFLATED, GZIP, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
		return ES_NOMEM;
	z.next_out = room;
	z.avail_out = (uInt)plain.len;
	code = deflate(&z, Z_FINISH);
	out->len += z.total_out;
	deflateEnd(&z);
	return code == Z_STREAM_END ? ES_OK : ES_TOO_LARGE;
}

static void put_etag(const struct buf *b, char out[24])
{
	struct hash h = crypto_hash(HASH_CHANGE, buf_slice(b));

	out[0] = '"';
	hex_encode(h.bytes, 10, out + 1);
	memcpy(out + 21, "\"", 2);
}

static enum es_err read_bytes_of(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "re");
	char part[16384];
	size_t n;

	if (!f)
		return ES_IO;
	while ((n = fread(part, 1, sizeof part, f)) > 0)
		buf_add(out, part, n);
	bool bad = ferror(f);
	fclose(f);
	return bad ? ES_IO : buf_err(out);
}

static enum es_err add_file(struct web_files *files, const char *dir, const char *path, const char *type)
{
	struct web_file *f, *more = realloc(files->list, (files->count + 1) * sizeof *more);
	char full[8192];

	if (!more)
		return ES_NOMEM;
	files->list = more;
	f = &more[files->count++];
	*f = (struct web_file){.type = type};
	snprintf(f->path, sizeof f->path, "%s", path);
	buf_init(&f->plain, FILE_BYTES_MAX);
	buf_init(&f->packed, FILE_BYTES_MAX);
	snprintf(full, sizeof full, "%.4000s%s", dir, path);
	enum es_err err = read_bytes_of(full, &f->plain);
	if (err != ES_OK)
		return err;
	if (strncmp(type, "font/", 5) == 0 || web_pack(buf_slice(&f->plain), Z_BEST_COMPRESSION, &f->packed) != ES_OK)
		buf_clear(&f->packed);
	put_etag(&f->plain, f->etag[0]);
	put_etag(&f->packed, f->etag[1]);
	return ES_OK;
}

static enum es_err add_dir(struct web_files *files, const char *dir, const char *under, int depth);

static enum es_err add_entry(struct web_files *files, const char *dir, const char *under, const char *name, int depth)
{
	char path[sizeof files->list->path], full[8192];
	struct stat st;

	if (name[0] == '.' || snprintf(path, sizeof path, "%s/%s", under, name) >= (int)sizeof path)
		return ES_OK;
	snprintf(full, sizeof full, "%.4000s%s", dir, path);
	if (stat(full, &st) != 0)
		return ES_OK;
	if (S_ISDIR(st.st_mode))
		return depth < DEPTH_MAX ? add_dir(files, dir, path, depth + 1) : ES_OK;
	if (!S_ISREG(st.st_mode) || !type_of(name))
		return ES_OK;
	return files->count < FILES_MAX ? add_file(files, dir, path, type_of(name)) : ES_TOO_LARGE;
}

static enum es_err add_dir(struct web_files *files, const char *dir, const char *under, int depth)
{
	char full[8192];
	enum es_err err = ES_OK;
	struct dirent *e;

	snprintf(full, sizeof full, "%.4000s%s", dir, under);
	DIR *d = opendir(full);
	if (!d)
		return ES_OK;
	while (err == ES_OK && (e = readdir(d)))
		err = add_entry(files, dir, under, e->d_name, depth);
	closedir(d);
	return err;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct web_file *)a)->path, ((const struct web_file *)b)->path);
}

enum es_err web_files_read(const char *dir, struct web_files *out)
{
	struct web_files read = {0};
	enum es_err err = add_dir(&read, dir, "", 0);

	if (err != ES_OK) {
		web_files_free(&read);
		return err;
	}
	if (read.count > 0)
		qsort(read.list, read.count, sizeof *read.list, compare);
	*out = read;
	return ES_OK;
}

void web_files_free(struct web_files *f)
{
	for (size_t i = 0; i < f->count; i++) {
		buf_done(&f->list[i].plain);
		buf_done(&f->list[i].packed);
	}
	free(f->list);
	*f = (struct web_files){0};
}

const struct web_file *web_files_find(const struct web_files *f, const char *path)
{
	const char *wanted = strcmp(path, "/") == 0 ? "/index.html" : path;

	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->list[i].path, wanted) == 0)
			return &f->list[i];
	return NULL;
}

/* --- answering --- */

bool web_find_file(struct request *r, const char *method, const char *url)
{
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return false;
	r->visit.file = web_files_find(&r->api->web->files, url);
	return r->visit.file != NULL;
}

/* "gzip" without ";q=0" behind: browsers send nothing finer. */
bool web_takes_gzip(struct MHD_Connection *conn)
{
	const char *accepted = MHD_lookup_connection_value(conn, MHD_HEADER_KIND, "Accept-Encoding");
	const char *at = accepted ? strstr(accepted, "gzip") : NULL;

	return at && strncmp(at + 4, ";q=0", 4) != 0;
}

static bool has_it(struct request *r, const char *etag)
{
	const char *known = MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, "If-None-Match");

	return known && strstr(known, etag);
}

enum MHD_Result web_send_file(struct request *r)
{
	const struct web_file *f = r->visit.file;
	bool packed = f->packed.len > 0 && web_takes_gzip(r->conn), known = has_it(r, f->etag[packed]);
	const struct buf *body = packed ? &f->packed : &f->plain;
	struct MHD_Response *response;
	enum MHD_Result result;

	/* Copied: a reload may free the table while it is being sent. */
	response = MHD_create_response_from_buffer(known ? 0 : body->len, body->p, MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", f->type);
	MHD_add_response_header(response, "ETag", f->etag[packed]);
	MHD_add_response_header(response, "Cache-Control", "no-cache");
	MHD_add_response_header(response, "Vary", "Accept-Encoding");
	if (packed && !known)
		MHD_add_response_header(response, "Content-Encoding", "gzip");
	web_headers(r, response);
	result = MHD_queue_response(r->conn, known ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	r->answered = true;
	return result;
}
