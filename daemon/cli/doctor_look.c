/* SPDX-License-Identifier: Apache-2.0
 *
 * What doctor sees without asking a daemon: files, rights, the disk, the network;
 * and the journal, where nobody holds it. Nothing is changed. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "daemon/cli/doctor.h"
#include "daemon/node/health.h"
#include "daemon/node/keyfile.h"
#include "daemon/node/setup.h"
#include "daemon/node/verify.h"
#include "daemon/service/conf.h"
#include "daemon/service/process.h"
#include "daemon/swarm/swarm.h"

static es_ms utc_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (es_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void look_conf(struct doctor_facts *f)
{
	char written[DOCTOR_PATH_MAX + 16];
	struct conf conf;
	struct buf why;

	snprintf(written, sizeof written, "%s/essaim.conf", f->dir);
	buf_init(&why, sizeof f->conf_why);
	f->conf_there = access(f->conf, F_OK) == 0;
	if (conf_load(strcmp(written, f->conf) != 0 ? written : NULL, f->conf, &conf, &why) != ES_OK)
		snprintf(f->conf_why, sizeof f->conf_why, "%s", buf_cstr(&why));
	else if (!f->listen[0])
		snprintf(f->listen, sizeof f->listen, "%s", conf.listen);
	buf_done(&why);
}

/* Its rights are seen also where its content is not. */
static void look_key(struct doctor_facts *f)
{
	struct keyfile k;
	struct stat st;
	bool seen = stat(f->key, &st) == 0;

	f->key_mode = seen ? st.st_mode : 0;
	f->key_err = keyfile_read(f->key, &k);
	if (f->key_err == ES_IO && seen)
		f->key_err = st.st_mode & 077 ? ES_KEY_OPEN : ES_OK;
	if (f->key_err == ES_OK && k.has_facts) {
		f->cress = f->cress || k.role == ROLE_CRESS;
		if (!f->home[0])
			snprintf(f->home, sizeof f->home, "%s", k.address);
	}
	keyfile_wipe(&k);
}

static void look_disk(struct doctor_facts *f)
{
	struct node_files files;

	node_files_look(f->dir, &files);
	f->disk_free = access(f->dir, X_OK) == 0 ? files.disk_free : DOCTOR_NOT_KNOWN;
	f->journal_bytes = files.journal + files.journal_wal;
}

static void look_directory(struct doctor_facts *f)
{
	char path[DOCTOR_PATH_MAX + 32];
	uint32_t schema = schema_version();

	snprintf(path, sizeof path, "%s/directory.db", f->dir);
	if (access(path, R_OK) != 0)
		return; /* made at the next start, or not ours to see */
	enum es_err err = verify_directory_pages(path, true, &schema);
	f->directory = err == ES_LOCKED ? ES_OK : err;
	f->directory_other = err == ES_OK && schema != schema_version();
}

static void look_backup(struct doctor_facts *f, struct journal *j)
{
	uint8_t be[8];
	struct buf b;

	buf_init_fixed(&b, be, sizeof be);
	if (journal_get(j, "backup", &b) && b.len == 8)
		f->backup_age_s = (utc_now() - (es_ms)be_read(be, 8)) / 1000;
	else
		f->backup_age_s = journal_get_err(j) == ES_OK ? DOCTOR_NEVER : DOCTOR_NOT_KNOWN;
	if (f->backup_age_s < 0 && f->backup_age_s != DOCTOR_NEVER)
		f->backup_age_s = 0;
}

/* The file itself, whatever the key. */
static void look_journal(struct doctor_facts *f)
{
	char path[DOCTOR_PATH_MAX + 32];
	struct journal *j;
	struct buf pages;

	snprintf(path, sizeof path, "%s/journal.db", f->dir);
	f->journal = journal_open(path, false, &j);
	if (f->journal != ES_OK)
		return;
	buf_init(&pages, 8192);
	f->journal = journal_check_pages(j, true, &pages);
	look_backup(f, j);
	buf_done(&pages);
	journal_close(j);
}

static void look_node(struct doctor_facts *f)
{
	struct reference *ref;
	struct health h = {0};
	struct node *n;
	struct buf why;
	es_ms newest = 0;

	buf_init(&why, 4096);
	enum es_err err = setup_open(f->dir, &ref, &n, &why);
	buf_done(&why);
	if (err != ES_OK)
		return;
	n->utc = utc_now();
	health_read(n, &h);
	f->erasures = (int64_t)h.erasures;
	f->erasures_late = (int64_t)h.erasures_late;
	f->cress = n->role == ROLE_CRESS;
	for (size_t i = 0; i < n->frontier.count; i++)
		if (stamp_ms(n->frontier.heads[i].hlc) > newest)
			newest = stamp_ms(n->frontier.heads[i].hlc);
	f->newest_ms = newest - n->utc;
	for (size_t i = 0; i < n->rights.member_count; i++)
		f->hubs += n->rights.members[i].role == ROLE_HUB && n->rights.members[i].state == MEMBER_ACTIVE;
	snprintf(f->home, sizeof f->home, "%s", n->home_address);
	node_close(n);
	reference_free(ref);
}

void doctor_look(struct doctor_facts *f)
{
	log_set_level((enum log_level)0); /* it is said in the answer */
	look_conf(f);
	look_key(f);
	look_disk(f);
	look_directory(f);
	if (f->daemon == DAEMON_ANSWERS)
		return;
	look_journal(f);
	if (f->journal == ES_OK && crypto_start() == ES_OK)
		look_node(f);
}

void doctor_reach_home(struct doctor_facts *f)
{
	char host[RIGHTS_ADDRESS_MAX + 1], port[16];
	int fd = -1;

	if (f->cress || !address_split(f->home, host, sizeof host, port, sizeof port))
		return;
	switch ((int)setup_dial(host, port, &fd)) {
	case ES_OK:
		f->reach = REACH_ANSWERS;
		close(fd);
		break;
	case ES_NOT_FOUND:
		f->reach = REACH_NO_NAME;
		break;
	case ES_TIMEOUT:
		f->reach = REACH_SILENT;
		break;
	default:
		f->reach = REACH_REFUSES;
	}
}
