/* SPDX-License-Identifier: Apache-2.0
 *
 * Invitations that the CRESS takes back. The control log has no entry for that: an
 * invitation gives but the right to ask, and it is asked here, so that this node's own
 * word is enough. It stands in the meta row "annulees" of the journal, 32 bytes each;
 * what is over leaves it with the next one. A CRESS restored from an older copy has to be
 * told again. */
#include <string.h>
#include "daemon/node/node_parts.h"

#define CANCELLED_ROW "annulees"
#define CANCELLED_BYTES (1u << 20)

/* A row of another size was not written by us. */
static void read_row(struct node *n, struct buf *row)
{
	buf_init(row, CANCELLED_BYTES);
	if (!journal_get(n->journal, CANCELLED_ROW, row) || row->len % sizeof(struct hash) != 0)
		buf_clear(row);
}

static bool is_in(const struct buf *row, const struct hash *hash)
{
	for (size_t at = 0; at < row->len; at += sizeof *hash)
		if (memcmp(row->p + at, hash->bytes, sizeof *hash) == 0)
			return true;
	return false;
}

bool node_invite_cancelled(struct node *n, const struct hash *hash)
{
	struct buf row;

	read_row(n, &row);
	bool yes = is_in(&row, hash);
	buf_done(&row);
	return yes;
}

bool node_invite_open(struct node *n, const struct invitation_entry *e)
{
	return !e->used && e->expires > n->utc && !node_invite_cancelled(n, &e->hash);
}

struct waiting {
	const struct hash *hash;
	bool yes;
};

static bool waits(void *ctx, const struct join_request *r)
{
	struct waiting *w = ctx;

	w->yes = w->yes || (r->state == REQUEST_WAITING && hash_eq(&r->member.invite, w->hash));
	return !w->yes;
}

enum es_err node_invite_cancel(struct node *n, const struct invitation_entry *e)
{
	struct waiting w = {.hash = &e->hash};
	enum es_err err = journal_request_each(n->journal, waits, &w);
	struct buf row, kept;

	if (err != ES_OK || w.yes)
		return err != ES_OK ? err : ES_INVITE_USED;
	read_row(n, &row);
	buf_init(&kept, CANCELLED_BYTES);
	for (size_t i = 0; i < n->rights.invite_count; i++) {
		const struct invitation_entry *one = &n->rights.invites[i];

		if (one->expires > n->utc && (is_in(&row, &one->hash) || hash_eq(&one->hash, &e->hash)))
			buf_add(&kept, one->hash.bytes, sizeof one->hash);
	}
	err = buf_err(&kept);
	if (err == ES_OK)
		err = journal_set(n->journal, CANCELLED_ROW, buf_slice(&kept));
	buf_done(&kept);
	buf_done(&row);
	return err;
}
