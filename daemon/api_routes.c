/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include "daemon/api_parts.h"

#define V1 "/api/v1/"

/* .action: whose it is (roles.def); without one, the owner of the socket alone. */
const struct route api_routes[] = {
	{.method = "GET", .path = V1 "status", .action = ACTION_READ_FEDERATION, .now = api_status},
	{.method = "GET", .path = V1 "members", .action = ACTION_READ_FEDERATION, .write = api_requests, .reads = true},
	{.method = "POST", .path = V1 "invite", .action = ACTION_GOVERN, .write = api_invite},
	{.method = "POST", .path = V1 "approve", .action = ACTION_GOVERN, .cosigns = true, .write = api_approve},
	{.method = "POST", .path = V1 "deny", .action = ACTION_GOVERN, .cosigns = true, .write = api_deny},
	{.method = "POST", .path = V1 "records", .action = ACTION_WRITE, .write = api_add, .edits = true},
	{.method = "GET", .path = V1 "records", .action = ACTION_READ_PUBLIC, .read = api_list},
	{.method = "GET", .path = V1 "records/", .action = ACTION_READ_PUBLIC, .read = api_show},
	{.method = "POST", .path = V1 "records/", .action = ACTION_WRITE, .write = api_set, .edits = true},
	{.method = "DELETE", .path = V1 "records/", .action = ACTION_WRITE, .write = api_remove, .edits = true},
	{.method = "POST", .path = V1 "import", .action = ACTION_IMPORT, .write = api_import, .edits = true, .file = true},
	{.method = "GET", .path = V1 "progress", .action = ACTION_READ_FEDERATION, .now = api_progress},
	{.method = "GET", .path = V1 "export", .action = ACTION_EXPORT, .read = api_export},
	{.method = "GET", .path = V1 "search", .action = ACTION_READ_PUBLIC, .read = api_search},
	{.method = "GET", .path = V1 "match/", .action = ACTION_READ_FEDERATION, .read = api_match},
	{.method = "GET", .path = V1 "searches", .action = ACTION_READ_FEDERATION, .read = api_searches},
	{.method = "POST", .path = V1 "searches", .action = ACTION_WRITE, .write = api_search_save, .edits = true},
	{.method = "POST", .path = V1 "searches/seen", .action = ACTION_WRITE, .write = api_search_seen, .edits = true},
	{.method = "POST", .path = V1 "connect", .action = ACTION_GOVERN, .now = api_connect},
	{.method = "POST", .path = V1 "verify", .action = ACTION_READ_FEDERATION, .write = api_verify, .reads = true},
	{.method = "POST", .path = V1 "rebuild", .action = ACTION_GOVERN, .now = api_rebuild},
	{.method = "GET", .path = V1 "tail", .action = ACTION_READ_FEDERATION, .write = api_tail, .reads = true},
	{.method = "GET", .path = V1 "kinds", .action = ACTION_READ_PUBLIC, .now = api_kinds},
	{.method = "GET", .path = V1 "roles", .action = ACTION_READ_PUBLIC, .now = api_roles},
	{.method = "POST", .path = V1 "suspend", .action = ACTION_GOVERN, .write = api_suspend},
	{.method = "POST", .path = V1 "resume", .action = ACTION_GOVERN, .write = api_resume},
	{.method = "POST", .path = V1 "revoke", .action = ACTION_GOVERN, .write = api_revoke},
	{.method = "POST", .path = V1 "quota", .action = ACTION_GOVERN, .write = api_quota},
	{.method = "POST", .path = V1 "rotate", .action = ACTION_GOVERN, .write = api_rotate},
	{.method = "POST", .path = V1 "recover", .action = ACTION_GOVERN, .write = api_recover},
	{.method = "GET", .path = V1 "charter", .action = ACTION_READ_PUBLIC, .write = api_charter, .reads = true},
	{.method = "POST", .path = V1 "charter", .action = ACTION_TABLES, .write = api_charter_publish},
	{.method = "POST", .path = V1 "charter/accept", .action = ACTION_WRITE, .write = api_charter_accept},
	{.method = "GET", .path = V1 "territory", .action = ACTION_READ_PUBLIC, .write = api_territory, .reads = true},
	{.method = "POST", .path = V1 "territory", .action = ACTION_TABLES, .write = api_territory_add},
	{.method = "POST", .path = V1 "void", .action = ACTION_GOVERN, .write = api_void},
	{.method = "POST", .path = V1 "resolve", .action = ACTION_GOVERN, .write = api_resolve},
	{.method = "POST", .path = V1 "checkpoint", .action = ACTION_GOVERN, .write = api_checkpoint},
	{.method = "GET", .path = V1 "proposals", .action = ACTION_READ_FEDERATION, .write = api_proposals, .reads = true},
	{.method = "GET", .path = V1 "conflicts", .action = ACTION_READ_FEDERATION, .write = api_conflicts, .reads = true},
	{.method = "GET", .path = V1 "duplicates", .action = ACTION_READ_FEDERATION, .read = api_duplicates},
	{.method = "GET", .path = V1 "siblings", .action = ACTION_READ_FEDERATION, .read = api_siblings},
	{.method = "POST", .path = V1 "link", .action = ACTION_IDENTITY, .write = api_link, .edits = true},
	{.method = "POST", .path = V1 "unlink", .action = ACTION_IDENTITY, .write = api_unlink, .edits = true},
	{.method = "POST", .path = V1 "countersign", .action = ACTION_WRITE, .write = api_countersign, .edits = true},
	{.method = "GET", .path = V1 "report", .action = ACTION_READ_PUBLIC, .read = api_report},
	{.method = "GET", .path = V1 "report/epci", .action = ACTION_READ_FEDERATION, .read = api_report_epci},
	{.method = "GET", .path = V1 "report/check", .action = ACTION_READ_FEDERATION, .write = api_report_check, .reads = true},
	{.method = "POST", .path = V1 "report/freeze", .action = ACTION_TABLES, .write = api_report_freeze, .edits = true},
	{.method = "POST", .path = V1 "report/send", .action = ACTION_WRITE, .write = api_report_send, .edits = true},
	{.method = "GET", .path = V1 "due", .action = ACTION_READ_LOCAL, .read = api_due},
	{.method = "GET", .path = V1 "charter/renewals", .action = ACTION_READ_FEDERATION, .read = api_renewals},
	{.method = "GET", .path = V1 "codes", .action = ACTION_READ_PUBLIC, .read = api_codes},
	{.method = "GET", .path = V1 "seats", .action = ACTION_READ_FEDERATION, .write = api_seats, .reads = true},
	{.method = "POST", .path = V1 "register", .action = ACTION_GRANT, .write = api_register, .edits = true},
	{.method = "POST", .path = V1 "cancel", .action = ACTION_GRANT, .write = api_cancel, .edits = true},
	{.method = "POST", .path = V1 "accept", .action = ACTION_WRITE, .write = api_accept, .edits = true},
	{.method = "POST", .path = V1 "refuse", .action = ACTION_WRITE, .write = api_refuse, .edits = true},
	{.method = "POST", .path = V1 "hand-over", .action = ACTION_WRITE, .write = api_hand_over, .edits = true},
	{.method = "POST", .path = V1 "propose", .action = ACTION_PROPOSE, .write = api_propose, .edits = true},
	{.method = "POST", .path = V1 "forget", .action = ACTION_PRIVACY, .write = api_forget, .edits = true},
	{.method = "GET", .path = V1 "erasures", .action = ACTION_READ_FEDERATION, .write = api_erasures, .reads = true},
	{.method = "GET", .path = V1 "rgpd/register", .action = ACTION_READ_FEDERATION, .now = api_rgpd_register},
	{.method = "GET", .path = V1 "rgpd/due", .action = ACTION_PRIVACY, .write = api_rgpd_due, .reads = true},
	{.method = "POST", .path = V1 "rgpd/purge", .action = ACTION_PRIVACY, .write = api_rgpd_purge, .edits = true},
	{.method = "POST", .path = V1 "rgpd/person", .action = ACTION_PRIVACY, .write = api_rgpd_person, .edits = true},
	{.method = "POST", .path = V1 "rgpd/erase", .action = ACTION_PRIVACY, .write = api_rgpd_erase, .edits = true},
	{.method = "GET", .path = V1 "rgpd/requests", .action = ACTION_PRIVACY, .write = api_rgpd_requests, .reads = true},
	{.method = "POST", .path = V1 "rgpd/refuse", .action = ACTION_PRIVACY, .write = api_rgpd_refuse, .edits = true},
	{.method = "POST", .path = V1 "backup", .action = ACTION_GOVERN, .write = api_backup, .apart = true},
	{.method = "GET", .path = V1 "evidence", .action = ACTION_READ_FEDERATION, .write = api_evidence, .reads = true},
	{.method = "POST", .path = V1 "evidence/check", .action = ACTION_READ_FEDERATION, .write = api_evidence_check, .reads = true},
};
const size_t api_route_count = sizeof api_routes / sizeof *api_routes;

const char *request_param(struct request *r, const char *name)
{
	const char *v = MHD_lookup_connection_value(r->conn, MHD_GET_ARGUMENT_KIND, name);

	return v ? v : "";
}
