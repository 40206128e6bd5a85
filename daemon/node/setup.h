/* SPDX-License-Identifier: Apache-2.0
 *
 * A data directory's beginnings: `init` founds a federation, `join` asks to
 * enter one; and what may be done to a directory that no daemon holds.
 *
 * On an error nothing has changed, and `why` holds one line for the user: what,
 * where, what to do next. */
#ifndef DAEMON_SETUP_H
#define DAEMON_SETUP_H

#include "common/crypto.h"
#include "daemon/reference/reference.h"
#include "proto/invite.h"

struct node;

struct setup {
	const char *dir; /* data directory; made if missing, 0700 */
	const char *name; /* of the node */
	const char *region; /* init: INSEE code */
	const char *listen, *advertise; /* "host:port" or NULL */
};
/* A recovery key on paper: 32 bytes as base32 in groups of 4 (13 groups). */
#define RECOVERY_TEXT_MAX 80

/* ES_EXISTS, ES_BAD_VALUE (unknown region, wildcard to advertise), ES_IO... */
ES_MUST_USE enum es_err setup_cress(const struct setup *s, char recovery[RECOVERY_TEXT_MAX], struct buf *why);

/* What home answered to JOIN(secret): nothing is burnt. */
struct join_offer {
	char federation[128], cress[128]; /* names */
	char pays[48], name[128]; /* what the invitation is for */
	char fingerprint[FINGERPRINT_LEN + 1]; /* home's, to compare by telephone */
	char *charter; /* malloc'd text */
	struct hash charter_digest;
	struct id16 replaces; /* the member whose lost key this invitation replaces; zero: none */
	uint32_t epoch; /* that the new keys will have there */
};
/* ES_MISTYPED, ES_INVITE_*, ES_UNREACHABLE, ES_EXISTS (a node is there). */
ES_MUST_USE enum es_err setup_join_ask(const struct setup *s, const struct invite *invite,
				       struct join_offer *offer, struct buf *why);
/* Makes the node's keys and sends JOIN(accept). `state` is "waiting" or "approved";
 * `fingerprint` is this node's own, to be read to the CRESS. */
ES_MUST_USE enum es_err setup_join_accept(const struct setup *s, const struct invite *invite,
					  const struct join_offer *offer, char fingerprint[FINGERPRINT_LEN + 1],
					  char state[16], struct buf *why);

/* Without a daemon (ES_LOCKED when one holds the directory, ES_NO_NODE).
 * verify: JSON {"ok", "commits", "changes", "problems":[{"log","seq","what"}]};
 * ES_DAMAGED when there are problems (the JSON says which). */
ES_MUST_USE enum es_err setup_verify(const char *dir, struct buf *json, struct buf *why);
ES_MUST_USE enum es_err setup_rebuild(const char *dir, struct buf *json, struct buf *why);
/* The node itself, for another command; both are the caller's to free. */
ES_MUST_USE enum es_err setup_open(const char *dir, struct reference **ref, struct node **n, struct buf *why);
/* A TCP connection to "host", "port", to be closed by the caller: ES_NOT_FOUND (no such
 * name), ES_TIMEOUT, ES_UNREACHABLE (refused, no way there). */
ES_MUST_USE enum es_err setup_dial(const char *host, const char *port, int *fd);
/* Back from what `init` printed; case and dashes do not matter. ES_MISTYPED. */
ES_MUST_USE enum es_err recovery_parse(struct slice text, uint8_t key[32]);

/* backup.c: a backup of the node in `dir` (backup.h). */
ES_MUST_USE enum es_err setup_backup(const char *dir, const char *path, bool with_key, struct buf *json, struct buf *why);
/* Makes the node again in `dir` from `file`: a backup, or a key file. `key`: another
 * key file, `listen`: its address; either may be NULL. ES_EXISTS where a node is;
 * ES_BAD_VALUE: neither a backup nor a key file. */
ES_MUST_USE enum es_err setup_restore(const char *dir, const char *file, const char *key, const char *listen,
				      struct buf *json, struct buf *why);

#endif
