/* SPDX-License-Identifier: Apache-2.0
 *
 * essaim-bench: real daemons on this machine, each figure beside a floor taken
 * in the same run. One JSON object a line; times in seconds unless said. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct bench_node {
	char dir[512];
	pid_t pid;
	int http; /* connection to its socket, -1 */
	char *answer; /* of the last request: body, NUL-terminated */
	long peak_kb; /* peak resident memory, kept over restarts */
};

/* region.c: a CRESS and hubs in a temporary directory, removed at exit. */
extern char bench_dir[400];
extern const char *bench_bin; /* folder of essaim and essaimd */
void bench_begin(const char *argv0);
void node_init_cress(struct bench_node *n, int port);
void node_join_cress(struct bench_node *n, struct bench_node *cress, const char *pays, int port);
void node_start(struct bench_node *n);
void node_stop(struct bench_node *n);
/* Runs `essaim --data DIR args...`; dies where it fails. */
void node_run(struct bench_node *n, const char *args);
/* A kept connection that was idle for minutes is closed by the daemon: a new one. */
void node_redial(struct bench_node *n);
/* One request over a kept connection; the body is in n->answer. */
void node_request(struct bench_node *n, const char *method, const char *path, const char *body);
int64_t node_number(struct bench_node *n, const char *key); /* of the last answer */
bool node_true(struct bench_node *n, const char *key);
void node_progress(struct bench_node *n);
void node_wait_synced(struct bench_node *n);

double now_s(void);
double spin_noise(void); /* wall over CPU of a spin: 1.00 is a quiet machine */
int by_double(const void *a, const void *b);
double percentile(double *sorted, int n, double p);
void bench_die(const char *what);

/* rows.c */
void rows_write(const char *path, const char *pole, int64_t count);

int bench_bulk(int64_t records);
int bench_idle(int64_t records);
int bench_latency(int64_t edits);
int bench_wire(int64_t records);
int bench_search(int64_t records);
/* A CRESS that holds only its control log, stopped; a hub that imported, running. */
void bench_prepare_hub(struct bench_node *cress, struct bench_node *hub, int64_t records, double *import_s);
int bench_import(int64_t records); /* import.c */
int bench_import_dir(const char *dir);
/* Seconds to load what `source` (a directory.db) holds into a new one. */
double floor_load(const char *source, const char *path, bool with_state);
/* The same of every kind's table, in one transaction, without the index of words;
 * *rows: how many. */
double floor_tables(const char *source, const char *path, size_t *rows);

#endif
