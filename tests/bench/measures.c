/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <unistd.h>
#include "tests/bench/bench.h"
#include "common/crypto.h"

#define PORT 4600
#define FLOOR_ROUNDS 3

static void import_rows(struct bench_node *n, const char *pole, int64_t records)
{
	char path[512], args[700];

	snprintf(path, sizeof path, "%s/rows.csv", bench_dir);
	rows_write(path, pole, records);
	snprintf(args, sizeof args, "import structure %s --quiet >/dev/null", path);
	node_run(n, args);
	unlink(path);
}

void bench_prepare_hub(struct bench_node *cress, struct bench_node *hub, int64_t records, double *import_s)
{
	node_init_cress(cress, PORT);
	node_start(cress);
	node_join_cress(hub, cress, "morlaix", 0);
	node_start(hub);
	node_wait_synced(hub);
	node_stop(cress);
	double start = now_s();
	import_rows(hub, "pole-morlaix", records);
	*import_s = now_s() - start;
	do {
		usleep(10000);
		node_progress(hub);
	} while (node_number(hub, "projected") < node_number(hub, "commits"));
}

static int64_t count_found(const char *dir, const char *sql)
{
	char path[600];
	sqlite3 *db;
	sqlite3_stmt *st;
	int64_t n = -1;

	snprintf(path, sizeof path, "%s/directory.db", dir);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK) {
		if (sqlite3_step(st) == SQLITE_ROW)
			n = sqlite3_column_int64(st, 0);
		sqlite3_finalize(st);
	}
	sqlite3_close(db);
	return n;
}

/* From the first connection until the CRESS has all of the hub's records folded
 * and searchable, and the hub has nothing left to seal. */
static double time_sync(struct bench_node *cress, struct bench_node *hub, int64_t records, double *durable)
{
	double connected = 0, sealed = 0;

	for (;;) {
		node_progress(cress);
		double now = now_s();
		if (connected == 0 && node_number(cress, "peers") > 0)
			connected = now;
		if (connected > 0 && node_true(cress, "synced")) {
			node_progress(hub);
			if (node_number(hub, "outbox") == 0 &&
			    count_found(cress->dir, "SELECT count(*) FROM structure") == records) {
				*durable = sealed - connected;
				return now - connected;
			}
		}
		if (connected > 0) {
			int64_t commits = node_number(cress, "commits");
			static int64_t last;
			if (commits != last)
				sealed = now;
			last = commits;
		}
		usleep(2000);
	}
}

int bench_bulk(int64_t records)
{
	struct bench_node cress, hub;
	char source[600], target[600];
	double import_s, durable, noise = spin_noise(), floors[FLOOR_ROUNDS], bare[FLOOR_ROUNDS];

	bench_prepare_hub(&cress, &hub, records, &import_s);
	node_start(&cress);
	double sync = time_sync(&cress, &hub, records, &durable);
	node_progress(&cress);
	int64_t wire = node_number(&cress, "wire_in") + node_number(&cress, "wire_out");
	int64_t rows = count_found(cress.dir, "SELECT count(*) FROM structure");
	int64_t found = count_found(cress.dir, "SELECT count(*) FROM recherche WHERE recherche MATCH 'morlaix*'");
	node_stop(&cress);
	node_stop(&hub);
	if (rows != records || found != records) {
		fprintf(stderr, "essaim-bench: %lld rows, %lld searchable, expected %lld\n", (long long)rows, (long long)found,
			(long long)records);
		return 1;
	}
	snprintf(source, sizeof source, "%s/directory.db", cress.dir);
	snprintf(target, sizeof target, "%s/floor.db", bench_dir);
	for (int i = 0; i < FLOOR_ROUNDS; i++) {
		floors[i] = floor_load(source, target, true);
		bare[i] = floor_load(source, target, false);
		printf("{\"bench\":\"bulk-sync\",\"round\":%d,\"floor_s\":%.3f,\"floor_without_etat_s\":%.3f}\n", i + 1, floors[i],
		       bare[i]);
	}
	qsort(floors, FLOOR_ROUNDS, sizeof *floors, by_double);
	qsort(bare, FLOOR_ROUNDS, sizeof *bare, by_double);
	printf("{\"bench\":\"bulk-sync\",\"records\":%lld,\"import_s\":%.3f,\"durable_s\":%.3f,\"sync_s\":%.3f,\"records_per_s\":%.0f,"
	       "\"floor_s\":%.3f,\"floor_without_etat_s\":%.3f,\"ratio_without_etat\":%.2f,\"wire_bytes_per_record\":%.1f,"
	       "\"cress_peak_kb\":%ld,\"hub_peak_kb\":%ld,\"noise\":%.2f,\"ratio\":%.2f}\n",
	       (long long)records, import_s, durable, sync, (double)records / sync, floors[1], bare[1], sync / bare[1],
	       (double)wire / (double)records, cress.peak_kb, hub.peak_kb, noise, sync / floors[1]);
	return 0;
}

/* --- idle-resync --- */

static void *echo(void *ctx)
{
	int fd = accept(*(int *)ctx, NULL, NULL);
	char b[512];
	ssize_t n;

	while ((n = read(fd, b, sizeof b)) > 0)
		if (write(fd, b, (size_t)n) != n)
			break;
	close(fd);
	return NULL;
}

/* A loopback connection, its three small round trips, and the eight X25519 of
 * both sides of an XK handshake. */
static double floor_connect(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof at;
	int server = socket(AF_INET, SOCK_STREAM, 0), fd, one = 1;
	uint8_t seed[32] = {1}, out[32];
	struct dh_public pk;
	struct dh_secret sk;
	pthread_t thread;
	char b[300] = "";

	crypto_dh_keys(seed, &pk, &sk);
	if (bind(server, (struct sockaddr *)&at, sizeof at) != 0 || listen(server, 1) != 0 ||
	    getsockname(server, (struct sockaddr *)&at, &len) != 0)
		bench_die("loopback");
	pthread_create(&thread, NULL, echo, &server);
	double start = now_s();
	fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
		bench_die("connect");
	for (int i = 0; i < 3; i++)
		if (write(fd, b, sizeof b) != sizeof b || read(fd, b, sizeof b) <= 0)
			bench_die("echo");
	for (int i = 0; i < 8; i++)
		if (!crypto_dh(&sk, &pk, out))
			bench_die("dh");
	double took = now_s() - start;
	close(fd);
	pthread_join(thread, NULL);
	close(server);
	return took;
}

static void measure_idle(struct bench_node *cress, struct bench_node *hub, int64_t records)
{
	double times[15], floors[15];
	int64_t wire = 0;

	for (int i = 0; i < 15; i++) {
		node_stop(hub);
		node_progress(cress);
		int64_t before = node_number(cress, "wire_in") + node_number(cress, "wire_out");
		node_start(hub);
		node_wait_synced(hub);
		times[i] = (double)node_number(hub, "confirm_us") / 1000;
		node_progress(cress);
		wire = node_number(cress, "wire_in") + node_number(cress, "wire_out") - before;
		floors[i] = floor_connect() * 1000;
	}
	qsort(times, 15, sizeof *times, by_double);
	qsort(floors, 15, sizeof *floors, by_double);
	printf("{\"bench\":\"idle-resync\",\"changes\":%lld,\"rounds\":15,\"round_trips_after_handshake\":1,\"p50_ms\":%.2f,"
	       "\"max_ms\":%.2f,\"floor_p50_ms\":%.2f,\"wire_bytes\":%lld,\"cress_peak_kb\":%ld,\"hub_peak_kb\":%ld,\"ratio\":%.2f}\n",
	       (long long)records, times[7], times[14], floors[7], (long long)wire, cress->peak_kb, hub->peak_kb,
	       times[7] / floors[7]);
	fflush(stdout);
}

int bench_idle(int64_t records)
{
	struct bench_node cress, hub;

	if (crypto_start() != ES_OK)
		bench_die("libsodium");
	node_init_cress(&cress, PORT);
	node_start(&cress);
	node_join_cress(&hub, &cress, "morlaix", 0);
	node_start(&hub);
	node_wait_synced(&hub);
	measure_idle(&cress, &hub, 0);
	import_rows(&hub, "pole-morlaix", records);
	node_wait_synced(&hub);
	measure_idle(&cress, &hub, records);
	node_stop(&hub);
	node_stop(&cress);
	return 0;
}

/* --- edit-latency --- */

static void floor_fsync(double *times, int n)
{
	char path[512], block[4096] = "";
	int fd;

	snprintf(path, sizeof path, "%s/fsync", bench_dir);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	for (int i = 0; i < n; i++) {
		double start = now_s();

		for (int k = 0; k < 2; k++)
			if (write(fd, block, sizeof block) != sizeof block || fsync(fd) != 0)
				bench_die("fsync");
		times[i] = (now_s() - start) * 1000;
	}
	close(fd);
}

int bench_latency(int64_t edits)
{
	struct bench_node cress, a, b;
	double *durable = calloc((size_t)edits, sizeof(double)), *visible = calloc((size_t)edits, sizeof(double)),
	       *floors = calloc((size_t)edits, sizeof(double));
	int n = (int)edits;

	node_init_cress(&cress, PORT);
	node_start(&cress);
	node_join_cress(&a, &cress, "morlaix", 0);
	node_join_cress(&b, &cress, "vitre", 0);
	node_start(&a);
	node_start(&b);
	import_rows(&a, "pole-morlaix", 1000);
	node_wait_synced(&cress);
	node_wait_synced(&b);
	char uid[27] = "", path[64], body[256];
	node_request(&a, "GET", "/api/v1/records?kind=structure&limit=1", NULL);
	const char *at = strstr(a.answer, "\"uid\":\"");
	if (!at)
		bench_die("no record");
	memcpy(uid, at + 7, 26);
	snprintf(path, sizeof path, "/api/v1/records/%s", uid);
	for (int i = 0; i < n; i++) {
		node_progress(&cress);
		int64_t cress_before = node_number(&cress, "commits");
		node_progress(&b);
		int64_t b_before = node_number(&b, "projected");
		snprintf(body, sizeof body, "{\"values\":{\"description\":\"modification %d\"}}", i);
		double start = now_s();
		node_request(&a, "POST", path, body);
		bool here = false;
		for (;;) {
			if (!here) {
				node_progress(&cress);
				here = node_number(&cress, "commits") > cress_before;
				if (here)
					durable[i] = (now_s() - start) * 1000;
			}
			node_progress(&b);
			if (here && node_number(&b, "projected") > b_before)
				break;
		}
		visible[i] = (now_s() - start) * 1000;
		usleep(10000);
	}
	floor_fsync(floors, n);
	qsort(durable, (size_t)n, sizeof *durable, by_double);
	qsort(visible, (size_t)n, sizeof *visible, by_double);
	qsort(floors, (size_t)n, sizeof *floors, by_double);
	node_stop(&a);
	node_stop(&b);
	node_stop(&cress);
	printf("{\"bench\":\"edit-latency\",\"edits\":%d,\"durable_p50_ms\":%.2f,\"durable_p99_ms\":%.2f,\"visible_p50_ms\":%.2f,"
	       "\"visible_p99_ms\":%.2f,\"two_fsyncs_p50_ms\":%.2f,\"two_fsyncs_p99_ms\":%.2f,\"cress_peak_kb\":%ld,"
	       "\"hub_a_peak_kb\":%ld,\"hub_b_peak_kb\":%ld,\"ratio\":%.2f}\n",
	       n, percentile(durable, n, 50), percentile(durable, n, 99), percentile(visible, n, 50), percentile(visible, n, 99),
	       percentile(floors, n, 50), percentile(floors, n, 99), cress.peak_kb, a.peak_kb, b.peak_kb,
	       percentile(visible, n, 50) / percentile(floors, n, 50));
	return 0;
}

/* --- wire --- */

int bench_wire(int64_t records)
{
	struct bench_node cress, hub;
	double import_s, durable;
	char path[600];
	sqlite3 *db;
	sqlite3_stmt *st = NULL;
	int64_t bytes = 0, changes = 0;

	bench_prepare_hub(&cress, &hub, records, &import_s);
	node_start(&cress);
	time_sync(&cress, &hub, records, &durable);
	node_progress(&cress);
	int64_t in = node_number(&cress, "wire_in"), out = node_number(&cress, "wire_out");
	node_stop(&cress);
	node_stop(&hub);
	snprintf(path, sizeof path, "%s/journal.db", cress.dir);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, "SELECT count(*), sum(length(change)) FROM payload JOIN commits ON pos = no >> 8 WHERE log > 1",
			       -1, &st, NULL) != SQLITE_OK || sqlite3_step(st) != SQLITE_ROW)
		bench_die("journal");
	changes = sqlite3_column_int64(st, 0);
	bytes = sqlite3_column_int64(st, 1);
	sqlite3_finalize(st);
	sqlite3_close(db);
	printf("{\"bench\":\"wire\",\"records\":%lld,\"changes\":%lld,\"msgpack_bytes_per_record\":%.1f,\"wire_bytes_per_record\":%.1f,"
	       "\"to_cress\":%lld,\"from_cress\":%lld,\"cress_peak_kb\":%ld,\"hub_peak_kb\":%ld,\"ratio\":%.3f}\n",
	       (long long)records, (long long)changes, (double)bytes / (double)records, (double)(in + out) / (double)records,
	       (long long)in, (long long)out, cress.peak_kb, hub.peak_kb, (double)(in + out) / (double)bytes);
	return 0;
}
