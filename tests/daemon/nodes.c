/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "common/places.h"
#include "daemon/node/found.h"
#include "daemon/node/task.h"
#include "daemon/swarm/worker.h"
#include "proto/canon.h"
#include "tests/daemon/nodes.h"

#define ROUNDS 8

/* --- making them --- */

void party_keys(struct nodes *w, struct node_keys *out)
{
	uint8_t seed[32];

	memset(out, 0, sizeof *out);
	rng_fill(&w->rng, seed, 32);
	crypto_sign_keys(seed, &out->sign, &out->sign_secret);
	rng_fill(&w->rng, seed, 32);
	crypto_dh_keys(seed, &out->dh, &out->dh_secret);
}

struct reference *nodes_ref;

static struct party *party_add(struct nodes *w)
{
	struct party *p = &w->p[w->count];

	assert_true(w->count < PARTIES_MAX);
	memset(p, 0, sizeof *p);
	char dir[96];
	strcpy(dir, w->dir);
	snprintf(dir + strlen(dir), 8, "/%zu", w->count++);
	strcpy(p->dir, dir);
	snprintf(p->path, sizeof p->path, "%s/directory.db", dir);
	assert_int_equal(mkdir(p->dir, 0700), 0);
	return p;
}

void party_start(struct nodes *w, struct party *p)
{
	struct rng rng;

	rng_seed_number(&rng, rng_u64(&w->rng));
	assert_int_equal(node_open_keys(p->dir, &p->keys, nodes_ref, &rng, &p->n), ES_OK);
	p->n->utc = p->n->mono = w->utc;
	assert_int_equal(directory_open(p->path, nodes_ref, &p->d), ES_OK);
	assert_int_equal(worker_project(p->n, p->d), ES_OK);
	assert_int_equal(reader_open(p->path, nodes_ref, &p->n->reader), ES_OK);
	reader_prefer(p->n->reader, &p->n->hub);
}

void party_stop(struct party *p)
{
	if (p->n)
		p->keys = p->n->keys; /* as the key file has them */
	node_close(p->n);
	directory_close(p->d);
	p->n = NULL;
	p->d = NULL;
	p->session = p->erased = 0;
}

void party_restart(struct nodes *w, struct party *p)
{
	party_stop(p);
	party_start(w, p);
}

struct party *party_clone(struct nodes *w, struct party *of)
{
	struct party *p = party_add(w);
	char path[128];

	snprintf(path, sizeof path, "%s/journal.db", p->dir);
	assert_int_equal(journal_copy(of->n->journal, path), ES_OK);
	p->keys = of->n->keys;
	party_start(w, p);
	return p;
}

struct party *party_join(struct nodes *w, const char *pays, const char *name)
{
	struct party *home = &w->p[CRESS], *p = party_add(w);
	struct join_request r = {.charter = home->n->rights.charter, .at = w->utc};
	struct found f = {.dir = p->dir, .keys = &p->keys, .rng = &w->rng, .utc = w->utc, .name = name, .pays = pays, .region = "53"};
	struct found_home h = {.fed_id = w->fed_id, .key = home->keys.dh, .address = "cress.example:7480"};

	party_keys(w, &p->keys);
	assert_int_equal(found_hub(&f, &h), ES_OK);
	r.member.role = ROLE_HUB;
	r.member.epoch = 1;
	r.member.sign = p->keys.sign;
	r.member.dh = p->keys.dh;
	r.member.hub = crypto_hub_id(&w->fed_id, &p->keys.sign);
	snprintf(r.member.name, sizeof r.member.name, "%s", name);
	snprintf(r.member.pays, sizeof r.member.pays, "%s", pays);
	rng_fill(&w->rng, r.member.invite.bytes, 32);
	assert_int_equal(STEP(w, home, node_approve(home->n, &r)), ES_OK);
	party_start(w, p);
	return p;
}

void nodes_open(struct nodes *w, unsigned hubs)
{
	static const char *const pays[] = {"auray", "vannes", "rennes", "vitre"}, *const name[] = {"Auray", "Vannes", "Rennes", "Vitré"};
	struct sign_public recovery;
	struct sign_secret secret;

	memset(w, 0, sizeof *w);
	w->utc = 1790000000000;
	rng_seed_number(&w->rng, 8);
	strcpy(w->dir, "/tmp/essaim-nodes-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	rng_fill(&w->rng, w->recovery, 32);
	crypto_sign_keys(w->recovery, &recovery, &secret);
	struct party *home = party_add(w);
	party_keys(w, &home->keys);
	struct found f = {.dir = home->dir, .keys = &home->keys, .rng = &w->rng, .utc = w->utc, .name = "CRESS", .pays = "bretagne",
			  .region = "53", .advertise = "cress.example:7480"};
	assert_int_equal(found_cress(&f, NULL, slice_str(CHARTER), &recovery, &w->fed_id), ES_OK);
	w->utc += 1000;
	party_start(w, home);
	for (unsigned i = 0; i < hubs; i++)
		party_join(w, pays[i], name[i]);
	visit_all(w);
}

void nodes_close(struct nodes *w)
{
	char command[96];

	for (size_t i = 0; i < w->count; i++)
		party_stop(&w->p[i]);
	snprintf(command, sizeof command, "rm -r %s", w->dir);
	assert_int_equal(system(command), 0);
}

int nodes_reference(void **state)
{
	(void)state;
	return reference_load(ESSAIM_SOURCE_DIR "/conf/reference", &nodes_ref) == ES_OK ? 0 : -1;
}

int nodes_done(void **state)
{
	(void)state;
	reference_free(nodes_ref);
	return 0;
}

static int some_hubs(void **state, unsigned hubs)
{
	struct nodes *w = calloc(1, sizeof *w);

	nodes_open(w, hubs);
	*state = w;
	return 0;
}

int two_hubs(void **state)
{
	return some_hubs(state, 2);
}

int three_hubs(void **state)
{
	return some_hubs(state, 3);
}

int nodes_teardown(void **state)
{
	struct nodes *w = *state;

	nodes_close(w);
	free(w);
	return 0;
}

/* --- steps --- */

void step_begin(struct nodes *w, struct party *p)
{
	w->utc += 1000;
	p->n->utc = p->n->mono = w->utc;
	assert_int_equal(journal_begin(p->n->journal), ES_OK);
	assert_int_equal(journal_savepoint(p->n->journal), ES_OK);
}

static void tick(struct party *p)
{
	bool more = true;

	for (unsigned i = 0; more; i++) {
		assert_true(i < 100);
		assert_int_equal(node_tick(p->n, 16, &more), ES_OK);
	}
}

/* Forgotten, folded away, out of every file: the receipts are written. */
static void erase(struct party *p)
{
	struct erase_target t = node_erase_target(p->n);

	assert_int_equal(worker_project(p->n, p->d), ES_OK);
	assert_int_equal(directory_scrub(p->d), ES_OK);
	assert_int_equal(journal_begin(p->n->journal), ES_OK);
	assert_int_equal(node_erased(p->n, &t), ES_OK);
	p->erased = t.count;
	tick(p);
	assert_int_equal(journal_commit(p->n->journal), ES_OK);
	assert_int_equal(node_scrub(p->n), ES_OK);
}

void project(struct party *p)
{
	assert_int_equal(node_scrub(p->n), ES_OK);
	for (unsigned i = 0; node_erase_target(p->n).due && node_erase_target(p->n).count > p->erased; i++) {
		assert_true(i < 10);
		erase(p);
	}
	assert_int_equal(worker_project(p->n, p->d), ES_OK);
}

enum es_err step_end(struct party *p, enum es_err err)
{
	bool keep = task_keeps(err);

	assert_int_equal(journal_release(p->n->journal, keep), ES_OK);
	if (!keep)
		assert_int_equal(node_reload(p->n), ES_OK);
	tick(p);
	assert_int_equal(journal_commit(p->n->journal), ES_OK);
	project(p);
	p->n->grew = p->n->control_grew = p->n->forks_grew = false;
	return err;
}

void idle(struct nodes *w, struct party *p)
{
	assert_int_equal(STEP(w, p, ES_OK), ES_OK);
}

/* --- between nodes --- */

struct head *head_of(struct party *p, const struct id16 *log)
{
	return frontier_find(&p->n->frontier, log);
}

struct head *own_head(struct party *p, const struct party *whose, enum scope scope)
{
	const struct open_log *log = rights_log_of(&p->n->rights, &whose->n->hub, scope);

	assert_non_null(log);
	return head_of(p, &log->id);
}

enum es_err send_from(struct nodes *w, struct party *from, struct party *to, uint32_t index, uint64_t seq, uint64_t upto)
{
	const struct head *target = index == 0 ? to->n->frontier.heads : head_of(to, &from->n->frontier.heads[index].log);
	struct buf body;
	uint64_t last = 0, at = 0;
	enum es_err err = ES_EXISTS;

	if (!target)
		return ES_UNKNOWN_LOG;
	uint32_t their = (uint32_t)(target - to->n->frontier.heads);
	buf_init(&body, 4 * COMMIT_PACKED_MAX);
	assert_int_equal(node_load(from->n, index, seq, upto, &body, &last), ES_OK);
	struct giver giver = {.hub = from->n->hub};

	giver.as = from == &w->p[CRESS] ? FROM_HOME : id_eq(&target->hub, &from->n->hub) ? FROM_AUTHOR : FROM_ANYBODY;
	if (body.len > 0)
		err = STEP(w, to, node_receive(to->n, their, &giver, buf_slice(&body), &at));
	buf_done(&body);
	return err;
}

void send_control(struct nodes *w, struct party *from, struct party *to)
{
	while (from->n->frontier.heads[0].seq > to->n->frontier.heads[0].seq)
		assert_int_equal(send_from(w, from, to, 0, to->n->frontier.heads[0].seq + 1, UINT64_MAX), ES_OK);
}

static uint64_t may_send(const struct party *from, const struct head *h)
{
	if (h->blocked != ES_OK)
		return h->blocked_seq - 1;
	if (from->pending && id_eq(&h->hub, &from->n->hub))
		return h->acked; /* L2 */
	return h->seq;
}

void send_data(struct nodes *w, struct party *from, struct party *to)
{
	for (uint32_t i = 1; i < from->n->frontier.count; i++) {
		const struct head *h = &from->n->frontier.heads[i], *target = head_of(to, &h->log);

		if (h->scope == SCOPE_LOCAL || !target || target->blocked != ES_OK)
			continue;
		for (uint64_t upto = may_send(from, h), had = target->seq; had < upto; had = target->seq) {
			enum es_err err = send_from(w, from, to, i, had + 1, upto);

			h = &from->n->frontier.heads[i];
			target = head_of(to, &h->log);
			if (es_err_then(err) == ES_RETRY) /* as a session would: again in the next round */
				break;
			if (err != ES_OK)
				fail_msg("log %u from %llu: %s", i, (unsigned long long)had + 1, es_err_name(err));
		}
	}
}

void send_acks(struct nodes *w, struct party *home, struct party *hub)
{
	uint32_t count = 0;
	struct buf list, body;

	buf_init(&list, 65536);
	buf_init(&body, 65536);
	for (uint32_t i = 1; i < home->n->frontier.count; i++) {
		const struct head *h = &home->n->frontier.heads[i];

		if (!id_eq(&h->hub, &hub->n->hub) || h->seq == 0)
			continue;
		canon_array(&list, 3);
		canon_bin(&list, h->log.bytes, 16);
		canon_u64(&list, h->seq);
		canon_bin(&list, h->id.bytes, 32);
		count++;
	}
	canon_array(&body, count);
	buf_add(&body, list.p, list.len);
	assert_int_equal(STEP(w, hub, node_acknowledged(hub->n, buf_slice(&body))), ES_OK);
	buf_done(&list);
	buf_done(&body);
}

void send_returns(struct nodes *w, struct party *from, struct party *to)
{
	struct buf body, ids;

	buf_init(&body, 4 * COMMIT_PACKED_MAX);
	buf_init(&ids, 65536);
	assert_int_equal(node_returns(from->n, &to->n->hub, to->n->role, &body), ES_OK);
	if (body.len > 0) {
		assert_int_equal(STEP(w, to, node_given_back(to->n, buf_slice(&body), &ids)), ES_OK);
		assert_int_equal(STEP(w, from, node_returned(from->n, &to->n->hub, to->n->role, buf_slice(&ids))), ES_OK);
	}
	buf_done(&body);
	buf_done(&ids);
}

enum es_err call(struct nodes *w, struct party *hub)
{
	struct party *home = &w->p[CRESS];
	bool report_only;

	assert_int_equal(STEP(w, hub, node_next_lineage(hub->n)), ES_OK);
	hub->session = ++w->sessions;
	enum es_err err = STEP(w, home, node_greet(home->n, hub->session, &hub->n->hub, &hub->n->instance, ROLE_HUB, hub->n->lineage, 0,
						   &hub->pending, &report_only));
	if (err != ES_OK)
		hang_up(w, hub, err);
	return err;
}

/* What home would hear of the hub's own logs. */
static void send_level(struct nodes *w, struct party *hub)
{
	struct party *home = &w->p[CRESS];
	struct buf list, body;
	uint32_t count = 0;

	buf_init(&list, 65536);
	buf_init(&body, 65536);
	for (uint32_t i = 1; i < hub->n->frontier.count; i++) {
		const struct head *h = &hub->n->frontier.heads[i];

		if (h->scope == SCOPE_LOCAL || !id_eq(&h->hub, &hub->n->hub))
			continue;
		canon_array(&list, 2);
		canon_bin(&list, h->log.bytes, 16);
		canon_u64(&list, may_send(hub, h));
		count++;
	}
	canon_array(&body, count);
	buf_add(&body, list.p, list.len);
	assert_int_equal(STEP(w, home, node_level(home->n, hub->session, buf_slice(&body))), ES_OK);
	buf_done(&list);
	buf_done(&body);
}

static bool home_holds_all(struct party *home, struct party *hub)
{
	for (uint32_t i = 1; i < hub->n->frontier.count; i++) {
		const struct head *h = &hub->n->frontier.heads[i];
		const struct head *theirs = h->scope == SCOPE_LOCAL ? NULL : head_of(home, &h->log);

		if (h->scope != SCOPE_LOCAL && id_eq(&h->hub, &hub->n->hub) && (!theirs || theirs->seq != h->seq))
			return false;
	}
	return home->n->frontier.heads[0].seq == hub->n->frontier.heads[0].seq;
}

/* What home hears of and has not taken; what it will not have is no lack. */
static bool home_lacks(struct party *home, struct party *hub)
{
	for (uint32_t i = 1; i < hub->n->frontier.count; i++) {
		const struct head *h = &hub->n->frontier.heads[i];
		const struct head *ours = h->scope == SCOPE_LOCAL ? NULL : head_of(home, &h->log);

		if (ours && ours->blocked == ES_OK && ours->seq < may_send(hub, h))
			return true;
	}
	return false;
}

static void note_again(void *ctx, uint64_t session, enum es_err why)
{
	struct nodes *w = ctx;

	for (size_t i = 1; i < w->count; i++)
		if (w->p[i].n && w->p[i].session == session) {
			assert_int_equal(why, ES_AGAIN);
			hang_up(w, &w->p[i], why);
		}
}

void settle(struct nodes *w, struct party *hub)
{
	struct party *home = &w->p[CRESS];

	for (unsigned i = 0; i < ROUNDS; i++) {
		send_control(w, home, hub);
		send_data(w, hub, home);
		send_data(w, home, hub);
		send_returns(w, hub, home);
		send_returns(w, home, hub);
		send_acks(w, home, hub);
		if (hub->pending)
			send_level(w, hub);
		assert_int_equal(STEP(w, home, node_report(home->n, hub->session, !home_lacks(home, hub))), ES_OK);
		idle(w, home);
		node_closing(home->n, note_again, w);
		if (!hub->session)
			return;
		send_control(w, home, hub);
		bool equal = !hub->pending && home_holds_all(home, hub);
		assert_int_equal(STEP(w, hub, node_confirm(hub->n, hub->session, equal, 0)), ES_OK);
		idle(w, hub);
	}
}

void hang_up(struct nodes *w, struct party *hub, enum es_err why)
{
	struct party *home = &w->p[CRESS];

	assert_int_equal(STEP(w, home, node_session_closed(home->n, hub->session, ROLE_HUB, why)), ES_OK);
	assert_int_equal(STEP(w, hub, node_session_closed(hub->n, hub->session, ROLE_CRESS, why)), ES_OK);
	hub->session = 0;
	hub->pending = false;
}

void visit(struct nodes *w, struct party *hub)
{
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(call(w, hub), ES_OK);
		settle(w, hub);
		if (hub->session)
			break;
	}
	assert_true(hub->session > 0);
	hang_up(w, hub, ES_OK);
}

void visit_all(struct nodes *w)
{
	for (unsigned round = 0; round < 2; round++)
		for (size_t i = 1; i < w->count; i++)
			if (w->p[i].n)
				visit(w, &w->p[i]);
}

void seal_alone(struct nodes *w, struct party *hub)
{
	assert_int_equal(STEP(w, hub, node_confirm(hub->n, 9999, true, 0)), ES_OK);
	idle(w, hub);
	assert_int_equal(STEP(w, hub, node_session_closed(hub->n, 9999, ROLE_CRESS, ES_OK)), ES_OK);
}

/* --- records --- */

struct id16 uid_of(unsigned number)
{
	struct id16 id = {{0}};

	be_write(id.bytes + 12, number, 4);
	return id;
}

struct record_id record_of(const struct party *creator, unsigned number)
{
	struct record_id id;
	struct id16 uid = uid_of(number);

	memcpy(id.bytes, creator->n->hub.bytes, 16);
	memcpy(id.bytes + 16, uid.bytes, 16);
	return id;
}

enum es_err edit_field(struct nodes *w, struct party *p, struct edit *e, const char *field, const char *text, bool must_exist,
		       struct edit_result *result)
{
	const struct schema_field *f = schema_field_named(e->kind, slice_str(field));
	struct findings findings = {0};
	uint8_t memory[4096];
	struct buf bytes;

	buf_init_fixed(&bytes, memory, sizeof memory);
	assert_true(value_parse(f, slice_str(text), &bytes, &findings));
	e->values[f->index] = buf_slice(&bytes);
	return STEP(w, p, node_edit(p->n, e, must_exist, result));
}

enum es_err edit(struct nodes *w, struct party *p, unsigned number, const char *field, const char *text)
{
	struct edit e = {.kind = schema_kind_named(slice_str("structure")), .has_uid = true, .uid = uid_of(number)};
	struct edit_result result;

	return edit_field(w, p, &e, field, text, false, &result);
}

bool shows(struct party *p, unsigned number, const char *text)
{
	struct id16 uid = uid_of(number);
	struct buf json;

	buf_init(&json, 1 << 20);
	enum es_err err = reader_show(p->n->reader, &uid, &json);
	bool found = err == ES_OK && strstr(buf_cstr(&json), text) != NULL;
	buf_done(&json);
	return found;
}

static bool file_has(const char *path, const char *text)
{
	FILE *f = fopen(path, "rb");
	struct stat st;

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	char *bytes = malloc((size_t)st.st_size + 1);
	assert_non_null(bytes);
	size_t len = fread(bytes, 1, (size_t)st.st_size, f);
	bool found = memmem(bytes, len, text, strlen(text)) != NULL;
	free(bytes);
	fclose(f);
	return found;
}

bool on_disk(const struct party *p, const char *text)
{
	DIR *d = opendir(p->dir);
	struct dirent *e;
	bool found = false;

	assert_non_null(d);
	while (!found && (e = readdir(d)) != NULL) {
		char path[sizeof p->dir + sizeof e->d_name + 1];

		snprintf(path, sizeof path, "%s/%s", p->dir, e->d_name);
		found = e->d_name[0] != '.' && file_has(path, text);
	}
	closedir(d);
	return found;
}

struct looking {
	const char *text;
	struct waiting found;
};

static bool note_waiting(void *ctx, const struct outbox_edit *e)
{
	struct looking *l = ctx;

	if (e->change.len == 0 || !memmem(e->change.p, e->change.len, l->text, strlen(l->text)))
		return true;
	l->found.count++;
	l->found.op = e->change.p[1];
	l->found.salt = e->salt;
	l->found.edited = e->edited;
	return true;
}

struct waiting waiting(struct party *p, const char *text)
{
	struct looking l = {.text = text};

	assert_int_equal(journal_outbox_each(p->n->journal, SCOPE_COUNT, NULL, 0, note_waiting, &l), ES_OK);
	return l.found;
}

struct stored stored(struct party *p, const char *text)
{
	static struct packed packed;
	static struct commit c;
	struct stored found = {.count = 0};
	struct change ch;

	for (int64_t pos = 1; pos <= journal_last_pos(p->n->journal); pos++) {
		struct buf bytes;
		uint32_t index;
		int64_t at;

		buf_init(&bytes, 2 * COMMIT_PACKED_MAX);
		if (journal_one(p->n->journal, pos, &index, &bytes, &at) == ES_OK) {
			assert_int_equal(commit_unpack(buf_slice(&bytes), &packed), ES_OK);
			assert_int_equal(commit_decode(packed.header, &c), ES_OK);
			for (uint32_t i = 0; i < packed.count; i++) {
				const struct payload *y = &packed.payload[i];

				if (!y->present || !memmem(y->change.p, y->change.len, text, strlen(text)))
					continue;
				assert_int_equal(change_decode(y->change, &ch), ES_OK);
				found.count++;
				found.op = ch.op;
				found.salt = y->salt;
				found.edited = ch.edited;
				found.log = c.log_id;
				found.seq = c.seq;
			}
		}
		buf_done(&bytes);
	}
	return found;
}

void three_edits(struct nodes *w)
{
	static const char *const names[] = {"Premier", "Deuxieme", "Troisieme"};

	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(edit(w, &w->p[AURAY], i + 1, "nom", names[i]), ES_OK);
		visit(w, &w->p[AURAY]);
	}
	visit(w, &w->p[VANNES]);
	assert_true(shows(&w->p[VANNES], 3, "Troisieme"));
	assert_int_equal(own_head(&w->p[AURAY], &w->p[AURAY], SCOPE_PUBLIC)->seq, 3);
}
