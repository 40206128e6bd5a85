/* SPDX-License-Identifier: Apache-2.0
 *
 * The page's listener: where it listens, its connections, what every answer says. */
#include <errno.h>
#include <netdb.h>
#include <sodium/randombytes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "common/log.h"
#include "common/places.h"
#include "common/say.h"
#include "daemon/web/web_parts.h"

#define REAP_MS 2000
#define BACKLOG 1024

/* --- where it listens --- */

static bool is_loopback(const struct sockaddr *at)
{
	static const uint8_t six[16] = {[15] = 1};

	if (at->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)at)->sin_addr.s_addr) >> 24 == 127;
	return at->sa_family == AF_INET6 && memcmp(&((const struct sockaddr_in6 *)at)->sin6_addr, six, 16) == 0;
}

/* The descriptor systemd hands over under the name "page" (sd_listen_fds(3)); -1: none. */
static int activated(void)
{
	enum { FIRST = 3 };
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS"), *name = getenv("LISTEN_FDNAMES");

	if (!pid || !count || !name || strtol(pid, NULL, 10) != (long)getpid())
		return -1;
	for (long i = 0, n = strtol(count, NULL, 10); i < n; i++, name += strcspn(name, ":"), name += *name == ':')
		if (strcspn(name, ":") == 4 && strncmp(name, "page", 4) == 0)
			return FIRST + (int)i;
	return -1;
}

static const char cannot_listen[] = N_("page: cannot listen on %s (%s); change 'page' in essaim.conf, \"\" for no page");

static int listen_at(const struct addrinfo *at)
{
	int yes = 1, fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	int why = errno;
	close(fd);
	errno = why;
	return -1;
}

/* NULL: `why` says so. To be freed with freeaddrinfo. */
static struct addrinfo *resolve(const struct page_conf *conf, char host[RIGHTS_ADDRESS_MAX + 1], struct buf *why)
{
	char port[16];
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *at = NULL;
	int code = EAI_NONAME;

	if (address_split(conf->listen, host, RIGHTS_ADDRESS_MAX + 1, port, sizeof port))
		code = getaddrinfo(host[0] ? host : NULL, port, &hints, &at);
	if (code != 0)
		buf_printf(why, _(cannot_listen), conf->listen, _(gai_strerror(code)));
	return code == 0 ? at : NULL;
}

static int open_socket(struct web *w, struct buf *why)
{
	struct addrinfo *at = resolve(&w->conf, w->host, why);
	int fd;

	if (!at)
		return -1;
	fd = listen_at(at);
	if (fd < 0)
		buf_printf(why, _(cannot_listen), w->conf.listen, _(strerror(errno)));
	freeaddrinfo(at);
	return fd;
}

/* Beyond loopback, or by another name, strangers may come. */
static enum es_err check_accounts(const struct page_conf *conf, bool beyond, const struct accounts *accounts, struct buf *why)
{
	if ((!beyond && conf->hosts[0] == 0) || accounts->count > 0)
		return ES_OK;
	buf_printf(why, _("page: %s is reached from elsewhere, and nobody has an account: make one first with "
		   "'essaim account add NAME --role ROLE'. Better keep \"%s\" and put a TLS proxy in front: see %s/nginx.conf"),
		   beyond ? conf->listen : conf->hosts, CONF_PAGE_DEFAULT, ESSAIM_EXAMPLES_DIR);
	return ES_CONFIG;
}

static bool is_beyond(int fd)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof at;

	return getsockname(fd, (struct sockaddr *)&at, &len) != 0 || !is_loopback((struct sockaddr *)&at);
}

enum es_err web_check(const char *dir, const struct page_conf *conf, struct buf *why)
{
	struct accounts accounts = {0};
	char host[RIGHTS_ADDRESS_MAX + 1];
	struct addrinfo *at = NULL;
	enum es_err err = accounts_load(dir, &accounts, why);

	if (err == ES_OK && conf->listen[0])
		at = resolve(conf, host, why);
	if (at)
		err = check_accounts(conf, !is_loopback(at->ai_addr), &accounts, why);
	else if (err == ES_OK && conf->listen[0])
		err = ES_CONFIG;
	if (at)
		freeaddrinfo(at);
	accounts_free(&accounts);
	return err;
}

/* --- connections --- */

static void drop(struct web *w, struct web_connection *c)
{
	if (c->before)
		c->before->next = c->next;
	else
		w->connections = c->next;
	if (c->next)
		c->next->before = c->before;
	free(c);
}

static struct web_connection *track(struct web *w, struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct web_connection *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->fd = info ? info->connect_fd : -1;
	c->since = (es_ms)uv_now(w->api->loop);
	c->next = w->connections;
	if (c->next)
		c->next->before = c;
	w->connections = c;
	return c;
}

void web_on_connection(void *listener, struct MHD_Connection *conn, void **state, enum MHD_ConnectionNotificationCode code)
{
	struct web *w = ((struct listener *)listener)->api->web;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*state = track(w, conn);
	} else if (*state) {
		drop(w, *state);
		*state = NULL;
	}
}

void web_is_asking(struct request *r, bool asking)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct web_connection *c = info ? info->socket_context : NULL;

	if (!c)
		return;
	c->asking = asking;
	c->since = (es_ms)uv_now(r->api->loop);
}

/* MHD ends a connection where nothing moves. Who sends a byte now and then holds one as
 * long as it likes: until here. */
static void on_reaper(uv_timer_t *timer)
{
	struct web *w = timer->data;
	es_ms now = (es_ms)uv_now(w->api->loop);

	for (struct web_connection *c = w->connections; c; c = c->next)
		if (!c->asking && c->fd >= 0 && now - c->since > WEB_HEADER_MS)
			shutdown(c->fd, SHUT_RDWR);
}

/* --- answers --- */

void web_headers(struct request *r, struct MHD_Response *response)
{
	static const char *const fixed[][2] = {
		{"Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
		 "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
		{"X-Content-Type-Options", "nosniff"},
		{"Referrer-Policy", "no-referrer"},
		{"X-Frame-Options", "DENY"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
	};
	char seconds[16];

	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		MHD_add_response_header(response, fixed[i][0], fixed[i][1]);
	if (!r->visit.file)
		MHD_add_response_header(response, "Cache-Control", r->lasts ? "private, no-cache" : "no-store");
	if (r->visit.cookie[0])
		MHD_add_response_header(response, "Set-Cookie", r->visit.cookie);
	snprintf(seconds, sizeof seconds, "%u", r->visit.retry_s);
	if (r->visit.retry_s > 0)
		MHD_add_response_header(response, "Retry-After", seconds);
	if (r->visit.close)
		MHD_add_response_header(response, "Connection", "close");
}

/* --- life --- */

void web_reload(struct web *w)
{
	struct web_files files;
	enum es_err err = web_files_read(web_default_dir(), &files);

	if (err != ES_OK) {
		log_event(LOG_WARN, "page.unreadable", "dir=%s why=\"%s\"", web_default_dir(), es_err_text(err));
		return;
	}
	web_files_free(&w->files);
	w->files = files;
	log_event(LOG_INFO, "page.read", "dir=%s files=%zu", web_default_dir(), files.count);
}

static enum es_err open_all(struct web *w, struct buf *why)
{
	int fd = activated();
	enum es_err err;

	if (fd < 0)
		fd = open_socket(w, why);
	if (fd < 0)
		return ES_CONFIG;
	w->beyond = is_beyond(fd);
	err = check_accounts(&w->conf, w->beyond, &w->api->accounts, why);
	if (err != ES_OK) {
		close(fd);
		return err;
	}
	return listener_open(&w->listener, w->api, fd, true);
}

enum es_err web_start(struct api *a, const struct page_conf *conf, struct buf *why)
{
	struct web *w = calloc(1, sizeof *w);
	enum es_err err;

	if (!w)
		return ES_NOMEM;
	w->api = a;
	w->conf = *conf;
	web_token(w->token);
	randombytes_buf(w->salt, sizeof w->salt);
	a->web = w; /* before the first connection */
	err = open_all(w, why);
	if (err != ES_OK) {
		a->web = NULL;
		free(w);
		return err;
	}
	web_reload(w);
	uv_timer_init(a->loop, &w->reaper);
	w->reaper.data = w;
	uv_timer_start(&w->reaper, on_reaper, REAP_MS, REAP_MS);
	log_event(LOG_NOTE, "page.started", "listen=%s mode=%s", w->conf.listen, web_is_open(w) ? "open" : "accounts");
	return ES_OK;
}

void web_stop(struct web *w)
{
	listener_close(&w->listener);
	uv_close((uv_handle_t *)&w->reaper, NULL);
}

void web_free(struct web *w)
{
	if (!w)
		return;
	listener_free(&w->listener);
	web_files_free(&w->files);
	crypto_wipe(w, sizeof *w);
	free(w);
}
