/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/cli/here.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/cli/print.h"

#define UNIT "essaimd.service"

extern char **environ;

static struct {
	bool entered;
	gid_t groups[256];
	int count;
} root;

/* The groups go too: a file of root's group is not the owner's. */
static bool become(uid_t uid, gid_t gid)
{
	root.count = getgroups(256, root.groups);
	if (root.count < 0 || setgroups(0, NULL) != 0)
		return false;
	root.entered = true;
	if (setegid(gid) == 0 && seteuid(uid) == 0)
		return true;
	here_leave();
	return false;
}

bool here_enter(const char *dir, int *code)
{
	struct stat st;

	if (stat(dir, &st) != 0)
		return true; /* to be made, by whoever runs this */
	if (geteuid() == 0 && st.st_uid != 0 && become(st.st_uid, st.st_gid))
		return true;
	if (access(dir, W_OK | X_OK) == 0)
		return true;
	*code = print_fail(ES_NOT_ALLOWED, W_DIR_DENIED, dir);
	return false;
}

void here_leave(void)
{
	if (!root.entered)
		return;
	/* What root gave away root can take back; if not, it must not go on as half of it. */
	if (seteuid(0) != 0 || setegid(0) != 0 || setgroups((size_t)root.count, root.groups) != 0)
		abort();
	root.entered = false;
}

bool here_pour(FILE *in, FILE *out)
{
	char chunk[1 << 14];
	size_t n;

	while ((n = fread(chunk, 1, sizeof chunk, in)) > 0)
		if (fwrite(chunk, 1, n, out) != n)
			return false;
	return !ferror(in) && fflush(out) == 0;
}

bool here_copy(const char *from, const char *out, const char *dir)
{
	FILE *in = fopen(from, "re"), *copy = NULL;
	int code, fd;
	bool good = false;

	if (!in)
		return false;
	if (here_enter(dir, &code)) {
		unlink(out);
		fd = open(out, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		copy = fd < 0 ? NULL : fdopen(fd, "w");
		good = copy && here_pour(in, copy);
		int why = errno;
		if (copy)
			fclose(copy);
		if (!good)
			unlink(out);
		here_leave();
		errno = why;
	}
	fclose(in);
	return good;
}

static bool start_unit(void)
{
	char *argv[] = {(char[]){"systemctl"}, (char[]){"start"}, (char[]){UNIT}, NULL};
	int status = -1;
	pid_t pid;

	fflush(stdout);
	if (access("/run/systemd/system", F_OK) != 0 || posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) != 0)
		return false;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void here_made(const struct args *a, const char *dir, bool start)
{
	FILE *to = a->json ? stderr : stdout; /* an answer in JSON stays alone */
	bool own = args_has(a, "data");

	if (!own && start && geteuid() == 0 && start_unit()) {
		if (!a->quiet)
			word_print(to, W_NODE_STARTED);
	} else if (!a->quiet) {
		word_print(to, own ? W_NODE_START_DATA : W_NODE_START, own ? dir : UNIT);
	}
}
