/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/admit.h"

/* The first commit of a control log carries its own key, in its genesis and
 * member entries, and the federation id vouches for it. */
static enum es_err founding_key(const struct commit *c, const struct packed *p, struct sign_public *key)
{
	struct rights founding;
	enum es_err err;

	rights_init(&founding, &c->fed_id);
	err = rights_apply(&founding, c, p);
	const struct member *cress = rights_cress(&founding);
	if (err == ES_OK && !cress)
		err = ES_NOT_ALLOWED;
	if (err == ES_OK)
		*key = cress->sign;
	rights_done(&founding);
	return err;
}

/* A control generation's first commit already bears the id that its own `open`
 * gives (L14). */
static bool opens_itself(const struct commit *c, const struct packed *p)
{
	struct change ch;

	for (uint32_t i = 0; i < p->count; i++) {
		if (!p->payload[i].present || change_decode(p->payload[i].change, &ch) != ES_OK || ch.op != OP_OPEN)
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

static const struct hash *expected_prev(const struct admit_input *in, const struct commit *c)
{
	const struct open_log *open;

	if (c->seq > 1)
		return &in->head->id;
	if (in->head->scope == SCOPE_CONTROL || in->head->scope == SCOPE_LOCAL)
		return &in->rights->fed_id;
	open = rights_log(in->rights, &c->log_id);
	return open ? &open->opened_by : NULL;
}

static enum es_err check_chain(const struct admit_input *in, const struct commit *c)
{
	if (c->seq <= in->head->seq)
		return c->seq == in->head->seq && !hash_eq(&c->id, &in->head->id) ? ES_FORK : ES_EXISTS;
	const struct hash *prev = expected_prev(in, c);
	if (!prev)
		return ES_UNKNOWN_LOG;
	if (c->seq != in->head->seq + 1 || !hash_eq(&c->prev_id, prev))
		return ES_BAD_CHAIN;
	return ES_OK;
}

static enum es_err check_control(const struct admit_input *in, const struct commit *c)
{
	if (in->head->scope == SCOPE_CONTROL)
		return c->has_ctl && c->ctl_seq == c->seq - 1 && hash_eq(&c->ctl_id, &c->prev_id) ? ES_OK : ES_BAD_CHAIN;
	if (!c->has_ctl)
		return in->head->scope == SCOPE_LOCAL ? ES_OK : ES_BAD_CHAIN;
	if (!in->control_at)
		return ES_CONTROL_AHEAD;
	return hash_eq(in->control_at, &c->ctl_id) ? ES_OK : ES_BAD_CHAIN;
}

static enum es_err check_stamps(const struct admit_input *in, const struct commit *c, const struct packed *p)
{
	struct change ch;

	if (c->hlc <= in->head->hlc)
		return ES_BAD_STAMP;
	if (stamp_ahead(c->hlc, in->now))
		return ES_CLOCK_SKEW;
	for (uint32_t i = 0; i < p->count; i++) {
		if (!p->payload[i].present)
			return ES_BAD_DIGEST;
		enum es_err err = change_decode(p->payload[i].change, &ch);
		if (err != ES_OK)
			return err;
		if (ch.control != (in->head->scope == SCOPE_CONTROL))
			return ES_NOT_ALLOWED;
		if (!ch.control && (ch.edited > c->hlc || ch.base >= ch.edited))
			return ES_BAD_STAMP;
	}
	return ES_OK;
}

static enum es_err check_signature(const struct admit_input *in, const struct commit *c, const struct packed *p)
{
	struct sign_public key;
	uint32_t epoch = 1;

	if (in->head->scope == SCOPE_LOCAL) {
		if (!in->local_key)
			return ES_UNKNOWN_LOG;
		key = *in->local_key;
	} else if (!in->rights->founded) {
		enum es_err err = founding_key(c, p, &key);
		if (err != ES_OK)
			return err;
	} else {
		const struct member *m = rights_member(in->rights, &in->head->hub);

		if (in->head->scope == SCOPE_CONTROL)
			m = rights_cress(in->rights);
		if (!m)
			return ES_NOT_MEMBER;
		key = m->sign;
		epoch = m->epoch;
	}
	if (c->key_epoch != epoch)
		return ES_BAD_SIG;
	return commit_verify(p->header, &p->sig, &key) ? ES_OK : ES_BAD_SIG;
}

enum es_err admit_commit(const struct admit_input *in, const struct commit *c, const struct packed *p)
{
	enum es_err err;

	if (!hash_eq(&c->fed_id, &in->rights->fed_id))
		return ES_WRONG_FEDERATION;
	err = check_chain(in, c);
	if (err == ES_OK)
		err = check_log(in, c, p);
	if (err == ES_OK)
		err = check_control(in, c);
	if (err == ES_OK)
		err = check_stamps(in, c, p);
	if (err == ES_OK)
		err = check_signature(in, c, p);
	if (err == ES_OK)
		err = commit_check_payload(c, p);
	return err;
}
