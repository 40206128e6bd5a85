/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include "daemon/api_parts.h"

#define V1 "/api/v1/"

const struct route api_routes[] = {
	{.method = "GET", .path = V1 "status", .now = api_status},
	{.method = "GET", .path = V1 "members", .write = api_requests, .reads = true},
	{.method = "POST", .path = V1 "invite", .write = api_invite},
	{.method = "POST", .path = V1 "approve", .write = api_approve},
	{.method = "POST", .path = V1 "deny", .write = api_deny},
	{.method = "POST", .path = V1 "records", .write = api_add, .edits = true},
	{.method = "GET", .path = V1 "records", .read = api_list},
	{.method = "GET", .path = V1 "records/", .read = api_show},
	{.method = "POST", .path = V1 "records/", .write = api_set, .edits = true},
	{.method = "DELETE", .path = V1 "records/", .write = api_remove, .edits = true},
	{.method = "POST", .path = V1 "import", .write = api_import, .edits = true, .file = true},
	{.method = "GET", .path = V1 "progress", .now = api_progress},
	{.method = "GET", .path = V1 "export", .read = api_export},
	{.method = "GET", .path = V1 "search", .read = api_search},
	{.method = "POST", .path = V1 "connect", .now = api_connect},
	{.method = "POST", .path = V1 "verify", .write = api_verify, .reads = true},
	{.method = "POST", .path = V1 "rebuild", .now = api_rebuild},
	{.method = "GET", .path = V1 "tail", .write = api_tail, .reads = true},
	{.method = "GET", .path = V1 "kinds", .now = api_kinds},
};
const size_t api_route_count = sizeof api_routes / sizeof *api_routes;

const char *request_param(struct request *r, const char *name)
{
	const char *v = MHD_lookup_connection_value(r->conn, MHD_GET_ARGUMENT_KIND, name);

	return v ? v : "";
}
