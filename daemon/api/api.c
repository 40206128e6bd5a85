/* SPDX-License-Identifier: Apache-2.0
 *
 * The HTTP side: connections, bodies, suspended requests. Routes are in
 * api_routes.c, what they do in api_status.c, api_edit.c, api_federation.c...
 * The listeners are in api_listener.c, the page's gate in web_gate.c. */
#include "daemon/api/api.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "common/log.h"
#include "daemon/api/api_parts.h"
#include "daemon/web/web_parts.h"

#define PACK_MIN 1024 /* bytes of an answer that is worth it */
#define PACK_LEVEL 1

/* --- answers --- */

static unsigned status_of(enum es_err err)
{
	if (err == ES_NO_SESSION)
		return MHD_HTTP_UNAUTHORIZED;
	if (err == ES_TOO_LARGE)
		return MHD_HTTP_CONTENT_TOO_LARGE;
	switch (es_err_exit(err)) {
	case 0:
		return MHD_HTTP_OK;
	case 64:
	case 65:
		return err == ES_NOT_FOUND ? MHD_HTTP_NOT_FOUND : MHD_HTTP_BAD_REQUEST;
	case 77:
		return MHD_HTTP_FORBIDDEN;
	case 75:
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	case 74:
		return MHD_HTTP_INSUFFICIENT_STORAGE;
	default:
		return MHD_HTTP_INTERNAL_SERVER_ERROR;
	}
}

static void error_body(struct request *r, enum es_err err)
{
	enum say_language before = say_language();

	say_set(r->language);
	buf_clear(&r->out);
	if (r->why.len == 0)
		buf_str(&r->why, _(es_err_text(err)));
	buf_printf(&r->out, "{\"error\":{\"code\":\"%s\",\"exit\":%d,\"text\":", es_err_name(err), es_err_exit(err));
	json_quote(buf_slice(&r->why), &r->out);
	buf_str(&r->out, "}}");
	say_set(before);
}

void request_answer(struct request *r, enum es_err err)
{
	if (err == ES_OK && buf_err(&r->out) != ES_OK)
		err = buf_err(&r->out);
	r->status = r->visit.retry_s > 0 ? MHD_HTTP_TOO_MANY_REQUESTS : status_of(err);
	if (err != ES_OK) {
		if (r->out_file)
			fclose(r->out_file);
		r->out_file = NULL;
		error_body(r, err);
	}
	api_audited(r, err);
	r->answered = true;
	r->api->busy--;
	if (!r->suspended)
		return; /* still inside the handler: it queues the answer itself */
	MHD_resume_connection(r->conn);
	listener_run(r->listener);
}

/* A browser far away; the command line is next door. */
static bool may_pack(const struct request *r)
{
	return r->listener->page && r->out.len >= PACK_MIN && r->route && !r->route->secret && web_takes_gzip(r->conn);
}

/* What lasts is told by its hash: whoever has it already gets no body. */
static void answer_once(struct request *r, char etag[36])
{
	struct hash h = crypto_hash(HASH_CHANGE, buf_slice(&r->out));
	const char *has = MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, "If-None-Match");

	etag[0] = '"';
	hex_encode(h.bytes, 16, etag + 1);
	memcpy(etag + 33, "\"", 2);
	if (!has || !strstr(has, etag))
		return;
	r->status = MHD_HTTP_NOT_MODIFIED;
	buf_clear(&r->out);
}

static enum MHD_Result queue_answer(struct request *r)
{
	struct MHD_Response *response;
	bool packed = false;
	char etag[36] = "";

	if (r->lasts && r->status == MHD_HTTP_OK)
		answer_once(r, etag);

	if (r->out_file) {
		off_t size = ftello(r->out_file);
		int fd = dup(fileno(r->out_file));

		fclose(r->out_file);
		r->out_file = NULL;
		response = MHD_create_response_from_fd((uint64_t)size, fd);
	} else {
		packed = may_pack(r) && web_pack(buf_slice(&r->out), PACK_LEVEL, &r->packed) == ES_OK;
		if (!packed)
			buf_clear(&r->packed);
		response = MHD_create_response_from_buffer(packed ? r->packed.len : r->out.len, packed ? r->packed.p : r->out.p,
							   MHD_RESPMEM_MUST_COPY);
	}
	if (!response)
		return MHD_NO;
	if (packed)
		MHD_add_response_header(response, "Content-Encoding", "gzip");
	if (r->listener->page)
		web_headers(r, response);
	MHD_add_response_header(response, "Content-Type", r->type ? r->type : "application/json; charset=utf-8");
	if (etag[0])
		MHD_add_response_header(response, "ETag", etag);
	enum MHD_Result result = MHD_queue_response(r->conn, r->status, response);
	MHD_destroy_response(response);
	return result;
}

/* --- the three ways to work --- */

static enum es_err run_write(struct node *n, struct job *j)
{
	struct request *r = (struct request *)((char *)j - offsetof(struct request, job));

	say_set(r->language);
	enum es_err err = r->route->write(r, n);
	say_set(SAY_ENGLISH);
	return err;
}

static void done_write(struct job *j)
{
	struct request *r = (struct request *)((char *)j - offsetof(struct request, job));

	request_answer(r, j->err);
}

static void post_write(struct request *r)
{
	r->job = (struct job){.run = run_write, .done = done_write, .edits = r->route->edits,
			      .reads = r->route->reads, .apart = r->route->apart};
	snprintf(r->address, sizeof r->address, "%s", r->api->swarm->advertise);
	worker_post(r->api->swarm->worker, &r->job);
}

static void read_work(uv_work_t *work)
{
	struct request *r = work->data;

	say_set(r->language);
	r->err = request_open_reader(r, r->within);
	if (r->err == ES_OK)
		r->err = r->route->read(r, r->reader);
	say_set(SAY_ENGLISH);
}

static void read_done(uv_work_t *work, int status)
{
	struct request *r = work->data;

	(void)status;
	request_return_reader(r);
	request_answer(r, r->err);
}

static void post_read(struct request *r)
{
	request_take_reader(r);
	r->work.data = r;
	if (uv_queue_work(r->api->loop, &r->work, read_work, read_done) != 0)
		request_answer(r, ES_NOMEM);
}

/* What is not answered at once is suspended: its answer comes from the loop. */
static enum MHD_Result dispatch(struct request *r)
{
	r->api->busy++;
	if (r->route->now) {
		say_set(r->language);
		r->route->now(r);
		say_set(SAY_ENGLISH);
	} else if (r->route->read) {
		post_read(r);
	} else {
		post_write(r);
	}
	if (r->answered)
		return queue_answer(r);
	r->suspended = true;
	MHD_suspend_connection(r->conn);
	return MHD_YES;
}

/* --- requests --- */

static const struct route *find_route(const char *method, const char *url, char *part, size_t size)
{
	for (size_t i = 0; i < api_route_count; i++) {
		const struct route *route = &api_routes[i];
		size_t len = strlen(route->path);

		if (strcmp(route->method, method) != 0 || strncmp(url, route->path, len) != 0)
			continue;
		if (route->path[len - 1] != '/' && url[len] == 0)
			return route;
		if (route->path[len - 1] == '/' && url[len] && !strchr(url + len, '/') && strlen(url + len) < size) {
			snprintf(part, size, "%s", url + len);
			return route;
		}
	}
	return NULL;
}

/* Gives rights away by X-Essaim-Role, before a byte of the body is taken. */
static enum es_err take_role(struct request *r, bool cress)
{
	const char *name = MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, "X-Essaim-Role");
	enum es_err err;

	r->within = SCOPE_LOCAL;
	if (!name || !r->route)
		return ES_OK;
	r->role = role_named(name);
	if (!r->role) {
		buf_printf(&r->why, _("%.60s: unknown role; known: "), name);
		role_names(&r->why);
		return ES_USAGE;
	}
	r->within = r->role->within;
	err = role_check(r->role, cress, r->route->action, r->route->cosigns, &r->why);
	if (err == ES_OK && role_is_logged(r->role) && strcmp(r->route->method, "GET") == 0)
		log_event(LOG_NOTE, "role.read", "role=%s path=%s", r->role->name, r->route->path);
	return err;
}

static struct request *request_new(struct listener *l, struct MHD_Connection *conn, const char *method, const char *url)
{
	struct request *r = calloc(1, sizeof *r);
	struct api *a = l->api;

	if (!r)
		return NULL;
	r->api = a;
	r->listener = l;
	r->conn = conn;
	r->language = language_accepted(MHD_lookup_connection_value(conn, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_LANGUAGE));
	r->route = find_route(method, url, r->part, sizeof r->part);
	buf_init(&r->body, API_BODY_MAX);
	buf_init(&r->out, 64 * 1024 * 1024);
	buf_init(&r->packed, 64 * 1024 * 1024);
	buf_init(&r->why, 8192);
	return r;
}

static FILE *open_spool(struct api *a)
{
	int fd = open(a->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd < 0 ? NULL : fdopen(fd, "w+");
}

static void take_upload(struct request *r, const char *data, size_t size)
{
	if (!r->route->file) {
		buf_add(&r->body, data, size);
		return;
	}
	if (!r->spool)
		r->spool = open_spool(r->api);
	r->spooled += (int64_t)size;
	if (!r->spool || r->spooled > API_FILE_MAX || fwrite(data, 1, size, r->spool) != size)
		r->err = r->spooled > API_FILE_MAX ? ES_TOO_LARGE : errno == ENOSPC ? ES_DISK_FULL : ES_IO;
}

static enum MHD_Result refuse(struct request *r, enum es_err err, unsigned status)
{
	api_audited(r, err);
	error_body(r, err);
	r->status = status;
	r->answered = true;
	return queue_answer(r);
}

/* The header is here. What the gate refuses is answered before a byte of the body is
 * taken, and ends the connection: what follows could be read as another request. */
static enum MHD_Result begin(struct listener *l, struct request *r, const char *method, const char *url, const char *version)
{
	if (!l->page) {
		say_set(r->language);
		r->err = r->route && r->route->anyone ? ES_USAGE : take_role(r, l->api->swarm->role == ROLE_CRESS);
		say_set(SAY_ENGLISH);
		return MHD_YES;
	}
	web_is_asking(r, true);
	say_set(r->language);
	web_admit(r, method, version);
	say_set(SAY_ENGLISH);
	if (r->err == ES_OK)
		return MHD_YES;
	r->visit.close = true;
	(void)url;
	return refuse(r, r->err, status_of(r->err));
}

static enum MHD_Result take_part(struct request *r, const char *upload, size_t *upload_size)
{
	if (r->route && r->err == ES_OK)
		take_upload(r, upload, *upload_size);
	*upload_size = 0;
	if (r->listener->page && (r->err == ES_TOO_LARGE || buf_err(&r->body) != ES_OK || web_body_late(r)))
		return MHD_NO; /* no answer is possible amid a body: the connection ends */
	return MHD_YES;
}

static enum MHD_Result no_route(struct request *r, const char *method, const char *url)
{
	if (r->listener->page && web_find_file(r, method, url))
		return web_send_file(r);
	say_set(r->language);
	buf_printf(&r->why, _("%s %.100s: no such route"), method, url);
	say_set(SAY_ENGLISH);
	return refuse(r, ES_USAGE, MHD_HTTP_NOT_FOUND);
}

static enum MHD_Result complete(struct request *r)
{
	if (r->err == ES_OK && r->spool && fflush(r->spool) != 0)
		r->err = errno == ENOSPC ? ES_DISK_FULL : ES_IO;
	if (r->err == ES_OK)
		r->err = buf_err(&r->body);
	if (r->err != ES_OK)
		return refuse(r, r->err, status_of(r->err));
	if (r->api->stopping)
		return refuse(r, ES_UNREACHABLE, MHD_HTTP_SERVICE_UNAVAILABLE);
	if (r->route->stream)
		return stream_has_room(r) ? stream_open(r) : refuse(r, ES_BUSY, MHD_HTTP_SERVICE_UNAVAILABLE);
	return dispatch(r);
}

enum MHD_Result api_on_request(void *ctx, struct MHD_Connection *conn, const char *url, const char *method,
			       const char *version, const char *upload, size_t *upload_size, void **state)
{
	struct request *r = *state;

	if (!r) {
		*state = r = request_new(ctx, conn, method, url);
		return r ? begin(ctx, r, method, url, version) : MHD_NO;
	}
	if (*upload_size > 0)
		return take_part(r, upload, upload_size);
	if (r->answered)
		return queue_answer(r);
	return r->route ? complete(r) : no_route(r, method, url);
}

void api_on_completed(void *ctx, struct MHD_Connection *conn, void **state, enum MHD_RequestTerminationCode why)
{
	struct request *r = *state;

	(void)ctx;
	(void)conn;
	(void)why;
	if (!r)
		return;
	if (r->listener->page)
		web_is_asking(r, false);
	if (r->spool)
		fclose(r->spool);
	if (r->out_file)
		fclose(r->out_file);
	if (r->route && r->route->secret && r->body.p)
		crypto_wipe(r->body.p, r->body.cap);
	buf_done(&r->body);
	buf_done(&r->out);
	buf_done(&r->packed);
	buf_done(&r->why);
	free(r);
	*state = NULL;
}

/* --- life --- */

static bool somebody_listens(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool yes = fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof *at) == 0;

	if (fd >= 0)
		close(fd);
	return yes;
}

static int listen_unix(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof at.sun_path)
		return -1;
	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	if (somebody_listens(&at))
		return -1;
	unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t before = umask(0117);
	bool good = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 64) == 0;
	umask(before);
	if (!good && fd >= 0)
		close(fd);
	return good ? fd : -1;
}

enum es_err api_start(uv_loop_t *loop, const char *dir, const char *socket_path, struct swarm *swarm,
		      const struct reference *ref, struct buf *why, struct api **out)
{
	struct api *a = calloc(1, sizeof *a);
	enum es_err err;
	int fd;

	if (!a)
		return ES_NOMEM;
	a->loop = loop;
	a->swarm = swarm;
	a->ref = ref;
	snprintf(a->dir, sizeof a->dir, "%s", dir);
	snprintf(a->socket_path, sizeof a->socket_path, "%s", socket_path);
	fd = listen_unix(socket_path);
	if (fd < 0) {
		buf_printf(why, _("%s: the control socket cannot be made"), socket_path);
		free(a);
		return ES_CONFIG;
	}
	err = accounts_load(dir, &a->accounts, why);
	if (err == ES_OK)
		err = streams_start(a);
	if (err != ES_OK)
		close(fd);
	else
		err = listener_open(&a->control, a, fd, false);
	if (err != ES_OK) {
		unlink(socket_path);
		streams_free(a);
		accounts_free(&a->accounts);
		free(a);
		return err;
	}
	lateness_start(&a->lateness, loop);
	*out = a;
	return ES_OK;
}

enum es_err api_start_page(struct api *a, const struct page_conf *page, struct buf *why)
{
	return web_start(a, page, why);
}

void api_reload(struct api *a)
{
	if (a->web)
		web_reload(a->web);
}

void api_reload_ended(struct api *a, const char *en, const char *fr)
{
	snprintf(a->reload_refused[SAY_ENGLISH], sizeof a->reload_refused[SAY_ENGLISH], "%s", en);
	snprintf(a->reload_refused[SAY_FRENCH], sizeof a->reload_refused[SAY_FRENCH], "%s", fr);
}

void api_stop(struct api *a)
{
	a->stopping = true;
	unlink(a->socket_path);
	streams_stop(a);
	listener_close(&a->control);
	if (a->web)
		web_stop(a->web);
	lateness_stop(&a->lateness);
}

/* After the loop has run dry: no request is under way any more. */
void api_free(struct api *a)
{
	listener_free(&a->control);
	web_free(a->web);
	streams_free(a);
	accounts_free(&a->accounts);
	while (a->reader_count > 0)
		reader_close(a->readers[--a->reader_count]);
	free(a);
}
