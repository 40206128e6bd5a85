/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/service/process.h"
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>
#include "daemon/node/node.h"

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double timeval_seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static int64_t count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int64_t n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n > 3 ? n - 3 : 0; /* ".", ".." and its own */
}

/* Field 22 of stat, in ticks since the machine's start; the name before may hold anything. */
static double start_time(void)
{
	char line[1024] = "";
	unsigned long long ticks = 0;
	FILE *f = fopen("/proc/self/stat", "re");
	const char *at = f && fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;

	if (f)
		fclose(f);
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, " %llu", &ticks) != 1)
		return 0;
	return seconds(CLOCK_REALTIME) - (seconds(CLOCK_BOOTTIME) - (double)ticks / (double)sysconf(_SC_CLK_TCK));
}

void process_look(struct process_facts *p)
{
	struct rusage used;
	struct rlimit limit;
	long long pages = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	memset(p, 0, sizeof *p);
	if (getrusage(RUSAGE_SELF, &used) == 0)
		p->cpu_s = timeval_seconds(used.ru_utime) + timeval_seconds(used.ru_stime);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		p->max_fds = (int64_t)limit.rlim_cur;
	if (f && fscanf(f, "%lld %lld", &pages, &resident) == 2) {
		p->virtual_bytes = pages * sysconf(_SC_PAGESIZE);
		p->resident_bytes = resident * sysconf(_SC_PAGESIZE);
	}
	if (f)
		fclose(f);
	p->open_fds = count_fds();
	p->start_s = start_time();
}

static int64_t size_of(const char *dir, const char *name)
{
	char path[NODE_PATH_MAX + 32];
	struct stat st;

	snprintf(path, sizeof path, "%.4000s/%s", dir, name);
	return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

void node_files_look(const char *dir, struct node_files *f)
{
	struct statvfs fs;

	memset(f, 0, sizeof *f);
	f->journal = size_of(dir, "journal.db");
	f->journal_wal = size_of(dir, "journal.db-wal");
	f->directory = size_of(dir, "directory.db");
	f->directory_wal = size_of(dir, "directory.db-wal");
	if (statvfs(dir, &fs) == 0)
		f->disk_free = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
}
