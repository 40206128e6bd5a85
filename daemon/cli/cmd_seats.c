/* SPDX-License-Identifier: Apache-2.0
 *
 * Seats of events, and structures that several hubs hold. */
#include <string.h>

#include "daemon/cli/columns.h"
#include "daemon/cli/command.h"
#include "daemon/cli/facts.h"
#include "daemon/cli/print.h"

int cmd_register(const struct args *a)
{
	int code;
	json_t *values = command_values(a, 1, &code);
	struct client c;

	if (!values)
		return code;
	if (!client_open(&c, a))
		json_decref(values);
	else if (client_call(&c, "POST", "/register", json_pack("{s:s, s:o}", "uid", a->words[0], "values", values)) &&
		 !command_json(&c))
		printf("%lld\n", (long long)fact_int(c.json, "no"));
	return client_close(&c, 0);
}

int cmd_cancel(const struct args *a)
{
	struct client c;
	int64_t no;

	if (!count_parse(a->words[0], UINT32_MAX, &no))
		return print_fail(ES_USAGE, W_NOT_A_REQUEST, a->words[0]);
	if (client_open(&c, a) && client_call(&c, "POST", "/cancel", json_pack("{s:I}", "no", (json_int_t)no)) &&
	    !command_json(&c) && !a->quiet)
		word_print(stdout, W_CANCELLED);
	return client_close(&c, 0);
}

static void write_state(struct buf *cell, const json_t *item, const char *key)
{
	buf_str(cell, word(strcmp(fact_text(item, key), "granted") == 0 ? W_SEAT_GRANTED : W_SEAT_WAITING));
}

static const struct column request_columns[] = {
	{.name = "N", .key = "no", .shape = COLUMN_SHOWN}, {.word = W_FROM, .key = "hub"}, {.word = W_STRUCTURE, .key = "structure"},
	{.word = W_PERSONS, .key = "nb_personnes", .shape = COLUMN_INT, .right = true}, {.word = W_STATE, .key = "state", .write = write_state},
	{.key = "waits", .shape = COLUMN_FLAG, .yes = W_NOT_SENT}};

int cmd_seats(const struct args *a)
{
	struct client c;
	struct buf path;
	char limit[24];

	buf_init(&path, 4096);
	buf_str(&path, "/seats");
	path_query(&path, "uid", a->words[0]);
	if (client_open(&c, a) && client_call(&c, "GET", buf_cstr(&path), NULL) && !command_json(&c)) {
		snprintf(limit, sizeof limit, "%lld", (long long)fact_int(c.json, "capacity"));
		word_print(stdout, W_SEATS, (long long)fact_int(c.json, "granted"),
			   json_is_null(json_object_get(c.json, "capacity")) ? word(W_NO_LIMIT) : limit,
			   (long long)fact_int(c.json, "waiting"));
		if (json_array_size(json_object_get(c.json, "items")) > 0)
			columns_print(stdout, json_object_get(c.json, "items"), COLUMNS(request_columns), "");
	}
	buf_done(&path);
	return client_close(&c, 0);
}
