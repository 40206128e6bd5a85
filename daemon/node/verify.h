/* SPDX-License-Identifier: Apache-2.0
 *
 * `essaim verify`: every chain, signature and digest of the journal, its pages,
 * and the directory against a fresh fold beside it. */
#ifndef DAEMON_VERIFY_H
#define DAEMON_VERIFY_H

#include "daemon/node/node.h"

/* Appends JSON {"ok", "commits", "changes", "problems":[{"log","seq","what"}]}.
 * ES_DAMAGED when there are problems. Writes verify.db in the data directory and
 * removes it. */
ES_MUST_USE enum es_err verify_node(struct node *n, struct buf *json);
/* The pages of directory.db at `path`, read-only, also while a daemon has it open; `quick`
 * leaves the indexes out. *schema: the one it says it was made with. ES_PAGE_DAMAGED... */
ES_MUST_USE enum es_err verify_directory_pages(const char *path, bool quick, uint32_t *schema);
/* For a directory whose control log does not even open. */
ES_MUST_USE enum es_err verify_broken(const char *dir, struct buf *json, struct buf *why);

#endif
