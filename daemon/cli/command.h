/* SPDX-License-Identifier: Apache-2.0
 *
 * The handlers: one per row of commands.def, each answers with the program's
 * exit code and has then said what there was to say. */
#ifndef DAEMON_CLI_COMMAND_H
#define DAEMON_CLI_COMMAND_H

#include "daemon/cli/client.h"
#include "daemon/cli/words.h"
#include "daemon/cli/table.h"

#define COMMAND(name, ...) int cmd_##name(const struct args *a);
#define OPTION(...)
#include "daemon/cli/commands.def"
#undef COMMAND
#undef OPTION

/* --limit, --offset... into the path; false (and said, 64) when not a number. */
bool command_count(const struct args *a, const char *option, struct buf *path);
/* FIELD=VALUE words from `first` on as an object of texts; NULL after a failure, which
 * has been said and is in *code. */
json_t *command_values(const struct args *a, size_t first, int *code);
/* Before what cannot be undone: `what` typed again on a terminal, or --yes. 0, or the
 * exit code, said. */
int command_confirm(const struct args *a, enum word_id warning, const char *what);
/* One decision: POST, then, unless --json or --quiet, one line that names {name} and
 * {pays} of the answer. Takes `send`. */
int command_decide(const struct args *a, const char *path, json_t *send, enum word_id said);
/* An invitation, as the answer has it: the string alone on stdout, for scripts. */
void command_show_code(const struct client *c, enum word_id note);
/* What is done without a daemon, in the data directory. */
typedef enum es_err command_here(const struct args *a, const char *dir, struct buf *json, struct buf *why);
/* Asked of the daemon (POST), or done here when none answers: unless a socket was
 * named, which says nothing about where the data is. False: said, code set. */
bool command_ask_or_do(struct client *c, const char *path, json_t *send, command_here *here, int *code);
/* The second half of it, after a call that failed. */
bool command_do_here(struct client *c, command_here *here, int *code);
/* {total, items}: with distances when the search was around somewhere. */
void command_show_list(const struct args *a, const json_t *answer, bool near);
/* `head`, then the names in one line; nothing where there are none. */
void command_names(const json_t *names, enum word_id head);
/* With --json prints the answer and is true: nothing else is to be said. */
bool command_json(const struct client *c);

#endif
