/* SPDX-License-Identifier: Apache-2.0
 *
 * Founding, inviting, and the members. (join is in cmd_join.c) */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qrencode.h>

#include "common/say.h"
#include "daemon/cli/columns.h"
#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/here.h"
#include "daemon/cli/print.h"
#include "daemon/node/setup.h"

#define EXPIRES_DEFAULT "7d"

/* The first of these options that is absent, NULL if all are there. */
static const char *missing(const struct args *a, const char *const *names)
{
	while (*names && args_has(a, *names))
		names++;
	return *names;
}

int cmd_init(const struct args *a)
{
	char dir[CLIENT_PATH_MAX], recovery[RECOVERY_TEXT_MAX] = "";
	const char *lacks = missing(a, (const char *const[]){"cress", "name", "region", NULL});
	struct setup s = {.dir = dir, .listen = args_get(a, "listen"), .advertise = args_get(a, "advertise")};
	struct buf why;
	enum es_err err;
	int code = 0;

	if (lacks)
		return print_fail(ES_USAGE, W_OPTION_MISSING, "init", lacks);
	if (!client_data_dir(a, dir))
		return print_fail(ES_USAGE, W_PATH_LONG, "--data");
	s.name = args_get(a, "name");
	s.region = args_get(a, "region");
	if (!here_enter(dir, &code))
		return code;
	buf_init(&why, 65536);
	err = crypto_start();
	if (err == ES_OK)
		err = setup_cress(&s, recovery, &why);
	here_leave();
	if (err != ES_OK)
		code = print_fail_text(es_err_exit(err), why.len ? buf_cstr(&why) : _(es_err_text(err)));
	else if (a->json)
		printf("{\"recovery\":\"%s\"}\n", recovery);
	else
		word_print(stdout, W_INIT_RECOVERY, recovery);
	if (err == ES_OK)
		here_made(a, dir, true);
	crypto_wipe(recovery, sizeof recovery);
	buf_done(&why);
	return code;
}

/* Two rows of modules a line, in half blocks. Colours are set where they may
 * be, so that it reads on a light terminal too; else light is the ink. */
static void print_qr(const QRcode *q)
{
	static const char *const blocks[] = {"█", "▀", "▄", " "}; /* dark above, below */
	bool colour = print_colour(stdout);
	const int quiet = 2;

	for (int y = -quiet; y < q->width + quiet; y += 2) {
		if (colour)
			fputs("\033[40;37;1m", stdout);
		for (int x = -quiet; x < q->width + quiet; x++) {
			bool inside = x >= 0 && x < q->width;
			bool up = inside && y >= 0 && y < q->width && q->data[y * q->width + x] & 1;
			bool down = inside && y + 1 >= 0 && y + 1 < q->width &&
				    q->data[(y + 1) * q->width + x] & 1;

			fputs(blocks[(up ? 2 : 0) + (down ? 1 : 0)], stdout);
		}
		fputs(colour ? "\033[0m\n" : "\n", stdout);
	}
}

static void show_qr(const char *text)
{
	QRcode *q = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);

	if (q)
		print_qr(q);
	else
		word_print(stderr, W_QR_LARGE);
	QRcode_free(q);
}

void command_show_code(const struct client *c, enum word_id note)
{
	const char *text = fact_text(c->json, "invitation");

	print_line(stdout, text);
	putchar('\n');
	if (args_has(c->args, "qr"))
		show_qr(text);
	if (!c->args->quiet && note == W_INVITE_NOTE)
		word_print(stderr, note, fact_text(c->json, "pays"), fact_text(c->json, "expires"));
	else if (!c->args->quiet)
		word_print(stderr, note, fact_text(c->json, "name"), fact_text(c->json, "pays"), fact_text(c->json, "expires"));
}

static int cancel_invitation(const struct args *a)
{
	struct client c;

	if (client_open(&c, a) && client_call(&c, "POST", "/invite/cancel", json_pack("{s:s}", "who", args_get(a, "cancel"))) &&
	    !command_json(&c))
		word_print(stdout, W_INVITE_CANCELLED, fact_text(c.json, "cancelled"));
	return client_close(&c, 0);
}

int cmd_invite(const struct args *a)
{
	if (args_has(a, "cancel"))
		return cancel_invitation(a);
	const char *lacks = missing(a, (const char *const[]){"pays", "name", NULL});
	const char *expires = args_has(a, "expires") ? args_get(a, "expires") : EXPIRES_DEFAULT;
	int64_t seconds = 0;
	struct client c;

	if (lacks)
		return print_fail(ES_USAGE, W_OPTION_MISSING, "invite", lacks);
	if (!duration_parse(expires, &seconds))
		return print_fail(ES_USAGE, W_NOT_A_DURATION, expires);
	if (client_open(&c, a) &&
	    client_call(&c, "POST", "/invite",
			json_pack("{s:s, s:s, s:I, s:b}", "pays", args_get(a, "pays"), "name",
				  args_get(a, "name"), "expires_s", (json_int_t)seconds, "approve",
				  (int)args_has(a, "approve"))) &&
	    !command_json(&c))
		command_show_code(&c, W_INVITE_NOTE);
	return client_close(&c, 0);
}

static void write_code(struct buf *cell, const json_t *member, const char *key)
{
	buf_str(cell, word_of_code(fact_text(member, key)));
}

static const struct column request_columns[] = {{.word = W_NAME, .key = "name"}, {.name = "Pays", .key = "pays"},
						{.word = W_STATE, .key = "state", .write = write_code}, {.word = W_FINGERPRINT, .key = "fingerprint"}};

static void show_requests(const json_t *requests)
{
	if (json_array_size(requests) == 0)
		return;
	printf("\n%s\n", word(W_REQUESTS));
	columns_print(stdout, requests, COLUMNS(request_columns), "");
}

static void write_name(struct buf *cell, const json_t *member, const char *key)
{
	buf_printf(cell, "%s%s", fact_text(member, key), fact_true(member, "self") ? word(W_SELF) : "");
}

static const struct column member_columns[] = {
	{.word = W_NAME, .key = "name", .write = write_name}, {.name = "Pays", .key = "pays"}, {.word = W_ROLE, .key = "role", .write = write_code},
	{.word = W_STATE, .key = "state", .write = write_code}, {.word = W_FINGERPRINT, .key = "fingerprint"}, {.word = W_ADDRESS, .key = "address"},
	{.name = "id", .key = "id"}};

int cmd_members(const struct args *a)
{
	struct client c;

	if (client_open(&c, a) && client_call(&c, "GET", "/members", NULL) && !command_json(&c)) {
		columns_print(stdout, json_object_get(c.json, "members"), COLUMNS(member_columns), "");
		show_requests(json_object_get(c.json, "requests"));
	}
	return client_close(&c, 0);
}

int command_decide(const struct args *a, const char *path, json_t *send, enum word_id said)
{
	struct client c;

	if (!client_open(&c, a))
		json_decref(send);
	else if (client_call(&c, "POST", path, send) && !command_json(&c) && !a->quiet) {
		struct buf line;

		buf_init(&line, 65536);
		word_add(&line, said, fact_text(c.json, "name"), fact_text(c.json, "pays"));
		if (fact_has(c.json, "awaited"))
			word_add(&line, W_APPROVED_LATER, fact_text(c.json, "awaited"));
		print_line(stdout, buf_cstr(&line));
		putchar('\n');
		buf_done(&line);
	}
	return client_close(&c, 0);
}

int cmd_approve(const struct args *a)
{
	return command_decide(a, "/approve", json_pack("{s:s}", "hub", a->words[0]), W_APPROVED);
}

int cmd_deny(const struct args *a)
{
	return command_decide(a, "/deny", json_pack("{s:s}", "hub", a->words[0]), W_DENIED);
}

int cmd_connect(const struct args *a)
{
	const char *colon = strrchr(a->words[1], ':');
	int64_t port;

	if (!colon || colon == a->words[1] || !count_parse(colon + 1, 65535, &port) || port == 0)
		return print_fail(ES_USAGE, W_NOT_AN_ADDRESS, a->words[1]);
	return command_decide(a, "/connect", json_pack("{s:s, s:s}", "hub", a->words[0], "address", a->words[1]),
		      W_CONNECTED);
}
