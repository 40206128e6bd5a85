/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kinds of test vectors share: a tally, and access to a file's JSON
 * or CSV. A kind's function walks one file and calls vector_check() once for
 * each vector; a file of another shape sets `unparsable` and ends the walk. */
#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H

#include <stdbool.h>
#include "common/bytes.h"

typedef struct json_t json_t; /* jansson.h */

struct tally {
	unsigned passed, failed, skipped;
	bool unparsable;
};

/* Counts a vector; where it failed, says which on stderr. */
void vector_check(struct tally *t, bool good, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void vector_skip(struct tally *t, const char *why, const char *name);

/* The array "vectors" of the file, or the file itself where it is an array. */
json_t *vectors_of(json_t *root, struct tally *t);
/* A member's text, NULL where there is none. */
const char *vector_text(const json_t *vector, const char *name);
/* Bytes of a hexadecimal member, '-' between bytes allowed; the caller frees
 * with buf_done(). A missing or other value sets `unparsable`. */
struct buf vector_hex(const json_t *vector, const char *name, struct tally *t);
struct buf vector_hex_text(const char *text, struct tally *t);
/* "valid" and "acceptable" against "invalid"; any other result sets
 * `unparsable`. */
bool vector_valid(const json_t *vector, struct tally *t);

void noise_vectors(json_t *root, struct tally *t);
void ed25519_vectors(json_t *root, struct tally *t);
void x25519_vectors(json_t *root, struct tally *t);
void chacha_vectors(json_t *root, struct tally *t);
void blake2b_vectors(json_t *root, struct tally *t);
void msgpack_vectors(json_t *root, struct tally *t);
void siret_vectors(char *csv, struct tally *t);
void distance_vectors(char *csv, struct tally *t);
void score_vectors(char *lines, struct tally *t);

#endif
