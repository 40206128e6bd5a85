/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/node/node.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "common/log.h"
#include "common/plant.h"
#include "daemon/node/node_parts.h"
#include "proto/canon.h"

#define CHECKPOINT_GRACE_MS (3600 * 1000) /* an ACK may cross a checkpoint on the way */
#define LOAD_BYTES (192 * 1024) /* near what one COMMITS message carries */

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

uint64_t node_number(struct node *n, const char *name)
{
	uint8_t be[8] = {0};

	return meta_exact(n, name, be, 8) ? be_read(be, 8) : 0;
}

enum es_err node_set_number(struct node *n, const char *name, uint64_t v)
{
	uint8_t be[8];

	be_write(be, v, 8);
	return journal_set(n->journal, name, SLICE(be, 8));
}

enum es_err node_new_instance(struct node *n)
{
	rng_fill(&n->rng, n->instance.bytes, 16);
	n->confirmed = false;
	for (size_t i = 0; i < n->session_count; i++)
		n->sessions[i].confirmed = false; /* it was said to the old one */
	return journal_set(n->journal, "instance", SLICE(n->instance.bytes, 16));
}

static enum es_err load_meta(struct node *n, struct hash *fed)
{
	bool ours = meta_exact(n, "fed_id", fed->bytes, 32) && meta_exact(n, "instance", n->instance.bytes, 16);
	enum es_err err;

	/* A key that replaces a lost one bears the place of the first. */
	if (!meta_exact(n, "hub", n->hub.bytes, 16))
		n->hub = crypto_hub_id(fed, &n->keys.sign);
	n->role = (enum role)node_number(n, "role");
	n->lineage = node_number(n, "lineage");
	n->denied = node_number(n, "denied") != 0;
	n->fenced = node_number(n, "fenced") != 0;
	n->restored = node_number(n, "restored") != 0;
	n->key_replaced = node_number(n, "key_replaced") != 0;
	meta_text(n, "name", n->name, sizeof n->name);
	meta_text(n, "pays", n->pays, sizeof n->pays);
	meta_text(n, "region", n->region, sizeof n->region);
	meta_text(n, "home_address", n->home_address, sizeof n->home_address);
	(void)meta_exact(n, "home", n->home.bytes, 32);
	snprintf(n->owner, sizeof n->owner, "%s-%s", n->role == ROLE_CRESS ? "cress" : "pole", n->pays);
	err = journal_get_err(n->journal); /* a disk that fails is not an empty journal */
	return err != ES_OK || ours ? err : ES_CONFIG;
}

enum es_err node_read_commit(struct node *n, uint32_t index, uint64_t seq, struct buf *bytes, struct packed *out)
{
	uint32_t at;
	int64_t stored;
	enum es_err err = journal_one(n->journal, journal_pos(n->journal, index, seq), &at, bytes, &stored);

	if (err == ES_OK)
		err = commit_unpack(buf_slice(bytes), out);
	return err == ES_MALFORMED ? ES_DAMAGED : err; /* it was well formed when it was stored */
}

enum es_err node_refold_commit(struct node *n, uint32_t index, uint64_t seq)
{
	struct packed *p = malloc(sizeof *p);
	struct change ch;
	struct buf bytes;

	if (!p)
		return ES_NOMEM;
	buf_init(&bytes, COMMIT_PACKED_MAX);
	enum es_err err = node_read_commit(n, index, seq, &bytes, p);
	for (uint32_t i = 0; err == ES_OK && i < p->count; i++)
		if (p->payload[i].present && change_read(p->payload[i].change, &ch) == ES_OK && !ch.control)
			err = journal_refold(n->journal, &ch.record);
	buf_done(&bytes);
	free(p);
	return err;
}

/* The control log again, from its first entry. */
enum es_err node_rights_upto(struct node *n, uint64_t upto, struct rights *out)
{
	struct packed *p = malloc(sizeof *p);
	struct commit *c = malloc(sizeof *c);
	enum es_err err = p && c ? ES_OK : ES_NOMEM;

	for (uint64_t seq = 1; seq <= upto && err == ES_OK; seq++) {
		struct buf bytes;
		struct hash id;

		buf_init(&bytes, COMMIT_PACKED_MAX);
		err = node_read_commit(n, 0, seq, &bytes, p);
		if (err == ES_OK)
			err = commit_decode(p->header, c);
		if (err == ES_OK && (!journal_commit_id(n->journal, 0, seq, &id) || !hash_eq(&id, &c->id)))
			err = ES_BAD_DIGEST; /* rot has been at its header, or at its id */
		if (err == ES_OK)
			err = commit_check_payload(c, p);
		if (err == ES_OK)
			err = rights_apply(out, c, p);
		if (err != ES_OK) {
			log_event(LOG_ERR_, "control.damaged", "seq=%llu why=%s", (unsigned long long)seq, es_err_name(err));
			err = err == ES_IO || err == ES_NOMEM ? err : ES_DAMAGED; /* a disk that failed once is no damage */
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

static bool note_rotating(void *ctx, const struct ask *a)
{
	struct node *n = ctx;

	n->rotating = n->rotating || (a->op == OP_ROTATE && a->state == ASK_OPEN && id_eq(&a->from, &n->hub));
	return true;
}

/* Stopped, or undone, before what was erased was out of the files and receipted. */
static void load_erasures(struct node *n)
{
	if (node_number(n, "balai") == 0)
		return;
	if (n->erasures == 0)
		n->erasures = 1;
	if (n->erased >= n->erasures)
		n->erased = n->erasures - 1;
}

enum es_err node_reload(struct node *n)
{
	struct hash fed;
	enum es_err err;

	(void)!journal_get_err(n->journal); /* of before */
	err = load_meta(n, &fed);
	frontier_done(&n->frontier);
	rights_done(&n->rights);
	rights_init(&n->rights, &fed);
	if (err == ES_OK)
		err = journal_frontier(n->journal, &n->frontier);
	if (err == ES_OK)
		err = node_rights_upto(n, n->frontier.count ? n->frontier.heads[0].seq : 0, &n->rights);
	if (err == ES_OK)
		err = load_stamps(n);
	if (err == ES_OK)
		err = node_load_forks(n);
	if (err == ES_OK)
		err = node_load_orders(n);
	load_erasures(n);
	n->opens_seen = 0;
	node_branch_free(n);
	node_untake(n);
	const struct member *self = rights_member(&n->rights, &n->hub), *cress = rights_cress(&n->rights);
	n->epoch = self ? self->epoch : 1;
	if (cress && n->role != ROLE_CRESS)
		n->home = cress->dh;
	n->rotating = false;
	if (err == ES_OK)
		err = journal_ask_each(n->journal, note_rotating, n);
	/* An `open` that was rolled back is not open: the next entry draws anew. */
	n->opened = n->opened && id_eq(&n->rights.control_log, &n->run_log);
	n->grew = n->control_grew = true;
	return err;
}

enum es_err node_open_keys(const char *dir, const struct node_keys *keys, const struct reference *ref,
			   const struct rng *rng, struct node **out)
{
	char path[NODE_PATH_MAX + 16];
	struct node *n = calloc(1, sizeof *n);
	enum es_err err;

	if (!n)
		return ES_NOMEM;
	snprintf(n->dir, sizeof n->dir, "%s", dir);
	n->ref = ref;
	n->damaged_index = -1;
	n->rng = *rng;
	n->keys = *keys;
	snprintf(path, sizeof path, "%s/journal.db", dir);
	err = journal_open(path, false, &n->journal);
	if (err == ES_OK)
		err = node_reload(n);
	if (err != ES_OK) {
		node_close(n);
		return err;
	}
	n->released = n->role != ROLE_CRESS || node_awaited(n) == 0; /* nobody to wait for */
	n->derive = n->forks_grew = true;
	n->kept_back = n->rights.forgotten_count > 0 && !node_all_acked(n);
	*out = n;
	return ES_OK;
}

enum es_err node_open(const char *dir, const struct reference *ref, struct node **out)
{
	struct node_keys keys, next;
	bool has_next = false;
	struct rng rng;
	enum es_err err = node_keys_load(dir, &keys);

	rng_seed_system(&rng);
	if (err == ES_OK)
		err = node_open_keys(dir, &keys, ref, &rng, out);
	if (err == ES_OK)
		err = node_keys_load_next(dir, &next, &has_next);
	if (err == ES_OK)
		err = node_keys_next(*out, has_next ? &next : NULL);
	crypto_wipe(&next, sizeof next);
	crypto_wipe(&keys, sizeof keys);
	crypto_wipe(&rng, sizeof rng);
	return err;
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
	free(n->heard);
	free(n->orders);
	for (size_t i = 0; i < n->session_count; i++)
		free(n->sessions[i].heads);
	free(n->sessions);
	node_branch_free(n);
	crypto_wipe(&n->keys, sizeof n->keys);
	crypto_wipe(&n->before, sizeof n->before);
	crypto_wipe(&n->rng, sizeof n->rng);
	free(n);
}

bool node_member(const struct node *n)
{
	const struct member *m = rights_member(&n->rights, &n->hub);

	return m && memcmp(m->sign.bytes, n->keys.sign.bytes, 32) == 0;
}

/* --- the one door --- */

static enum es_err add_opened(struct node *n, const struct open_log *log)
{
	if (!frontier_add(&n->frontier, &log->id, &log->hub, log->scope, log->generation))
		return ES_NOMEM;
	enum es_err err = journal_add_log(n->journal, &n->frontier, (uint32_t)n->frontier.count - 1);
	if (id_eq(&log->hub, &n->hub))
		n->confirmed = false; /* an `open` ends the permission (L7) */
	return err;
}

/* Logs that the control log has opened, and that this node may hold. */
static enum es_err follow_opens(struct node *n)
{
	const struct member *self = rights_member(&n->rights, &n->hub);
	enum es_err err = ES_OK;

	if (!self)
		return ES_OK; /* all of them once we are a member */
	for (size_t i = n->opens_seen; i < n->rights.log_count && err == ES_OK; i++) {
		const struct open_log *log = &n->rights.logs[i];

		if (log->scope != SCOPE_CONTROL && !frontier_find(&n->frontier, &log->id) &&
		    rights_may_hold(&n->rights, self, log))
			err = add_opened(n, log);
	}
	if (err == ES_OK && self->state == MEMBER_ACTIVE)
		n->opens_seen = n->rights.log_count;
	return err;
}

static enum es_err follow_control(struct node *n)
{
	struct head *h = &n->frontier.heads[0];
	const struct member *cress = rights_cress(&n->rights);
	enum es_err err = ES_OK;

	if (!id_eq(&h->log, &n->rights.control_log)) {
		const struct open_log *open = rights_log(&n->rights, &n->rights.control_log);

		h->log = n->rights.control_log;
		h->generation = open ? open->generation : 1;
		err = journal_update_log(n->journal, &n->frontier, 0);
		if (err == ES_OK && n->role != ROLE_CRESS)
			err = journal_void_again(n->journal); /* a CRESS that may be a copy is given all again (L9) */
	}
	if (cress)
		h->hub = cress->hub;
	n->control_grew = true;
	return err;
}

static enum es_err refold_stewards(struct node *n, uint64_t seq)
{
	enum es_err err = ES_OK;

	for (size_t i = n->rights.tenure_count; i > 0 && n->rights.tenures[i - 1].seq == seq && err == ES_OK; i--) {
		err = journal_refold(n->journal, &n->rights.tenures[i - 1].record);
		if (err == ES_OK)
			err = node_left_out(n, &n->rights.tenures[i - 1]);
	}
	return err;
}

enum es_err node_follow_rights(struct node *n, const struct commit *c)
{
	enum es_err err = follow_control(n);

	if (err == ES_OK)
		err = follow_opens(n);
	if (err == ES_OK && n->rights.cuts_changed)
		err = node_apply_cuts(n);
	if (err == ES_OK && n->rights.stewards_changed)
		err = refold_stewards(n, c->seq);
	if (err == ES_OK && n->rights.forgets_changed)
		err = node_apply_forgets(n, c->seq);
	n->derive = true;
	return err != ES_OK ? err : node_follow_keys(n);
}

static enum es_err refold_voided(struct node *n, const struct change *ch)
{
	struct id16 log;
	struct canon_reader r;

	canon_read_init(&r, change_field(ch->fields, 1));
	canon_read_exact(&r, log.bytes, 16);
	canon_read_init(&r, change_field(ch->fields, 2));
	uint64_t seq = canon_read_u64(&r, UINT32_MAX);
	const struct head *h = frontier_find(&n->frontier, &log);
	if (r.err != ES_OK || !h || seq > h->seq || h == n->frontier.heads)
		return ES_OK;
	return node_refold_commit(n, (uint32_t)(h - n->frontier.heads), seq);
}

/* A checkpoint says what home durably holds of ours: what it acknowledged long before
 * must be in it, and be ours. Else home withholds us from the others, or lies. */
static void check_own(struct node *n, const struct commit *c, const struct log_cut *said)
{
	const struct head *h = frontier_find(&n->frontier, &said->log);
	struct hash ours;

	if (!h || !id_eq(&h->hub, &n->hub) || n->role == ROLE_CRESS)
		return;
	bool is_short = said->seq < h->acked && h->acked_ms > 0 && h->acked_ms + CHECKPOINT_GRACE_MS < stamp_ms(c->hlc);
	bool differs = said->seq > 0 && said->seq <= h->acked &&
		       journal_commit_id(n->journal, (uint32_t)(h - n->frontier.heads), said->seq, &ours) &&
		       !hash_eq(&ours, &said->id);
	if (is_short || differs) {
		n->withheld = said->log;
		n->withheld_seq = said->seq;
		log_event(LOG_ERR_, "log.withheld", "seq=%llu", (unsigned long long)said->seq);
	} else if (id_eq(&n->withheld, &said->log)) {
		memset(&n->withheld, 0, sizeof n->withheld);
	}
}

es_stamp node_newest_of(const struct node *n, const struct id16 *hub)
{
	es_stamp newest = 0;

	for (size_t i = 1; i < n->frontier.count; i++)
		if (id_eq(&n->frontier.heads[i].hub, hub) && n->frontier.heads[i].hlc > newest)
			newest = n->frontier.heads[i].hlc;
	return newest;
}

void node_astray(struct node *n, const struct id16 *log, uint64_t seq)
{
	if (!id_eq(&n->astray, log) || n->astray_seq != seq)
		log_event(LOG_ERR_, "log.astray", "seq=%llu", (unsigned long long)seq);
	n->astray = *log;
	n->astray_seq = seq;
}

/* Home's: what it signed for final is what it holds, or two homes were at work. */
static void check_held(struct node *n, const struct log_cut *said)
{
	const struct head *h = frontier_find(&n->frontier, &said->log);
	struct hash ours;

	if (!h || n->role != ROLE_CRESS || said->seq == 0 || said->seq > h->seq ||
	    !journal_commit_id(n->journal, (uint32_t)(h - n->frontier.heads), said->seq, &ours))
		return;
	if (!hash_eq(&ours, &said->id))
		node_astray(n, &said->log, said->seq);
	else if (id_eq(&n->astray, &said->log))
		memset(&n->astray, 0, sizeof n->astray);
}

static void check_checkpoint(struct node *n, const struct commit *c, const struct change *ch)
{
	struct canon_reader r;

	canon_read_init(&r, change_field(ch->fields, 1));
	for (uint32_t count = canon_read_array(&r, CHANGE_MAX / 20); count > 0 && r.err == ES_OK; count--) {
		struct log_cut said = {.seq = 0};

		(void)canon_read_array(&r, 3);
		canon_read_exact(&r, said.log.bytes, 16);
		said.seq = canon_read_u64(&r, UINT32_MAX);
		if (said.seq == 0)
			canon_read_nil(&r);
		else
			canon_read_exact(&r, said.id.bytes, 32);
		if (r.err != ES_OK)
			continue;
		check_own(n, c, &said);
		check_held(n, &said);
	}
}

/* Entries whose traces are kept beside the rights: acceptances, void commits. */
enum es_err node_note_control(struct node *n, const struct commit *c, const struct packed *p)
{
	enum es_err err = ES_OK;
	struct change ch;

	for (uint32_t i = 0; i < p->count && err == ES_OK; i++) {
		struct hash digest;
		struct id16 hub;
		struct canon_reader r;

		if (!p->payload[i].present || change_read(p->payload[i].change, &ch) != ES_OK)
			continue;
		if (ch.op == OP_VOID)
			err = refold_voided(n, &ch);
		if (ch.op == OP_CHECKPOINT)
			check_checkpoint(n, c, &ch);
		if (ch.op != OP_MEMBER)
			continue;
		canon_read_init(&r, change_field(ch.fields, 1));
		canon_read_exact(&r, hub.bytes, 16);
		if (r.err == ES_OK)
			canon_read_init(&r, change_field(ch.fields, 11));
		canon_read_exact(&r, digest.bytes, 32);
		if (r.err == ES_OK)
			err = journal_charter_put(n->journal, &hub, &digest);
	}
	return err;
}

/* What was forgotten is not stored when it comes back. */
const struct packed *node_without_forgotten(const struct node *n, const struct packed *p, struct packed *again)
{
	bool hit = false;
	struct change ch;

	if (n->rights.forgotten_count == 0 || PLANT(forgotten_stored_again))
		return p;
	for (uint32_t i = 0; i < p->count; i++) {
		if (!p->payload[i].present || change_read(p->payload[i].change, &ch) != ES_OK || ch.control ||
		    (ch.op != OP_PUT && ch.op != OP_PROPOSE) ||
		    ch.edited > rights_forgotten(&n->rights, &ch.record, ch.kind))
			continue;
		if (!hit)
			*again = *p;
		hit = true;
		again->payload[i].present = false;
	}
	return hit ? again : p;
}

/* A restored home may meet who has destroyed meanwhile: the author of a log what nobody
 * else held, or a hub, by its own order, what home had written about its record. The
 * latter is believed where nobody is left who might give it whole. */
static bool may_lack(const struct node *n, const struct head *h, const struct giver *from)
{
	if (n->role != ROLE_CRESS || !from)
		return false;
	return from->as == FROM_AUTHOR || (id_eq(&h->hub, &n->hub) && node_nobody_else(n));
}

/* What home holds without its payload the others may lack only where an entry says
 * so (node_list_holes). Of what came without one only who gave it knows the record. */
static enum es_err note_holes(struct node *n, const struct head *h, const struct giver *from, const struct commit *c,
			      const struct packed *all, const struct packed *kept)
{
	enum es_err err = ES_OK;

	for (uint32_t i = 0; i < all->count && err == ES_OK; i++) {
		struct position3 at = {.log = h->log, .seq = c->seq, .index = i};
		struct change ch = {0};

		if (kept->payload[i].present || rights_is_erased(&n->rights, &h->log, c->seq, i))
			continue;
		if (all->payload[i].present)
			err = change_read(all->payload[i].change, &ch);
		else if (from)
			memcpy(ch.record.bytes, from->hub.bytes, sizeof from->hub.bytes);
		if (err == ES_OK)
			err = journal_hole_put(n->journal, &at, &ch.record, ch.kind);
		n->derive = true;
	}
	return err;
}

static const struct sign_public *local_key(const struct node *n, uint32_t epoch)
{
	const struct key_age *age = rights_key_age(&n->rights, &n->hub, epoch);

	return age ? &age->sign : &n->keys.sign;
}

/* Admit and append one commit; control commits change the rights at once. */
enum es_err node_admit(struct node *n, uint32_t index, const struct giver *from, const struct commit *c, const struct packed *p)
{
	static _Thread_local struct packed again;
	struct head *h = &n->frontier.heads[index];
	struct hash control;
	int64_t pos;
	struct admit_input in = {
		.rights = &n->rights, .head = h, .local_key = local_key(n, c->key_epoch), .now = n->utc,
		.control_at = c->has_ctl && index > 0 && journal_commit_id(n->journal, 0, c->ctl_seq, &control) ? &control : NULL,
		.may_lack = may_lack(n, h, from),
	};
	enum es_err err = admit_commit(&in, c, p);

	if (err == ES_OK && h->scope != SCOPE_LOCAL && h->scope != SCOPE_CONTROL) {
		const struct packed *all = p;

		p = node_without_forgotten(n, p, &again);
		if (n->role == ROLE_CRESS)
			err = note_holes(n, h, from, c, all, p);
	}
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
	if (index > 0)
		return node_noted(n, index, c, p);
	err = rights_apply(&n->rights, c, p);
	if (err == ES_OK)
		err = node_note_control(n, c, p);
	if (err == ES_OK)
		err = node_branches_settled(n, p);
	return err != ES_OK ? err : node_follow_rights(n, c);
}

enum es_err node_load(struct node *n, uint32_t index, uint64_t seq, uint64_t upto, struct buf *body, uint64_t *last)
{
	enum es_err err = journal_load(n->journal, index, &n->frontier.heads[index].log, seq, upto, LOAD_BYTES, body, last);

	if (err == ES_DAMAGED || err == ES_PAGE_DAMAGED) {
		n->damaged_index = index;
		n->damaged_seq = *last;
		log_event(LOG_ERR_, "journal.damaged", "log=%u seq=%llu why=%s", index, (unsigned long long)*last,
			  es_err_name(err));
	}
	return err;
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

uint64_t node_join_epoch(struct node *n)
{
	return node_number(n, "join_epoch");
}
