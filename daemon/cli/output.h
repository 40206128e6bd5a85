/* SPDX-License-Identifier: Apache-2.0
 *
 * A file that appears whole or not at all: written beside its place, synced,
 * then renamed. What is there already and is not a regular file (a device, a
 * pipe) is written to directly; a link is followed. */
#ifndef DAEMON_CLI_OUTPUT_H
#define DAEMON_CLI_OUTPUT_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

struct output {
	FILE *file;
	bool direct;
	char path[PATH_MAX], beside[PATH_MAX + 32];
};

/* These three set errno on failure. A failed output_done leaves what was there. */
bool output_open(struct output *o, const char *path);
bool output_done(struct output *o);
void output_drop(struct output *o); /* gives up; keeps errno */

#endif
