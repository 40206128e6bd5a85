/* SPDX-License-Identifier: Apache-2.0
 *
 * Seats of events, and structures that several hubs hold. */
#include <string.h>

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

static void show_requests(const json_t *items)
{
	struct grid g;
	json_t *item;
	size_t i;

	grid_init(&g, 6);
	g.right = 1 << 3;
	grid_head(&g, (const char *const[]){"N", word(W_FROM), word(W_STRUCTURE), word(W_PERSONS), word(W_STATE), ""});
	json_array_foreach((json_t *)(uintptr_t)items, i, item)
	{
		bool granted = strcmp(fact_text(item, "state"), "granted") == 0;

		grid_add_int(&g, fact_int(item, "no"));
		grid_add(&g, fact_text(item, "hub"));
		grid_add(&g, fact_text(item, "structure"));
		grid_add_int(&g, fact_int(item, "nb_personnes"));
		grid_add(&g, word(granted ? W_SEAT_GRANTED : W_SEAT_WAITING));
		grid_add(&g, json_is_true(json_object_get(item, "waits")) ? word(W_NOT_SENT) : "");
	}
	grid_print(&g, stdout);
}

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
			show_requests(json_object_get(c.json, "items"));
	}
	buf_done(&path);
	return client_close(&c, 0);
}
