/* SPDX-License-Identifier: Apache-2.0
 *
 * What an import says of one table, and what is left beside it to be corrected. */
#ifndef DAEMON_CLI_IMPORT_REPORT_H
#define DAEMON_CLI_IMPORT_REPORT_H

#include <jansson.h>
#include "common/bytes.h"

/* A line that is neither accepted nor written, rejected or like a record that
 * stands here, comes back in FILE.rejets.csv. */
void import_show(const json_t *report);
/* How many lines were rejected, how many wait for an answer. */
int64_t import_rejected(const json_t *report);
int64_t import_candidates(const json_t *report);
/* Writes FILE.rejets.csv; `path` gets its name. 0, or the exit code, said. */
int import_leave(const char *file, struct slice bytes, const json_t *report, char *path, size_t size);

#endif
