/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder's tables into one hub in one go, until the command returns (all of it
 * durable), and at once again, when nothing changes: that waits for the directory to
 * have caught up, while the CRESS on the same machine takes it all too. Beside it the same rows loaded by
 * plain SQLite into the same tables: nothing checked, journalled, signed or sent. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "tests/bench/bench.h"

#define PORT 46118
#define FLOOR_ROUNDS 3

static double import_folder(struct bench_node *hub, const char *dir)
{
	char args[1200];
	double start = now_s();

	snprintf(args, sizeof args, "import all %s --quiet >/dev/null", dir);
	node_run(hub, args);
	start = now_s() - start;
	node_redial(hub);
	return start;
}

int bench_import_dir(const char *dir)
{
	struct bench_node cress = {0}, hub = {0};
	char source[600], target[600];
	double noise = spin_noise(), import_s, again_s, floors[FLOOR_ROUNDS];
	size_t rows = 0;

	node_init_cress(&cress, PORT);
	node_start(&cress);
	node_join_cress(&hub, &cress, "morlaix", 0);
	node_start(&hub);
	node_wait_synced(&hub);
	import_s = import_folder(&hub, dir);
	again_s = import_folder(&hub, dir);
	node_stop(&hub);
	node_stop(&cress);
	snprintf(source, sizeof source, "%s/directory.db", hub.dir);
	snprintf(target, sizeof target, "%s/floor.db", bench_dir);
	for (int i = 0; i < FLOOR_ROUNDS; i++)
		floors[i] = floor_tables(source, target, &rows);
	qsort(floors, FLOOR_ROUNDS, sizeof *floors, by_double);
	printf("{\"bench\":\"import\",\"rows\":%zu,\"import_s\":%.3f,\"rows_per_s\":%.0f,\"again_s\":%.3f,"
	       "\"floor_s\":%.3f,\"floor_rows_per_s\":%.0f,\"hub_peak_kb\":%ld,\"noise\":%.2f,\"ratio\":%.2f}\n",
	       rows, import_s, (double)rows / import_s, again_s, floors[FLOOR_ROUNDS / 2],
	       (double)rows / floors[FLOOR_ROUNDS / 2], hub.peak_kb, noise, import_s / floors[FLOOR_ROUNDS / 2]);
	return rows > 0 ? 0 : 1;
}

int bench_import(int64_t records)
{
	char dir[500], path[600];

	snprintf(dir, sizeof dir, "%s/tables", bench_dir);
	snprintf(path, sizeof path, "%s/structures.csv", dir);
	if (mkdir(dir, 0700) != 0)
		bench_die(dir);
	rows_write(path, "pole-morlaix", records);
	return bench_import_dir(dir);
}
