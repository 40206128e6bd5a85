/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/service/service.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* '@' stands for the NUL of an abstract name. */
static socklen_t manager_address(struct sockaddr_un *at)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;

	if (len < 2 || len >= sizeof at->sun_path || (path[0] != '/' && path[0] != '@'))
		return 0;
	at->sun_family = AF_UNIX;
	memcpy(at->sun_path, path, len);
	if (path[0] == '@')
		at->sun_path[0] = 0;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

void service_tell(const char *state)
{
	struct sockaddr_un at = {0};
	socklen_t len = manager_address(&at);
	int fd = len > 0 ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;

	if (fd < 0)
		return;
	/* A manager that is behind is waited for, except with what will be said again anyhow. */
	int how = strncmp(state, "WATCHDOG=", 9) == 0 ? MSG_NOSIGNAL | MSG_DONTWAIT : MSG_NOSIGNAL;
	(void)!sendto(fd, state, strlen(state), how, (const struct sockaddr *)&at, len);
	close(fd);
}

es_ms service_watchdog(void)
{
	const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (!us || (pid && strtol(pid, NULL, 10) != (long)getpid()))
		return 0;
	return (es_ms)(strtoull(us, NULL, 10) / 1000);
}
