/* SPDX-License-Identifier: Apache-2.0
 *
 * Who belongs: members, invitations, approval; the journal's own questions. */
#include <stdlib.h>
#include <string.h>
#include "daemon/api/api_parts.h"
#include "daemon/node/found.h"
#include "daemon/node/verify.h"
#include "proto/canon.h"
#include "proto/request.h"

#define LIFETIME_MAX_S (365 * 86400)

static void member_json(const struct member *m, bool self, const char *state, struct buf *out)
{
	static const char *const roles[] = {"?", "hub", "cress", "observer"};
	char id[BASE32_LEN(16) + 1], finger[FINGERPRINT_LEN + 1];

	base32_encode(m->hub.bytes, 16, id);
	crypto_fingerprint(&m->sign, &m->dh, finger);
	buf_printf(out, "{\"id\":\"%s\",\"name\":", id);
	json_quote(slice_str(m->name), out);
	buf_str(out, ",\"pays\":");
	json_quote(slice_str(m->pays), out);
	buf_printf(out, ",\"role\":\"%s\",\"state\":\"%s\",\"fingerprint\":\"%s\",\"address\":", roles[m->role], state, finger);
	json_quote(slice_str(m->address), out);
	buf_printf(out, ",\"self\":%s}", self ? "true" : "false");
}

static bool request_json(void *ctx, const struct join_request *q)
{
	static const char *const states[] = {"waiting", "approved", "denied"};
	struct buf *out = ctx;

	if (q->state == REQUEST_APPROVED)
		return true;
	if (out->p[out->len - 1] != '[')
		buf_str(out, ",");
	member_json(&q->member, false, states[q->state], out);
	return true;
}

enum es_err api_requests(struct request *r, struct node *n)
{
	static const char *const states[] = {"active", "suspended", "revoked"};

	buf_str(&r->out, "{\"members\":[");
	for (size_t i = 0; i < n->rights.member_count; i++) {
		const struct member *m = &n->rights.members[i];

		buf_str(&r->out, i ? "," : "");
		member_json(m, id_eq(&m->hub, &n->hub), states[m->state], &r->out);
	}
	buf_str(&r->out, "],\"requests\":[");
	enum es_err err = journal_request_each(n->journal, request_json, &r->out);
	buf_str(&r->out, "]}");
	return err;
}

static void add_awaited(void *ctx, const char *name)
{
	(void)health_add_name(ctx, name);
}

static const char *awaited_names(const struct node *n, char names[HEALTH_NAMES_MAX])
{
	names[0] = 0;
	node_awaited_each(n, add_awaited, names);
	return names;
}

enum es_err explain_awaiting(struct request *r, struct node *n, enum es_err err)
{
	char names[HEALTH_NAMES_MAX];

	if (err != ES_AWAITING || r->why.len > 0)
		return err;
	buf_printf(&r->why, _("%zu more member(s) must be heard since this start, among: %s; try again when they are connected"),
		   node_awaited(n), awaited_names(n, names)[0] ? names : "?");
	return err;
}

enum es_err territory_ensure(struct request *r, struct node *n, const char *code)
{
	const struct pays *p = reference_pays(n->ref, slice_str(code));
	struct buf entry;

	if (rights_territory(&n->rights, code))
		return ES_OK;
	if (!p) {
		buf_printf(&r->why, _("%s: unknown Pays; known: "), code);
		for (size_t i = 0; i < reference_pays_count(n->ref); i++)
			buf_printf(&r->why, "%s%s", i ? ", " : "", reference_pays_at(n->ref, i)->code);
		return ES_BAD_VALUE;
	}
	buf_init(&entry, CHANGE_MAX);
	found_territory(n->ref, p, &entry);
	return explain_awaiting(r, n, node_enter(n, &entry));
}

enum es_err api_invite(struct request *r, struct node *n)
{
	char pays[RIGHTS_PAYS_MAX + 1], name[RIGHTS_NAME_MAX + 1], expires[24], approve[8], text[INVITE_TEXT_MAX], iso[25], id[INVITE_ID_MAX];
	es_ms until = 0;
	enum es_err err;

	body_text(r, "pays", pays, sizeof pays);
	body_text(r, "name", name, sizeof name);
	body_text(r, "expires_s", expires, sizeof expires);
	body_text(r, "approve", approve, sizeof approve);
	int64_t seconds = expires[0] ? strtoll(expires, NULL, 10) : 7 * 86400;
	if (n->role != ROLE_CRESS) {
		buf_str(&r->why, _("only the CRESS invites"));
		return ES_NOT_ALLOWED;
	}
	if (!r->address[0]) {
		buf_str(&r->why, _("this node has no address to give; set listen and advertise in essaim.conf and reload essaimd"));
		return ES_NO_ADDRESS;
	}
	if (!pays[0] || !name[0] || seconds < 1 || seconds > LIFETIME_MAX_S) {
		buf_str(&r->why, _("a Pays, a name and a lifetime between 1 second and 365 days are needed"));
		return ES_BAD_VALUE;
	}
	err = territory_ensure(r, n, pays);
	if (err == ES_OK)
		err = node_invite(n, pays, name, seconds * 1000, strcmp(approve, "oui") == 0, NULL, r->address, text,
				  &until);
	if (err != ES_OK)
		return explain_awaiting(r, n, err);
	stamp_text(stamp_at(until), iso);
	invitation_id(&n->rights.invites[n->rights.invite_count - 1], id);
	buf_printf(&r->out, "{\"invitation\":\"%s\",\"id\":\"%s\",\"expires\":\"%s\",\"pays\":", text, id, iso);
	json_quote(slice_str(pays), &r->out);
	buf_str(&r->out, "}");
	return ES_OK;
}

static enum es_err find_request(struct request *r, struct node *n, struct join_request *q)
{
	char who[256];
	enum es_err err;

	body_text(r, "hub", who, sizeof who);
	err = n->role == ROLE_CRESS ? node_find_request(n, slice_str(who), q) : ES_NOT_ALLOWED;
	if (err == ES_NOT_ALLOWED)
		buf_str(&r->why, _("only the CRESS decides who enters"));
	else if (err != ES_OK)
		buf_printf(&r->why, _("%s: %s among the requests that wait; see 'essaim members'"), who, _(es_err_text(err)));
	return err;
}

void member_answer(struct request *r, const struct member *m)
{
	char id[BASE32_LEN(16) + 1];

	base32_encode(m->hub.bytes, 16, id);
	buf_printf(&r->out, "{\"id\":\"%s\",\"name\":", id);
	json_quote(slice_str(m->name), &r->out);
	buf_str(&r->out, ",\"pays\":");
	json_quote(slice_str(m->pays), &r->out);
	buf_str(&r->out, "}");
}

/* Nobody asks to join by that name: a copy of a member's that was turned away? */
static enum es_err approve_copy(struct request *r, struct node *n, enum es_err asked)
{
	const struct member *m;
	struct member copy;
	char who[256];

	body_text(r, "hub", who, sizeof who);
	if (asked != ES_NOT_FOUND || node_find_member(n, slice_str(who), &m) != ES_OK)
		return asked;
	copy = *m;
	enum es_err err = node_admit_instance(n, &copy);
	if (err == ES_NOT_FOUND)
		return asked;
	if (err != ES_OK)
		return err;
	buf_clear(&r->why);
	member_answer(r, &copy);
	if (node_awaited(n) > 0) { /* it gets its logs by an entry, and none is made yet */
		char names[HEALTH_NAMES_MAX];

		r->out.len--;
		buf_str(&r->out, ",\"awaited\":");
		json_quote(slice_str(awaited_names(n, names)), &r->out);
		buf_str(&r->out, "}");
	}
	return ES_OK;
}

enum es_err api_approve(struct request *r, struct node *n)
{
	struct join_request q;
	enum es_err err = find_request(r, n, &q);

	if (err == ES_NOT_FOUND)
		return approve_copy(r, n, err);
	if (err == ES_OK)
		err = explain_awaiting(r, n, node_approve(n, &q));
	if (err == ES_OK)
		member_answer(r, &q.member);
	return err;
}

enum es_err api_deny(struct request *r, struct node *n)
{
	struct join_request q;
	enum es_err err = find_request(r, n, &q);

	if (err == ES_OK)
		err = node_deny(n, &q);
	if (err == ES_OK)
		member_answer(r, &q.member);
	return err;
}

static const struct member *find_member(const struct rights *rights, const char *who)
{
	struct node lookup = {.rights = *rights};
	const struct member *m = NULL;

	return node_find_member(&lookup, slice_str(who), &m) == ES_OK ? m : NULL;
}

void api_connect(struct request *r)
{
	char who[256], address[RIGHTS_ADDRESS_MAX + 1], host[RIGHTS_ADDRESS_MAX + 1], port[16], id[BASE32_LEN(16) + 1];
	const struct member *m;
	enum es_err err = ES_OK;

	body_text(r, "hub", who, sizeof who);
	body_text(r, "address", address, sizeof address);
	m = find_member(&r->api->swarm->rights, who);
	if (!address_split(address, host, sizeof host, port, sizeof port)) {
		buf_printf(&r->why, _("%s: expected HOST:PORT"), address);
		err = ES_USAGE;
	} else if (!m || id_eq(&m->hub, &r->api->swarm->self)) {
		buf_printf(&r->why, _("%s: no other member of that id, name or Pays; see 'essaim members'"), who);
		err = ES_NOT_FOUND;
	} else {
		err = swarm_connect(r->api->swarm, m, address);
	}
	if (err == ES_OK) {
		base32_encode(m->hub.bytes, 16, id);
		buf_printf(&r->out, "{\"id\":\"%s\",\"name\":", id);
		json_quote(slice_str(m->name), &r->out);
		buf_str(&r->out, "}");
	}
	request_answer(r, err);
}

/* --- the journal --- */

/* Problems are facts, not a failed request: the answer says them. */
enum es_err api_verify(struct request *r, struct node *n)
{
	enum es_err err = verify_node(n, &r->out);

	return err == ES_DAMAGED ? ES_OK : err;
}

static struct request *request_of(struct directory_job *j)
{
	return (struct request *)((char *)j - offsetof(struct request, directory_job));
}

static enum es_err count_run(struct directory *d, struct directory_job *j)
{
	request_of(j)->spooled = directory_records(d);
	return ES_OK;
}

static void count_done(struct directory_job *j)
{
	struct request *r = request_of(j);
	const struct snapshot *snap = worker_snapshot(r->api->swarm->worker);

	buf_printf(&r->out, "{\"records\":%lld,\"ms\":%lld}", (long long)r->spooled,
		   (long long)((int64_t)uv_now(r->api->loop) - r->started_ms));
	request_answer(r, snap->directory_err);
}

static enum es_err reset_run(struct directory *d, struct directory_job *j)
{
	(void)j;
	return d ? directory_reset(d) : ES_IO;
}

/* Emptied; the projector folds before it takes the next job. */
static void reset_done(struct directory_job *j)
{
	struct request *r = request_of(j);

	if (j->err != ES_OK) {
		request_answer(r, j->err);
		return;
	}
	r->directory_job = (struct directory_job){.run = count_run, .done = count_done};
	worker_post_directory(r->api->swarm->worker, &r->directory_job);
}

void api_rebuild(struct request *r)
{
	r->started_ms = (int64_t)uv_now(r->api->loop);
	r->directory_job = (struct directory_job){.run = reset_run, .done = reset_done, .refolds = true};
	worker_post_directory(r->api->swarm->worker, &r->directory_job);
}

void field_json(const struct schema_kind *k, unsigned no, struct buf *out)
{
	const struct schema_field *f = k ? schema_field_no(k, no) : NULL;

	if (f)
		buf_printf(out, "\"%s\"", f->name);
	else if (no == FIELD_DELETED)
		buf_str(out, "\"supprime\"");
	else
		buf_printf(out, "\"champ_%u\"", no);
}

void field_value_json(const struct schema_kind *k, unsigned no, struct slice value, struct buf *out)
{
	const struct schema_field *f = k ? schema_field_no(k, no) : NULL;

	if (f && value.p[0] != 0xc0)
		value_json(f, value, out);
	else
		value_json_any(value, out);
}

void fields_json(const struct change *ch, struct buf *out)
{
	const struct schema_kind *k = schema_kind_no(ch->kind);
	struct slice value;
	unsigned no;
	bool first = true;

	buf_str(out, "{");
	for (struct field_walk w = field_walk_start(ch->fields); field_walk_next(&w, &no, &value);) {
		buf_str(out, first ? "" : ",");
		first = false;
		if (ch->control)
			buf_printf(out, "\"champ_%u\"", no);
		else
			field_json(k, no, out);
		buf_str(out, ":");
		field_value_json(k, no, value, out);
	}
	buf_str(out, "}");
}

/* R3: what is answered, and why not. */
static bool answer_json(const struct change *ch, struct buf *out)
{
	char log[BASE32_LEN(16) + 1];
	struct answer answer;

	if (ch->control || ch->op != OP_ANSWER || answer_decode(ch->fields, &answer) != ES_OK)
		return false;
	base32_encode(answer.to.log.bytes, 16, log);
	buf_printf(out, "{\"accepted\":%s,\"why\":", answer.accepted ? "true" : "false");
	json_quote(answer.why, out);
	buf_printf(out, ",\"log\":\"%s\",\"seq\":%llu,\"index\":%u}", log, (unsigned long long)answer.to.seq, answer.to.index);
	return true;
}

static void change_json(const struct head *h, const char *author, int64_t pos, const struct commit *c, unsigned index,
			const struct change *ch, struct buf *out)
{
	static const char *const ops[] = {"?", "put", "propose", "answer", "receipt", "request"};
	static const char *const control[] = {"genesis", "member", "open", "suspend", "resume", "revoke", "rotate", "steward",
					      "forget", "territory", "charter", "checkpoint", "resolve", "void", "quota",
					      "invite", "recover"};
	char log[BASE32_LEN(16) + 1], uid[ULID_LEN + 1] = "", at[25];
	const struct schema_kind *k = schema_kind_no(ch->kind);

	base32_encode(h->log.bytes, 16, log);
	if (!ch->control)
		ulid_encode(ch->record.bytes + 16, uid);
	stamp_text(ch->control ? c->hlc : ch->edited, at);
	buf_printf(out, "%s{\"pos\":%lld,\"log\":\"%s\",\"author\":\"%s\",\"scope\":\"%s\",\"seq\":%llu,\"index\":%u,\"op\":\"%s\","
			"\"kind\":\"%s\",\"uid\":\"%s\",\"edited\":\"%s\",\"fields\":",
		   out->p[out->len - 1] == '[' ? "" : ",", (long long)pos, log, author, scope_name(h->scope),
		   (unsigned long long)c->seq, index,
		   ch->control ? (ch->op - OP_GENESIS < 17 ? control[ch->op - OP_GENESIS] : "?") : (ch->op < 6 ? ops[ch->op] : "?"),
		   k && !ch->control ? k->name : "", uid, at);
	if (!answer_json(ch, out))
		fields_json(ch, out);
	buf_str(out, "}");
}

static enum es_err tail_commit(struct node *n, enum scope within, int64_t pos, struct buf *out, int64_t *left, int64_t *skip)
{
	static _Thread_local struct packed p;
	static _Thread_local struct commit c;
	char author[NODE_OWNER_MAX] = "";
	struct change ch;
	struct buf bytes;
	uint32_t index;
	int64_t stored;
	enum es_err err;

	buf_init(&bytes, COMMIT_PACKED_MAX);
	err = journal_one(n->journal, pos, &index, &bytes, &stored);
	if (err == ES_OK)
		err = commit_unpack(buf_slice(&bytes), &p);
	if (err == ES_OK)
		err = commit_decode(p.header, &c);
	for (uint32_t i = 0; err == ES_OK && i < p.count; i++) {
		const struct head *h = &n->frontier.heads[index];
		const struct member *m = rights_member(&n->rights, &h->hub);

		if (*skip > 0) {
			(*skip)--;
			continue;
		}
		if (m)
			rights_owner_text(m, author, sizeof author);
		if (!p.payload[i].present || h->scope > within)
			continue; /* forgotten, or not for this role */
		err = change_decode(p.payload[i].change, &ch);
		if (err == ES_OK)
			change_json(h, m ? author : n->owner, pos, &c, i, &ch, out);
		(*left)--;
	}
	buf_done(&bytes);
	return err == ES_NOT_FOUND ? ES_OK : err;
}

enum es_err api_tail(struct request *r, struct node *n)
{
	const char *after = request_param(r, "after"), *limit = request_param(r, "limit");
	int64_t left = limit[0] ? strtoll(limit, NULL, 10) : 20, last = journal_last_pos(n->journal), pos, skip = 0;
	enum es_err err = ES_OK;

	if (left < 1 || left > API_LIST_MAX)
		left = API_LIST_MAX;
	if (after[0]) {
		pos = strtoll(after, NULL, 10);
	} else { /* the newest: back until there are enough, then without the surplus */
		for (pos = last; pos > 0 && skip < left; pos--)
			skip += journal_changes(n->journal, pos);
		skip = skip > left ? skip - left : 0;
		left = INT64_MAX;
	}
	buf_str(&r->out, "{\"items\":[");
	while (err == ES_OK && pos < last && left > 0)
		err = tail_commit(n, r->within, ++pos, &r->out, &left, &skip);
	buf_printf(&r->out, "],\"last\":%lld}", (long long)pos);
	return err;
}
