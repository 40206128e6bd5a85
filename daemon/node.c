/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/node.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/log.h"
#include "daemon/node_parts.h"
#include "proto/canon.h"

#define LOAD_BYTES (192 * 1024) /* near what one COMMITS message carries */

/* --- keys --- */

static void keys_from_seeds(const uint8_t seeds[64], struct node_keys *out)
{
	crypto_sign_keys(seeds, &out->sign, &out->sign_secret);
	crypto_dh_keys(seeds + 32, &out->dh, &out->dh_secret);
}

static void key_path(const char *dir, char *out)
{
	snprintf(out, NODE_PATH_MAX + 16, "%s/node.key", dir);
}

enum es_err node_keys_create(const char *dir, struct rng *rng, struct node_keys *out)
{
	char path[NODE_PATH_MAX + 16], text[130];
	uint8_t seeds[64];

	key_path(dir, path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST ? ES_EXISTS : errno == ENOSPC ? ES_DISK_FULL : ES_IO;
	rng_fill(rng, seeds, sizeof seeds);
	hex_encode(seeds, sizeof seeds, text);
	text[128] = '\n';
	bool good = write(fd, text, 129) == 129 && fsync(fd) == 0;
	int why = errno;
	close(fd);
	keys_from_seeds(seeds, out);
	crypto_wipe(seeds, sizeof seeds);
	crypto_wipe(text, sizeof text);
	if (!good)
		unlink(path);
	return good ? ES_OK : why == ENOSPC ? ES_DISK_FULL : ES_IO;
}

enum es_err node_keys_load(const char *dir, struct node_keys *out)
{
	char path[NODE_PATH_MAX + 16], text[130] = "";
	uint8_t seeds[64];
	struct stat st;

	key_path(dir, path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? ES_NO_NODE : ES_IO;
	ssize_t got = read(fd, text, sizeof text);
	bool open_to_others = fstat(fd, &st) != 0 || (st.st_mode & 077) != 0;
	close(fd);
	if (open_to_others)
		return ES_KEY_OPEN;
	bool good = got >= 128 && hex_decode(text, 128, seeds, 64);
	if (good)
		keys_from_seeds(seeds, out);
	crypto_wipe(seeds, sizeof seeds);
	crypto_wipe(text, sizeof text);
	return good ? ES_OK : ES_CONFIG;
}

/* --- opening --- */

static bool meta_exact(struct node *n, const char *name, void *out, size_t len)
{
	uint8_t memory[64];
	struct buf b;

	buf_init_fixed(&b, memory, sizeof memory);
	if (!journal_get(n->journal, name, &b) || b.len != len)
		return false;
	memcpy(out, memory, len);
	return true;
}

static void meta_text(struct node *n, const char *name, char *out, size_t size)
{
	struct buf b;

	buf_init_fixed(&b, out, size - 1);
	(void)journal_get(n->journal, name, &b);
	out[b.len] = 0;
}

static uint64_t meta_number(struct node *n, const char *name)
{
	uint8_t be[8] = {0};

	return meta_exact(n, name, be, 8) ? be_read(be, 8) : 0;
}

static enum es_err load_meta(struct node *n, struct hash *fed)
{
	if (!meta_exact(n, "fed_id", fed->bytes, 32) || !meta_exact(n, "instance", n->instance.bytes, 16))
		return ES_CONFIG;
	n->hub = crypto_hub_id(fed, &n->keys.sign);
	n->role = (enum role)meta_number(n, "role");
	n->lineage = meta_number(n, "lineage");
	n->denied = meta_number(n, "denied") != 0;
	meta_text(n, "name", n->name, sizeof n->name);
	meta_text(n, "pays", n->pays, sizeof n->pays);
	meta_text(n, "region", n->region, sizeof n->region);
	meta_text(n, "home_address", n->home_address, sizeof n->home_address);
	(void)meta_exact(n, "home", n->home.bytes, 32);
	snprintf(n->owner, sizeof n->owner, "%s-%s", n->role == ROLE_CRESS ? "cress" : "pole", n->pays);
	return ES_OK;
}

/* The control log again, from its first entry. */
static enum es_err load_rights(struct node *n)
{
	struct packed *p = malloc(sizeof *p);
	struct commit *c = malloc(sizeof *c);
	enum es_err err = p && c ? ES_OK : ES_NOMEM;
	uint64_t head = n->frontier.count ? n->frontier.heads[0].seq : 0;

	for (uint64_t seq = 1; seq <= head && err == ES_OK; seq++) {
		struct buf bytes;
		uint32_t index;
		int64_t stored;

		buf_init(&bytes, COMMIT_PACKED_MAX);
		err = journal_one(n->journal, journal_pos(n->journal, 0, seq), &index, &bytes, &stored);
		if (err == ES_OK)
			err = commit_unpack(buf_slice(&bytes), p);
		if (err == ES_OK)
			err = commit_decode(p->header, c);
		if (err == ES_OK)
			err = commit_check_payload(c, p);
		if (err == ES_OK)
			err = rights_apply(&n->rights, c, p);
		if (err != ES_OK) {
			log_event(LOG_ERR_, "control.damaged", "seq=%llu why=%s", (unsigned long long)seq, es_err_name(err));
			err = ES_DAMAGED;
		}
		buf_done(&bytes);
	}
	free(p);
	free(c);
	return err;
}

static bool note_edited(void *ctx, const struct outbox_edit *e)
{
	es_stamp *last = ctx;

	if (e->edited > *last)
		*last = e->edited;
	return true;
}

static enum es_err load_stamps(struct node *n)
{
	n->last_edited = 0;
	n->local_index = -1;
	n->own_pos = 0;
	for (size_t i = 0; i < n->frontier.count; i++) {
		const struct head *h = &n->frontier.heads[i];

		if (!id_eq(&h->hub, &n->hub))
			continue;
		if (h->scope == SCOPE_LOCAL)
			n->local_index = (int)i;
		if (h->hlc > n->last_edited)
			n->last_edited = h->hlc;
		int64_t pos = h->seq ? journal_pos(n->journal, (uint32_t)i, h->seq) : 0;
		if (pos > n->own_pos && i > 0)
			n->own_pos = pos;
	}
	return journal_outbox_each(n->journal, SCOPE_COUNT, NULL, 0, note_edited, &n->last_edited);
}

enum es_err node_reload(struct node *n)
{
	struct hash fed;
	enum es_err err = load_meta(n, &fed);

	frontier_done(&n->frontier);
	rights_done(&n->rights);
	rights_init(&n->rights, &fed);
	if (err == ES_OK)
		err = journal_frontier(n->journal, &n->frontier);
	if (err == ES_OK)
		err = load_rights(n);
	if (err == ES_OK)
		err = load_stamps(n);
	/* An `open` that was rolled back is not open: the next entry draws anew. */
	n->opened = n->opened && id_eq(&n->rights.control_log, &n->run_log);
	n->grew = n->control_grew = true;
	return err;
}

enum es_err node_open(const char *dir, const struct reference *ref, struct node **out)
{
	char path[NODE_PATH_MAX + 16];
	struct node *n = calloc(1, sizeof *n);
	enum es_err err;

	if (!n)
		return ES_NOMEM;
	snprintf(n->dir, sizeof n->dir, "%s", dir);
	n->ref = ref;
	n->damaged_index = -1;
	rng_seed_system(&n->rng);
	err = node_keys_load(dir, &n->keys);
	snprintf(path, sizeof path, "%s/journal.db", dir);
	if (err == ES_OK)
		err = journal_open(path, false, &n->journal);
	if (err == ES_OK)
		err = node_reload(n);
	if (err != ES_OK) {
		node_close(n);
		return err;
	}
	n->released = n->role != ROLE_CRESS || node_awaited(n, NULL) == 0; /* nobody to wait for */
	*out = n;
	return ES_OK;
}

void node_close(struct node *n)
{
	if (!n)
		return;
	journal_close(n->journal);
	if (n->reader)
		reader_close(n->reader);
	rights_done(&n->rights);
	frontier_done(&n->frontier);
	free(n->reported);
	crypto_wipe(&n->keys, sizeof n->keys);
	crypto_wipe(&n->rng, sizeof n->rng);
	free(n);
}

bool node_member(const struct node *n)
{
	return rights_member(&n->rights, &n->hub) != NULL;
}

/* --- the one door --- */

/* Logs that a control commit has opened, and that this node may hold. */
static enum es_err follow_opens(struct node *n)
{
	const struct member *self = rights_member(&n->rights, &n->hub);
	enum es_err err = ES_OK;

	for (size_t i = 0; i < n->rights.log_count && err == ES_OK; i++) {
		const struct open_log *log = &n->rights.logs[i];

		if (log->scope == SCOPE_CONTROL || frontier_find(&n->frontier, &log->id))
			continue;
		if (self ? !rights_may_hold(&n->rights, self, log) : true)
			continue;
		if (!frontier_add(&n->frontier, &log->id, &log->hub, log->scope, log->generation))
			return ES_NOMEM;
		err = journal_add_log(n->journal, &n->frontier, (uint32_t)n->frontier.count - 1);
		if (id_eq(&log->hub, &n->hub))
			n->confirmed = n->role == ROLE_CRESS; /* an `open` ends the permission (L7) */
	}
	return err;
}

static enum es_err after_control(struct node *n, const struct commit *c, const struct packed *p)
{
	enum es_err err = rights_apply(&n->rights, c, p);
	struct head *h = &n->frontier.heads[0];

	if (err != ES_OK)
		return err;
	if (!id_eq(&h->log, &n->rights.control_log)) {
		const struct open_log *open = rights_log(&n->rights, &n->rights.control_log);

		h->log = n->rights.control_log;
		h->generation = open ? open->generation : 1;
		err = journal_update_log(n->journal, &n->frontier, 0);
	}
	const struct member *cress = rights_cress(&n->rights);
	if (cress)
		h->hub = cress->hub;
	n->control_grew = true;
	return err != ES_OK ? err : follow_opens(n);
}

/* Admit and append one commit; control commits change the rights at once. */
enum es_err node_admit(struct node *n, uint32_t index, const struct commit *c, const struct packed *p)
{
	struct head *h = &n->frontier.heads[index];
	struct hash control;
	int64_t pos;
	struct admit_input in = {
		.rights = &n->rights, .head = h, .local_key = &n->keys.sign, .now = n->utc,
		.control_at = c->has_ctl && index > 0 && journal_commit_id(n->journal, 0, c->ctl_seq, &control) ? &control : NULL,
	};
	enum es_err err = admit_commit(&in, c, p);

	if (err == ES_OK)
		err = journal_append(n->journal, index, c, p, n->utc, &pos);
	if (err != ES_OK)
		return err;
	h->seq = c->seq;
	h->id = c->id;
	h->hlc = c->hlc;
	h->grew_ms = n->utc;
	n->grew = true;
	if (id_eq(&h->hub, &n->hub) && index > 0)
		n->own_pos = pos;
	return index == 0 ? after_control(n, c, p) : ES_OK;
}

enum es_err node_receive(struct node *n, uint32_t index, struct slice body, uint64_t *seq)
{
	static _Thread_local struct packed p;
	static _Thread_local struct commit c;
	struct canon_reader r;
	struct id16 log;
	enum es_err err = ES_OK;
	bool new_one = false;

	canon_read_init(&r, body);
	if (canon_read_array(&r, 2) != 2)
		return ES_MALFORMED;
	canon_read_exact(&r, log.bytes, 16);
	uint32_t count = canon_read_array(&r, COMMIT_CHANGES_MAX);
	for (uint32_t i = 0; i < count && err == ES_OK; i++) {
		struct slice packed = canon_read_value(&r);

		err = r.err != ES_OK ? r.err : commit_unpack(packed, &p);
		if (err == ES_OK)
			err = commit_decode(p.header, &c);
		if (err != ES_OK)
			break;
		*seq = c.seq;
		err = node_admit(n, index, &c, &p);
		if (err == ES_OK)
			new_one = true;
		if (err == ES_EXISTS)
			err = ES_OK;
	}
	if (err == ES_OK)
		err = canon_read_done(&r);
	return err != ES_OK ? err : new_one ? ES_OK : ES_EXISTS;
}

enum es_err node_acknowledged(struct node *n, struct slice body)
{
	struct canon_reader r;
	struct id16 log;
	struct hash id, ours;
	enum es_err err = ES_OK;

	canon_read_init(&r, body);
	uint32_t count = canon_read_array(&r, RIGHTS_LOGS_MAX);
	for (uint32_t i = 0; i < count && err == ES_OK; i++) {
		(void)canon_read_array(&r, 3);
		canon_read_exact(&r, log.bytes, 16);
		uint64_t seq = canon_read_u64(&r, UINT32_MAX);
		canon_read_exact(&r, id.bytes, 32);
		struct head *h = r.err == ES_OK ? frontier_find(&n->frontier, &log) : NULL;
		if (!h || !id_eq(&h->hub, &n->hub) || seq <= h->acked || seq > h->seq)
			continue;
		uint32_t index = (uint32_t)(h - n->frontier.heads);
		if (!journal_commit_id(n->journal, index, seq, &ours) || !hash_eq(&ours, &id))
			continue; /* not our commit: home will tell by a fork */
		h->acked = seq;
		h->acked_id = id;
		n->grew = true;
		err = journal_update_log(n->journal, &n->frontier, index);
	}
	return err;
}

enum es_err node_load(struct node *n, uint32_t index, uint64_t seq, struct buf *body, uint64_t *last)
{
	enum es_err err = journal_load(n->journal, index, &n->frontier.heads[index].log, seq, LOAD_BYTES, body, last);

	if (err == ES_DAMAGED || err == ES_PAGE_DAMAGED) {
		n->damaged_index = index;
		n->damaged_seq = *last;
		log_event(LOG_ERR_, "journal.damaged", "log=%u seq=%llu why=%s", index, (unsigned long long)*last,
			  es_err_name(err));
	}
	return err;
}

enum es_err node_next_lineage(struct node *n)
{
	uint8_t be[8];

	be_write(be, ++n->lineage, 8);
	return journal_set(n->journal, "lineage", SLICE(be, 8));
}

void node_holders(const struct node *n, enum scope scope, void (*each)(void *ctx, const char *name), void *ctx)
{
	struct open_log log = {.scope = scope, .hub = n->hub};

	for (size_t i = 0; i < n->rights.member_count; i++) {
		const struct member *m = &n->rights.members[i];

		if (!id_eq(&m->hub, &n->hub) && rights_may_hold(&n->rights, m, &log))
			each(ctx, m->name);
	}
}
