/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/cli/doctor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/say.h"
#include "common/stamp.h"
#include "daemon/cli/print.h"
#include "daemon/journal/journal.h"

#define MIB (1024 * 1024)
#define DISK_FULL_MIB 16
#define DISK_ROOM_MIB 64 /* for the WAL and the directory, beside a copy of the journal */
#define CLOCK_DRIFT_MS 10000
#define CLOCK_PAST_MS 60000
#define BACKUP_OLD_S (7 * 86400) /* as OLD_BACKUP of status */
#define BACKUP_GONE_S (30 * 86400)

static const struct {
	const char *name, *fr, *en;
} checks[CHECK_COUNT] = {
#define CHECK(id, name_, fr_, en_) [CHECK_##id] = {.name = name_, .fr = fr_, .en = en_},
#define FINDING(...)
#include "daemon/cli/doctor.def"
#undef CHECK
#undef FINDING
};
static const struct {
	const char *name;
	enum doctor_check check;
	enum doctor_outcome outcome;
	const char *fr, *en, *next_fr, *next_en;
} findings[FINDING_COUNT] = {
#define CHECK(...)
#define FINDING(id, check_, outcome_, fr_, en_, next_fr_, next_en_)                                             \
	[FINDING_##id] = {.name = #id, .check = CHECK_##check_, .outcome = DOCTOR_##outcome_, .fr = fr_, .en = en_, \
			  .next_fr = next_fr_, .next_en = next_en_},
#include "daemon/cli/doctor.def"
#undef CHECK
#undef FINDING
};

const char *doctor_check_name(enum doctor_check check)
{
	return checks[check].name;
}

const char *doctor_check_text(enum doctor_check check, bool french)
{
	return french ? checks[check].fr : checks[check].en;
}

enum doctor_check finding_check(enum finding_id id)
{
	return findings[id].check;
}

enum doctor_outcome finding_outcome(enum finding_id id)
{
	return findings[id].outcome;
}

const char *finding_name(enum finding_id id)
{
	return findings[id].name;
}

static void fill(const struct doctor_finding *f, const char *text, struct buf *out)
{
	for (const char *at = text; *at;) {
		bool fact = at[0] == '{' && (at[1] == 'a' || at[1] == 'b') && at[2] == '}';

		if (fact)
			buf_str(out, at[1] == 'a' ? f->a : f->b);
		else
			buf_add(out, at, 1);
		at += fact ? 3 : 1;
	}
}

void finding_text(const struct doctor_finding *f, bool french, struct buf *out)
{
	fill(f, french ? findings[f->id].fr : findings[f->id].en, out);
}

void finding_next(const struct doctor_finding *f, bool french, struct buf *out)
{
	fill(f, french ? findings[f->id].next_fr : findings[f->id].next_en, out);
}

/* --- one check each --- */

static struct doctor_finding found(enum finding_id id, const char *a)
{
	struct doctor_finding f = {.id = id};

	snprintf(f.a, sizeof f.a, "%s", a);
	return f;
}

static struct doctor_finding found_number(enum finding_id id, int64_t a)
{
	struct doctor_finding f = {.id = id};

	snprintf(f.a, sizeof f.a, "%" PRId64, a);
	return f;
}

static struct doctor_finding judge_configuration(const struct doctor_facts *f)
{
	if (f->conf_why[0])
		return found(FINDING_CONF_BAD, f->conf_why);
	return found(f->conf_there ? FINDING_CONF_GOOD : FINDING_CONF_NONE, f->conf);
}

static struct doctor_finding judge_key(const struct doctor_facts *f)
{
	struct doctor_finding open = found(FINDING_KEY_OPEN, f->key);

	switch ((int)f->key_err) {
	case ES_OK:
		return found(FINDING_KEY_GOOD, f->key);
	case ES_NO_NODE:
		return found(FINDING_KEY_NONE, f->key);
	case ES_KEY_OPEN:
		snprintf(open.b, sizeof open.b, "%03o", f->key_mode & 0777);
		return open;
	case ES_CONFIG:
		return found(FINDING_KEY_BAD, f->key);
	default:
		return found(FINDING_KEY_UNSEEN, f->key);
	}
}

/* A backup, an erasure: the journal once more. */
static struct doctor_finding judge_disk(const struct doctor_facts *f)
{
	int64_t free_mib = f->disk_free / MIB, want = f->journal_bytes / MIB + DISK_ROOM_MIB;
	struct doctor_finding low = found_number(FINDING_DISK_LOW, free_mib);

	if (f->disk_free == DOCTOR_NOT_KNOWN)
		return found(FINDING_DISK_UNSEEN, f->dir);
	snprintf(low.b, sizeof low.b, "%" PRId64, want);
	if (free_mib < DISK_FULL_MIB)
		return found_number(FINDING_DISK_FULL, free_mib);
	return free_mib < want ? low : found_number(FINDING_DISK_GOOD, free_mib);
}

static struct doctor_finding judge_daemon(const struct doctor_facts *f)
{
	if (f->daemon == DAEMON_ANSWERS)
		return found(FINDING_DAEMON_RUNS, f->state);
	return found(f->daemon == DAEMON_DENIED ? FINDING_DAEMON_DENIED : FINDING_DAEMON_OFF, "");
}

static struct doctor_finding judge_version(const struct doctor_facts *f)
{
	struct doctor_finding good = found(FINDING_VERSION_GOOD, ESSAIM_VERSION);

	snprintf(good.b, sizeof good.b, "%d", JOURNAL_VERSION);
	if (f->journal == ES_VERSION)
		return found(FINDING_VERSION_NEWER, ESSAIM_VERSION);
	if (f->daemon == DAEMON_ANSWERS && strcmp(f->daemon_version, ESSAIM_VERSION) != 0) {
		struct doctor_finding other = found(FINDING_VERSION_OTHER, f->daemon_version);

		snprintf(other.b, sizeof other.b, "%s", ESSAIM_VERSION);
		return other;
	}
	if (f->directory_other)
		return found(FINDING_VERSION_SCHEMA, "");
	return f->journal == ES_OK ? good : found(FINDING_VERSION_UNSEEN, ESSAIM_VERSION);
}

static struct doctor_finding judge_database(const struct doctor_facts *f)
{
	if (f->journal == ES_PAGE_DAMAGED || f->journal == ES_DAMAGED)
		return found(FINDING_DATABASE_JOURNAL, _(es_err_text(f->journal)));
	if (f->journal == ES_LOCKED)
		return found(FINDING_DATABASE_HELD, "");
	if (f->journal != ES_OK)
		return found(FINDING_DATABASE_UNSEEN, _(es_err_text(f->journal)));
	return f->directory == ES_OK ? found(FINDING_DATABASE_SOUND, "") : found(FINDING_DATABASE_DIRECTORY, _(es_err_text(f->directory)));
}

static struct doctor_finding judge_clock(const struct doctor_facts *f)
{
	int64_t off = f->clock_ms < 0 ? -f->clock_ms : f->clock_ms;
	struct doctor_finding drifts = found_number(FINDING_CLOCK_DRIFTS, off / 1000);

	if (!f->clock_known)
		return f->newest_ms > CLOCK_PAST_MS ? found_number(FINDING_CLOCK_PAST, f->newest_ms / 1000)
						    : found(FINDING_CLOCK_ALONE, "");
	if (off > STAMP_SKEW_MAX_MS && f->cress)
		return found_number(FINDING_CLOCK_HUBS, off / 1000);
	if (off > STAMP_SKEW_MAX_MS)
		return found_number(f->clock_ms < 0 ? FINDING_CLOCK_AHEAD : FINDING_CLOCK_BEHIND, off / 1000);
	snprintf(drifts.b, sizeof drifts.b, "%d", STAMP_SKEW_MAX_MS / 1000);
	return off > CLOCK_DRIFT_MS ? drifts : found_number(FINDING_CLOCK_GOOD, off / 1000);
}

static struct doctor_finding judge_reach(const struct doctor_facts *f)
{
	static const enum finding_id found_of[] = {[REACH_UNKNOWN] = FINDING_HOME_UNKNOWN, [REACH_ANSWERS] = FINDING_HOME_ANSWERS,
						   [REACH_REFUSES] = FINDING_HOME_REFUSES, [REACH_SILENT] = FINDING_HOME_SILENT,
						   [REACH_NO_NAME] = FINDING_HOME_NO_NAME};
	struct doctor_finding ends = found(FINDING_HOME_ENDS, f->home);

	snprintf(ends.b, sizeof ends.b, "%s", f->last_end);
	if (f->reach == REACH_ANSWERS && f->daemon == DAEMON_ANSWERS && f->last_end[0])
		return ends;
	return found(found_of[f->reach], f->home);
}

static struct doctor_finding judge_home(const struct doctor_facts *f)
{
	struct doctor_finding self = found_number(FINDING_HOME_SELF, f->hubs_live);

	snprintf(self.b, sizeof self.b, "%" PRId64, f->hubs);
	if (f->cress)
		return f->listen[0] ? self : found(FINDING_HOME_DEAF, f->conf);
	if (strcmp(f->state, "live") == 0 || strcmp(f->state, "recovering") == 0)
		return found(FINDING_HOME_LIVE, f->home);
	if (strcmp(f->state, "fenced") == 0)
		return found(FINDING_HOME_FENCED, "");
	return strcmp(f->state, "waiting") == 0 && f->reach == REACH_ANSWERS ? found(FINDING_HOME_WAITING, "") : judge_reach(f);
}

static struct doctor_finding judge_backup(const struct doctor_facts *f)
{
	char age[32];

	if (f->backup_age_s == DOCTOR_NOT_KNOWN)
		return found(FINDING_BACKUP_UNSEEN, "");
	if (f->backup_age_s == DOCTOR_NEVER)
		return found(FINDING_BACKUP_NEVER, "");
	print_age(age, f->backup_age_s);
	return found(f->backup_age_s >= BACKUP_GONE_S ? FINDING_BACKUP_GONE :
		     f->backup_age_s >= BACKUP_OLD_S ? FINDING_BACKUP_OLD : FINDING_BACKUP_GOOD, age);
}

static struct doctor_finding judge_erasures(const struct doctor_facts *f)
{
	if (f->erasures == DOCTOR_NOT_KNOWN)
		return found(FINDING_ERASURES_UNSEEN, "");
	if (f->erasures_late > 0)
		return found_number(FINDING_ERASURES_LATE, f->erasures_late);
	return f->erasures > 0 ? found_number(FINDING_ERASURES_WAIT, f->erasures) : found(FINDING_ERASURES_NONE, "");
}

void doctor_judge(const struct doctor_facts *f, struct doctor_finding out[CHECK_COUNT])
{
	static struct doctor_finding (*const judges[CHECK_COUNT])(const struct doctor_facts *f) = {
		[CHECK_CONFIGURATION] = judge_configuration, [CHECK_KEY] = judge_key, [CHECK_DISK] = judge_disk,
		[CHECK_DAEMON] = judge_daemon, [CHECK_VERSION] = judge_version, [CHECK_DATABASE] = judge_database,
		[CHECK_CLOCK] = judge_clock, [CHECK_HOME] = judge_home, [CHECK_BACKUP] = judge_backup,
		[CHECK_ERASURES] = judge_erasures,
	};

	for (size_t i = 0; i < CHECK_COUNT; i++)
		out[i] = judges[i](f);
}
