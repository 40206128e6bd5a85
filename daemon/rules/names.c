/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may see a record changes: what names it follows. */
#include "daemon/rules/follow.h"

#define WITHDRAWN_BYTES (1 << 26)

enum es_err names_follow(const struct following *f)
{
	struct buf withdrawn;
	struct id16 uid;

	if (f->was.creating || !ulid_decode(f->uid, ULID_LEN, uid.bytes))
		return ES_OK;
	buf_init(&withdrawn, WITHDRAWN_BYTES);
	enum es_err err = node_say_names(f->n, f->was.e->kind, &uid, &withdrawn);
	if (err == ES_OK)
		err = node_erase_withdrawn(f->n, (const struct withdrawn *)(const void *)withdrawn.p,
					   withdrawn.len / sizeof(struct withdrawn));
	buf_done(&withdrawn);
	return err;
}
