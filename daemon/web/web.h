/* SPDX-License-Identifier: Apache-2.0
 *
 * The page: HTTP/1.1 on TCP, for browsers. The routes are those of the unix socket
 * (api_routes.c) and the files of a folder; before them stands the gate.
 *
 *   browser -> shape -> Host -> Origin -> session -> token -> role -> route
 *               400     403     403        401       403     403
 *
 * shape    one reading only: one Content-Length or chunks, never both; one Host; HTTP/1.1
 * Host     this machine's own names, or those of `page_host`: a name that somebody else
 *          makes point here (DNS rebinding) gets nothing
 * Origin   the page's own, where the browser says one: other sites ask in vain
 * session  the cookie of /login; the account's role is the request's (roles.def)
 * token    X-Essaim-CSRF, as /me gave it, on every request that may write
 *
 * Three modes. open: no account exists, the listener is on loopback: whoever sits at the
 * machine has the rights of the node's staff. accounts: nothing without a session but the
 * files, /me and /login. public (page_public): the same, and what is public may be read.
 *
 * What a stranger can take is bounded: connections, the time to send a header or a body,
 * their sizes, streams of /events, sessions, tries to sign in (each costs 64 MiB for
 * 0.1 s: one at a time). The unix socket is another listener and answers all the same. */
#ifndef DAEMON_WEB_H
#define DAEMON_WEB_H

#include <microhttpd.h>
#include "daemon/service/conf.h"
#include "daemon/web/accounts.h"

#define WEB_CONNECTIONS_MAX 512u
#define WEB_TIMEOUT_S 30u /* nothing moves */
#define WEB_HEADER_MS 10000 /* from the first byte of a header to its end; between requests */
#define WEB_BODY_MS 20000 /* a body, and a second more for each WEB_BODY_RATE of it */
#define WEB_BODY_RATE 16384
#define WEB_MEMORY (32 * 1024) /* a request's header and our buffer */
#define WEB_TOKEN_LEN 43 /* 32 bytes as base64 */

struct api;
struct web;
struct request;
struct listener;

/* What the gate found out about a request. */
struct web_visit {
	char account[ACCOUNT_NAME_MAX + 1]; /* "" without a session */
	struct web_session *session; /* good until the request is admitted */
	bool admitted; /* past the gate */
	bool close; /* the connection ends with the answer */
	bool noted; /* in the audit log */
	unsigned retry_s; /* Retry-After */
	char cookie[160]; /* Set-Cookie */
	es_ms body_began;
	const struct web_file *file;
};

/* Listens. ES_CONFIG: `why` says what is wrong, and what to do. */
ES_MUST_USE enum es_err web_start(struct api *a, const struct page_conf *conf, struct buf *why);
/* What of it web_start would refuse, without listening: the accounts of `dir` are looked at too. ES_CONFIG,
 * or what accounts_load says. */
ES_MUST_USE enum es_err web_check(const char *dir, const struct page_conf *conf, struct buf *why);
/* The files are read anew. */
void web_reload(struct web *w);
void web_stop(struct web *w);
void web_free(struct web *w); /* accepts NULL */

/* The gate: sets the request's role, or its error. */
void web_admit(struct request *r, const char *method, const char *version);
/* Of a body under way: has it been sent too slowly? */
bool web_body_late(const struct request *r);
/* Looks the path up among the files; true: found, r->visit.file. */
bool web_find_file(struct request *r, const char *method, const char *url);
enum MHD_Result web_send_file(struct request *r);
/* What every answer to a browser says. */
void web_headers(struct request *r, struct MHD_Response *response);
/* The header of a request is here, or its answer has been sent. */
void web_is_asking(struct request *r, bool asking);
/* MHD_OPTION_NOTIFY_CONNECTION */
void web_on_connection(void *listener, struct MHD_Connection *conn, void **state, enum MHD_ConnectionNotificationCode code);

/* Whose a long answer is: good as long as the gate would let it in again. */
struct web_ticket {
	const struct web_session *session; /* NULL: of the mode `open` */
	char token[WEB_TOKEN_LEN + 1];
};
void web_ticket_take(const struct request *r, struct web_ticket *out);
bool web_ticket_good(const struct web *w, const struct web_ticket *t);

/* Routes. */
void api_me(struct request *r);
void api_login(struct request *r);
void api_logout(struct request *r);

#endif
