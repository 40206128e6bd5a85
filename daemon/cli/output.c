/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool open_as(struct output *o, const char *path, int flags)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0666);

	o->file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!o->file && fd >= 0)
		close(fd);
	return o->file != NULL;
}

bool output_open(struct output *o, const char *path)
{
	struct stat st;
	bool there = stat(path, &st) == 0;

	memset(o, 0, sizeof *o);
	if (there && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return false;
	}
	if (there && !S_ISREG(st.st_mode)) {
		o->direct = true;
		return open_as(o, path, 0);
	}
	if (snprintf(o->path, sizeof o->path, "%s", path) >= (int)sizeof o->path) {
		errno = ENAMETOOLONG;
		return false;
	}
	if (there && !realpath(path, o->path))
		return false;
	snprintf(o->beside, sizeof o->beside, "%s.%ld.tmp", o->path, (long)getpid());
	if (!open_as(o, o->beside, O_CREAT | O_TRUNC | O_NOFOLLOW))
		return false;
	/* Who closed a file to others keeps it closed. */
	if (there && fchmod(fileno(o->file), st.st_mode & 0777) != 0) {
		output_drop(o);
		return false;
	}
	return true;
}

bool output_done(struct output *o)
{
	bool ok = fflush(o->file) == 0 && !ferror(o->file);

	if (ok && !o->direct)
		ok = fsync(fileno(o->file)) == 0;
	if (ok && !o->direct)
		ok = rename(o->beside, o->path) == 0;
	if (!ok) {
		output_drop(o);
		return false;
	}
	ok = fclose(o->file) == 0;
	o->file = NULL;
	return ok;
}

void output_drop(struct output *o)
{
	int saved = errno;

	if (o->file)
		fclose(o->file);
	if (o->file && !o->direct)
		unlink(o->beside);
	o->file = NULL;
	errno = saved;
}
