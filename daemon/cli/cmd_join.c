/* SPDX-License-Identifier: Apache-2.0
 *
 * join: what home offers is shown before anything is made or promised. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/say.h"
#include "daemon/cli/command.h"
#include "daemon/cli/here.h"
#include "daemon/cli/print.h"
#include "daemon/node/setup.h"

static int fail(enum es_err err, struct buf *why)
{
	return print_fail_text(es_err_exit(err), why->len ? buf_cstr(why) : _(es_err_text(err)));
}

/* A code copied with spaces arrives as several words. */
static enum es_err read_code(const struct args *a, struct invite *out)
{
	struct buf text;
	enum es_err err;

	buf_init(&text, 4096);
	for (size_t i = 0; i < a->word_count; i++)
		buf_str(&text, a->words[i]);
	err = buf_err(&text) == ES_OK ? invite_decode(buf_slice(&text), out) : ES_MISTYPED;
	buf_done(&text);
	return err;
}

static void offer_line(FILE *f, enum word_id label, const char *text)
{
	fprintf(f, "%s : ", word(label));
	print_line(f, text);
	putc('\n', f);
}

static void show_offer(const struct join_offer *o, FILE *f)
{
	offer_line(f, W_FEDERATION, o->federation);
	offer_line(f, W_CRESS, o->cress);
	offer_line(f, W_INVITED, o->name);
	offer_line(f, W_PAYS, o->pays);
	offer_line(f, W_HOME_FINGERPRINT, o->fingerprint);
	fprintf(f, "\n%s\n\n", word(W_CHARTER));
	print_text(f, o->charter ? o->charter : "");
	fputs("\n\n", f);
}

static bool ask_yes(void)
{
	static const char *const yes[] = {"oui", "o", "yes", "y"};
	char line[64] = "";

	fputs(word(W_ACCEPT_ASK), stderr);
	fflush(stderr);
	if (!fgets(line, sizeof line, stdin))
		return false;
	line[strcspn(line, "\r\n")] = 0;
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
		if (strcasecmp(line, yes[i]) == 0)
			return true;
	}
	return false;
}

static void print_result(const struct args *a, const struct join_offer *offer, const char *fingerprint,
			 const char *state)
{
	json_t *j;
	char *text;

	if (!a->json) {
		word_print(stdout, W_JOINED, fingerprint, state);
		word_print(stdout, strcmp(state, "waiting") == 0 ? W_JOIN_WAITING : W_JOIN_APPROVED);
		return;
	}
	j = json_pack("{s:s, s:s, s:s, s:s}", "state", state, "fingerprint", fingerprint, "federation",
		      offer->federation, "pays", offer->pays);
	text = json_dumps(j, JSON_COMPACT);
	puts(text ? text : "{}");
	free(text);
	json_decref(j);
}

static int accept_offer(const struct args *a, struct setup *s, const struct invite *invite,
			const struct join_offer *offer, struct buf *why)
{
	char fingerprint[FINGERPRINT_LEN + 1] = "", state[16] = "";
	bool agreed = args_has(a, "accept-charter");
	enum es_err err;

	/* What is agreed to is shown, unless only the answer was asked for. */
	if (!agreed || !(a->json || a->quiet))
		show_offer(offer, a->json ? stderr : stdout);
	fflush(stdout);
	if (!agreed && !ask_yes()) {
		print_fail(ES_NOT_ALLOWED, W_NOT_ACCEPTED);
		return 1;
	}
	if (!s->name)
		s->name = offer->name;
	err = setup_join_accept(s, invite, offer, fingerprint, state, why);
	if (err != ES_OK)
		return fail(err, why);
	here_leave();
	print_result(a, offer, fingerprint, state);
	here_made(a, s->dir, true);
	return 0;
}

int cmd_join(const struct args *a)
{
	char dir[CLIENT_PATH_MAX];
	struct setup s = {.dir = dir,
			  .name = args_get(a, "name"),
			  .listen = args_get(a, "listen"),
			  .advertise = args_get(a, "advertise")};
	struct join_offer offer = {0};
	struct invite invite;
	struct buf why;
	int code;

	if (!client_data_dir(a, dir))
		return print_fail(ES_USAGE, W_PATH_LONG, "--data");
	if (crypto_start() != ES_OK)
		return print_fail_text(es_err_exit(ES_KEY_CHECK), _(es_err_text(ES_KEY_CHECK)));
	if (read_code(a, &invite) != ES_OK)
		return print_fail(ES_MISTYPED, W_MISTYPED);
	if (!args_has(a, "accept-charter") && !isatty(STDIN_FILENO))
		return print_fail(ES_USAGE, W_NO_TERMINAL);
	if (!here_enter(dir, &code))
		return code;
	buf_init(&why, 65536);
	enum es_err err = setup_join_ask(&s, &invite, &offer, &why);
	code = err == ES_OK ? accept_offer(a, &s, &invite, &offer, &why) : fail(err, &why);
	here_leave();
	free(offer.charter);
	buf_done(&why);
	crypto_wipe(&invite.secret, sizeof invite.secret);
	return code;
}
