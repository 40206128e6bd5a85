/* SPDX-License-Identifier: Apache-2.0
 *
 * When home said that it holds what we wrote: the last ACKED_MAX times, in the meta row
 * "acquits" of the journal, so that a person is told the hour also after a restart.
 * Each is [log index, seq, UTC ms], 20 bytes big-endian, the last one last. */
#include <string.h>
#include "daemon/node/node_parts.h"

#define ACKED_MAX 200
#define ACKED_BYTES 20
#define ACKED_ROW "acquits"

/* A row of another size was not written by us. */
static void read_row(struct node *n, struct buf *row)
{
	if (!journal_get(n->journal, ACKED_ROW, row) || row->len % ACKED_BYTES != 0)
		buf_clear(row);
}

enum es_err node_note_acknowledged(struct node *n, uint32_t index, uint64_t seq)
{
	uint8_t bytes[(ACKED_MAX + 1) * ACKED_BYTES];
	struct slice kept;
	struct buf row;

	buf_init_fixed(&row, bytes, sizeof bytes);
	read_row(n, &row);
	buf_add_be(&row, index, 4);
	buf_add_be(&row, seq, 8);
	buf_add_be(&row, (uint64_t)n->utc, 8);
	kept = buf_slice(&row);
	if (kept.len > ACKED_MAX * ACKED_BYTES)
		kept = SLICE(kept.p + ACKED_BYTES, kept.len - ACKED_BYTES);
	return buf_err(&row) == ES_OK ? journal_set(n->journal, ACKED_ROW, kept) : buf_err(&row);
}

/* The first word that covers it, once an earlier one of that log did not. */
es_ms node_acknowledged_at(struct node *n, uint32_t index, uint64_t seq)
{
	uint8_t bytes[(ACKED_MAX + 1) * ACKED_BYTES];
	bool earlier = false;
	struct buf row;

	buf_init_fixed(&row, bytes, sizeof bytes);
	read_row(n, &row);
	for (size_t at = 0; at < row.len; at += ACKED_BYTES) {
		uint64_t upto = be_read(row.p + at + 4, 8);

		if (be_read(row.p + at, 4) != index)
			continue;
		if (upto >= seq)
			return earlier || row.len < ACKED_MAX * ACKED_BYTES ? (es_ms)be_read(row.p + at + 12, 8) : 0;
		earlier = true;
	}
	return 0;
}
