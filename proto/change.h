/* SPDX-License-Identifier: Apache-2.0
 *
 * A change: a patch of one record, canonical bytes
 *     [op, record_id, kind, edited, base, {field number: value}]
 * and its digest under a 16-byte salt (protocol.md part 2). Control entries
 * have nil for record_id, kind, edited and base. */
#ifndef PROTO_CHANGE_H
#define PROTO_CHANGE_H

#include "common/crypto.h"
#include "common/stamp.h"

#define CHANGE_MAX 32768 /* bytes */
#define CHANGE_FIELDS_MAX 256

enum change_op {
	OP_PUT = 1, OP_PROPOSE = 2, OP_ANSWER = 3, OP_RECEIPT = 4, OP_REQUEST = 5, OP_DATA_LAST = 31,
	OP_GENESIS = 32, OP_MEMBER, OP_OPEN, OP_SUSPEND, OP_RESUME, OP_REVOKE, OP_ROTATE,
	OP_STEWARD, OP_FORGET, OP_TERRITORY, OP_CHARTER, OP_CHECKPOINT, OP_RESOLVE, OP_VOID,
	OP_QUOTA, OP_INVITE, OP_RECOVER
};

struct change {
	unsigned op;
	bool control; /* record, kind, edited and base are nil */
	struct record_id record;
	unsigned kind;
	es_stamp edited;
	es_stamp base; /* 0: nil, the editor saw no value */
	struct slice fields; /* the canonical map, borrowed */
};

/* Checks canonical form, shape and limits. */
ES_MUST_USE enum es_err change_decode(struct slice bytes, struct change *out);
/* The same for bytes that change_decode() has accepted before, as their digest
 * says: canonical form is not checked again. */
ES_MUST_USE enum es_err change_read(struct slice bytes, struct change *out);
/* `fields` is a canonical map. */
void change_encode(const struct change *c, struct buf *out);

/* The length of the first value of bytes that canon_check has passed before: its
 * heads are read, not its text. 0 where it does not fit. */
size_t change_extent(struct slice checked);

/* Walks the fields: false at the end. Only on a decoded change's map. */
struct field_walk {
	struct slice rest;
	uint32_t left;
};
struct field_walk field_walk_start(struct slice fields);
bool field_walk_next(struct field_walk *w, unsigned *no, struct slice *value);
/* The value of one field; an empty slice where it is not named. */
struct slice change_field(struct slice fields, unsigned no);

#endif
