/* SPDX-License-Identifier: Apache-2.0
 *
 * A backup is one SQLite file, mode 0600: the journal as it was at one moment, and
 * a table `sauvegarde(nom, valeur)`:
 *
 *   version   of this program
 *   date      UTC, ISO 8601
 *   cle       the key file's text, where it was asked for
 *
 * What comes back is a copy (L2, L13): a new instance, and home, or on a CRESS its
 * members, is asked first. The key alone is enough too: all the rest is fetched. */
#ifndef DAEMON_BACKUP_H
#define DAEMON_BACKUP_H

#include "daemon/node/node.h"

/* On the thread that owns the node, outside a transaction. `path` must not exist
 * (ES_EXISTS). */
ES_MUST_USE enum es_err backup_make(struct node *n, const char *path, bool with_key, struct buf *why);
/* It lies safe where it is to stay: the journal remembers when (meta "backup"). */
ES_MUST_USE enum es_err backup_kept(struct node *n);
#endif
