/* SPDX-License-Identifier: Apache-2.0
 *
 * "did you mean ...?": which name of a table a mistyped one is near to. */
#ifndef DAEMON_SPELLING_H
#define DAEMON_SPELLING_H

#include <stddef.h>

/* Insertions, deletions, substitutions and swaps of neighbours. */
size_t edit_distance(const char *a, const char *b);
/* Called for each candidate, with *best SIZE_MAX at first: `found` is the nearest one
 * that is near enough. Up to a third of the word may be wrong, and one letter of any. */
void spelling_nearer(const char *name, const char *candidate, size_t *best, const char **found);

#endif
