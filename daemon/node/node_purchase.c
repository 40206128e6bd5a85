/* SPDX-License-Identifier: Apache-2.0
 *
 * The node of a purchase's lead hub writes its end once the deadline has passed (C13). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "daemon/node/node_parts.h"
#include "daemon/rules/purchase.h"
#include "proto/canon.h"

#define SETTLED_MAX 64 /* in one tick; the next one goes on */

struct settling {
	size_t count;
	struct {
		struct id16 uid;
		struct purchase_due due;
	} list[SETTLED_MAX];
};

static bool add_due(void *ctx, struct slice uid, struct purchase_due due)
{
	struct settling *s = ctx;

	if (ulid_decode((const char *)uid.p, uid.len, s->list[s->count].uid.bytes))
		s->list[s->count++].due = due;
	return s->count < SETTLED_MAX;
}

static enum es_err write_end(struct node *n, const struct id16 *uid, const struct purchase_due *due, struct slice today)
{
	struct edit e = {.kind = schema_kind_named(slice_str("achat_mutualise")), .has_uid = true, .uid = *uid};
	struct edit_result result;
	struct buf statut, cents, day;
	enum es_err err;

	buf_init(&statut, 64);
	buf_init(&cents, 64);
	buf_init(&day, 64);
	canon_str(&statut, slice_str(due->statut));
	if (due->cents < 0)
		canon_nil(&cents);
	else
		canon_int(&cents, due->cents);
	canon_str(&day, today);
	e.values[achat_mutualise_statut] = buf_slice(&statut);
	e.values[achat_mutualise_palier_prix_cents] = buf_slice(&cents);
	e.values[achat_mutualise_regle_le] = buf_slice(&day);
	err = buf_err(&statut) != ES_OK ? buf_err(&statut) : buf_err(&cents) != ES_OK ? buf_err(&cents) : buf_err(&day);
	if (err == ES_OK)
		err = node_edit(n, &e, true, &result);
	buf_done(&statut);
	buf_done(&cents);
	buf_done(&day);
	return err == ES_NOT_FOUND || err == ES_OTHER_HUB ? ES_OK : err;
}

enum es_err node_settle_purchases(struct node *n)
{
	struct settling *s;
	char now[24], today[16] = "";
	struct buf out;
	enum es_err err;

	if (!n->reader || !n->rights.founded || reader_number(n->reader, "SELECT 1 FROM achat_mutualise LIMIT 1", NULL, 0) == 0)
		return ES_OK;
	if (!node_edit_ready(n)) {
		n->derive = true; /* what the directory says is not the last word yet */
		return ES_OK;
	}
	snprintf(now, sizeof now, "%lld", (long long)(n->utc / 1000));
	buf_init_fixed(&out, today, sizeof today - 1);
	(void)reader_text(n->reader, "SELECT date(?1, 'unixepoch', 'localtime')", (const struct slice[]){slice_str(now)}, 1, &out);
	if (!(s = calloc(1, sizeof *s)))
		return ES_NOMEM;
	err = purchases_due(n->reader, n->owner, slice_str(today), add_due, s);
	for (size_t i = 0; i < s->count && err == ES_OK; i++)
		err = write_end(n, &s->list[i].uid, &s->list[i].due, slice_str(today));
	free(s);
	return err;
}
