/* SPDX-License-Identifier: Apache-2.0
 *
 * DIR/accounts: who may sign in on the page of this node (0600). It concerns this
 * machine alone: nothing of it is replicated. Lines of text:
 *
 *   NAME ROLE SINCE $argon2id$...
 *
 * NAME is 1 to 32 of a-z 0-9 . _ -, SINCE milliseconds UTC. A password is kept as its
 * Argon2id hash (64 MiB, 2 passes); making or checking one takes 0.1 s and belongs on
 * no loop's thread. Written whole or not at all. */
#ifndef DAEMON_ACCOUNTS_H
#define DAEMON_ACCOUNTS_H

#include "common/stamp.h"
#include "daemon/api/roles.h"

#define ACCOUNT_NAME_MAX 32
#define ACCOUNT_HASH_MAX 128
#define ACCOUNT_PASSWORD_MIN 12 /* characters */
#define ACCOUNT_PASSWORD_MAX 256 /* bytes */
#define ACCOUNTS_MAX 256

struct account {
	char name[ACCOUNT_NAME_MAX + 1];
	const struct role_row *role;
	es_ms since;
	char hash[ACCOUNT_HASH_MAX];
};
struct accounts {
	struct account *list; /* by name */
	size_t count;
};

/* No file: no accounts. ES_KEY_OPEN where others can read it, ES_CONFIG where a line is
 * not understood: `why` says which. */
ES_MUST_USE enum es_err accounts_load(const char *dir, struct accounts *out, struct buf *why);
ES_MUST_USE enum es_err accounts_save(const char *dir, const struct accounts *a);
void accounts_free(struct accounts *a);
struct account *accounts_named(const struct accounts *a, const char *name); /* NULL: none */
/* Adds or replaces. ES_TOO_LARGE beyond ACCOUNTS_MAX. */
ES_MUST_USE enum es_err accounts_put(struct accounts *a, const struct account *one);
bool accounts_remove(struct accounts *a, const char *name);
/* ES_BAD_VALUE: `why` says what a name, a role here, a password must be. */
ES_MUST_USE enum es_err account_check(const char *name, const char *role, bool cress, struct buf *why);
ES_MUST_USE enum es_err account_check_password(const char *password, struct buf *why);
/* ES_NOMEM */
ES_MUST_USE enum es_err account_hash(const char *password, char out[ACCOUNT_HASH_MAX]);
/* `hash` may be empty, of a name that nobody has: it takes as long, and is false. */
bool account_matches(const char *hash, const char *password);

#endif
