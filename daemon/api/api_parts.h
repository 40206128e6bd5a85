/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the API share among themselves. */
#ifndef DAEMON_API_PARTS_H
#define DAEMON_API_PARTS_H

#include <microhttpd.h>
#include <stdatomic.h>
#include "daemon/api/api.h"
#include "daemon/api/roles.h"
#include "daemon/exchange/exchange.h"
#include "daemon/report/report.h"
#include "daemon/rules/purchase.h"
#include "daemon/service/language.h"
#include "daemon/service/lateness.h"
#include "daemon/web/web.h"

#define PARAM_MAX 512
#define API_READERS_MAX 16 /* kept open while idle */

struct request;
struct web;

/* A socket that is listened on: its MHD daemon's epoll descriptor sits in the loop
 * (uv_poll), its timeouts are armed again after each run. Lives in its owner's memory. */
struct listener {
	struct api *api;
	bool page; /* the TCP one: strangers call, each request passes the gate (web.h) */
	struct MHD_Daemon *http;
	uv_poll_t poll;
	uv_timer_t timer;
};
/* Takes the descriptor, also on failure. */
ES_MUST_USE enum es_err listener_open(struct listener *l, struct api *a, int fd, bool page);
void listener_run(struct listener *l);
void listener_close(struct listener *l); /* its handles; then the loop runs dry, then free */
void listener_free(struct listener *l);

struct route {
	const char *method, *path; /* a path ending in '/' takes one more part */
	enum action_id action; /* roles.def */
	bool cosigns; /* says yes or no to what an admin began */
	/* One of these, tried in this order. */
	void (*now)(struct request *r); /* on the loop's thread, answers itself */
	enum es_err (*read)(struct request *r, struct reader *reader); /* in the pool */
	enum es_err (*write)(struct request *r, struct node *n); /* on the writer's thread */
	bool edits, reads, file, apart; /* apart: outside any transaction */
	bool owner; /* the socket's owner alone: no role has it */
	bool anyone; /* of the page: asks for no session */
	bool idle; /* of the page: asked by itself, keeps no session awake */
	bool stream; /* /events: its answer has no end */
	bool secret; /* its body is wiped, its answer is not packed */
};

/* One "key":"value" of a JSON request. */
struct pair {
	char *key, *value;
};

struct request {
	struct api *api;
	struct listener *listener;
	struct MHD_Connection *conn;
	const struct route *route;
	enum say_language language; /* of the sentences in the answer; whoever runs for it speaks it */
	const struct role_row *role; /* NULL: the owner of the socket, with every right */
	enum scope within; /* what may be read */
	char part[64]; /* the path's last part */
	struct buf body;
	FILE *spool; /* a file to import, unlinked */
	int64_t spooled;
	bool answered, suspended;
	unsigned status;
	struct buf out; /* JSON */
	struct buf packed; /* the same, for a browser */
	FILE *out_file; /* or a stream */
	const char *type;
	bool lasts; /* the same until something changes: asked again with its ETag, only that is said */
	struct buf why; /* the sentence of an error */
	struct job job;
	struct directory_job directory_job;
	uv_work_t work;
	struct reader *reader;
	enum es_err err;
	struct hash digests[2]; /* status */
	int64_t started_ms; /* rebuild */
	struct search search;
	struct searches_new news; /* status */
	struct purchases_ended purchases; /* status */
	char address[RIGHTS_ADDRESS_MAX + 1]; /* ours, to be given away */
	struct web_visit visit;
};

struct api {
	uv_loop_t *loop;
	char dir[NODE_PATH_MAX], socket_path[256];
	struct swarm *swarm;
	const struct reference *ref;
	struct listener control; /* the unix socket */
	struct accounts accounts;
	bool changing_accounts;
	struct web *web; /* the page; NULL: none is served */
	struct streams *streams; /* /events */
	struct reader *readers[API_READERS_MAX]; /* idle ones: api_reader.c */
	size_t reader_count, busy;
	bool stopping;
	_Atomic uint64_t import_done, import_total;
	_Atomic bool importing;
	int64_t seal_total; /* the loop's: the longest the outbox was seen since it was empty */
	struct lateness lateness;
	char reload_refused[2][512]; /* by enum say_language; "": the configuration is the one in use */
};

extern const struct route api_routes[];
extern const size_t api_route_count;

/* A query parameter, "" where absent. */
const char *request_param(struct request *r, const char *name);
/* The JSON body's strings (and numbers and booleans, as text): the object's own,
 * or those of its member `inside`. Returns how many; ES_MALFORMED through err. */
size_t body_pairs(struct request *r, const char *inside, struct pair *out, size_t max, enum es_err *err);
void pairs_free(struct pair *pairs, size_t count);
/* One string of the JSON body, "" where absent; static per thread until the next call
 * with the same slot. */
const char *body_text(struct request *r, const char *name, char *out, size_t size);
/* Answers and lets the connection go on. */
void request_answer(struct request *r, enum es_err err);
/* MHD's callbacks, the same on every listener. */
enum MHD_Result api_on_request(void *ctx, struct MHD_Connection *conn, const char *url, const char *method,
			       const char *version, const char *upload, size_t *upload_size, void **state);
void api_on_completed(void *ctx, struct MHD_Connection *conn, void **state, enum MHD_RequestTerminationCode why);

/* ES_NOT_ALLOWED elsewhere: "only the CRESS WHAT". */
enum es_err only_cress(struct request *r, const struct node *n, const char *what);
/* ES_AWAITING names who is awaited. */
enum es_err explain_awaiting(struct request *r, struct node *n, enum es_err err);
/* The body's `hub`: a member by id, name or Pays code. A copy: the rights move. */
enum es_err member_param(struct request *r, struct node *n, struct member *out);
/* {"id", "name", "pays"}, what a decision about a member answers. */
void member_answer(struct request *r, const struct member *m);
/* The territory of a Pays of the reference tables is in the control log, or entered. */
enum es_err territory_ensure(struct request *r, struct node *n, const char *code);
/* The path's last part is a uid; else the answer says so. */
ES_MUST_USE enum es_err part_uid(struct request *r, struct id16 *uid);
/* api_reader.c: r->reader, taken and returned on the loop's thread, opened in the pool;
 * `within` is all that it shows (reader_limit). */
void request_take_reader(struct request *r);
ES_MUST_USE enum es_err request_open_reader(struct request *r, enum scope within);
void request_return_reader(struct request *r);
/* api_host.c: a text of the edit, by the field's index; SLICE_NONE: it says none. */
struct slice edit_text(const struct edit *e, size_t index);
/* Appends "; known: " and every kind. */
void kinds_known(struct buf *out);
/* F15: the other side's word is not written by hand. ES_NOT_ALLOWED. */
enum es_err countersign_guard(struct request *r, const struct schema_kind *k, const struct pair *pairs, size_t count);
/* The offers that go with that of a structure, by number; malloc'd. */
enum es_err hand_over_group(struct node *n, int64_t no, int64_t **out, size_t *count);
/* Before an offer is accepted: the follow-ups still to come of a partnership, which its
 * old hub keeps to itself, become ours too. */
enum es_err hand_over_schedule(struct request *r, struct node *n, int64_t no);
/* Of an offer that goes with a structure's: that one's uid. */
bool hand_over_follows(struct node *n, const struct inbox_item *i, char uid[ULID_LEN + 1]);
/* Whoever tends the record that two texts are about decides between them. */
bool conflict_is_ours(const struct node *n, const struct said *stands);
/* A change's fields by name. */
void fields_json(const struct change *ch, struct buf *out);
/* One field's name, and its value; `k` may be NULL. */
void field_json(const struct schema_kind *k, unsigned no, struct buf *out);
void field_value_json(const struct schema_kind *k, unsigned no, struct slice value, struct buf *out);

/* One record's new values, by name, through the one door; answers {uid, changed, findings}. */
enum writing { WRITING_NEW, WRITING_OURS, WRITING_PROPOSAL };
ES_MUST_USE enum es_err edit_pairs(struct request *r, struct node *n, struct edit *e, const struct pair *pairs, size_t count,
				   enum writing how);
/* The same without an answer: remarks go to `f`, which is zeroed. */
ES_MUST_USE enum es_err record_write(struct request *r, struct node *n, struct edit *e, const struct pair *pairs, size_t count,
				     enum writing how, struct edit_result *result, struct findings *f);
/* The same, remarks dropped. */
ES_MUST_USE enum es_err record_put(struct request *r, struct node *n, struct edit *e, const struct pair *pairs, size_t count,
				   enum writing how, struct edit_result *result);
/* The day where this machine stands, as its users write dates. */
void today_text(char out[11]);
/* A search's parameters from the query. */
struct search_source search_from_request(struct request *r);

/* api_stream.c: /events (its head says what it tells). */
ES_MUST_USE enum es_err streams_start(struct api *a);
void streams_stop(struct api *a);
void streams_free(struct api *a); /* after its listeners */
bool stream_has_room(struct request *r); /* false: r->why says it */
enum MHD_Result stream_open(struct request *r);
/* api_status.c: what changes of it, for those who listen; no age, no clock in it. */
void status_brief(struct api *a, struct buf *out);
void status_todo(struct api *a, struct buf *out);

/* api_alerts.c: ,"alerts":[...] of `status`. */
void status_alerts(struct request *r, const struct snapshot *snap);
const struct target *status_home_target(const struct swarm *s);
es_ms status_utc_now(void);
/* A hub's: since when home has not been heard (UTC, at the earliest the start); 0: it is in session,
 * or it answers and says no, or not yet. */
es_ms status_home_silent_since(const struct swarm *s);
/* api_status.c, for what shows the same facts otherwise. */
const char *status_node_state(const struct swarm *s, const struct snapshot *snap);
struct status_peer {
	const struct session *session; /* NULL: none */
	const struct target *target; /* NULL: we do not dial it */
	const char *state;
};
/* False where that member is no peer of ours. */
bool status_peer(const struct swarm *s, const struct member *m, struct status_peer *out);
/* Home's clock minus ours, as last heard; at the CRESS, the hubs' in session. False: not heard. */
bool status_clock(const struct swarm *s, es_ms *ms);

/* api_rgpd.c, for api_person.c. Is there no directory yet, or only a rehearsal asked for? */
enum es_err rgpd_no_directory(struct request *r);
bool rgpd_dry(struct request *r);
/* Our record of that kind, whatever its creator. */
bool rgpd_own_record(struct node *n, const struct id16 *uid, const struct schema_kind *k, struct record_id *out);
/* A demande_rgpd of today, or one that was logged when it came; its uid, and what else is
 * new of it, go into the answer's object. `uids` are joined by |. */
enum es_err rgpd_log_request(struct request *r, struct node *n, const char *type, const char *uids);
enum es_err rgpd_fill_request(struct request *r, struct node *n, const char *request, const char *uids);
/* What exchange_check and exchange_import ask of the node. */
struct editing_host {
	struct node *n;
	struct exchange_host host;
	struct api *api;
	struct matcher *matcher; /* api_import.c's, as is repeats */
	struct repeats *repeats;
	int asker; /* an import's connection, -1: none to be seen */
	uint64_t done_before, bytes; /* an import of a folder: of its tables before this one, and of all */
	struct buf withdrawn; /* struct withdrawn: what the edits of an import narrowed; api_import.c frees it */
	struct buf noted; /* struct noted_seats: what an import took; api_import.c frees it */
	enum scope widest; /* that lost a value so; SCOPE_COUNT: none */
	char today[11];
};
/* by_hand: a person's edit, not an import. */
void editing_host_init(struct editing_host *h, struct request *r, struct node *n, bool by_hand);
/* One more name of a JSON list; node_holders' callback, ctx is the struct buf. */
void holder_json(void *ctx, const char *name);

/* The day where this machine stands, as its users write dates. */
void today_text(char out[11]);

/* Handlers, by file. */
void api_status(struct request *r);
void api_metrics(struct request *r);
enum es_err api_doctor(struct request *r, struct node *n);
void api_connect(struct request *r);
void api_progress(struct request *r);
void api_kinds(struct request *r);
void api_roles(struct request *r);
void api_rebuild(struct request *r);
enum es_err api_requests(struct request *r, struct node *n);
enum es_err api_invite(struct request *r, struct node *n);
enum es_err api_approve(struct request *r, struct node *n);
enum es_err api_deny(struct request *r, struct node *n);
enum es_err api_add(struct request *r, struct node *n);
enum es_err api_set(struct request *r, struct node *n);
enum es_err api_remove(struct request *r, struct node *n);
enum es_err api_verify(struct request *r, struct node *n);
enum es_err api_tail(struct request *r, struct node *n);
enum es_err api_show(struct request *r, struct reader *reader);
enum es_err api_list(struct request *r, struct reader *reader);
enum es_err api_search(struct request *r, struct reader *reader);
enum es_err api_match(struct request *r, struct reader *reader);
enum es_err api_export(struct request *r, struct reader *reader);
enum es_err api_export_past(struct request *r, struct node *n);
/* api_page_find.c, api_page_journey.c */
enum es_err api_shapes(struct request *r, struct reader *reader);
enum es_err api_communes(struct request *r, struct reader *reader);
enum es_err api_todo(struct request *r, struct node *n);
enum es_err api_introduce(struct request *r, struct node *n);
enum es_err api_introductions(struct request *r, struct reader *reader);
enum es_err api_journey(struct request *r, struct node *n);
enum es_err api_sent(struct request *r, struct node *n);
/* api_searches.c */
enum es_err api_searches(struct request *r, struct reader *reader);
enum es_err api_search_save(struct request *r, struct node *n);
enum es_err api_search_seen(struct request *r, struct node *n);
enum es_err api_propose(struct request *r, struct node *n);
/* api_import.c */
enum es_err api_import(struct request *r, struct node *n);
/* api_govern.c */
enum es_err api_suspend(struct request *r, struct node *n);
enum es_err api_resume(struct request *r, struct node *n);
enum es_err api_revoke(struct request *r, struct node *n);
enum es_err api_quota(struct request *r, struct node *n);
enum es_err api_rotate(struct request *r, struct node *n);
enum es_err api_recover(struct request *r, struct node *n);
enum es_err api_charter(struct request *r, struct node *n);
enum es_err api_charter_publish(struct request *r, struct node *n);
enum es_err api_charter_accept(struct request *r, struct node *n);
enum es_err api_void(struct request *r, struct node *n);
enum es_err api_resolve(struct request *r, struct node *n);
enum es_err api_checkpoint(struct request *r, struct node *n);
/* api_territory.c */
enum es_err api_territory(struct request *r, struct node *n);
enum es_err api_territory_add(struct request *r, struct node *n);
/* api_inbox.c */
enum es_err api_proposals(struct request *r, struct node *n);
enum es_err api_conflicts(struct request *r, struct node *n);
enum es_err api_accept(struct request *r, struct node *n);
enum es_err api_refuse(struct request *r, struct node *n);
enum es_err api_hand_over(struct request *r, struct node *n);
enum es_err api_forget(struct request *r, struct node *n);
enum es_err api_erasures(struct request *r, struct node *n);
/* api_rgpd.c, api_person.c */
void api_rgpd_register(struct request *r);
enum es_err api_rgpd_due(struct request *r, struct node *n);
enum es_err api_rgpd_purge(struct request *r, struct node *n);
enum es_err api_rgpd_person(struct request *r, struct node *n);
enum es_err api_rgpd_erase(struct request *r, struct node *n);
enum es_err api_rgpd_requests(struct request *r, struct node *n);
enum es_err api_rgpd_refuse(struct request *r, struct node *n);
/* api_seats.c */
enum es_err api_seats(struct request *r, struct node *n);
enum es_err api_register(struct request *r, struct node *n);
enum es_err api_cancel(struct request *r, struct node *n);
/* api_handover.c, api_identity.c */
enum es_err api_link(struct request *r, struct node *n);
enum es_err api_unlink(struct request *r, struct node *n);
enum es_err api_countersign(struct request *r, struct node *n);
enum es_err api_siblings(struct request *r, struct reader *reader);
enum es_err api_duplicates(struct request *r, struct reader *reader);
/* An event's requests for seats as sheet.h wants them, without the brackets; nothing where
 * there is no such event. */
void seats_list_json(struct node *n, const struct id16 *event, struct buf *json);
/* api_events.c */
enum es_err api_attendance(struct request *r, struct node *n);
enum es_err api_session(struct request *r, struct node *n);
enum es_err api_schedule(struct request *r, struct reader *reader);
enum es_err api_invited(struct request *r, struct reader *reader);
enum es_err api_tiers(struct request *r, struct reader *reader);
/* api_support.c */
enum es_err api_network(struct request *r, struct reader *reader);
enum es_err api_survey(struct request *r, struct reader *reader);
enum es_err api_survey_send(struct request *r, struct node *n);
enum es_err api_diagnostic(struct request *r, struct reader *reader);
enum es_err api_hours(struct request *r, struct reader *reader);
enum es_err api_volunteers(struct request *r, struct node *n);
enum es_err api_answer(struct request *r, struct node *n);
enum es_err api_referral(struct request *r, struct reader *reader);
enum es_err api_referrals(struct request *r, struct reader *reader);
enum es_err api_referral_assign(struct request *r, struct node *n);
/* api_report.c. A month AAAA-MM (empty: the one we are in), or a day up to which it counts. */
enum es_err month_param(struct request *r, const char *month, const char *date, struct report_month *out);
enum es_err api_report(struct request *r, struct reader *reader);
enum es_err api_report_epci(struct request *r, struct reader *reader);
enum es_err api_report_freeze(struct request *r, struct node *n);
enum es_err api_report_check(struct request *r, struct node *n);
enum es_err api_report_send(struct request *r, struct node *n);
/* api_due.c */
enum es_err api_due(struct request *r, struct reader *reader);
enum es_err api_renewals(struct request *r, struct reader *reader);
enum es_err api_codes(struct request *r, struct reader *reader);
/* api_page_territory.c */
enum es_err api_coverage(struct request *r, struct reader *reader);
enum es_err api_series(struct request *r, struct reader *reader);
enum es_err api_meetings(struct request *r, struct node *n);
/* api_page_federation.c */
/* How a person may name one of several invitations: the first 40 bits of what the control log
 * has of it. */
#define INVITE_ID_MAX 9
void invitation_id(const struct invitation_entry *e, char out[INVITE_ID_MAX]);
enum es_err api_invite_cancel(struct request *r, struct node *n);
enum es_err api_invitations(struct request *r, struct node *n);
void api_qr(struct request *r);
enum es_err api_activity(struct request *r, struct reader *reader);
/* api_accounts.c */
void api_accounts(struct request *r);
void api_account_add(struct request *r);
void api_account_change(struct request *r);
enum es_err api_audit(struct request *r, struct node *n);
/* A line of the audit log, of a request that may have written. */
void api_audited(struct request *r, enum es_err err);
/* api_keep.c */
enum es_err api_backup(struct request *r, struct node *n);
enum es_err api_backup_kept(struct request *r, struct node *n);
enum es_err api_evidence(struct request *r, struct node *n);
enum es_err api_evidence_check(struct request *r, struct node *n);

#endif
