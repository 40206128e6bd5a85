/* SPDX-License-Identifier: Apache-2.0
 *
 * The numbered fields of one control entry, request or answer: a change's field
 * map, whose canonical form has been checked with the change.
 *
 * The reader is sticky: after the first failure everything reads as zero, and the
 * caller asks `err` once. A field that is not named reads as a failure, except
 * through fields_has(). Fields beyond those asked for are passed over. */
#ifndef PROTO_FIELDS_H
#define PROTO_FIELDS_H

#include "proto/canon.h"
#include "proto/change.h"

struct fields {
	struct slice map;
	enum es_err err;
};

struct fields fields_of(struct slice map);
/* Named, and not nil. */
bool fields_has(const struct fields *f, unsigned no);
/* For what has a shape of its own: read, then hand back with fields_read(). */
struct canon_reader fields_reader(const struct fields *f, unsigned no);
void fields_read(struct fields *f, const struct canon_reader *r);
struct slice fields_str(struct fields *f, unsigned no, size_t max);
/* Copies at most size - 1 bytes and ends them with NUL. */
void fields_text(struct fields *f, unsigned no, char *out, size_t size);
void fields_exact(struct fields *f, unsigned no, void *out, size_t n);
uint64_t fields_u64(struct fields *f, unsigned no, uint64_t max);
bool fields_bool(struct fields *f, unsigned no);

/* One field, after a canon_map() that counts it; numbers ascend. */
void field_put_str(struct buf *out, unsigned no, struct slice text);
void field_put_bin(struct buf *out, unsigned no, const void *p, size_t n);
void field_put_u64(struct buf *out, unsigned no, uint64_t v);
void field_put_bool(struct buf *out, unsigned no, bool v);
void field_put_nil(struct buf *out, unsigned no);

#endif
