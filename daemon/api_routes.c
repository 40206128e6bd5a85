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
	{.method = "GET", .path = V1 "match/", .read = api_match},
	{.method = "GET", .path = V1 "searches", .read = api_searches},
	{.method = "POST", .path = V1 "searches", .write = api_search_save, .edits = true},
	{.method = "POST", .path = V1 "searches/seen", .write = api_search_seen, .edits = true},
	{.method = "POST", .path = V1 "connect", .now = api_connect},
	{.method = "POST", .path = V1 "verify", .write = api_verify, .reads = true},
	{.method = "POST", .path = V1 "rebuild", .now = api_rebuild},
	{.method = "GET", .path = V1 "tail", .write = api_tail, .reads = true},
	{.method = "GET", .path = V1 "kinds", .now = api_kinds},
	{.method = "POST", .path = V1 "suspend", .write = api_suspend},
	{.method = "POST", .path = V1 "resume", .write = api_resume},
	{.method = "POST", .path = V1 "revoke", .write = api_revoke},
	{.method = "POST", .path = V1 "quota", .write = api_quota},
	{.method = "POST", .path = V1 "rotate", .write = api_rotate},
	{.method = "POST", .path = V1 "recover", .write = api_recover},
	{.method = "GET", .path = V1 "charter", .write = api_charter, .reads = true},
	{.method = "POST", .path = V1 "charter", .write = api_charter_publish},
	{.method = "POST", .path = V1 "charter/accept", .write = api_charter_accept},
	{.method = "GET", .path = V1 "territory", .write = api_territory, .reads = true},
	{.method = "POST", .path = V1 "territory", .write = api_territory_add},
	{.method = "POST", .path = V1 "void", .write = api_void},
	{.method = "POST", .path = V1 "resolve", .write = api_resolve},
	{.method = "POST", .path = V1 "checkpoint", .write = api_checkpoint},
	{.method = "GET", .path = V1 "proposals", .write = api_proposals, .reads = true},
	{.method = "GET", .path = V1 "conflicts", .write = api_conflicts, .reads = true},
	{.method = "GET", .path = V1 "duplicates", .read = api_duplicates},
	{.method = "GET", .path = V1 "siblings", .read = api_siblings},
	{.method = "POST", .path = V1 "link", .write = api_link, .edits = true},
	{.method = "POST", .path = V1 "unlink", .write = api_unlink, .edits = true},
	{.method = "POST", .path = V1 "countersign", .write = api_countersign, .edits = true},
	{.method = "GET", .path = V1 "report", .read = api_report},
	{.method = "GET", .path = V1 "report/epci", .read = api_report_epci},
	{.method = "GET", .path = V1 "report/check", .write = api_report_check, .reads = true},
	{.method = "POST", .path = V1 "report/freeze", .write = api_report_freeze, .edits = true},
	{.method = "POST", .path = V1 "report/send", .write = api_report_send, .edits = true},
	{.method = "GET", .path = V1 "due", .read = api_due},
	{.method = "GET", .path = V1 "charter/renewals", .read = api_renewals},
	{.method = "GET", .path = V1 "codes", .read = api_codes},
	{.method = "GET", .path = V1 "seats", .write = api_seats, .reads = true},
	{.method = "POST", .path = V1 "register", .write = api_register, .edits = true},
	{.method = "POST", .path = V1 "cancel", .write = api_cancel, .edits = true},
	{.method = "POST", .path = V1 "accept", .write = api_accept, .edits = true},
	{.method = "POST", .path = V1 "refuse", .write = api_refuse, .edits = true},
	{.method = "POST", .path = V1 "hand-over", .write = api_hand_over, .edits = true},
	{.method = "POST", .path = V1 "propose", .write = api_propose, .edits = true},
	{.method = "POST", .path = V1 "forget", .write = api_forget, .edits = true},
	{.method = "GET", .path = V1 "erasures", .write = api_erasures, .reads = true},
	{.method = "GET", .path = V1 "rgpd/register", .now = api_rgpd_register},
	{.method = "GET", .path = V1 "rgpd/due", .write = api_rgpd_due, .reads = true},
	{.method = "POST", .path = V1 "rgpd/purge", .write = api_rgpd_purge, .edits = true},
	{.method = "POST", .path = V1 "rgpd/person", .write = api_rgpd_person, .edits = true},
	{.method = "POST", .path = V1 "rgpd/erase", .write = api_rgpd_erase, .edits = true},
	{.method = "GET", .path = V1 "rgpd/requests", .write = api_rgpd_requests, .reads = true},
	{.method = "POST", .path = V1 "rgpd/refuse", .write = api_rgpd_refuse, .edits = true},
	{.method = "POST", .path = V1 "backup", .write = api_backup, .apart = true},
	{.method = "GET", .path = V1 "evidence", .write = api_evidence, .reads = true},
	{.method = "POST", .path = V1 "evidence/check", .write = api_evidence_check, .reads = true},
};
const size_t api_route_count = sizeof api_routes / sizeof *api_routes;

const char *request_param(struct request *r, const char *name)
{
	const char *v = MHD_lookup_connection_value(r->conn, MHD_GET_ARGUMENT_KIND, name);

	return v ? v : "";
}
