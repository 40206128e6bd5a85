/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "tests/bench/bench.h"

char bench_dir[400];
const char *bench_bin;
static pid_t children[16];
static int child_count;

void bench_die(const char *what)
{
	fprintf(stderr, "essaim-bench: %s: %s\n", what, errno ? strerror(errno) : "failed");
	exit(1);
}

double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double spin_noise(void)
{
	struct timespec a, b;
	double start = now_s(), wall;
	volatile uint64_t x = 1;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (long i = 0; i < 60000000; i++)
		x = x * 6364136223846793005ull + 1;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	wall = now_s() - start;
	return wall / ((double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9);
}

int by_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double percentile(double *sorted, int n, double p)
{
	int i = (int)(p * n / 100);

	return sorted[i < n ? i : n - 1];
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void clean_up(void)
{
	for (int i = 0; i < child_count; i++)
		if (children[i] > 0)
			kill(children[i], SIGKILL);
	if (bench_dir[0])
		nftw(bench_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void bench_begin(const char *argv0)
{
	static char bin[400];
	char *slash;

	snprintf(bin, sizeof bin, "%s", argv0);
	slash = strrchr(bin, '/');
	if (slash)
		*slash = 0;
	else
		snprintf(bin, sizeof bin, ".");
	bench_bin = bin;
	snprintf(bench_dir, sizeof bench_dir, "%s/essaim-bench.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/var/tmp");
	if (!mkdtemp(bench_dir))
		bench_die(bench_dir);
	atexit(clean_up);
	signal(SIGPIPE, SIG_IGN);
}

void node_run(struct bench_node *n, const char *args)
{
	char command[4096];

	snprintf(command, sizeof command, "%s/essaim --data %s %s", bench_bin, n->dir, args);
	if (system(command) != 0) {
		errno = 0;
		bench_die(command);
	}
}

void node_init_cress(struct bench_node *n, int port)
{
	char args[256];

	*n = (struct bench_node){.http = -1};
	snprintf(n->dir, sizeof n->dir, "%s/cress", bench_dir);
	snprintf(args, sizeof args, "init --cress --name CRESS --region 53 --listen 127.0.0.1:%d >/dev/null", port);
	node_run(n, args);
}

void node_join_cress(struct bench_node *n, struct bench_node *cress, const char *pays, int port)
{
	char command[2048], code[1024] = "", listen[64] = "";
	FILE *f;

	*n = (struct bench_node){.http = -1};
	snprintf(n->dir, sizeof n->dir, "%s/%s", bench_dir, pays);
	snprintf(command, sizeof command, "%s/essaim --data %s invite --pays %s --name %s --approve 2>/dev/null", bench_bin,
		 cress->dir, pays, pays);
	f = popen(command, "r");
	if (!f || !fgets(code, sizeof code, f) || pclose(f) != 0)
		bench_die("invite");
	code[strcspn(code, "\n")] = 0;
	if (port)
		snprintf(listen, sizeof listen, "--listen 127.0.0.1:%d", port);
	snprintf(command, sizeof command, "join %s --accept-charter %s >/dev/null", code, listen);
	node_run(n, command);
}

static int dial(const char *dir)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(dir) + sizeof "/essaim.sock" > sizeof at.sun_path)
		bench_die("TMPDIR is too long for a unix socket");
	strcat(strcpy(at.sun_path, dir), "/essaim.sock");
	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
		return fd;
	close(fd);
	return -1;
}

void node_start(struct bench_node *n)
{
	char program[512], log[600];

	snprintf(program, sizeof program, "%s/essaimd", bench_bin);
	snprintf(log, sizeof log, "%s.log", n->dir);
	n->pid = fork();
	if (n->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!freopen(log, "a", stderr))
			_exit(1);
		execl(program, program, "--data", n->dir, (char *)NULL);
		_exit(127);
	}
	children[child_count++ % 16] = n->pid;
	for (int i = 0; i < 10000 && (n->http = dial(n->dir)) < 0; i++)
		usleep(1000);
	if (n->http < 0)
		bench_die("essaimd does not answer");
}

static void note_peak(struct bench_node *n)
{
	char path[64], line[256];
	long kb;

	snprintf(path, sizeof path, "/proc/%d/status", (int)n->pid);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "VmHWM: %ld", &kb) == 1 && kb > n->peak_kb)
			n->peak_kb = kb;
	if (f)
		fclose(f);
}

void node_redial(struct bench_node *n)
{
	close(n->http);
	n->http = dial(n->dir);
	if (n->http < 0)
		bench_die(n->dir);
}

void node_stop(struct bench_node *n)
{
	note_peak(n);
	close(n->http);
	n->http = -1;
	kill(n->pid, SIGTERM);
	waitpid(n->pid, NULL, 0);
	for (int i = 0; i < 16; i++)
		if (children[i] == n->pid)
			children[i] = 0;
	n->pid = 0;
}

static size_t read_more(struct bench_node *n, size_t have, size_t cap)
{
	if (have + 65536 > cap)
		n->answer = realloc(n->answer, have + 131072);
	ssize_t got = read(n->http, n->answer + have, 65000);
	if (got <= 0)
		bench_die("daemon hung up");
	n->answer[have + (size_t)got] = 0;
	return have + (size_t)got;
}

void node_request(struct bench_node *n, const char *method, const char *path, const char *body)
{
	char head[512];
	size_t have = 0, len, body_at;
	char *end;
	int size = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: l\r\nContent-Length: %zu\r\n\r\n", method, path,
			    body ? strlen(body) : 0);

	if (write(n->http, head, (size_t)size) != size || (body && write(n->http, body, strlen(body)) != (ssize_t)strlen(body)))
		bench_die("request");
	do
		have = read_more(n, have, 0);
	while (!(end = strstr(n->answer, "\r\n\r\n")));
	const char *length = strcasestr(n->answer, "Content-Length:");
	len = length ? strtoul(length + 15, NULL, 10) : 0;
	body_at = (size_t)(end + 4 - n->answer);
	while (have < body_at + len)
		have = read_more(n, have, 0);
	memmove(n->answer, n->answer + body_at, len);
	n->answer[len] = 0;
}

int64_t node_number(struct bench_node *n, const char *key)
{
	char want[64];

	snprintf(want, sizeof want, "\"%s\":", key);
	const char *at = strstr(n->answer, want);
	return at ? strtoll(at + strlen(want), NULL, 10) : -1;
}

bool node_true(struct bench_node *n, const char *key)
{
	char want[64];

	snprintf(want, sizeof want, "\"%s\":true", key);
	return strstr(n->answer, want) != NULL;
}

void node_progress(struct bench_node *n)
{
	node_request(n, "GET", "/api/v1/progress", NULL);
}

void node_wait_synced(struct bench_node *n)
{
	double start = now_s();

	do {
		usleep(1000);
		node_progress(n);
		if (now_s() - start > 600) {
			errno = ETIMEDOUT;
			bench_die("not synced");
		}
	} while (!node_true(n, "synced"));
	note_peak(n);
}
