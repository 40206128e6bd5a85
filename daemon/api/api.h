/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP/1.1 and JSON on the unix socket (contract.md), and for the page on TCP: the
 * routes that the command line and the page use. Runs on the loop's thread; what touches a disk
 * goes to the writer (edits), the projector (digests) or the pool (reads, on
 * read-only connections), the request waiting suspended meanwhile. */
#ifndef DAEMON_API_H
#define DAEMON_API_H

#include "daemon/service/conf.h"
#include "daemon/swarm/swarm.h"

#define API_BODY_MAX (1024 * 1024) /* a JSON request */
#define API_FILE_MAX (1024ll * 1024 * 1024) /* a file to import */
#define API_LIST_MAX 1000 /* items in one answer */
#define API_RECORDS_MAX 10000 /* records in one answer of `list`: within the answer's 64 MB */

struct api;

/* Borrows all. The socket is made 0660, an old one of a dead daemon replaced. On an error
 * `why` says what is wrong. */
ES_MUST_USE enum es_err api_start(uv_loop_t *loop, const char *dir, const char *socket_path, struct swarm *swarm,
				  const struct reference *ref, struct buf *why, struct api **out);
/* The page's listener, too (web.h). */
ES_MUST_USE enum es_err api_start_page(struct api *a, const struct page_conf *page, struct buf *why);
void api_reload(struct api *a); /* SIGHUP: the page's files are read anew */
/* What the configuration was refused for, until the next reload, in both languages; "": it was taken. */
void api_reload_ended(struct api *a, const char *en, const char *fr);
void api_stop(struct api *a);
void api_free(struct api *a);

#endif
