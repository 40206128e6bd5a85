/* SPDX-License-Identifier: Apache-2.0
 *
 * Where is what was written here? Of one record (its way: saved here, sealed, held by
 * the CRESS), and of the last ones that were written. */
#include <stdlib.h>
#include <string.h>
#include "daemon/api/api_parts.h"
#include "proto/canon.h"

#define SENT_MAX 20
#define SENT_COMMITS 400 /* looked through, newest first */
#define OWN_LOGS 64
#define STATE_BYTES (64u << 20) /* of one record */

static void stamp_json(struct buf *out, const char *key, es_ms at)
{
	char text[25];

	stamp_text(stamp_at(at), text);
	buf_printf(out, ",\"%s\":\"%s\"", key, text);
}

/* Our log of that scope with this commit in it: its index and the commit's number. */
static bool find_commit(struct node *n, const struct fold_change *c, uint32_t *index, uint64_t *seq)
{
	for (uint32_t i = 0; i < n->frontier.count; i++) {
		const struct head *h = &n->frontier.heads[i];

		if (!id_eq(&h->hub, &n->hub) || h->scope != c->scope)
			continue;
		*seq = journal_seq_of(n->journal, i, &c->commit);
		*index = i;
		if (*seq > 0)
			return true;
	}
	return false;
}

/* At home: since when, where that is known; else not later than what was heard last. */
static es_ms home_json(struct node *n, uint32_t index, uint64_t seq, struct buf *out)
{
	const struct head *h = &n->frontier.heads[index];
	es_ms at = node_acknowledged_at(n, index, seq);

	if (n->role != ROLE_CRESS && h->acked < seq)
		return 0;
	buf_str(out, ",\"home\":true");
	if (at > 0)
		stamp_json(out, "home_at", at);
	else if (h->acked_ms > 0)
		stamp_json(out, "home_before", h->acked_ms);
	return at > 0 ? at : h->acked_ms;
}

/* The time when it was at the CRESS at the latest; 0: it is not known to be. */
static es_ms way_json(struct node *n, struct slice state, struct buf *out)
{
	struct fold_change newest;
	uint32_t index;
	uint64_t seq;

	stamp_json(out, "saved", stamp_ms(fold_latest(state)));
	if (!fold_newest(state, &newest)) {
		buf_str(out, ",\"place\":\"local\"");
		return 0;
	}
	buf_printf(out, ",\"scope\":\"%s\"", scope_name(newest.scope));
	if (newest.pending) {
		buf_str(out, ",\"place\":\"saved\"");
		return 0;
	}
	if (!find_commit(n, &newest, &index, &seq)) { /* another hub's, before it was handed over: it came through home */
		buf_str(out, ",\"place\":\"home\",\"home\":true");
		return 0;
	}
	const struct head *h = &n->frontier.heads[index];
	bool home = n->role == ROLE_CRESS || h->acked >= seq;
	bool refused = h->blocked != ES_OK && h->blocked_seq <= seq;

	buf_printf(out, ",\"place\":\"%s\"", home ? "home" : refused ? "refused" : "saved");
	return home_json(n, index, seq, out);
}

/* Those that are to have it, us and the CRESS apart; since when one has been in session after it
 * came to the CRESS: what a hub signs, it signs in session. */
static void others_json(const struct node *n, es_ms home_at, struct buf *out)
{
	const char *comma = "";

	buf_str(out, ",\"others\":[");
	for (size_t i = 0; i < n->rights.member_count; i++) {
		const struct member *m = &n->rights.members[i];
		const es_ms linked = stamp_ms(node_newest_of(n, &m->hub));

		if (m->role != ROLE_HUB || m->state != MEMBER_ACTIVE || id_eq(&m->hub, &n->hub))
			continue;
		buf_printf(out, "%s{\"name\":", comma);
		json_quote(slice_str(m->name), out);
		if (home_at > 0 && linked > home_at)
			stamp_json(out, "linked", linked);
		buf_str(out, "}");
		comma = ",";
	}
	buf_str(out, "]");
}

enum es_err api_journey(struct request *r, struct node *n)
{
	struct record_id id;
	struct id16 uid;
	struct buf state;
	unsigned kind;
	enum es_err err = ulid_decode(r->part, strlen(r->part), uid.bytes) ? ES_OK : ES_BAD_VALUE;

	if (err == ES_OK && (!n->reader || reader_find(n->reader, &uid, &id, &kind, 1) == 0))
		err = ES_NOT_FOUND;
	if (err != ES_OK) {
		buf_printf(&r->why, _("%s: no such record here"), r->part);
		return err;
	}
	struct id16 steward = rights_steward(&n->rights, &id, kind);

	buf_init(&state, STATE_BYTES);
	err = reader_state(n->reader, &id, kind, &state);
	if (err == ES_OK) {
		buf_printf(&r->out, "{\"uid\":\"%s\",\"ours\":%s", r->part, id_eq(&steward, &n->hub) ? "true" : "false");
		others_json(n, way_json(n, buf_slice(&state), &r->out), &r->out);
		buf_str(&r->out, "}");
	}
	buf_done(&state);
	return err;
}

/* --- the last records written here --- */

struct sent {
	struct request *r;
	struct node *n;
	struct record_id records[SENT_MAX];
	unsigned kinds[SENT_MAX];
	size_t count, said;
};

static void sent_add(struct sent *s, const struct record_id *id, unsigned kind)
{
	for (size_t i = 0; i < s->count; i++)
		if (memcmp(s->records[i].bytes, id->bytes, sizeof id->bytes) == 0)
			return;
	if (s->count == SENT_MAX)
		return;
	s->records[s->count] = *id;
	s->kinds[s->count++] = kind;
}

/* Of many that wait the last ones are kept. */
static bool sent_edit(void *ctx, const struct outbox_edit *e)
{
	struct sent *s = ctx;

	if (e->change.len == 0)
		return true;
	if (s->count == SENT_MAX) {
		memmove(&s->records[0], &s->records[1], (SENT_MAX - 1) * sizeof s->records[0]);
		memmove(&s->kinds[0], &s->kinds[1], (SENT_MAX - 1) * sizeof s->kinds[0]);
		s->count--;
	}
	sent_add(s, &e->record, e->kind);
	return true;
}

/* The outbox tells them in order: the last one comes first here. */
static void sent_reverse(struct sent *s)
{
	for (size_t i = 0, j = s->count; i + 1 < j; i++) {
		struct record_id record = s->records[i];
		unsigned kind = s->kinds[i];

		s->records[i] = s->records[--j];
		s->kinds[i] = s->kinds[j];
		s->records[j] = record;
		s->kinds[j] = kind;
	}
}

static enum es_err sent_commit(struct sent *s, uint32_t index, uint64_t seq)
{
	struct packed *p = malloc(sizeof *p);
	struct change ch;
	struct buf bytes;

	if (!p)
		return ES_NOMEM;
	buf_init(&bytes, COMMIT_PACKED_MAX);
	enum es_err err = node_read_commit(s->n, index, seq, &bytes, p);
	for (uint32_t i = p->count; err == ES_OK && i > 0; i--)
		if (p->payload[i - 1].present && change_read(p->payload[i - 1].change, &ch) == ES_OK && !ch.control)
			sent_add(s, &ch.record, ch.kind);
	buf_done(&bytes);
	free(p);
	return err;
}

/* Our logs from their heads down, the one whose commit came last first. */
static enum es_err sent_commits(struct sent *s)
{
	struct node *n = s->n;
	uint64_t next[OWN_LOGS];
	enum es_err err = ES_OK;
	size_t logs = 0;
	uint32_t at[OWN_LOGS];

	for (uint32_t i = 0; i < n->frontier.count && logs < OWN_LOGS; i++) {
		const struct head *h = &n->frontier.heads[i];

		if (id_eq(&h->hub, &n->hub) && h->scope != SCOPE_CONTROL && h->seq > 0) {
			next[logs] = h->seq;
			at[logs++] = i;
		}
	}
	for (int turn = 0; turn < SENT_COMMITS && s->count < SENT_MAX && err == ES_OK; turn++) {
		int64_t best = 0;
		size_t which = 0;

		for (size_t i = 0; i < logs; i++) {
			int64_t pos = next[i] > 0 ? journal_pos(n->journal, at[i], next[i]) : 0;

			which = pos > best ? i : which;
			best = pos > best ? pos : best;
		}
		if (best == 0)
			break;
		err = sent_commit(s, at[which], next[which]--);
	}
	return err;
}

/* What is gone is passed over. */
static enum es_err sent_json(struct sent *s, size_t i)
{
	const struct schema_kind *k = schema_kind_no(s->kinds[i]);
	char uid[ULID_LEN + 1];
	struct buf state;
	enum es_err err;

	buf_init(&state, STATE_BYTES);
	err = reader_state(s->n->reader, &s->records[i], s->kinds[i], &state);
	ulid_encode(s->records[i].bytes + 16, uid);
	if (err == ES_OK && fold_latest(buf_slice(&state)) > 0 && !fold_deleted(buf_slice(&state))) {
		buf_printf(&s->r->out, "%s{\"uid\":\"%s\",\"kind\":\"%s\",\"nom\":", s->said++ ? "," : "", uid, k ? k->name : "");
		json_quote(reader_title(k, buf_slice(&state)), &s->r->out);
		way_json(s->n, buf_slice(&state), &s->r->out);
		buf_str(&s->r->out, "}");
	}
	buf_done(&state);
	return err;
}

enum es_err api_sent(struct request *r, struct node *n)
{
	struct sent s = {.r = r, .n = n};
	enum es_err err = n->reader ? journal_outbox_each(n->journal, SCOPE_COUNT, NULL, 0, sent_edit, &s) : ES_OK;

	sent_reverse(&s);
	if (err == ES_OK && n->reader)
		err = sent_commits(&s);
	buf_str(&r->out, "{\"items\":[");
	for (size_t i = 0; i < s.count && err == ES_OK; i++)
		err = sent_json(&s, i);
	buf_str(&r->out, "]}");
	return err;
}
