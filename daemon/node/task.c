/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/node/task.h"
#include <stddef.h>
#include <string.h>

#define BODY_MAX WIRE_MESSAGE_MAX

void task_init(struct task *t, enum task_type type, const struct session *s, uint64_t session)
{
	memset(t, 0, sizeof *t);
	t->type = type;
	t->in_memory = type == TASK_LEVEL || type == TASK_REPORT || type == TASK_CONFIRM || type == TASK_CLOSED;
	t->session = session;
	buf_init(&t->body, BODY_MAX);
	buf_init(&t->out, BODY_MAX);
	if (!s)
		return;
	t->hub = s->peer;
	t->instance = s->peer_instance;
	t->said = s->instance_said;
	t->role = s->peer_role;
	t->lineage = s->peer_lineage;
	t->clock_ms = s->peer_clock_ms;
	t->key = s->peer_key;
	memcpy(t->handshake, s->handshake, sizeof t->handshake);
}

void task_done(struct task *t)
{
	buf_done(&t->body);
	buf_done(&t->out);
}

/* Effects that carry `body`: one at most in a step. */
static bool bodied(struct session_effects *fx, enum task_type *type)
{
	static const struct {
		size_t flag;
		enum task_type type;
	} table[] = {
		{offsetof(struct session_effects, store), TASK_STORE},
		{offsetof(struct session_effects, ack), TASK_ACK},
		{offsetof(struct session_effects, compare), TASK_COMPARE},
		{offsetof(struct session_effects, level), TASK_LEVEL},
		{offsetof(struct session_effects, fork), TASK_FORK},
		{offsetof(struct session_effects, give_back), TASK_GIVE_BACK},
		{offsetof(struct session_effects, returned), TASK_RETURNED},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		bool *flag = (bool *)((char *)fx + table[i].flag);

		if (*flag) {
			*flag = false;
			*type = table[i].type;
			return true;
		}
	}
	return false;
}

static void take_body(struct buf *to, struct buf *from)
{
	buf_done(to);
	*to = *from;
	buf_init(from, BODY_MAX);
}

bool task_next(struct session_effects *fx, struct session *s, uint64_t session, struct task *out)
{
	enum task_type type;

	if (fx->greet) {
		fx->greet = false;
		task_init(out, TASK_GREET, s, session);
		return true;
	}
	if (fx->join && !s->join_only) {
		fx->join = false;
		task_init(out, TASK_JOIN, s, session);
		take_body(&out->body, fx->body);
		return true;
	}
	if (bodied(fx, &type)) {
		task_init(out, type, s, session);
		out->index = fx->store_log;
		if (fx->body->fixed)
			buf_add(&out->body, fx->body->p, fx->body->len);
		else
			take_body(&out->body, fx->body);
		return true;
	}
	if (fx->load) {
		fx->load = false;
		task_init(out, TASK_LOAD, s, session);
		out->reads = true;
		out->index = fx->load_log;
		out->seq = fx->load_seq;
		out->last = fx->load_last;
		return true;
	}
	if (fx->returns) {
		fx->returns = false;
		task_init(out, TASK_RETURNS, s, session);
		out->reads = true;
		return true;
	}
	return false;
}

static enum es_err store(struct node *n, struct task *t, bool home)
{
	if (t->index >= n->frontier.count)
		return ES_UNKNOWN_LOG;
	bool author = id_eq(&t->hub, &n->frontier.heads[t->index].hub);
	uint64_t had = n->frontier.heads[t->index].seq;
	const struct giver from = {.as = home ? FROM_HOME : author ? FROM_AUTHOR : FROM_ANYBODY, .hub = t->hub};
	enum es_err err = node_receive(n, t->index, &from, buf_slice(&t->body), &t->seq);

	if (n->frontier.heads[t->index].seq > had)
		node_gave(n, t->session);
	return err;
}

static enum es_err run(struct node *n, struct task *t)
{
	bool home = t->role == ROLE_CRESS && n->role != ROLE_CRESS;

	switch (t->type) {
	case TASK_STORE:
		return store(n, t, home);
	case TASK_LOAD:
		return t->index < n->frontier.count ? node_load(n, t->index, t->seq, t->last, &t->out, &t->last) : ES_UNKNOWN_LOG;
	case TASK_ACK:
		return home ? node_acknowledged(n, buf_slice(&t->body)) : ES_OK;
	case TASK_JOIN:
		return node_join(n, buf_slice(&t->body), &t->key, t->handshake, &t->out);
	case TASK_GREET:
		return node_greet(n, t->session, &t->hub, &t->instance, t->role, t->lineage, t->clock_ms, &t->pending, &t->report_only);
	case TASK_COMPARE:
		return node_compare(n, buf_slice(&t->body), &t->out);
	case TASK_FORK:
		return node_fork(n, buf_slice(&t->body));
	case TASK_LEVEL:
		return node_level(n, t->session, buf_slice(&t->body));
	case TASK_RETURNS:
		return node_returns(n, &t->hub, t->role, &t->out);
	case TASK_GIVE_BACK:
		return node_given_back(n, buf_slice(&t->body), &t->out);
	case TASK_RETURNED:
		return node_returned(n, &t->hub, t->role, buf_slice(&t->body));
	case TASK_REPORT:
		return node_report(n, t->session, t->flag);
	case TASK_CONFIRM:
		/* Home's word is good for the instance that it was given to. */
		return node_confirm(n, t->session, t->flag && id_eq(&t->said, &n->instance), t->clock_ms);
	case TASK_LINEAGE:
		return node_next_lineage(n);
	case TASK_CLOSED:
		return node_session_closed(n, t->session, t->role, t->err);
	}
	return ES_OK;
}

enum es_err task_run(struct node *n, struct task *t)
{
	t->err = run(n, t);
	return t->err;
}

bool task_keeps(enum es_err err)
{
	switch (err) {
	case ES_OK:
	case ES_EXISTS:
	case ES_CONTROL_AHEAD:
	case ES_CLOCK_SKEW:
	case ES_UNKNOWN_LOG:
	case ES_DIVERGED:
	case ES_QUOTA:
	case ES_CHARTER:
	case ES_GENERATIONS:
		return true;
	default:
		return es_err_then(err) == ES_BLOCK;
	}
}

bool task_event(const struct task *t, struct slice *bytes, struct session_event *ev)
{
	*bytes = buf_slice(&t->out);
	*ev = (struct session_event){.log = t->index, .seq = t->seq, .err = t->err, .bytes = bytes};
	switch (t->type) {
	case TASK_STORE:
		ev->type = SESSION_EV_STORED;
		return true;
	case TASK_LOAD:
		ev->type = SESSION_EV_LOADED;
		ev->seq = t->last;
		return true;
	case TASK_JOIN:
		ev->type = t->err == ES_OK ? SESSION_EV_JOIN : SESSION_EV_CLOSE;
		return true;
	case TASK_GREET:
		ev->type = SESSION_EV_GREETED;
		ev->pending = t->pending;
		ev->report_only = t->report_only;
		return true;
	case TASK_COMPARE:
		ev->type = SESSION_EV_COMPARED;
		return true;
	case TASK_RETURNS:
		ev->type = SESSION_EV_RETURNS;
		return true;
	case TASK_GIVE_BACK:
		ev->type = SESSION_EV_RETURNED;
		return true;
	case TASK_ACK: /* home says it once a session: what could not be written down is heard in the next */
		ev->type = SESSION_EV_CLOSE;
		return t->err != ES_OK;
	case TASK_FORK:
		if (t->err == ES_OK || t->err == ES_UNKNOWN_LOG)
			return false;
		ev->type = SESSION_EV_CLOSE; /* a proof that proves nothing */
		return true;
	default:
		return false;
	}
}
