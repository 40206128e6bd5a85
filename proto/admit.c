/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/admit.h"
#include "common/plant.h"
#include "proto/rights_parts.h"

/* The first commit of a control log carries its own key, in its genesis, and the
 * federation id vouches for it: whatever entries follow. */
static enum es_err founding_key(const struct commit *c, const struct packed *p, struct sign_public *key)
{
	struct rights founding;
	enum es_err err;

	rights_init(&founding, &c->fed_id);
	err = rights_apply(&founding, c, p);
	if (err == ES_OK && !rights_cress(&founding))
		err = ES_NOT_ALLOWED;
	if (err == ES_OK)
		*key = founding.founder;
	rights_done(&founding);
	return err;
}

/* A control generation's first commit already bears the id that its own `open`
 * gives (L14). */
static bool opens_itself(const struct commit *c, const struct packed *p)
{
	struct change ch;

	for (uint32_t i = 0; i < p->count; i++) {
		if (!p->payload[i].present || change_decode(p->payload[i].change, &ch) != ES_OK ||
		    ch.op != OP_OPEN)
			continue;
		struct slice log = change_field(ch.fields, 5), scope = change_field(ch.fields, 2);
		if (scope.len == 1 && scope.p[0] == SCOPE_CONTROL && log.len == 18 &&
		    slice_eq(SLICE(log.p + 2, 16), SLICE(c->log_id.bytes, 16)))
			return true;
	}
	return false;
}

static enum es_err check_log(const struct admit_input *in, const struct commit *c, const struct packed *p)
{
	if (in->head->scope == SCOPE_CONTROL) {
		if (!id_eq(&c->log_id, &in->rights->control_log) && !opens_itself(c, p))
			return ES_UNKNOWN_LOG;
		return ES_OK;
	}
	return id_eq(&c->log_id, &in->head->log) ? ES_OK : ES_UNKNOWN_LOG;
}

static bool is_data(const struct admit_input *in)
{
	return in->head->scope != SCOPE_CONTROL && in->head->scope != SCOPE_LOCAL;
}

static bool is_beyond_cut(const struct admit_input *in, const struct commit *c)
{
	const struct open_log *open = is_data(in) ? rights_log(in->rights, &c->log_id) : NULL;

	return open && open->cut && c->seq > open->cut_seq;
}

/* The cut says by its id which commit is the last that counts. */
static bool is_other_branch(const struct open_log *open, const struct commit *c)
{
	return open && open->cut && c->seq == open->cut_seq && !hash_eq(&c->id, &open->cut_id);
}

static enum es_err check_chain(const struct admit_input *in, const struct commit *c)
{
	const struct open_log *open = is_data(in) ? rights_log(in->rights, &c->log_id) : NULL;
	const struct hash *prev = &in->head->id;

	if (c->seq <= in->head->seq)
		return c->seq == in->head->seq && !hash_eq(&c->id, &in->head->id) ? ES_FORK : ES_EXISTS;
	if (c->seq == 1 && is_data(in) && !open)
		return ES_UNKNOWN_LOG;
	if (c->seq == 1)
		prev = open ? &open->opened_by : &in->rights->fed_id;
	if (c->seq != in->head->seq + 1 || !hash_eq(&c->prev_id, prev))
		return ES_BAD_CHAIN;
	return is_other_branch(open, c) && !in->lenient ? ES_FORK : ES_OK;
}

static enum es_err check_control(const struct admit_input *in, const struct commit *c)
{
	if (in->head->scope == SCOPE_CONTROL)
		return c->has_ctl && c->ctl_seq == c->seq - 1 && hash_eq(&c->ctl_id, &c->prev_id)
			       ? ES_OK
			       : ES_BAD_CHAIN;
	if (!c->has_ctl)
		return in->head->scope == SCOPE_LOCAL ? ES_OK : ES_BAD_CHAIN;
	if (!in->control_at)
		return ES_CONTROL_AHEAD;
	return hash_eq(in->control_at, &c->ctl_id) ? ES_OK : ES_BAD_CHAIN;
}

static bool may_lack(const struct admit_input *in, const struct commit *c, uint32_t index)
{
	if (in->head->scope == SCOPE_CONTROL)
		return false;
	return in->lenient || in->may_lack || rights_is_erased(in->rights, &c->log_id, c->seq, index);
}

static enum es_err check_change(const struct admit_input *in, const struct commit *c, struct slice bytes)
{
	struct change ch;
	enum es_err err = change_decode(bytes, &ch);

	if (err != ES_OK)
		return err;
	if (ch.control != (in->head->scope == SCOPE_CONTROL))
		return ES_NOT_ALLOWED;
	return !ch.control && (ch.edited > c->hlc || ch.base >= ch.edited) ? ES_BAD_STAMP : ES_OK;
}

static enum es_err check_stamps(const struct admit_input *in, const struct commit *c, const struct packed *p,
				bool inert)
{
	enum es_err err = ES_OK;

	if (c->hlc <= in->head->hlc && !inert && !PLANT(stamp_not_increasing))
		return ES_BAD_STAMP;
	/* Nobody waits for the local log: it goes on whatever its clock once said. */
	if (in->head->scope != SCOPE_LOCAL && stamp_ahead(c->hlc, in->now) && !PLANT(skew_unchecked))
		return ES_CLOCK_SKEW;
	for (uint32_t i = 0; i < p->count && err == ES_OK && !inert; i++) {
		if (p->payload[i].present)
			err = check_change(in, c, p->payload[i].change);
		else if (!may_lack(in, c, i))
			err = ES_CONTROL_AHEAD; /* a `forget` that lists it may be on its way */
	}
	return err;
}

/* The new key of a `recover` that is the commit's first entry and holds. */
static bool recovered_key(const struct admit_input *in, const struct commit *c, const struct packed *p,
			  struct sign_public *key, uint32_t *epoch)
{
	struct recovery recovery;
	struct change ch;

	if (p->count == 0 || !p->payload[0].present || change_decode(p->payload[0].change, &ch) != ES_OK ||
	    ch.op != OP_RECOVER || rights_recovery(in->rights, ch.fields, c, &recovery) != ES_OK)
		return false;
	*key = recovery.sign;
	*epoch = recovery.epoch;
	return true;
}

/* The key that must have signed, and its epoch. */
static enum es_err author_key(const struct admit_input *in, const struct commit *c, const struct packed *p,
			      struct sign_public *key, uint32_t *epoch)
{
	static const struct id16 control;
	const struct member *cress = rights_cress(in->rights);
	const bool is_control = in->head->scope == SCOPE_CONTROL;
	const struct id16 *hub = is_control && cress ? &cress->hub : &in->head->hub;
	const struct sign_public *k;
	const struct key_age *age = NULL;

	if (is_control && recovered_key(in, c, p, key, epoch))
		return ES_OK;
	k = rights_key(in->rights, hub, is_control ? &control : &c->log_id, c->seq, epoch);
	if (!k)
		return ES_NOT_MEMBER;
	if (in->lenient || PLANT(past_epoch_accepted))
		age = rights_key_age(in->rights, hub, c->key_epoch);
	*key = age ? age->sign : *k;
	*epoch = age ? age->epoch : *epoch;
	return ES_OK;
}

static enum es_err check_signature(const struct admit_input *in, const struct commit *c,
				   const struct packed *p)
{
	struct sign_public key;
	uint32_t epoch = 1;
	enum es_err err = ES_OK;

	if (in->head->scope == SCOPE_LOCAL) {
		if (!in->local_key)
			return ES_UNKNOWN_LOG;
		key = *in->local_key;
		epoch = c->key_epoch;
	} else if (!in->rights->founded) {
		err = founding_key(c, p, &key);
	} else {
		err = author_key(in, c, p, &key, &epoch);
	}
	if (err != ES_OK)
		return err;
	if (c->key_epoch != epoch)
		return ES_BAD_SIG;
	return PLANT(bad_signature_stored) || commit_verify(p->header, &p->sig, &key) ? ES_OK : ES_BAD_SIG;
}

enum es_err admit_commit(const struct admit_input *in, const struct commit *c, const struct packed *p)
{
	enum es_err err;

	if (!hash_eq(&c->fed_id, &in->rights->fed_id) && !PLANT(fed_id_unchecked))
		return ES_WRONG_FEDERATION;
	bool beyond = is_beyond_cut(in, c);
	if (beyond && !in->lenient && !PLANT(beyond_cut_admitted))
		return ES_BEYOND_CUT;
	bool inert = !beyond && is_data(in) && rights_is_void(in->rights, &c->log_id, c->seq);
	err = check_chain(in, c);
	if (err == ES_OK)
		err = check_log(in, c, p);
	if (err == ES_OK)
		err = check_control(in, c);
	if (err == ES_OK)
		err = check_stamps(in, c, p, inert);
	if (err == ES_OK)
		err = check_signature(in, c, p);
	if (err == ES_OK && !PLANT(digest_unchecked))
		err = commit_check_held(c, p);
	return err;
}
