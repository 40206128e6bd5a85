/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/cli/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/say.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/print.h"

#define ANSWER_MAX ((size_t)2 << 30) /* of an answer kept in memory */
#define ERROR_MAX 65536 /* of an error's answer during a download */
#define CONNECT_MS 2000
#define BACKLOG_MS 20 /* between tries while the daemon's queue is full */

/* systemd gives several directories as a:b. */
static bool first_of(const char *list, const char *fallback, const char *rest, char *out)
{
	size_t len = list && *list ? strcspn(list, ":") : strlen(fallback);
	const char *dir = list && *list ? list : fallback;

	return snprintf(out, CLIENT_PATH_MAX, "%.*s%s", (int)len, dir, rest) < CLIENT_PATH_MAX;
}

bool client_data_dir(const struct args *a, char *out)
{
	const char *data = args_get(a, "data");

	if (data)
		return snprintf(out, CLIENT_PATH_MAX, "%s", data) < CLIENT_PATH_MAX;
	return first_of(getenv("STATE_DIRECTORY"), "/var/lib/essaim", "", out);
}

bool client_socket(const struct args *a, char *out)
{
	const char *path = args_get(a, "socket"), *data = args_get(a, "data");

	if (path)
		return snprintf(out, CLIENT_PATH_MAX, "%s", path) < CLIENT_PATH_MAX;
	if (data)
		return snprintf(out, CLIENT_PATH_MAX, "%s/essaim.sock", data) < CLIENT_PATH_MAX;
	return first_of(getenv("RUNTIME_DIRECTORY"), "/run/essaim", "/essaim.sock", out);
}

static bool fail(struct client *c, enum es_err err, enum word_id id, const char *a, const char *b)
{
	buf_clear(&c->why);
	word_add(&c->why, id, a, b);
	c->exit = es_err_exit(err);
	return false;
}

/* Nothing is there to be started. Of a folder that we may not look into nobody knows. */
static bool is_without_node(const char *dir)
{
	char key[CLIENT_PATH_MAX + 16];

	snprintf(key, sizeof key, "%s/node.key", dir);
	return access(key, F_OK) != 0 && errno == ENOENT;
}

static bool fail_unreachable(struct client *c, int os_errno)
{
	const char *data = args_get(c->args, "data");
	char dir[CLIENT_PATH_MAX];

	c->unreachable = true;
	if (os_errno == EACCES || os_errno == EPERM)
		return fail(c, ES_NOT_ALLOWED, W_SOCKET_DENIED, c->socket, "");
	if (strlen(c->socket) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return fail(c, ES_UNREACHABLE, W_SOCKET_LONG, c->socket, "");
	if (!args_get(c->args, "socket") && client_data_dir(c->args, dir) && is_without_node(dir))
		return fail(c, ES_UNREACHABLE, W_NO_NODE_YET, dir, "");
	if (!data)
		return fail(c, ES_UNREACHABLE, W_UNREACHABLE, c->socket, "");
	return fail(c, ES_UNREACHABLE, W_UNREACHABLE_DATA, c->socket, data);
}

static size_t keep(char *p, size_t size, size_t n, void *ctx)
{
	struct client *c = ctx;
	size_t len = size * n;

	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &c->http);
	if (c->file && c->http == 200) {
		if (fwrite(p, 1, len, c->file) == len)
			return len;
		c->write_errno = errno;
		return 0;
	}
	if (c->file && c->body.len + len > ERROR_MAX)
		return 0;
	buf_add(&c->body, p, len);
	return buf_err(&c->body) == ES_OK ? len : 0;
}

static int watch(void *ctx, curl_off_t dt, curl_off_t dn, curl_off_t ut, curl_off_t un)
{
	const struct client *c = ctx;

	(void)dt, (void)dn, (void)ut, (void)un;
	return c->stop && atomic_load(c->stop);
}

/* What stays the same from call to call. */
static void set_up(struct client *c)
{
	curl_easy_reset(c->curl);
	curl_easy_setopt(c->curl, CURLOPT_UNIX_SOCKET_PATH, c->socket);
	/* A proxy in the environment is not meant for us. */
	curl_easy_setopt(c->curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(c->curl, CURLOPT_XFERINFOFUNCTION, watch);
	curl_easy_setopt(c->curl, CURLOPT_XFERINFODATA, c);
	curl_easy_setopt(c->curl, CURLOPT_NOPROGRESS, c->stop ? 0L : 1L);
	curl_easy_setopt(c->curl, CURLOPT_USERAGENT, "essaim");
}

bool client_open(struct client *c, const struct args *a)
{
	memset(c, 0, sizeof *c);
	c->args = a;
	buf_init(&c->body, ANSWER_MAX);
	buf_init(&c->why, ERROR_MAX);
	if (!client_socket(a, c->socket))
		return fail(c, ES_USAGE, W_PATH_LONG, "--socket", "");
	c->curl = curl_easy_init();
	return c->curl ? true : fail(c, ES_NOMEM, W_MEMORY, "", "");
}

/* The error object of an answer other than 200, or a word about its absence. */
static bool fail_http(struct client *c)
{
	json_t *e = json_object_get(c->json, "error");
	char status[16];

	if (*fact_text(e, "text")) {
		buf_clear(&c->why);
		buf_str(&c->why, fact_text(e, "text"));
		c->exit = (int)fact_int(e, "exit");
		if (c->exit < 1 || c->exit > 125)
			c->exit = es_err_exit(ES_IO);
		return false;
	}
	snprintf(status, sizeof status, "%ld", c->http);
	return fail(c, ES_UNREACHABLE, W_HTTP, c->socket, status);
}

static bool connected(const struct client *c)
{
	long n = 0;

	curl_easy_getinfo(c->curl, CURLINFO_NUM_CONNECTS, &n);
	return n > 0;
}

static bool fail_curl(struct client *c, CURLcode code)
{
	long os_errno = 0;

	curl_easy_getinfo(c->curl, CURLINFO_OS_ERRNO, &os_errno);
	if (c->write_errno)
		return fail(c, ES_IO, W_OUTPUT, _(strerror(c->write_errno)), "");
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
	    (code == CURLE_OPERATION_TIMEDOUT && !connected(c)))
		return fail_unreachable(c, (int)os_errno);
	if (code == CURLE_OUT_OF_MEMORY)
		return fail(c, ES_NOMEM, W_MEMORY, "", "");
	return fail(c, ES_UNREACHABLE, W_CUT, c->socket, _(curl_easy_strerror(code)));
}

/* A unix socket whose queue is full refuses at once with EAGAIN, which curl
 * reports without an errno, where TCP would have waited: so we wait. */
static CURLcode perform(struct client *c)
{
	for (int waited = 0;; waited += BACKLOG_MS) {
		const struct timespec pause = {.tv_nsec = BACKLOG_MS * 1000000L};
		long os_errno = 0;
		CURLcode code = curl_easy_perform(c->curl);

		curl_easy_getinfo(c->curl, CURLINFO_OS_ERRNO, &os_errno);
		if (code != CURLE_COULDNT_CONNECT || (os_errno != 0 && os_errno != EAGAIN) ||
		    waited >= CONNECT_MS)
			return code;
		nanosleep(&pause, NULL);
	}
}

static bool run(struct client *c, const char *method, const char *path)
{
	struct curl_slist *headers = NULL;
	const char *role = args_get(c->args, "as");
	char *url = NULL, line[128];
	CURLcode code;

	buf_clear(&c->body);
	json_decref(c->json);
	c->json = NULL;
	c->http = 0;
	c->unreachable = false;
	if (asprintf(&url, "http://localhost/api/v1%s", path) < 0)
		return fail(c, ES_NOMEM, W_MEMORY, "", "");
	/* Without this curl waits a second for "100 Continue" before a large body. */
	headers = curl_slist_append(headers, "Expect:");
	headers = curl_slist_append(headers, word_pick("Accept-Language: fr", "Accept-Language: en"));
	if (role) {
		snprintf(line, sizeof line, "X-Essaim-Role: %s", role);
		headers = curl_slist_append(headers, line);
	}
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(c->curl, CURLOPT_URL, url);
	code = perform(c);
	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &c->http);
	curl_slist_free_all(headers);
	free(url);
	if (code != CURLE_OK)
		return fail_curl(c, code);
	if (!c->file || c->http != 200)
		c->json = json_loadb((const char *)c->body.p, c->body.len, JSON_ALLOW_NUL, NULL);
	if (c->http < 200 || c->http >= 300)
		return fail_http(c);
	return c->json || c->file ? true : fail(c, ES_UNREACHABLE, W_NOT_JSON, c->socket, "");
}

bool client_upload(struct client *c, const char *path, struct slice body)
{
	set_up(c);
	curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
	curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, body.len > 0 ? (const char *)body.p : "");
	return run(c, "POST", path);
}

static bool call(struct client *c, const char *method, const char *path, json_t *send, FILE *f)
{
	char *text = send ? json_dumps(send, JSON_COMPACT) : NULL;
	bool ok;

	set_up(c);
	if (send || strcmp(method, "POST") == 0) {
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(text ? strlen(text) : 0));
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, text ? text : "");
	}
	c->file = f;
	ok = run(c, method, path);
	c->file = NULL;
	free(text);
	json_decref(send);
	return ok;
}

bool client_call(struct client *c, const char *method, const char *path, json_t *send)
{
	return call(c, method, path, send, NULL);
}

bool client_download(struct client *c, const char *path, FILE *f)
{
	return call(c, "GET", path, NULL, f);
}

bool client_fetch(struct client *c, const char *path, json_t *send, FILE *f)
{
	return call(c, "POST", path, send, f);
}

void client_forgive(struct client *c)
{
	c->exit = 0;
	buf_clear(&c->why);
}

int client_close(struct client *c, int code)
{
	if (c->exit)
		code = print_fail_text(c->exit, buf_cstr(&c->why));
	json_decref(c->json);
	buf_done(&c->body);
	buf_done(&c->why);
	curl_easy_cleanup(c->curl);
	memset(c, 0, sizeof *c);
	return code;
}

void client_print(const struct client *c)
{
	size_t len = c->body.len;

	while (len > 0 && (c->body.p[len - 1] == '\n' || c->body.p[len - 1] == ' '))
		len--;
	fwrite(c->body.p, 1, len, stdout);
	putchar('\n');
}

void path_part(struct buf *path, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if ((*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') ||
		    strchr("-._~", *p))
			buf_add_u8(path, *p);
		else
			buf_printf(path, "%%%02X", *p);
	}
}

void path_query(struct buf *path, const char *key, const char *value)
{
	bool first = !memchr(path->p, '?', path->len);

	if (!value)
		return;
	buf_printf(path, "%s%s=", first ? "?" : "&", key);
	path_part(path, value);
}
