/* SPDX-License-Identifier: Apache-2.0
 *
 * The daemon's HTTP interface over its unix socket.
 *
 *     struct client c;
 *
 *     if (client_open(&c, args) && client_call(&c, "GET", "/status", NULL))
 *             show(c.json);
 *     return client_close(&c, 0);
 *
 * A call that fails says so by false and keeps one sentence and an exit code;
 * client_close() says the sentence, once, and returns the code. A connection is
 * awaited 2 s; an answer as long as it takes. One thread per client. */
#ifndef DAEMON_CLI_CLIENT_H
#define DAEMON_CLI_CLIENT_H

#include <curl/curl.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdio.h>
#include "daemon/cli/table.h"

#define CLIENT_PATH_MAX 1024

struct client {
	const struct args *args;
	CURL *curl;
	char socket[CLIENT_PATH_MAX];
	struct buf body; /* the answer, as it came */
	json_t *json; /* the same read; NULL for a download */
	FILE *file; /* where a download goes */
	long http; /* status of the answer */
	int write_errno; /* the download could not be written */
	bool unreachable; /* the last call did not even connect */
	int exit; /* 0: no call has failed */
	struct buf why;
	const atomic_bool *stop; /* may be NULL: set from elsewhere, ends a call */
};

/* Where --data, --socket and the environment say. `out` holds CLIENT_PATH_MAX. */
ES_MUST_USE
bool client_data_dir(const struct args *a, char *out);
ES_MUST_USE
bool client_socket(const struct args *a, char *out);

ES_MUST_USE
bool client_open(struct client *c, const struct args *a);
/* Takes `send` (also on failure): the JSON body, NULL for none. */
ES_MUST_USE
bool client_call(struct client *c, const char *method, const char *path, json_t *send);
/* A body of plain bytes, which is not copied. */
ES_MUST_USE
bool client_upload(struct client *c, const char *path, struct slice body);
/* The answer's bytes into f; nothing is written of an error's answer. */
ES_MUST_USE
bool client_download(struct client *c, const char *path, FILE *f);
/* The same of a POST; takes `send`. */
ES_MUST_USE
bool client_fetch(struct client *c, const char *path, json_t *send, FILE *f);
/* Forgets a failure that the caller deals with. */
void client_forgive(struct client *c);
/* Says what failed, if anything, and returns its exit code, else `code`. */
int client_close(struct client *c, int code);
/* The answer as it came, on one line of stdout. */
void client_print(const struct client *c);

/* Building a path: "?key=value", then "&key=value", percent-encoded; a NULL
 * value adds nothing. `path_part` appends one encoded segment. */
void path_query(struct buf *path, const char *key, const char *value);
void path_part(struct buf *path, const char *text);

#endif
