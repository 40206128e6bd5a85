/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the page's side share among themselves. */
#ifndef DAEMON_WEB_PARTS_H
#define DAEMON_WEB_PARTS_H

#include "daemon/api/api_parts.h"

#define WEB_SESSIONS_MAX 256
#define WEB_SESSION_MS (12 * 3600 * 1000ll) /* at most, however busy */
#define WEB_COOKIE "essaim_session"

/* A file of the page, read at start: what is not in the table is not served. */
struct web_file {
	char path[128]; /* as it is asked for: "/essaim.css" */
	const char *type;
	struct buf plain, packed; /* packed: gzip; empty where it would not be smaller */
	char etag[2][24]; /* of each, with its quotes */
};
struct web_files {
	struct web_file *list;
	size_t count;
};

/* Somebody who has signed in. The cookie is kept as its hash: what lies in memory opens nothing. */
struct web_session {
	bool used;
	uint8_t cookie[32]; /* its hash */
	char token[WEB_TOKEN_LEN + 1]; /* CSRF */
	char account[ACCOUNT_NAME_MAX + 1];
	const struct role_row *role;
	es_ms began, heard; /* loop time */
};

/* Failures lately, of a name or an address: each costs a while. */
#define WEB_TRIES_MAX 512
struct web_tries {
	uint64_t key; /* hash of what is counted, 0: free */
	es_ms full; /* loop time when all is forgotten */
};

struct web_connection {
	struct web_connection *next, *before;
	int fd;
	bool asking; /* a request has begun: its header is here */
	es_ms since; /* otherwise: waiting for a header since then */
};

struct web {
	struct api *api;
	struct page_conf conf;
	char host[RIGHTS_ADDRESS_MAX + 1]; /* where it listens, without the port */
	bool beyond; /* loopback */
	struct listener listener;
	struct web_files files;
	struct web_session sessions[WEB_SESSIONS_MAX];
	char token[WEB_TOKEN_LEN + 1]; /* of those without a session */
	uint8_t salt[16]; /* for the keys of tries */
	struct web_tries tries[WEB_TRIES_MAX];
	struct web_login *logins; /* passwords to be checked: the first one is, in the pool */
	struct web_connection *connections;
	uv_timer_t reaper;
};

/* web_files.c. ES_IO, ES_NOMEM; a folder that is not there is an empty table. */
ES_MUST_USE enum es_err web_files_read(const char *dir, struct web_files *out);
void web_files_free(struct web_files *f);
const struct web_file *web_files_find(const struct web_files *f, const char *path);
/* $ESSAIM_PAGE, else the installed folder, else the source tree's. */
const char *web_default_dir(void);
/* Does Accept-Encoding take gzip? */
bool web_takes_gzip(struct MHD_Connection *conn);
/* ES_TOO_LARGE: it would not be smaller. */
ES_MUST_USE enum es_err web_pack(struct slice plain, int level, struct buf *out);

/* web_session.c */
void web_token(char out[WEB_TOKEN_LEN + 1]);
/* The session of a Cookie header's value, NULL: none, or it has ended. */
struct web_session *web_session_of(struct web *w, const char *cookies);
/* Takes the place of the one that rested longest where all are taken; `cookie` is what the browser keeps. */
struct web_session *web_session_begin(struct web *w, const struct account *a, char cookie[WEB_TOKEN_LEN + 1]);
void web_session_end(struct web_session *s);
/* The account was removed, or has another password. */
void web_sessions_end_of(struct web *w, const char *account);
size_t web_sessions_count(const struct web *w, const char *account);
es_ms web_session_left(const struct web *w, const struct web_session *s);

/* web_gate.c: pure parts of it. */
/* "host", "host:1", "[::1]:1" is one of the names (separated by spaces), or this machine's own. */
bool web_host_good(const char *host, const char *names);
/* "http://HOST" or "https://HOST". */
bool web_origin_good(const char *origin, const char *host);
/* One cookie's value out of a header; false: not there, or twice. */
bool web_cookie(const char *header, const char *name, char *out, size_t size);
bool web_same_token(const char *a, const char *b);

/* web_tries.c: what is counted when a sign-in fails. */
enum web_counted { COUNT_NAME, COUNT_ADDRESS };
/* Seconds to wait before the next try; 0: go on. */
unsigned web_tries_wait(const struct web *w, enum web_counted what, const char *of);
void web_tries_count(struct web *w, enum web_counted what, const char *of);
/* web_login.c */
/* Who calls, as a proxy on this machine has it. */
void web_address_of(const struct request *r, char *out, size_t size);
bool web_is_open(const struct web *w); /* the mode `open` */

#endif
