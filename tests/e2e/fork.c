/* SPDX-License-Identifier: Apache-2.0
 *
 * essaim-fork DIR SCOPE OLD NEW: what a dishonest author does. In a hub's data
 * directory that no daemon holds, the last commit of its public or federation log
 * is replaced by another one, as validly signed, of the same (log, seq) and prev:
 * its first change whose bytes contain OLD is about another record, says NEW there
 * (as many bytes), and has a salt and a stamp of its own.
 *
 * Prints "log=ID seq=N uid=UID", the uid of that other record. Exit 0; 64 usage,
 * 1 anything else. */
#include <stdio.h>
#include <string.h>

#include "daemon/node/setup.h"
#include "daemon/node/node.h"
#include "proto/commit.h"

static const char *old_text, *new_text;
static struct commit commit;
static struct packed packed;
static struct record_id other;

/* The log's head; -1 where the hub has none in that scope. */
static int last_log(const struct node *n, enum scope scope)
{
	int index = -1;

	for (size_t i = 1; i < n->frontier.count; i++) {
		const struct head *h = &n->frontier.heads[i];

		if (id_eq(&h->hub, &n->hub) && h->scope == scope && h->seq > 0 &&
		    (index < 0 || h->generation > n->frontier.heads[index].generation))
			index = (int)i;
	}
	return index;
}

static bool replace_text(uint8_t *p, size_t len)
{
	size_t n = strlen(old_text);

	for (size_t at = 0; at + n <= len; at++) {
		if (memcmp(p + at, old_text, n) == 0) {
			memcpy(p + at, new_text, n);
			return true;
		}
	}
	return false;
}

/* The change itself, written anew into out: false where it does not contain OLD. */
static bool other_change(struct slice was, struct buf *fields, struct buf *out)
{
	struct change ch;

	if (change_decode(was, &ch) != ES_OK || ch.control)
		return false;
	buf_clear(fields);
	buf_add(fields, ch.fields.p, ch.fields.len);
	if (buf_err(fields) != ES_OK || !replace_text(fields->p, fields->len))
		return false;
	ch.fields = buf_slice(fields);
	ch.record.bytes[31] ^= 1;
	ch.edited++;
	other = ch.record;
	change_encode(&ch, out);
	return buf_err(out) == ES_OK;
}

static enum es_err fork_commit(struct node *n, struct buf *change, struct buf *header)
{
	struct buf fields;
	bool done = false;

	buf_init(&fields, CHANGE_MAX);
	for (uint32_t i = 0; i < packed.count && !done; i++) {
		struct payload *y = &packed.payload[i];

		if (!y->present || !other_change(y->change, &fields, change))
			continue;
		y->change = buf_slice(change);
		rng_fill(&n->rng, y->salt.bytes, 16);
		commit.digests[i].digest = crypto_hash_salted(HASH_CHANGE, &y->salt, y->change);
		commit.digests[i].length = (uint32_t)y->change.len;
		done = true;
	}
	buf_done(&fields);
	if (!done)
		return ES_NOT_FOUND;
	commit.hlc++; /* not before any change of its own */
	commit_encode(&commit, header);
	packed.header = buf_slice(header);
	packed.sig = commit_sign(packed.header, &n->keys.sign_secret);
	return buf_err(header);
}

/* In a transaction. What home has acknowledged, it has now acknowledged of this one:
 * so the honest program hands it on. */
static enum es_err replace(struct node *n, uint32_t index, es_ms stored)
{
	struct head *h = &n->frontier.heads[index];
	int64_t pos;
	enum es_err err = journal_drop_after(n->journal, index, h->seq - 1, NULL, NULL);

	if (err == ES_OK)
		err = journal_append(n->journal, index, &commit, &packed, stored, &pos);
	if (err == ES_OK)
		err = journal_refold(n->journal, &other);
	if (err == ES_OK && h->acked >= h->seq) {
		h->acked_id = commit.id;
		err = journal_update_log(n->journal, &n->frontier, index);
	}
	return err;
}

static enum es_err fork_log(struct node *n, uint32_t index)
{
	struct buf bytes, change, header;
	uint32_t at;
	int64_t stored;
	enum es_err err;

	buf_init(&bytes, COMMIT_PACKED_MAX);
	buf_init(&change, CHANGE_MAX);
	buf_init(&header, COMMIT_HEADER_MAX);
	err = journal_one(n->journal, journal_pos(n->journal, index, n->frontier.heads[index].seq), &at, &bytes, &stored);
	if (err == ES_OK)
		err = commit_unpack(buf_slice(&bytes), &packed);
	if (err == ES_OK)
		err = commit_decode(packed.header, &commit);
	if (err == ES_OK)
		err = fork_commit(n, &change, &header);
	if (err == ES_OK)
		err = journal_begin(n->journal);
	if (err == ES_OK) {
		err = replace(n, index, stored);
		if (err == ES_OK)
			err = journal_commit(n->journal);
		else
			journal_rollback(n->journal);
	}
	buf_done(&bytes);
	buf_done(&change);
	buf_done(&header);
	return err;
}

int main(int argc, char **argv)
{
	bool federation = argc == 5 && strcmp(argv[2], "federation") == 0;
	char log[BASE32_LEN(16) + 1], uid[ULID_LEN + 1];
	struct reference *ref;
	struct node *n;
	struct buf why;

	if (argc != 5 || (!federation && strcmp(argv[2], "public") != 0) || strlen(argv[3]) != strlen(argv[4]) || !argv[3][0]) {
		fprintf(stderr, "usage: essaim-fork DIR public|federation OLD NEW (of the same length)\n");
		return 64;
	}
	old_text = argv[3];
	new_text = argv[4];
	if (crypto_start() != ES_OK)
		return 1;
	buf_init(&why, 1024);
	enum es_err err = setup_open(argv[1], &ref, &n, &why);
	if (err != ES_OK) {
		fprintf(stderr, "essaim-fork: %s\n", buf_cstr(&why));
		buf_done(&why);
		return 1;
	}
	int index = last_log(n, federation ? SCOPE_FEDERATION : SCOPE_PUBLIC);
	err = index < 0 ? ES_NOT_FOUND : fork_log(n, (uint32_t)index);
	if (err == ES_OK) {
		base32_encode(commit.log_id.bytes, 16, log);
		ulid_encode(other.bytes + 16, uid);
		printf("log=%s seq=%llu uid=%s\n", log, (unsigned long long)commit.seq, uid);
	} else {
		fprintf(stderr, "essaim-fork: %s: %s\n", argv[1], es_err_name(err));
	}
	node_close(n);
	reference_free(ref);
	buf_done(&why);
	return err == ES_OK ? 0 : 1;
}
