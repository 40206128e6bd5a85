/* SPDX-License-Identifier: Apache-2.0
 *
 * `essaim doctor`: facts are gathered (doctor_look.c here, cmd_doctor.c of the
 * daemon), then judged (doctor.c, pure): one finding for each check of doctor.def,
 * in its order. Facts hold no private value. */
#ifndef DAEMON_CLI_DOCTOR_H
#define DAEMON_CLI_DOCTOR_H

#include "common/bytes.h"

enum doctor_check {
#define CHECK(id, ...) CHECK_##id,
#define FINDING(...)
#include "daemon/cli/doctor.def"
#undef CHECK
#undef FINDING
	CHECK_COUNT
};
enum finding_id {
#define CHECK(...)
#define FINDING(id, ...) FINDING_##id,
#include "daemon/cli/doctor.def"
#undef CHECK
#undef FINDING
	FINDING_COUNT
};
enum doctor_outcome { DOCTOR_OK, DOCTOR_WARNING, DOCTOR_FAILED };

#define DOCTOR_PATH_MAX 1100
#define DOCTOR_NOT_KNOWN (-1)

enum doctor_reach { REACH_UNKNOWN, REACH_ANSWERS, REACH_REFUSES, REACH_SILENT, REACH_NO_NAME };

struct doctor_facts {
	char conf[DOCTOR_PATH_MAX], key[DOCTOR_PATH_MAX], dir[DOCTOR_PATH_MAX];
	bool conf_there;
	char conf_why[DOCTOR_PATH_MAX]; /* file:line: key: reason; "": it can be read */
	char listen[256]; /* where others are accepted, as the file says */
	enum es_err key_err; /* ES_OK, ES_NO_NODE, ES_KEY_OPEN, ES_CONFIG, ES_IO: cannot be looked at */
	unsigned key_mode;
	int64_t disk_free, journal_bytes; /* DOCTOR_NOT_KNOWN */
	enum { DAEMON_ABSENT, DAEMON_DENIED, DAEMON_ANSWERS } daemon;
	char state[32], daemon_version[32], last_end[32]; /* of the daemon; last_end: an error's name */
	enum es_err journal; /* ES_LOCKED, ES_VERSION, ES_PAGE_DAMAGED, ES_OK... */
	enum es_err directory; /* ES_OK, or why it is damaged */
	bool directory_other; /* another schema's */
	bool cress;
	int64_t backup_age_s; /* 0 and more; DOCTOR_NEVER, DOCTOR_NOT_KNOWN */
	int64_t erasures, erasures_late; /* DOCTOR_NOT_KNOWN */
	bool clock_known;
	int64_t clock_ms; /* the other's minus ours */
	int64_t newest_ms; /* the newest thing held here minus now; > 0: our clock is behind */
	char home[320]; /* its address */
	enum doctor_reach reach;
	int64_t hubs, hubs_live;
};
#define DOCTOR_NEVER (-2)

struct doctor_finding {
	enum finding_id id;
	char a[DOCTOR_PATH_MAX], b[64];
};
void doctor_judge(const struct doctor_facts *f, struct doctor_finding out[CHECK_COUNT]);

const char *doctor_check_name(enum doctor_check check); /* for programs */
const char *doctor_check_text(enum doctor_check check, bool french);
enum doctor_check finding_check(enum finding_id id);
enum doctor_outcome finding_outcome(enum finding_id id);
const char *finding_name(enum finding_id id);
void finding_text(const struct doctor_finding *f, bool french, struct buf *out);
/* What to do next; nothing where nothing is. */
void finding_next(const struct doctor_finding *f, bool french, struct buf *out);

/* doctor_look.c: of the files in f->dir, and of the journal where no daemon holds it. */
void doctor_look(struct doctor_facts *f);
/* Can f->home be connected to? */
void doctor_reach_home(struct doctor_facts *f);

#endif
