/* SPDX-License-Identifier: Apache-2.0
 *
 * essaim-sim --self-test: is the VFS a disk? The same SQL on it and on the real
 * one gives the same answers; what was committed with synchronous=FULL survives
 * any crash, what was not is whole or absent; and with synchronous=OFF data is
 * lost, so the test can see. */
#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/sim/disk.h"
#include "tests/sim/sim_parts.h"
#include "tests/sim/trace.h"
#include "tests/sim/vfs.h"

static int failures;

#define CHECK(what, ...) \
	do { \
		if (!(what)) { \
			failures++; \
			printf("self-test: line %d: %s: ", __LINE__, #what); \
			printf(__VA_ARGS__); \
			putchar('\n'); \
		} \
	} while (0)

static sqlite3 *open_db(const char *path, const char *vfs, const char *pragmas)
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, vfs);

	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, pragmas, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		return db;
	sqlite3_close(db);
	return NULL;
}

static int64_t number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *st = NULL;
	int64_t n = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

static bool whole(sqlite3 *db)
{
	sqlite3_stmt *st = NULL;
	bool good = sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &st, NULL) == SQLITE_OK &&
		    sqlite3_step(st) == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(st, 0), "ok") == 0;

	sqlite3_finalize(st);
	return good;
}

/* --- the same as the real one --- */

static void workload_step(struct rng *r, char *sql, size_t size)
{
	uint64_t what = rng_below(r, 10), key = rng_below(r, 400), len = rng_below(r, 9000), byte = rng_below(r, 10);

	if (what < 6)
		snprintf(sql, size, "INSERT INTO t VALUES(%d, zeroblob(%d), 'x%d') ON CONFLICT DO UPDATE SET b=zeroblob(%d), w=w||'y'",
			 (int)key, (int)len, (int)byte, (int)len);
	else if (what < 8)
		snprintf(sql, size, "DELETE FROM t WHERE n BETWEEN %d AND %d", (int)key, (int)key + 7);
	else if (what < 9)
		snprintf(sql, size, "INSERT INTO f(rowid, w) VALUES(abs(random() %% 1), 'mot%d autre%d') ON CONFLICT DO NOTHING", (int)key, (int)byte);
	else
		snprintf(sql, size, "PRAGMA wal_checkpoint(%s)", byte < 5 ? "PASSIVE" : "TRUNCATE");
}

static void same_as_unix(const char *pragmas, bool reader)
{
	char real[64] = "/tmp/essaim-sim-XXXXXX", path[80], sql[256];
	sqlite3 *db[2], *rd[2] = {NULL, NULL};
	struct rng r;

	assert(mkdtemp(real));
	snprintf(path, sizeof path, "%s/a.db", real);
	disk_new(1, 1);
	db[0] = open_db("/sim/1/a.db", NULL, pragmas);
	db[1] = open_db(path, "unix", pragmas);
	CHECK(db[0] && db[1], "%s", pragmas);
	for (int i = 0; i < 2; i++) {
		CHECK(sqlite3_exec(db[i], "CREATE TABLE t(n INTEGER PRIMARY KEY, b BLOB, w TEXT); CREATE INDEX tw ON t(w);"
					  "CREATE VIRTUAL TABLE f USING fts5(w)", NULL, NULL, NULL) == SQLITE_OK, "create");
		if (reader)
			rd[i] = open_db(i ? path : "/sim/1/a.db", i ? "unix" : NULL, "PRAGMA query_only=1");
	}
	rng_seed_number(&r, 7);
	for (int step = 0; step < 1500; step++) {
		int rc[2];

		workload_step(&r, sql, sizeof sql);
		if (step % 20 == 0)
			for (int i = 0; i < 2; i++)
				rc[i] = sqlite3_exec(db[i], step % 40 ? "COMMIT" : "BEGIN", NULL, NULL, NULL);
		for (int i = 0; i < 2; i++)
			rc[i] = sqlite3_exec(db[i], sql, NULL, NULL, NULL);
		CHECK(rc[0] == rc[1], "step %d: %d and %d: %s", step, rc[0], rc[1], sql);
		if (step % 50)
			continue;
		sqlite3 **who = reader ? rd : db;
		int64_t a = number(who[0], "SELECT count(*)*1000003+total(length(b))+total(length(w)) FROM t");
		int64_t b = number(who[1], "SELECT count(*)*1000003+total(length(b))+total(length(w)) FROM t");
		CHECK(a == b && a >= 0, "step %d: %lld and %lld", step, (long long)a, (long long)b);
	}
	CHECK(whole(db[0]) && whole(db[1]), "integrity");
	for (int i = 0; i < 2; i++) {
		sqlite3_close(rd[i]);
		sqlite3_close(db[i]);
	}
	disk_free(disk_no(1));
	snprintf(sql, sizeof sql, "rm -r %s", real);
	assert(system(sql) == 0);
}

/* --- crashes --- */

#define SETUP "PRAGMA locking_mode=%s; PRAGMA journal_mode=WAL; PRAGMA synchronous=%s; PRAGMA wal_autocheckpoint=%d;" \
	"CREATE TABLE IF NOT EXISTS t(n INTEGER PRIMARY KEY, batch INT, b BLOB)"

struct crashing {
	const char *locking, *sync;
	int checkpoint;
	enum disk_power power;
	bool kill;
	int64_t acked;
	int lost, torn, damaged, rounds;
};

/* Ten rows a transaction, until the crash point. */
static void write_until_crash(struct crashing *c, sqlite3 *db, struct rng *r)
{
	char sql[160];
	uint64_t batches = rng_below(r, 12);

	for (uint64_t b = 0; b <= batches; b++) {
		int64_t batch = number(db, "SELECT coalesce(max(batch),0)+1 FROM t");
		uint64_t rows = b == batches ? rng_below(r, 10) : 10, len = 1 + rng_below(r, 6000);

		sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
		for (uint64_t i = 0; i < rows; i++) {
			snprintf(sql, sizeof sql, "INSERT INTO t VALUES(NULL, %lld, zeroblob(%d))", (long long)batch, (int)len);
			sqlite3_exec(db, sql, NULL, NULL, NULL);
		}
		if (rows == 10 && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
			c->acked = batch;
	}
}

static void crash_round(struct crashing *c, struct rng *r)
{
	char pragmas[400];

	snprintf(pragmas, sizeof pragmas, SETUP, c->locking, c->sync, c->checkpoint);
	disk_no(1)->off = false;
	sqlite3 *db = open_db("/sim/1/c.db", NULL, pragmas);
	c->rounds++;
	if (!db) {
		c->damaged++;
		return;
	}
	if (!whole(db))
		c->damaged++;
	if (number(db, "SELECT coalesce(max(batch),0) FROM t") < c->acked)
		c->lost++;
	if (number(db, "SELECT count(*) FROM (SELECT count(*) AS k FROM t GROUP BY batch HAVING k <> 10)") != 0)
		c->torn++;
	c->acked = number(db, "SELECT coalesce(max(batch),0) FROM t");
	struct disk *d = disk_no(1);
	d->crash_in = rng_below(r, 2) ? (int64_t)rng_below(r, 60) : -1;
	d->crash_kills = c->kill;
	d->crash_how = c->power;
	write_until_crash(c, db, r);
	d->crash_in = -1;
	if (!d->off && c->kill)
		disk_kill(d);
	else if (!d->off)
		disk_power_loss(d, c->power);
	struct disk_image *before = disk_snapshot(disk_no(1));
	uint64_t used = disk_no(1)->used, writes = disk_no(1)->writes;
	sqlite3_close(db);
	CHECK(disk_no(1)->used == used && disk_no(1)->writes == writes, "a dead connection has written");
	disk_image_free(before);
}

static struct crashing crashes(struct crashing c, int rounds, uint64_t seed)
{
	struct rng r;

	disk_new(1, seed);
	rng_seed_number(&r, seed);
	for (int i = 0; i < rounds; i++)
		crash_round(&c, &r);
	disk_free(disk_no(1));
	return c;
}

static void survives_crashes(void)
{
	static const char *const locking[] = {"EXCLUSIVE", "NORMAL"};

	for (int l = 0; l < 2; l++)
		for (int how = 0; how < 4; how++) {
			struct crashing c = {.locking = locking[l], .sync = "FULL", .checkpoint = 20,
					     .power = (enum disk_power)how, .kill = how == 3};

			c = crashes(c, 60, (uint64_t)(how * 2 + l + 1));
			CHECK(c.lost == 0 && c.torn == 0 && c.damaged == 0, "%s, crash kind %d: %d lost, %d torn, %d damaged of %d",
			      locking[l], how, c.lost, c.torn, c.damaged, c.rounds);
		}
	struct crashing weak = crashes((struct crashing){.locking = "EXCLUSIVE", .sync = "OFF", .checkpoint = 20,
							  .power = POWER_RANDOM}, 60, 9);
	CHECK(weak.lost + weak.damaged + weak.torn > 0, "synchronous=OFF loses nothing: the test is blind");
	struct crashing normal = crashes((struct crashing){.locking = "EXCLUSIVE", .sync = "NORMAL", .checkpoint = 20,
							    .power = POWER_RANDOM}, 60, 10);
	CHECK(normal.lost > 0 && normal.damaged == 0 && normal.torn == 0, "synchronous=NORMAL: %d lost, %d torn, %d damaged",
	      normal.lost, normal.torn, normal.damaged);
}

/* --- faults --- */

static void sync_fails(void)
{
	char pragmas[400];
	struct rng r;

	snprintf(pragmas, sizeof pragmas, SETUP, "EXCLUSIVE", "FULL", 20);
	rng_seed_number(&r, 3);
	for (int round = 0; round < 60; round++) {
		struct crashing c = {.locking = "EXCLUSIVE", .sync = "FULL", .checkpoint = 20};

		disk_new(1, (uint64_t)round + 100);
		sqlite3 *db = open_db("/sim/1/c.db", NULL, pragmas);
		disk_no(1)->fail_in[FAULT_SYNC] = (int64_t)rng_below(&r, 12);
		bool failed = false;
		for (int b = 1; b < 20 && !failed; b++) {
			char sql[200];

			snprintf(sql, sizeof sql, "INSERT INTO t WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM k WHERE i<10)"
						  "SELECT NULL, %d, zeroblob(3000) FROM k", b);
			failed = sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK;
			if (!failed)
				c.acked = b;
		}
		CHECK(disk_no(1)->failed[FAULT_SYNC] == 1, "round %d", round);
		disk_power_loss(disk_no(1), POWER_RANDOM); /* as the daemon does: it stops at once */
		sqlite3_close(db);
		disk_no(1)->off = false;
		db = open_db("/sim/1/c.db", NULL, pragmas);
		CHECK(db && whole(db), "round %d", round);
		CHECK(number(db, "SELECT coalesce(max(batch),0) FROM t") >= c.acked, "round %d", round);
		sqlite3_close(db);
		disk_free(disk_no(1));
	}
}

static void disk_fills(void)
{
	char pragmas[400];

	snprintf(pragmas, sizeof pragmas, SETUP, "EXCLUSIVE", "FULL", 20);
	disk_new(1, 5);
	sqlite3 *db = open_db("/sim/1/c.db", NULL, pragmas);
	disk_no(1)->quota = disk_no(1)->used + 40000;
	int rc = SQLITE_OK;
	for (int i = 0; i < 100 && rc == SQLITE_OK; i++)
		rc = sqlite3_exec(db, "INSERT INTO t VALUES(NULL, 1, zeroblob(3000))", NULL, NULL, NULL);
	CHECK(rc == SQLITE_FULL, "%d", rc);
	disk_no(1)->quota = 0;
	CHECK(sqlite3_exec(db, "INSERT INTO t VALUES(NULL, 1, zeroblob(3000))", NULL, NULL, NULL) == SQLITE_OK, "after");
	CHECK(whole(db), "integrity");
	sqlite3_close(db);
	disk_free(disk_no(1));
}

static void snapshots(void)
{
	disk_new(1, 5);
	sqlite3 *db = open_db("/sim/1/c.db", NULL, "PRAGMA journal_mode=WAL; CREATE TABLE t(n); INSERT INTO t VALUES(1)");
	struct disk_image *im = disk_snapshot(disk_no(1));
	sqlite3_exec(db, "INSERT INTO t VALUES(2)", NULL, NULL, NULL);
	disk_new(2, 6);
	disk_restore(disk_no(2), im);
	disk_kill(disk_no(1));
	disk_restore(disk_no(1), im);
	disk_image_free(im);
	sqlite3_close(db);
	disk_no(1)->off = false;
	for (int i = 1; i <= 2; i++) {
		char path[32];

		snprintf(path, sizeof path, "/sim/%d/c.db", i);
		db = open_db(path, NULL, "");
		CHECK(number(db, "SELECT count(*) FROM t") == 1, "disk %d", i);
		sqlite3_exec(db, "INSERT INTO t VALUES(3)", NULL, NULL, NULL);
		sqlite3_close(db);
	}
	char text[] = "c.db is searched";
	db = open_db("/sim/1/c.db", NULL, "");
	sqlite3_exec(db, "CREATE TABLE s(x); INSERT INTO s VALUES('c.db is searched')", NULL, NULL, NULL);
	CHECK(disk_search(disk_no(1), text, sizeof text - 1, 0, NULL, NULL) >= 1, "search");
	CHECK(disk_search(disk_no(2), text, sizeof text - 1, 0, NULL, NULL) == 0, "search");
	sqlite3_close(db);
	disk_free(disk_no(1));
	disk_free(disk_no(2));
	CHECK(disk_chunks_alive() == 0, "%llu chunks are left", (unsigned long long)disk_chunks_alive());
}

int vfs_check(void)
{
	trace_start();
	vfs_seed(1);
	same_as_unix("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON", false);
	same_as_unix("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=30", true);
	same_as_unix("PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL", true);
	survives_crashes();
	sync_fails();
	disk_fills();
	snapshots();
	uint64_t hash = trace_hash();
	trace_start();
	vfs_seed(1);
	same_as_unix("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON", false);
	printf("self-test: %d failures, trace %016llx\n", failures, (unsigned long long)hash);
	return failures ? 1 : 0;
}
