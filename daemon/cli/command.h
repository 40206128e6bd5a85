/* SPDX-License-Identifier: Apache-2.0
 *
 * The handlers: one per row of commands.def, each answers with the program's
 * exit code and has then said what there was to say. */
#ifndef DAEMON_CLI_COMMAND_H
#define DAEMON_CLI_COMMAND_H

#include "daemon/cli/client.h"
#include "daemon/cli/table.h"

#define COMMAND(name, ...) int cmd_##name(const struct args *a);
#define OPTION(...)
#include "daemon/cli/commands.def"
#undef COMMAND
#undef OPTION

/* --limit, --offset... into the path; false (and said, 64) when not a number. */
bool command_count(const struct args *a, const char *option, struct buf *path);
/* With --json prints the answer and is true: nothing else is to be said. */
bool command_json(const struct client *c);

#endif
