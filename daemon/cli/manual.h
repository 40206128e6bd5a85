/* SPDX-License-Identifier: Apache-2.0
 *
 * essaim(1), made of the command table, in the language chosen. */
#ifndef DAEMON_CLI_MANUAL_H
#define DAEMON_CLI_MANUAL_H

/* As roff, on stdout. */
void manual_print(void);

#endif
