/* SPDX-License-Identifier: Apache-2.0
 *
 * Searches of one hub's directory through its API, each beside a floor: what
 * SQLite itself takes to step through the word index's matches of the same words,
 * prepared, in this process, with no place, no filter, no order and no answer. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/bench/bench.h"

#define ROUNDS 21

static const struct {
	const char *name, *path;
} searches[] = {
	{"words-near", "/search?text=espaces%20verts&kind=structure&near=29151&within=20"},
	{"words", "/search?text=espaces%20verts&kind=structure"},
	{"filter-near", "/search?filiere=espaces_verts&kind=structure&near=29151&within=20"},
	{"words-filters", "/search?text=jardins&filiere=espaces_verts&type=ess&pays=morlaix"},
	{"near", "/search?kind=structure&near=29151&within=5"},
};

static double median(double *times)
{
	qsort(times, ROUNDS, sizeof *times, by_double);
	return percentile(times, ROUNDS, 0.5);
}

static double time_floor(const char *dir, int64_t *found)
{
	char path[600];
	double times[ROUNDS];
	sqlite3_stmt *st = NULL;
	sqlite3 *db = NULL;

	snprintf(path, sizeof path, "%s/directory.db", dir);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, "SELECT rowid FROM recherche WHERE recherche MATCH '{texte} : (\"espaces\"* \"verts\"*) AND genre : \"structure\"'",
			       -1, &st, NULL) != SQLITE_OK)
		bench_die("floor");
	for (int i = 0; i < ROUNDS; i++) {
		double start = now_s();

		for (*found = 0; sqlite3_step(st) == SQLITE_ROW; (*found)++)
			;
		sqlite3_reset(st);
		times[i] = (now_s() - start) * 1000;
	}
	sqlite3_finalize(st);
	sqlite3_close(db);
	return median(times);
}

static void measure(struct bench_node *hub, size_t at, int64_t records, double floor_ms)
{
	double times[ROUNDS], cold = 0;
	char path[300];

	snprintf(path, sizeof path, "/api/v1%s", searches[at].path);
	for (int i = -1; i < ROUNDS; i++) {
		double start = now_s();

		node_request(hub, "GET", path, NULL);
		*(i < 0 ? &cold : &times[i]) = (now_s() - start) * 1000;
	}
	int64_t total = node_number(hub, "total");
	double middle = median(times);

	printf("{\"bench\":\"search\",\"search\":\"%s\",\"records\":%lld,\"found\":%lld,\"first_ms\":%.2f,\"median_ms\":%.2f,"
	       "\"worst_ms\":%.2f,\"floor_ms\":%.3f,\"ratio\":%.2f}\n",
	       searches[at].name, (long long)records, (long long)total, cold, middle, times[ROUNDS - 1], floor_ms, middle / floor_ms);
}

int bench_search(int64_t records)
{
	struct bench_node cress, hub;
	int64_t matches;
	double import_s;

	bench_prepare_hub(&cress, &hub, records, &import_s);
	double floor_ms = time_floor(hub.dir, &matches);
	printf("{\"bench\":\"search\",\"records\":%lld,\"import_s\":%.3f,\"word_matches\":%lld,\"floor_ms\":%.3f,\"noise\":%.2f}\n",
	       (long long)records, import_s, (long long)matches, floor_ms, spin_noise());
	for (size_t i = 0; i < sizeof searches / sizeof *searches; i++)
		measure(&hub, i, records, floor_ms);
	node_stop(&hub);
	return 0;
}
