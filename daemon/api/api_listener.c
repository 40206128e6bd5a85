/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>
#include "daemon/api/api_parts.h"

/* The command line's own requests are as large as its user wants them. */
#define CONTROL_TIMEOUT_S 300u
#define CONTROL_MEMORY (256 * 1024)

static void on_timer(uv_timer_t *timer)
{
	listener_run(timer->data);
}

void listener_run(struct listener *l)
{
	unsigned long long ms;

	if (!l->http)
		return;
	MHD_run(l->http);
	if (uv_is_closing((uv_handle_t *)&l->timer))
		return;
	if (MHD_get_timeout(l->http, &ms) == MHD_YES)
		uv_timer_start(&l->timer, on_timer, ms < 1 ? 1 : ms, 0);
	else
		uv_timer_stop(&l->timer);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	listener_run(poll->data);
}

static struct MHD_Daemon *serve(struct listener *l, int fd)
{
	const unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;

	if (l->page)
		return MHD_start_daemon(flags, 0, NULL, NULL, api_on_request, l, MHD_OPTION_LISTEN_SOCKET, fd,
					MHD_OPTION_NOTIFY_COMPLETED, api_on_completed, NULL,
					MHD_OPTION_NOTIFY_CONNECTION, web_on_connection, l,
					MHD_OPTION_CONNECTION_LIMIT, WEB_CONNECTIONS_MAX,
					MHD_OPTION_CONNECTION_TIMEOUT, WEB_TIMEOUT_S, MHD_OPTION_STRICT_FOR_CLIENT, 1,
					MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)WEB_MEMORY, MHD_OPTION_END);
	return MHD_start_daemon(flags, 0, NULL, NULL, api_on_request, l, MHD_OPTION_LISTEN_SOCKET, fd,
				MHD_OPTION_NOTIFY_COMPLETED, api_on_completed, NULL,
				MHD_OPTION_CONNECTION_TIMEOUT, CONTROL_TIMEOUT_S, MHD_OPTION_STRICT_FOR_CLIENT, 1,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONTROL_MEMORY, MHD_OPTION_END);
}

enum es_err listener_open(struct listener *l, struct api *a, int fd, bool page)
{
	const union MHD_DaemonInfo *info;

	l->api = a;
	l->page = page;
	l->http = serve(l, fd);
	if (!l->http) {
		close(fd);
		return ES_IO;
	}
	info = MHD_get_daemon_info(l->http, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info || uv_poll_init(a->loop, &l->poll, info->epoll_fd) != 0) {
		MHD_stop_daemon(l->http);
		l->http = NULL;
		return ES_IO;
	}
	uv_timer_init(a->loop, &l->timer);
	l->poll.data = l->timer.data = l;
	uv_poll_start(&l->poll, UV_READABLE, on_poll);
	return ES_OK;
}

void listener_close(struct listener *l)
{
	if (!l->http)
		return;
	uv_close((uv_handle_t *)&l->poll, NULL);
	uv_close((uv_handle_t *)&l->timer, NULL);
}

/* After the loop has run dry: no request is under way any more. */
void listener_free(struct listener *l)
{
	if (l->http)
		MHD_stop_daemon(l->http);
	l->http = NULL;
}
