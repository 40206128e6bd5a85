/* SPDX-License-Identifier: Apache-2.0
 *
 * A node's first journal: of a CRESS that founds a federation, of a hub that has
 * been invited, of a node that has nothing but its key left. Works on DIR/journal.db
 * alone; the key file is the caller's. ES_EXISTS where there is one. */
#ifndef DAEMON_FOUND_H
#define DAEMON_FOUND_H

#include "daemon/node/node.h"

struct found {
	const char *dir;
	const struct node_keys *keys;
	struct rng *rng;
	es_ms utc;
	const char *name, *pays, *region;
	const char *advertise; /* "" : none */
};
/* `recovery`: the recovery key's public half. `ref`: the territories it starts with. */
ES_MUST_USE enum es_err found_cress(const struct found *f, const struct reference *ref, struct slice charter,
				    const struct sign_public *recovery, struct hash *fed_id);

struct found_home {
	struct hash fed_id;
	struct dh_public key;
	const char *address;
	const char *federation;
	struct id16 secret; /* of the invitation; zero: none (restored from the key) */
	struct hash charter; /* digest accepted */
	uint32_t epoch; /* of the keys, where they replace lost ones; else 0 */
	struct id16 hub; /* the member it is or whose place it takes; zero: by its own key */
};
ES_MUST_USE enum es_err found_hub(const struct found *f, const struct found_home *home);
/* A CRESS with its key and nothing else: empty, it takes all from its members. */
ES_MUST_USE enum es_err found_cress_again(const struct found *f, const struct hash *fed_id, const struct id16 *hub);
/* The control entry of a Pays of the reference tables, with its communes. */
void found_territory(const struct reference *ref, const struct pays *p, struct buf *entry);

#endif
