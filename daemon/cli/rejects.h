/* SPDX-License-Identifier: Apache-2.0
 *
 * FILE.rejets.csv: what an import turned away, as it was written, each record
 * with its reasons in a last column. Appears whole or not at all. */
#ifndef DAEMON_CLI_REJECTS_H
#define DAEMON_CLI_REJECTS_H

#include "common/bytes.h"

/* `reasons` by record, NULL where it was not rejected. 0, or the exit code once
 * said. */
ES_MUST_USE
int rejects_write(const char *path, struct slice file, char separator, const char *const *reasons,
		  size_t count);

#endif
