/* SPDX-License-Identifier: Apache-2.0
 *
 * New keys for an old place. A rotation is signed by both keys; the paper key of
 * the genesis replaces the CRESS's. The old keys sign until the control entry is
 * applied; the key file holds both until then (node_keys_next). */
#include <stdlib.h>
#include <string.h>
#include "common/log.h"
#include "common/plant.h"
#include "daemon/node/node_parts.h"
#include "proto/request.h"

/* --- what the control log says of our keys --- */

static bool keys_match(const struct node_keys *k, const struct member *m)
{
	return memcmp(k->sign.bytes, m->sign.bytes, 32) == 0;
}

/* Does the control log name the key that we hold? A node that went back to before its own
 * rotation lacks the entry: what it signed would verify nowhere. */
bool node_key_entered(const struct node *n)
{
	const struct member *m = rights_member(&n->rights, &n->hub);

	return !m || keys_match(&n->keys, m);
}

/* Once it is durable the carrier writes the key file and tells its copies. */
static void note_taken(struct node *n, const struct node_keys *old)
{
	if (!n->keys_changed)
		n->before = *old;
	n->keys_changed = true;
}

void node_take_next(struct node *n)
{
	struct dh_secret former = n->keys.dh_secret;

	note_taken(n, &n->keys);
	n->keys = n->next;
	n->keys.former_dh = former;
	n->keys.has_former = true;
	crypto_wipe(&n->next, sizeof n->next);
	n->has_next = false;
	n->rotating = false;
	log_event(LOG_NOTE, "key.rotated", "epoch=%u", n->keys.epoch);
}

void node_untake(struct node *n)
{
	const struct member *m = rights_member(&n->rights, &n->hub);

	if (!n->keys_changed || (m && keys_match(&n->keys, m)))
		return;
	n->next = n->keys;
	n->has_next = true;
	n->keys = n->before;
	n->keys_changed = false;
	crypto_wipe(&n->before, sizeof n->before);
}

static enum es_err set_replaced(struct node *n, bool yes)
{
	if (n->key_replaced == yes)
		return ES_OK;
	n->key_replaced = yes;
	return node_set_number(n, "key_replaced", yes);
}

enum es_err node_follow_keys(struct node *n)
{
	const struct member *m = rights_member(&n->rights, &n->hub), *cress = rights_cress(&n->rights);

	if (!m)
		return ES_OK;
	if (n->role != ROLE_CRESS && cress)
		n->home = cress->dh; /* home may have new keys: the control log says so */
	n->epoch = m->epoch;
	if (n->has_next && keys_match(&n->next, m) && m->epoch > n->keys.epoch) {
		n->next.epoch = m->epoch;
		node_take_next(n);
	}
	if (keys_match(&n->keys, m)) {
		n->keys.epoch = m->epoch;
		return set_replaced(n, false);
	}
	/* Restored to before our own rotation: the control log is behind our keys. */
	if (n->keys.epoch > m->epoch || n->key_replaced)
		return ES_OK;
	n->confirmed = false;
	log_event(LOG_ERR_, "key.replaced", "epoch=%u", m->epoch); /* loudly: somebody else bears our name now */
	return set_replaced(n, true);
}

enum es_err node_keys_next(struct node *n, const struct node_keys *next)
{
	n->has_next = next != NULL;
	if (next)
		n->next = *next;
	return node_follow_keys(n);
}

/* --- asking for it --- */

/* Our name was drawn from our first key, and stays. */
static enum es_err keep_name(struct node *n)
{
	return journal_set(n->journal, "hub", SLICE(n->hub.bytes, 16));
}

static void sign_rotation(struct node *n, const struct node_keys *next, struct rotation *r)
{
	struct buf message;

	r->hub = n->hub;
	r->sign = next->sign;
	r->dh = next->dh;
	r->epoch = n->epoch + 1;
	buf_init(&message, 512);
	rotation_message(&n->rights.fed_id, r, &message);
	r->old = crypto_sign_as(SIGN_ROTATE, &n->keys.sign_secret, buf_slice(&message));
	r->new = crypto_sign_as(SIGN_ROTATE, &next->sign_secret, buf_slice(&message));
	buf_done(&message);
}

enum es_err node_enter_rotation(struct node *n, const struct rotation *r)
{
	struct log_cut *cuts;
	struct buf b;
	size_t count;
	enum es_err err = node_cuts_of(n, &r->hub, &cuts, &count);

	if (err != ES_OK)
		return err;
	buf_init(&b, CHANGE_MAX);
	entry_rotate(r, cuts, count, &b);
	err = node_enter(n, &b);
	free(cuts);
	return err;
}

enum es_err node_rotate(struct node *n, const struct node_keys *next)
{
	struct rotation r = {0};
	struct record_id self = {{0}};
	struct buf fields;
	enum es_err err;

	if (!node_member(n) || n->key_replaced)
		return ES_NOT_ALLOWED;
	if (n->rotating)
		return ES_EXISTS;
	err = keep_name(n);
	if (err != ES_OK)
		return err;
	sign_rotation(n, next, &r);
	n->next = *next;
	n->has_next = true;
	n->next.epoch = r.epoch;
	if (n->role == ROLE_CRESS)
		return node_enter_rotation(n, &r);
	struct request_body q = {.op = OP_ROTATE, .epoch = r.epoch, .sig = r.old, .sign = r.sign, .dh = r.dh, .new_sig = r.new};
	memcpy(self.bytes, n->hub.bytes, 16);
	buf_init(&fields, 512);
	request_encode(&q, &fields);
	err = node_outbox_op(n, SCOPE_FEDERATION, OP_REQUEST, &self, 0, buf_slice(&fields));
	buf_done(&fields);
	return err;
}

/* --- the paper key --- */

static enum es_err give_up_tail(struct node *n, uint64_t last_good)
{
	enum es_err err = journal_drop_after(n->journal, 0, last_good, NULL, NULL);

	if (err == ES_OK)
		err = journal_refold(n->journal, NULL);
	if (err == ES_OK)
		err = node_reload(n);
	n->released = n->switched = true;
	return err == ES_OK ? node_drop_lost(n, last_good + 1) : err;
}

/* May the key on paper be used? */
static enum es_err check_recovery(struct node *n, const struct sign_public *key)
{
	struct hash hash = recovery_hash(key);

	if (!hash_eq(&hash, &n->rights.recovery))
		return ES_BAD_KEY;
	return node_key_entered(n) && node_awaited(n) > 0 ? ES_AWAITING : keep_name(n); /* else it may be all that helps */
}

static void sign_recovery(const struct node *n, const struct sign_secret *secret, struct recovery *r)
{
	struct buf message;

	buf_init(&message, 512);
	recovery_message(&n->rights.fed_id, r, &message);
	r->sig = crypto_sign_as(SIGN_RECOVER, secret, buf_slice(&message));
	buf_done(&message);
}

/* Under the new keys, which the commit that holds the entry bears already. */
static enum es_err enter_recovery(struct node *n, const struct recovery *r, const struct node_keys *next)
{
	struct node_keys old = n->keys;
	bool known = node_key_entered(n) || !old.has_former; /* members may know only the one before */
	struct buf entry;
	enum es_err err;

	buf_init(&entry, 1024);
	entry_recover(r, &entry);
	n->keys = *next;
	n->keys.former_dh = known ? old.dh_secret : old.former_dh;
	n->keys.has_former = true;
	n->keys.epoch = r->epoch;
	n->epoch = r->epoch;
	n->recovering = true;
	err = node_enter(n, &entry);
	n->recovering = false;
	if (err != ES_OK) {
		n->keys = old;
		n->epoch = r->epoch - 1;
	} else {
		note_taken(n, &old);
		log_event(LOG_ERR_, "key.recovered", "epoch=%u", r->epoch);
	}
	crypto_wipe(&old, sizeof old);
	return err;
}

enum es_err node_recover(struct node *n, const uint8_t seed[32], const struct node_keys *next, uint64_t last_good)
{
	const struct member *cress = rights_cress(&n->rights);
	struct recovery r = {.sign = next->sign, .dh = next->dh};
	struct sign_secret secret;
	enum es_err err;

	if (n->role != ROLE_CRESS || !cress)
		return ES_NOT_ALLOWED;
	crypto_sign_keys(seed, &r.key, &secret);
	err = check_recovery(n, &r.key);
	if (err == ES_OK && last_good < n->frontier.heads[0].seq) { /* entries of the thief, taken back from members: gone */
		err = give_up_tail(n, last_good);
		cress = rights_cress(&n->rights);
		if (err == ES_OK && !cress)
			err = ES_NOT_ALLOWED;
	}
	if (err == ES_OK) {
		r.cut_seq = n->frontier.heads[0].seq;
		r.cut_id = n->frontier.heads[0].id;
		r.epoch = cress->epoch + 1;
		sign_recovery(n, &secret, &r);
	}
	crypto_wipe(&secret, sizeof secret);
	return err == ES_OK ? enter_recovery(n, &r, next) : err;
}
