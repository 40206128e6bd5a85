/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/node/verify.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/say.h"
#include "daemon/directory/sql.h"
#include "daemon/node/node_parts.h"
#include "daemon/swarm/worker.h"
#include "proto/canon.h"

#define PROBLEMS_MAX 50 /* listed; more are counted */

struct verifying {
	struct node *n;
	struct rights rights; /* the control log again, from nothing */
	struct frontier frontier; /* heads as far as they verified */
	struct buf problems;
	int64_t problem_count, commits, changes;
	struct packed packed;
	struct commit commit;
};

static void problem(struct verifying *v, const char *log, uint64_t seq, const char *what)
{
	if (v->problem_count++ >= PROBLEMS_MAX)
		return;
	buf_printf(&v->problems, "%s{\"log\":", v->problem_count > 1 ? "," : "");
	json_quote(slice_str(log), &v->problems);
	buf_printf(&v->problems, ",\"seq\":%llu,\"what\":", (unsigned long long)seq);
	json_quote(slice_str(what), &v->problems);
	buf_str(&v->problems, "}");
}

static void log_text(const struct head *h, char *out, size_t size)
{
	char id[BASE32_LEN(16) + 1];

	base32_encode(h->log.bytes, 16, id);
	snprintf(out, size, "%s", id);
}

static const struct sign_public *key_of(const struct verifying *v, uint32_t epoch)
{
	const struct key_age *age = rights_key_age(&v->rights, &v->n->hub, epoch);

	return age ? &age->sign : &v->n->keys.sign;
}

/* One stored commit through the same door as when it came. */
static enum es_err check_commit(struct verifying *v, uint32_t index, uint64_t seq)
{
	struct node *n = v->n;
	struct head *h = &v->frontier.heads[index];
	struct hash control, stored_id;
	struct buf bytes;

	buf_init(&bytes, COMMIT_PACKED_MAX);
	enum es_err err = node_read_commit(n, index, seq, &bytes, &v->packed);
	if (err == ES_OK)
		err = commit_decode(v->packed.header, &v->commit);
	if (err == ES_OK && (v->commit.seq != seq || !journal_commit_id(n->journal, index, seq, &stored_id) ||
			     !hash_eq(&stored_id, &v->commit.id)))
		err = ES_BAD_CHAIN;
	struct admit_input in = {
		.rights = &v->rights, .head = h, .lenient = index > 0, /* what was erased is not damage */
		 .local_key = key_of(v, v->commit.key_epoch), .now = INT64_MAX / 2,
		.control_at = index > 0 && v->commit.has_ctl && journal_commit_id(n->journal, 0, v->commit.ctl_seq, &control)
				      ? &control : NULL,
	};
	if (err == ES_OK)
		err = admit_commit(&in, &v->commit, &v->packed);
	if (err == ES_OK && index == 0)
		err = rights_apply(&v->rights, &v->commit, &v->packed);
	if (err == ES_OK) {
		h->seq = seq;
		h->id = v->commit.id;
		h->hlc = v->commit.hlc;
		v->commits++;
		v->changes += v->commit.count;
	}
	buf_done(&bytes);
	return err;
}

/* A log is checked up to its first bad commit: nothing after it can be. */
static void check_log(struct verifying *v, uint32_t index)
{
	char name[64];

	log_text(&v->n->frontier.heads[index], name, sizeof name);
	for (uint64_t seq = 1; seq <= v->n->frontier.heads[index].seq; seq++) {
		enum es_err err = check_commit(v, index, seq);

		if (err != ES_OK) {
			problem(v, name, seq, _(es_err_text(err)));
			return;
		}
	}
}

/* Its pages, indexes and full-text tables: what a row by row comparison does not see. */
enum es_err verify_directory_pages(const char *path, bool quick, uint32_t *schema)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	bool good = true;
	int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL);
	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW)
		*schema = (uint32_t)sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	st = NULL;
	if (rc == SQLITE_ROW)
		rc = sqlite3_prepare_v2(db, quick ? "PRAGMA quick_check(1)" : "PRAGMA integrity_check(1)", -1, &st, NULL);
	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW)
		good = strcmp((const char *)sqlite3_column_text(st, 0), "ok") == 0;
	sqlite3_finalize(st);
	sqlite3_close(db);
	return rc == SQLITE_ROW && !good ? ES_PAGE_DAMAGED : sql_err(rc);
}

static enum es_err check_directory_pages(struct verifying *v, const char *path)
{
	uint32_t schema;
	enum es_err err = verify_directory_pages(path, false, &schema);

	if (err == ES_PAGE_DAMAGED)
		problem(v, "directory.db", 0, _(es_err_text(err)));
	return err == ES_PAGE_DAMAGED ? ES_OK : err;
}

/* A second directory, folded now, must say the same as the one in use. */
static enum es_err check_directory(struct verifying *v)
{
	char path[NODE_PATH_MAX + 32], real[NODE_PATH_MAX + 32];
	static const char *const parts[] = {"", "-wal", "-shm"};
	struct directory *d = NULL;
	struct buf what;
	int64_t differ = 0;
	enum es_err err;

	snprintf(real, sizeof real, "%.4000s/directory.db", v->n->dir);
	snprintf(path, sizeof path, "%.4000s/verify.db", v->n->dir);
	if (access(real, F_OK) != 0)
		return ES_OK; /* it will be rebuilt at the next start */
	buf_init(&what, 4096);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%.4000s/verify.db%s", v->n->dir, parts[i]);
		unlink(path);
	}
	snprintf(path, sizeof path, "%.4000s/verify.db", v->n->dir);
	err = check_directory_pages(v, real);
	if (err == ES_OK)
		err = directory_open(path, v->n->ref, &d);
	if (err == ES_OK)
		err = worker_project(v->n, d);
	if (err == ES_OK)
		err = directory_compare(d, real, &differ, &what);
	if (err == ES_PAGE_DAMAGED)
		problem(v, "directory.db", 0, _(es_err_text(err)));
	else if (err == ES_OK && differ > 0)
		problem(v, "directory.db", 0, buf_cstr(&what));
	directory_close(d);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%.4000s/verify.db%s", v->n->dir, parts[i]);
		unlink(path);
	}
	buf_done(&what);
	/* A full disk is no damage: nothing was found wrong, nothing was compared. */
	return err == ES_PAGE_DAMAGED ? ES_OK : err;
}

static void finish(struct verifying *v, struct buf *json)
{
	buf_printf(json, "{\"ok\":%s,\"commits\":%lld,\"changes\":%lld,\"problem_count\":%lld,\"problems\":[",
		   v->problem_count ? "false" : "true", (long long)v->commits, (long long)v->changes,
		   (long long)v->problem_count);
	buf_add(json, v->problems.p, v->problems.len);
	buf_str(json, "]}");
	buf_done(&v->problems);
}

enum es_err verify_node(struct node *n, struct buf *json)
{
	struct verifying *v = calloc(1, sizeof *v);
	struct buf pages;

	if (!v)
		return ES_NOMEM;
	v->n = n;
	buf_init(&v->problems, 64 * 1024);
	buf_init(&pages, 8192);
	rights_init(&v->rights, &n->rights.fed_id);
	for (size_t i = 0; i < n->frontier.count; i++) {
		const struct head *h = &n->frontier.heads[i];

		if (!frontier_add(&v->frontier, &h->log, &h->hub, h->scope, h->generation))
			return ES_NOMEM;
	}
	if (journal_check_pages(n->journal, false, &pages) == ES_PAGE_DAMAGED)
		problem(v, "journal.db", 0, pages.len ? buf_cstr(&pages) : _(es_err_text(ES_PAGE_DAMAGED)));
	for (uint32_t i = 0; i < n->frontier.count; i++)
		check_log(v, i);
	enum es_err err = v->problem_count == 0 ? check_directory(v) : ES_OK;
	bool bad = v->problem_count > 0;
	finish(v, json);
	rights_done(&v->rights);
	frontier_done(&v->frontier);
	buf_done(&pages);
	free(v);
	return bad ? ES_DAMAGED : err != ES_OK ? err : buf_err(json);
}

/* The node does not open: read what can be read of the control log alone. */
enum es_err verify_broken(const char *dir, struct buf *json, struct buf *why)
{
	struct node *n = calloc(1, sizeof *n);
	char path[NODE_PATH_MAX + 32];
	struct hash fed;
	struct buf b;
	enum es_err err = ES_NOMEM;

	if (!n)
		return err;
	snprintf(n->dir, sizeof n->dir, "%s", dir);
	snprintf(path, sizeof path, "%.4000s/journal.db", dir);
	err = journal_open(path, false, &n->journal);
	buf_init_fixed(&b, fed.bytes, 32);
	if (err == ES_OK && (!journal_get(n->journal, "fed_id", &b) || b.len != 32))
		err = ES_PAGE_DAMAGED;
	if (err == ES_OK) {
		rights_init(&n->rights, &fed);
		err = journal_frontier(n->journal, &n->frontier);
	}
	if (err == ES_OK)
		err = node_keys_load(dir, &n->keys);
	if (err == ES_OK) {
		err = verify_node(n, json);
	} else {
		buf_str(json, "{\"ok\":false,\"commits\":0,\"changes\":0,\"problem_count\":1,\"problems\":[{\"log\":\"journal.db\","
			      "\"seq\":0,\"what\":");
		json_quote(slice_str(_(es_err_text(err))), json);
		buf_str(json, "}]}");
		err = ES_DAMAGED;
	}
	if (err != ES_OK && why->len == 0)
		buf_printf(why, "%s: %s", dir, _(es_err_text(err)));
	node_close(n);
	return err;
}
