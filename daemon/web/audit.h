/* SPDX-License-Identifier: Apache-2.0
 *
 * DIR/audit.log: who signed in, and who wrote what, without a value (0600, this node's
 * alone). One JSON object a line:
 *
 *   {"at", "who", "role", "from", "what", "uid", "code"}
 *
 *   who   an account; "uid 1000" for a user of this machine on the unix socket; "" for a
 *         sign-in under a name that nobody has: people type passwords there
 *   what  the route, "POST /api/v1/records/": nothing that was typed is in it
 *   uid   of the one record it was about, "" else
 *   code  OK, or the error's name (err.def)
 *
 * Past AUDIT_BYTES_MAX the file becomes audit.log.1, whose former content goes: 30,000
 * lines at least are there. Appended by the loop's thread, not synced: it tells of
 * people, and the journal alone is evidence. */
#ifndef DAEMON_AUDIT_H
#define DAEMON_AUDIT_H

#include "common/bytes.h"

#define AUDIT_BYTES_MAX (8 * 1024 * 1024)
#define AUDIT_LINES_MAX 10000 /* of one reading */

struct audit_line {
	const char *who, *role, *from, *method, *route, *uid, *code;
};
/* A disk that takes nothing is logged, and nobody is kept from his work. */
void audit_note(const char *dir, const struct audit_line *line);
/* The last `limit` lines, the oldest first, as a JSON array. */
ES_MUST_USE enum es_err audit_read(const char *dir, size_t limit, struct buf *out);

#endif
