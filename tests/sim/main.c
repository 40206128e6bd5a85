/* SPDX-License-Identifier: Apache-2.0
 *
 * essaim-sim: whole federations in one process and virtual time.
 *
 *     essaim-sim --seeds A..B [--hubs N] [--hours H] [--jobs N]
 *     essaim-sim --seed N [--trace] [--hash]
 *     essaim-sim --plant NAME ...        a bug planted on purpose, under its focus if it
 *                                        has one (focus.h); --plant list
 *     essaim-sim --focus NAME ...        the same schedule without the bug
 *     essaim-sim --self-test             of the disks and of the oracle
 *
 * Each seed is a process of its own, so that one which crashes is one violation. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "common/log.h"
#include "common/plant.h"
#include "daemon/directory/sql.h"
#include "daemon/reference/reference.h"
#include "tests/sim/check.h"
#include "tests/sim/oracle.h"
#include "tests/sim/permute.h"
#include "tests/sim/schedule.h"
#include "tests/sim/sim_parts.h"
#include "tests/sim/trace.h"
#include "tests/sim/vfs.h"

enum plant planted = PLANT_none;

static const struct {
	const char *name, *story;
} plants[] = {
	{"none", "no bug"},
#define PLANTED(name, story) {#name, story},
#include "tests/sim/plants.def"
#undef PLANTED
};

struct options {
	int permutations;
	uint64_t first, last;
	struct wish wish;
	int jobs;
	bool one, hash, verbose, stats, stop;
	int timeout;
};

/* What a run tells its parent, through a pipe. */
struct outcome {
	uint64_t seed, hash;
	int64_t virtual_ms, level_ms;
	unsigned violations;
	uint64_t sealed, stored, acked, edits;
	unsigned faults[FAULTS];
	int hubs;
	double cpu;
	char first[512];
};

static double seconds(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct reference *ref;
static const char *dump_folder;
static const struct disk_image *template;

static struct world *run_world(uint64_t seed, const struct options *o)
{
	struct world *w = calloc(1, sizeof *w);

	if (!w)
		abort();
	trace_start();
	vfs_seed(seed);
	world_init(w, seed);
	w->ref = ref;
	w->directory_template = template;
	w->crowded = o->wish.hubs > 50;
	(void)judge_new(w);
	schedule_run(w, &o->wish);
	return w;
}

static void run_seed(uint64_t seed, const struct options *o, struct outcome *out)
{
	struct world *w = run_world(seed, o);
	struct judge *j = w->judge;

	*out = (struct outcome){.seed = seed, .hash = trace_hash(), .virtual_ms = w->now, .violations = j->violations,
				.sealed = j->sealed, .stored = j->stored, .acked = j->acked, .hubs = w->plan->hubs,
				.edits = w->people->done[ACT_ADD] + w->people->done[ACT_SET] + w->people->done[ACT_RM],
				.level_ms = w->plan->leveled - w->plan->end};
	memcpy(out->faults, w->plan->fault_count, sizeof out->faults);
	snprintf(out->first, sizeof out->first, "%s", j->first);
	if (j->violations && trace_keep && !trace_on)
		trace_tail();
	for (int i = 1; i <= w->node_count && dump_folder; i++)
		if (disk_no(i))
			disk_dump(disk_no(i), dump_folder);
	out->cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
}

/* --- one seed, one process --- */

struct child {
	pid_t pid;
	int fd;
	uint64_t seed;
};

static void start_child(struct child *c, uint64_t seed, const struct options *o)
{
	int fds[2];

	fflush(stdout);
	if (pipe(fds) != 0) {
		perror("pipe");
		exit(2);
	}
	c->seed = seed;
	c->pid = fork();
	if (c->pid == 0) {
		struct outcome out;

		close(fds[0]);
		alarm((unsigned)o->timeout);
		run_seed(seed, o, &out);
		fflush(stdout);
		_exit(write(fds[1], &out, sizeof out) == sizeof out ? 0 : 2);
	}
	close(fds[1]);
	c->fd = fds[0];
}

static void end_child(struct child *c, struct outcome *out)
{
	size_t got = 0;
	ssize_t n;
	int status = 0;

	memset(out, 0, sizeof *out);
	while (got < sizeof *out && (n = read(c->fd, (char *)out + got, sizeof *out - got)) > 0)
		got += (size_t)n;
	close(c->fd);
	waitpid(c->pid, &status, 0);
	if (got == sizeof *out)
		return;
	memset(out, 0, sizeof *out);
	out->seed = c->seed;
	out->violations = planted == PLANT_none; /* a plant that crashes is not found by that */
	if (WIFSIGNALED(status))
		snprintf(out->first, sizeof out->first, "crash: %s", strsignal(WTERMSIG(status)));
	else
		snprintf(out->first, sizeof out->first, "crash: exit %d", WEXITSTATUS(status));
}

struct totals {
	uint64_t seeds, violations, edits;
	double virtual_s, cpu;
	unsigned faults[FAULTS];
	uint64_t hash;
};

static void report(const struct outcome *r, const struct options *o, struct totals *t)
{
	t->seeds++;
	t->virtual_s += (double)r->virtual_ms / 1000;
	t->cpu += r->cpu;
	t->edits += r->edits;
	t->hash = (t->hash ^ r->hash) * 0x9e3779b97f4a7c15ull + r->seed;
	for (int i = 0; i < FAULTS; i++)
		t->faults[i] += r->faults[i];
	if (r->violations) {
		t->violations++;
		printf("violation: seed %llu: %s\n", (unsigned long long)r->seed, r->first);
	}
	if (o->hash)
		printf("seed %llu hash %016llx\n", (unsigned long long)r->seed, (unsigned long long)r->hash);
	if (o->verbose)
		printf("seed %llu: %d hubs, %.1f h, %llu edits, %llu commits, %llu stored, level after %.1f s, %.2f s cpu\n",
		       (unsigned long long)r->seed, r->hubs, (double)r->virtual_ms / 3.6e6, (unsigned long long)r->edits,
		       (unsigned long long)r->sealed, (unsigned long long)r->stored, (double)r->level_ms / 1000, r->cpu);
	fflush(stdout);
}

/* A night's run says how far it is: on standard error, so that the report stays the same. */
static void progress(const struct totals *t, double began)
{
	if (t->seeds % 1000 == 0)
		fprintf(stderr, "%llu seeds so far, %llu violations, %.0f real s\n", (unsigned long long)t->seeds,
			(unsigned long long)t->violations, seconds(CLOCK_MONOTONIC) - began);
}

static int run_many(const struct options *o)
{
	struct child children[64];
	struct totals t = {0};
	struct outcome *held = calloc(o->last - o->first + 1, sizeof *held);
	bool *done = calloc(o->last - o->first + 1, 1);
	uint64_t next = o->first, told = o->first;
	double began = seconds(CLOCK_MONOTONIC);
	int running = 0;

	if (!held || !done)
		return 2;
	while (next <= o->last || running > 0) {
		struct pollfd fds[64];

		while (running < o->jobs && next <= o->last)
			start_child(&children[running++], next++, o);
		for (int i = 0; i < running; i++)
			fds[i] = (struct pollfd){.fd = children[i].fd, .events = POLLIN};
		poll(fds, (nfds_t)running, -1);
		for (int i = running - 1; i >= 0; i--) {
			if (!fds[i].revents)
				continue;
			uint64_t at = children[i].seed - o->first;
			end_child(&children[i], &held[at]);
			done[at] = true;
			children[i] = children[--running];
		}
		for (; told <= o->last && done[told - o->first]; told++) { /* in order, whoever was first */
			report(&held[told - o->first], o, &t);
			progress(&t, began);
		}
		if (o->stop && t.violations)
			next = o->last + 1;
	}
	double real = seconds(CLOCK_MONOTONIC) - began;
	if (o->stats)
		for (int i = 0; i < FAULTS; i++)
			printf("%s %u\n", fault_name((enum fault)i), t.faults[i]);
	printf("%llu seeds, %llu violations, %.0f virtual s, %.1f real s, %.0f times real time, %.2f s cpu a seed, hash %016llx\n",
	       (unsigned long long)t.seeds, (unsigned long long)t.violations, t.virtual_s, real, t.virtual_s / (real > 0 ? real : 1),
	       t.cpu / (double)(t.seeds ? t.seeds : 1), (unsigned long long)t.hash);
	free(held);
	free(done);
	return t.violations ? 1 : 0;
}

/* One seed in this very process: easy to debug. */
static int run_one(const struct options *o)
{
	struct outcome out;
	double began = seconds(CLOCK_MONOTONIC);

	trace_keep = true;
	run_seed(o->first, o, &out);
	double real = seconds(CLOCK_MONOTONIC) - began;
	if (o->hash)
		printf("seed %llu hash %016llx\n", (unsigned long long)out.seed, (unsigned long long)out.hash);
	if (out.violations)
		printf("violation: seed %llu: %s\n", (unsigned long long)out.seed, out.first);
	printf("1 seeds, %u violations, %.0f virtual s, %.2f real s, %.0f times real time (%d hubs, %llu edits, %llu commits, level after %.1f s)\n",
	       out.violations ? 1 : 0, (double)out.virtual_ms / 1000, real, (double)out.virtual_ms / 1000 / (real > 0 ? real : 1),
	       out.hubs, (unsigned long long)out.edits, (unsigned long long)out.sealed, (double)out.level_ms / 1000);
	return out.violations ? 1 : 0;
}

/* --- the command line --- */

/* PLANT_COUNT: none of that name. */
static enum plant plant_named(const char *name)
{
	size_t i = 0;

	while (i < PLANT_COUNT && strcmp(plants[i].name, name) != 0)
		i++;
	return (enum plant)i;
}

static bool is_plant(const char *name)
{
	return plant_named(name) != PLANT_COUNT;
}

static void choose_plant(const char *name)
{
	planted = plant_named(name);
	if (is_plant(name))
		return;
	fprintf(stderr, "essaim-sim: no plant of that name: %s\n", name);
	exit(64);
}

/* Ten federations' commits, each in a tenth of the orders and in a process of its own. */
static int run_orders(const struct options *o)
{
	unsigned each = (unsigned)(o->permutations + 9) / 10;
	uint64_t first = o->one ? o->first : 1;
	struct options quiet = *o;
	int worst = 0;

	quiet.wish.no_faults = true;
	quiet.wish.hours = 4;
	for (uint64_t seed = first; seed < first + 10; seed++) {
		int status = 0;

		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0) {
			int code = permute(run_world(seed, &quiet), each);

			fflush(stdout);
			_exit(code);
		}
		waitpid(pid, &status, 0);
		worst = WIFEXITED(status) && WEXITSTATUS(status) == 0 ? worst : 1;
	}
	return worst;
}

static int list_plants(void)
{
	for (size_t i = 1; i < sizeof plants / sizeof *plants; i++)
		printf("%s\n", plants[i].name);
	return 0;
}

static int usage(void)
{
	fputs("usage: essaim-sim --seeds A..B [--hubs N] [--hours H] [--jobs N] [--no-faults | --only FAULT] [--plant NAME] [--focus NAME]\n"
	      "       essaim-sim --seed N [--trace] [--hash]\n"
	      "       essaim-sim --permutations N [--seed N]\n"
	      "       essaim-sim --plant list | --self-test\n", stderr);
	return 64;
}

static int find_fault(const char *name)
{
	for (int i = 0; i < FAULTS; i++)
		if (strcmp(fault_name((enum fault)i), name) == 0)
			return i;
	fprintf(stderr, "essaim-sim: no fault of that name: %s\n", name);
	exit(64);
}

/* A plant without one is found by broad schedules. */
static const struct focus *find_focus(const char *name)
{
	const struct focus *f = focus_find(name);

	if (!f && !is_plant(name)) {
		fprintf(stderr, "essaim-sim: no focus of that name: %s\n", name);
		exit(64);
	}
	return f;
}

/* Options that are a number, between what makes sense. */
static const struct number_option {
	const char *name;
	size_t offset; /* of an int in the options */
	int min, max;
} number_options[] = {
	{"--hubs", offsetof(struct options, wish.hubs), 1, 1999},
	{"--hours", offsetof(struct options, wish.hours), 1, 10000},
	{"--jobs", offsetof(struct options, jobs), 1, 64},
	{"--permutations", offsetof(struct options, permutations), 1, 1000000},
	{"--timeout", offsetof(struct options, timeout), 0, 1000000},
};

static const struct number_option *find_number(const char *name)
{
	for (size_t i = 0; i < sizeof number_options / sizeof *number_options; i++)
		if (strcmp(number_options[i].name, name) == 0)
			return &number_options[i];
	return NULL;
}

static uint64_t read_number(const char *name, const char *text, uint64_t min, uint64_t max)
{
	char *end;

	errno = 0;
	uint64_t n = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != 0 || errno != 0 || n < min || n > max) {
		fprintf(stderr, "essaim-sim: %s %s: expected a number from %llu to %llu\n", name, text, (unsigned long long)min,
			(unsigned long long)max);
		exit(64);
	}
	return n;
}

static void read_range(const char *text, struct options *o)
{
	const char *dots = strstr(text, "..");
	char from[32];

	snprintf(from, sizeof from, "%.*s", (int)(dots ? dots - text : 31), text);
	o->first = read_number("--seeds", from, 0, UINT64_MAX);
	o->last = read_number("--seeds", dots ? dots + 2 : text, o->first, UINT64_MAX);
}

static bool read_options(int argc, char **argv, struct options *o)
{
	const struct number_option *number;

	for (int i = 1; i < argc; i++) {
		const char *a = argv[i], *v = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(a, "--trace") == 0) {
			trace_on = true;
		} else if (strcmp(a, "--hash") == 0) {
			o->hash = true;
		} else if (strcmp(a, "--verbose") == 0) {
			o->verbose = true;
		} else if (strcmp(a, "--stop") == 0) {
			o->stop = true;
		} else if (strcmp(a, "--stats") == 0) {
			o->stats = true;
		} else if (strcmp(a, "--no-faults") == 0) {
			o->wish.no_faults = true;
		} else if (!v) {
			return false;
		} else if ((number = find_number(a))) {
			*(int *)((char *)o + number->offset) = (int)read_number(a, v, (uint64_t)number->min, (uint64_t)number->max);
			i++;
		} else if (strcmp(a, "--seeds") == 0) {
			read_range(v, o);
			i++;
		} else if (strcmp(a, "--seed") == 0) {
			o->first = o->last = read_number(a, v, 0, UINT64_MAX);
			o->one = true;
			i++;
		} else if (strcmp(a, "--dump") == 0) {
			dump_folder = v;
			i++;
		} else if (strcmp(a, "--only") == 0) {
			o->wish.only_fault = find_fault(v);
			i++;
		} else if (strcmp(a, "--plant") == 0) {
			choose_plant(v);
			if (!o->wish.focus)
				o->wish.focus = focus_find(v);
			o->stop = true;
			i++;
		} else if (strcmp(a, "--focus") == 0) {
			o->wish.focus = find_focus(v);
			i++;
		} else {
			return false;
		}
	}
	return true;
}

/* Many nodes in one process: each takes little. */
static bool is_crowd(const struct options *o)
{
	return o->wish.hubs > 50;
}

int main(int argc, char **argv)
{
	struct options o = {.first = 1, .last = 0, .jobs = 2, .timeout = 600, .wish = {.only_fault = -1}};

	if (argc == 3 && strcmp(argv[1], "--plant") == 0 && strcmp(argv[2], "list") == 0)
		return list_plants();
	bool good = read_options(argc, argv, &o);
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	if (is_crowd(&o))
		sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
	vfs_start();
	if (crypto_start() != ES_OK)
		return 78;
	if (argc == 2 && strcmp(argv[1], "--self-test") == 0)
		return vfs_check() != 0 || oracle_self_test() != 0;
	if (o.permutations > 0 && o.last < o.first)
		o.last = o.first;
	if (!good || o.last < o.first)
		return usage();
	if (reference_load(reference_default_dir(), &ref) != ES_OK) {
		fputs("essaim-sim: the reference tables cannot be read\n", stderr);
		return 74;
	}
	log_set_level(trace_on ? LOG_INFO : (enum log_level)0);
	trace_start();
	if (is_crowd(&o))
		sql_limits = (struct sql_limits){.journal_wal_pages = 16, .journal_cache_kib = 40, .directory_wal_pages = 16,
						 .directory_cache_kib = 40};
	template = federation_template(ref);
	if (o.permutations > 0)
		return run_orders(&o);
	return o.one ? run_one(&o) : run_many(&o);
}
