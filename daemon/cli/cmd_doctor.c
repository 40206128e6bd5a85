/* SPDX-License-Identifier: Apache-2.0
 *
 * doctor: asks the daemon what it knows, looks at the rest, and says for each point
 * how it is and what to do next. 1 where a check failed. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/command.h"
#include "daemon/cli/doctor.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/print.h"

/* ES_OK for a name of a later version. */
static enum es_err err_named(const char *name)
{
	for (int e = 1; e < ES_ERR_COUNT; e++)
		if (strcmp(es_err_name((enum es_err)e), name) == 0)
			return (enum es_err)e;
	return ES_OK;
}

static int64_t number_or(const json_t *o, const char *key, int64_t otherwise)
{
	return fact_has(o, key) ? fact_int(o, key) : otherwise;
}

static void take_peers(struct doctor_facts *f, const json_t *peers)
{
	json_t *p;
	size_t i;

	json_array_foreach(peers, i, p)
	{
		const char *state = fact_text(p, "state");

		f->hubs++;
		f->hubs_live += strcmp(state, "live") == 0 || strcmp(state, "catching-up") == 0;
	}
}

static void take_status(struct doctor_facts *f, const json_t *s)
{
	const json_t *node = json_object_get(s, "node"), *home = json_object_get(s, "home"), *life = json_object_get(s, "life");

	f->cress = strcmp(fact_text(node, "role"), "cress") == 0;
	snprintf(f->state, sizeof f->state, "%s", fact_text(s, "state"));
	snprintf(f->daemon_version, sizeof f->daemon_version, "%s", fact_text(node, "version"));
	snprintf(f->listen, sizeof f->listen, "%s", fact_text(node, "listen"));
	snprintf(f->home, sizeof f->home, "%s", fact_text(home, "address"));
	snprintf(f->last_end, sizeof f->last_end, "%s", fact_text(home, "last_end"));
	f->backup_age_s = number_or(life, "backup_age_s", DOCTOR_NEVER);
	f->erasures = number_or(life, "erasures_pending", DOCTOR_NOT_KNOWN);
	f->erasures_late = number_or(life, "erasures_late", 0);
	f->clock_known = fact_has(life, "clock_ms");
	f->clock_ms = fact_int(life, "clock_ms");
	take_peers(f, json_object_get(s, "peers"));
}

/* False: what failed is to be said; a daemon that does not answer is no failure. */
static bool ask_daemon(struct client *c, struct doctor_facts *f)
{
	if (!client_call(c, "GET", "/status", NULL)) {
		if (!c->unreachable)
			return false;
		f->daemon = c->exit == es_err_exit(ES_NOT_ALLOWED) ? DAEMON_DENIED : DAEMON_ABSENT;
		client_forgive(c);
		return true;
	}
	take_status(f, c->json);
	if (!client_call(c, "GET", "/doctor", NULL))
		return false;
	f->daemon = DAEMON_ANSWERS;
	f->journal = err_named(fact_text(c->json, "journal"));
	snprintf(f->dir, sizeof f->dir, "%s", fact_text(c->json, "dir"));
	return true;
}

/* As essaimd finds them. */
static bool name_places(struct doctor_facts *f, const struct args *a)
{
	const char *conf = getenv("CONFIGURATION_DIRECTORY");
	char dir[CLIENT_PATH_MAX];

	if (!client_data_dir(a, dir))
		return false;
	if (!f->dir[0])
		snprintf(f->dir, sizeof f->dir, "%s", dir);
	if (args_has(a, "data"))
		snprintf(f->conf, sizeof f->conf, "%.1024s/essaim.conf", dir);
	else
		snprintf(f->conf, sizeof f->conf, "%.1024s/essaim.conf", conf && *conf ? conf : "/etc/essaim");
	snprintf(f->key, sizeof f->key, "%.1024s/node.key", f->dir);
	return true;
}

/* --- what is said --- */

static const char *outcome_name(enum doctor_outcome o)
{
	static const char *const names[] = {"ok", "warning", "failed"};

	return names[o];
}

/* Takes nothing; "" where there is no such text. */
static json_t *said(void (*add)(const struct doctor_finding *f, bool french, struct buf *out), const struct doctor_finding *f)
{
	struct buf b;

	buf_init(&b, 8192);
	add(f, words_language() == WORDS_FR, &b);
	json_t *text = json_string(buf_cstr(&b));
	buf_done(&b);
	return text;
}

static void print_json(const struct doctor_finding *found, bool ok)
{
	json_t *checks = json_array(), *answer = json_pack("{s:b, s:o}", "ok", ok, "checks", checks);

	for (size_t i = 0; i < CHECK_COUNT; i++)
		json_array_append_new(checks, json_pack("{s:s, s:s, s:s, s:o*, s:o*}", "check", doctor_check_name((enum doctor_check)i),
							"outcome", outcome_name(finding_outcome(found[i].id)),
							"code", finding_name(found[i].id), "text", said(finding_text, &found[i]),
							"next", said(finding_next, &found[i])));
	json_dumpf(answer, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(answer);
}

static void print_finding(const struct doctor_finding *f)
{
	static const enum word_id words[] = {W_DOCTOR_OK, W_DOCTOR_WARNING, W_DOCTOR_FAILED};
	static const char *const colours[] = {"", "\033[1;33m", "\033[1;31m"};
	enum doctor_outcome outcome = finding_outcome(f->id);
	bool french = words_language() == WORDS_FR, colour = print_colour(stdout) && outcome != DOCTOR_OK;
	const char *how = word(words[outcome]), *check = doctor_check_text(finding_check(f->id), french);
	struct buf b;

	buf_init(&b, 8192);
	finding_text(f, french, &b);
	printf("%s%s%s%*s  %s%*s  ", colour ? colours[outcome] : "", how, colour ? "\033[0m" : "",
	       (int)(9 - text_width(how)), "", check, (int)(13 - text_width(check)), "");
	print_line(stdout, buf_cstr(&b));
	putchar('\n');
	buf_clear(&b);
	finding_next(f, french, &b);
	if (b.len > 0) {
		printf("%26s-> ", "");
		print_line(stdout, buf_cstr(&b));
		putchar('\n');
	}
	buf_done(&b);
}

static int say(const struct args *a, const struct doctor_finding *found)
{
	long long failed = 0;

	for (size_t i = 0; i < CHECK_COUNT; i++)
		failed += finding_outcome(found[i].id) == DOCTOR_FAILED;
	if (a->json)
		print_json(found, failed == 0);
	for (size_t i = 0; i < CHECK_COUNT && !a->json; i++)
		if (!a->quiet || finding_outcome(found[i].id) != DOCTOR_OK)
			print_finding(&found[i]);
	return failed > 0 ? print_fail(ES_DAMAGED, W_DOCTOR_FAILURES, failed) : 0;
}

int cmd_doctor(const struct args *a)
{
	struct doctor_facts *f = calloc(1, sizeof *f);
	static struct doctor_finding found[CHECK_COUNT];
	struct client c;
	int code = 0;

	if (!f)
		return print_fail(ES_NOMEM, W_MEMORY);
	*f = (struct doctor_facts){.backup_age_s = DOCTOR_NOT_KNOWN, .erasures = DOCTOR_NOT_KNOWN};
	if (client_open(&c, a) && ask_daemon(&c, f)) {
		if (name_places(f, a)) {
			doctor_look(f);
			if (strcmp(f->state, "live") != 0 && strcmp(f->state, "recovering") != 0)
				doctor_reach_home(f);
			doctor_judge(f, found);
			code = say(a, found);
		} else {
			code = print_fail(ES_USAGE, W_PATH_LONG, "--data");
		}
	}
	free(f);
	return client_close(&c, code);
}
