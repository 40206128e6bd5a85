/* SPDX-License-Identifier: Apache-2.0
 *
 * Hybrid clock arithmetic: 48 bits of milliseconds since 1970 UTC, then 16
 * bits of counter, compared as one number. Nothing here reads a clock: the
 * time is told. */
#ifndef COMMON_STAMP_H
#define COMMON_STAMP_H

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t es_stamp;
typedef int64_t es_ms; /* milliseconds: a duration, or since 1970 UTC */

#define STAMP_MAX UINT64_MAX
#define STAMP_SKEW_MAX_MS 300000 /* admission and sealing bound, protocol.md 2 */

es_stamp stamp_at(es_ms ms); /* counter 0; clamped to 0..2^48-1 */
es_ms stamp_ms(es_stamp s);
/* The smallest stamp at or after `now` that is above both `last` and `floor`. */
es_stamp stamp_next(es_ms now, es_stamp last, es_stamp floor);
/* Is `s` more than STAMP_SKEW_MAX_MS ahead of the physical time `now`? */
bool stamp_ahead(es_stamp s, es_ms now);
/* "2026-11-22T10:11:12.123Z"; out holds 25 characters. */
void stamp_text(es_stamp s, char out[25]);

#endif
