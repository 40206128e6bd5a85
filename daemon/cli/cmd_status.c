/* SPDX-License-Identifier: Apache-2.0
 *
 * status, and the waiting for it to be good. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/print.h"

#define WAIT_MS 100
#define WAIT_DEFAULT "60"

/* A log of this hub's is one that home acknowledges; others' have no `acked`. */
static bool is_own(const json_t *status, const json_t *log)
{
	(void)status;
	return fact_has(log, "acked");
}

/* `acked` is the last acknowledged number; a boolean is understood too. */
static bool is_acked(const json_t *log)
{
	const json_t *acked = json_object_get(log, "acked");

	if (json_is_boolean(acked))
		return json_is_true(acked);
	return json_integer_value(acked) >= fact_int(log, "seq");
}

/* The local log is offered to nobody, so nobody acknowledges it. */
static bool is_unheard(const json_t *status, const json_t *log)
{
	return is_own(status, log) && strcmp(fact_text(log, "scope"), "local") != 0 && !is_acked(log);
}

static size_t unheard_logs(const json_t *status)
{
	json_t *logs = json_object_get(status, "logs"), *log;
	size_t i, n = 0;

	json_array_foreach(logs, i, log) n += is_unheard(status, log);
	return n;
}

static const char *state_text(const char *state)
{
	static const struct {
		const char *name;
		enum word_id text;
	} states[] = {{"offline", W_STATE_OFFLINE},
		      {"connecting", W_STATE_CONNECTING},
		      {"recovering", W_STATE_RECOVERING},
		      {"waiting", W_STATE_WAITING},
		      {"live", W_STATE_LIVE},
		      {"fenced", W_STATE_FENCED}};

	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		if (strcmp(state, states[i].name) == 0)
			return word(states[i].text);
	}
	return state;
}

static void add_row(struct grid *g, enum word_id name, struct buf *value)
{
	grid_add(g, word(name));
	grid_add(g, buf_cstr(value));
	buf_clear(value);
}

static void add_node(struct grid *g, const json_t *s)
{
	const json_t *node = json_object_get(s, "node"), *fed = json_object_get(s, "federation");
	const json_t *members = json_object_get(fed, "members");
	const char *pays = fact_text(node, "pays"), *listen = fact_text(node, "listen");
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_printf(&b, "%s (%s%s%s, %s)", fact_text(node, "name"), word_of_code(fact_text(node, "role")), *pays ? ", " : "",
		   pays, fact_text(node, "id"));
	add_row(g, W_NODE, &b);
	buf_str(&b, *listen ? listen : word(W_NOWHERE));
	add_row(g, W_LISTENS, &b);
	buf_str(&b, fact_text(node, "version"));
	add_row(g, W_VERSION, &b);
	word_add(&b, W_MEMBER_COUNT, fact_text(fed, "name"),
		 json_is_array(members) ? (long long)json_array_size(members)
					: (long long)json_integer_value(members));
	add_row(g, W_FEDERATION, &b);
	buf_done(&b);
}

/* Is the CRESS there, and is its copy the same? */
static void add_home(struct grid *g, const json_t *home)
{
	char age[32];
	struct buf b;

	if (!json_is_object(home))
		return;
	buf_init(&b, 4096);
	print_age(age, fact_since(fact_text(home, "since")));
	if (fact_true(home, "heard"))
		word_add(&b, fact_true(home, "same") ? W_HOME_SAME : W_HOME_BEHIND, age);
	else if (fact_has(home, "since"))
		word_add(&b, W_HOME_AWAY, age);
	else
		buf_str(&b, word(*fact_text(home, "last_end") ? W_HOME_REFUSES : W_HOME_ANSWERS));
	print_age(age, fact_int(home, "next_try_s"));
	if (fact_has(home, "next_try_s"))
		word_add(&b, W_HOME_NEXT, age);
	add_row(g, W_HOME, &b);
	buf_done(&b);
}

/* Home is heard by nobody: it is the one that hears. */
static void add_heard(struct grid *g, const json_t *s)
{
	size_t unheard = unheard_logs(s);
	struct buf b;

	if (!fact_has(s, "home"))
		return;
	buf_init(&b, 4096);
	if (fact_int(s, "outbox") > 0)
		word_add(&b, W_HEARD_OUTBOX, (long long)fact_int(s, "outbox"));
	else if (unheard > 0)
		word_add(&b, W_HEARD_NOT, unheard);
	else
		buf_str(&b, word(W_HEARD_ALL));
	add_row(g, W_HEARD, &b);
	buf_done(&b);
}

static void add_state(struct grid *g, const json_t *s)
{
	struct buf b;

	buf_init(&b, 4096);
	if (strcmp(fact_text(s, "state"), "waiting") == 0 && strcmp(fact_text(json_object_get(s, "node"), "role"), "cress") == 0)
		buf_str(&b, word(W_STATE_AWAITING));
	else if (strcmp(fact_text(json_object_get(s, "home"), "last_end"), "DENIED") == 0)
		buf_str(&b, word(W_STATE_DENIED));
	else
		buf_str(&b, state_text(fact_text(s, "state")));
	add_row(g, W_STATE, &b);
	add_home(g, json_object_get(s, "home"));
	add_heard(g, s);
	buf_printf(&b, "%lld", (long long)fact_int(s, "outbox"));
	add_row(g, W_OUTBOX, &b);
	buf_str(&b, word(fact_true(s, "synced") ? W_YES : W_NO));
	add_row(g, W_SYNCED, &b);
	buf_done(&b);
}

static void show_records(const json_t *s)
{
	json_t *dir = json_object_get(s, "directory"), *digests = json_object_get(dir, "digest"), *n;
	const char *key;
	struct grid g;

	printf("\n%s\n", word(W_DIRECTORY));
	grid_init(&g, 2);
	g.indent = "  ";
	json_object_foreach(json_object_get(dir, "records"), key, n)
	{
		if (json_integer_value(n) == 0)
			continue;
		grid_add(&g, key);
		grid_add_int(&g, json_integer_value(n));
	}
	json_object_foreach(digests, key, n)
	{
		char name[64];

		snprintf(name, sizeof name, "%s %s", word(W_DIGEST), word_of_code(key));
		grid_add(&g, name);
		grid_add(&g, fact_shown(n));
	}
	grid_print(&g, stdout);
}

static void show_logs(const json_t *s)
{
	json_t *logs = json_object_get(s, "logs"), *log;
	struct grid g;
	size_t i;

	printf("\n%s\n", word(W_LOGS));
	grid_init(&g, 6);
	g.indent = "  ";
	g.right = 4 | 16;
	grid_head(&g, (const char *const[]){word(W_SCOPE), word(W_AUTHOR), "seq", word(W_ACKED), word(W_AGE),
					    "id"});
	json_array_foreach(logs, i, log)
	{
		char age[32];

		print_age(age, fact_int(log, "age_s"));
		grid_add(&g, word_of_code(fact_text(log, "scope")));
		grid_add(&g, fact_text(log, "author"));
		grid_add_int(&g, fact_int(log, "seq"));
		grid_add(&g, !is_own(s, log) ? "" : fact_shown(json_object_get(log, "acked")));
		grid_add(&g, fact_int(log, "age_s") >= 0 ? age : "");
		grid_add(&g, fact_text(log, "id"));
	}
	grid_print(&g, stdout);
}

static void show_peers(const json_t *s)
{
	json_t *peers = json_object_get(s, "peers"), *p;
	struct grid g;
	size_t i;

	if (json_array_size(peers) == 0)
		return;
	printf("\n%s\n", word(W_PEERS));
	grid_init(&g, 6);
	g.indent = "  ";
	g.right = 4 | 8 | 16;
	grid_head(&g, (const char *const[]){word(W_NAME), word(W_STATE), word(W_LAG), word(W_AGE),
					    word(W_NEXT_TRY), "id"});
	json_array_foreach(peers, i, p)
	{
		char age[32], next[32];

		print_age(age, fact_int(p, "age_s"));
		print_age(next, fact_int(p, "next_try_s"));
		grid_add(&g, fact_text(p, "name"));
		grid_add(&g, word_of_code(fact_text(p, "state")));
		grid_add(&g, fact_shown(json_object_get(p, "lag")));
		grid_add(&g, fact_has(p, "age_s") ? age : "");
		grid_add(&g, fact_has(p, "next_try_s") ? next : "");
		grid_add(&g, fact_text(p, "id"));
	}
	grid_print(&g, stdout);
}

static void show_refused(const json_t *s)
{
	json_t *n;
	const char *reason;
	bool any = false;

	json_object_foreach(json_object_get(s, "refused"), reason, n)
	{
		if (json_integer_value(n) == 0)
			continue;
		printf("%s%s %lld", any ? ", " : word(W_REFUSED), reason, (long long)json_integer_value(n));
		any = true;
	}
	if (any)
		putchar('\n');
}

static void show_alerts(const json_t *s)
{
	json_t *alerts = json_object_get(s, "alerts"), *a;
	bool colour = print_colour(stdout);
	size_t i;

	json_array_foreach(alerts, i, a)
	{
		printf("\n%s%s%s ", colour ? "\033[1;31m" : "", word(W_ALERT), colour ? "\033[0m" : "");
		print_line(stdout, fact_text(a, "code"));
		fputs(": ", stdout);
		print_line(stdout, fact_text(a, words_language() == WORDS_FR ? "text" : "text_en"));
	}
	if (json_array_size(alerts) > 0)
		putchar('\n');
}

static void show_status(const json_t *s)
{
	struct grid g;

	grid_init(&g, 2);
	add_node(&g, s);
	add_state(&g, s);
	grid_print(&g, stdout);
	show_records(s);
	show_logs(s);
	show_peers(s);
	show_refused(s);
	show_alerts(s);
}

int cmd_status(const struct args *a)
{
	struct client c;

	if (client_open(&c, a) && client_call(&c, "GET", "/status", NULL) && !command_json(&c))
		show_status(c.json);
	return client_close(&c, 0);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What is still missing, for the line at the timeout and the one on a terminal. */
static void add_lacking(struct buf *b, const json_t *s)
{
	json_t *peers = json_object_get(s, "peers"), *p;
	size_t i, unheard = unheard_logs(s);

	buf_printf(b, "%s %s", word(W_LACKS_STATE), word_of_code(fact_text(s, "state")));
	if (fact_int(s, "outbox") > 0)
		word_add(b, W_LACKS_OUTBOX, (long long)fact_int(s, "outbox"));
	if (unheard > 0)
		word_add(b, W_LACKS_ACK, unheard);
	json_array_foreach(peers, i, p)
	{
		if (strcmp(fact_text(p, "state"), "live") != 0)
			buf_printf(b, ", %s %s", fact_text(p, "name"), word_of_code(fact_text(p, "state")));
	}
}

static void draw_waiting(const json_t *s, int64_t left_ms)
{
	struct buf b;

	buf_init(&b, 65536);
	buf_printf(&b, "%lld s, ", (long long)(left_ms + 999) / 1000);
	add_lacking(&b, s);
	fputs("\r\033[K", stderr);
	print_line(stderr, buf_cstr(&b));
	buf_done(&b);
}

static int say_timeout(const json_t *s, const char *timeout)
{
	struct buf b;
	int code;

	buf_init(&b, 65536);
	word_add(&b, W_WAIT_TIMEOUT, timeout);
	add_lacking(&b, s);
	code = print_fail_text(es_err_exit(ES_TIMEOUT), buf_cstr(&b));
	buf_done(&b);
	return code;
}

static int wait_synced(struct client *c, int64_t timeout_ms, const char *timeout)
{
	const struct timespec pause = {.tv_nsec = WAIT_MS * 1000000L};
	bool draws = isatty(STDERR_FILENO) && !c->args->quiet;
	int64_t end = now_ms() + timeout_ms, left;

	for (;;) {
		if (!client_call(c, "GET", "/status?hurry=1", NULL))
			return 0; /* client_close has the code */
		left = end - now_ms();
		if (fact_true(c->json, "synced") || left <= 0)
			break;
		if (draws)
			draw_waiting(c->json, left);
		nanosleep(&pause, NULL);
	}
	if (draws)
		fputs("\r\033[K", stderr);
	if (!fact_true(c->json, "synced"))
		return say_timeout(c->json, timeout);
	if (!command_json(c) && !c->args->quiet)
		puts(word(W_WAIT_DONE));
	return 0;
}

int cmd_wait(const struct args *a)
{
	const char *timeout = args_has(a, "timeout") ? args_get(a, "timeout") : WAIT_DEFAULT;
	int64_t ms;
	struct client c;

	if (!args_has(a, "synced"))
		return print_fail(ES_USAGE, W_OPTION_MISSING, "wait", "synced");
	if (!timeout_parse(timeout, &ms))
		return print_fail(ES_USAGE, W_NOT_A_COUNT, "timeout", timeout);
	if (!client_open(&c, a))
		return client_close(&c, 0);
	return client_close(&c, wait_synced(&c, ms, timeout));
}
