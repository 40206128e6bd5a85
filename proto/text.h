/* SPDX-License-Identifier: Apache-2.0
 *
 * Unicode, as far as names of French places and people need it: trimming,
 * counting, folding for comparison, and what Windows-1252 does to a text. */
#ifndef PROTO_TEXT_H
#define PROTO_TEXT_H

#include "common/bytes.h"

/* The code point at *at of a valid UTF-8 text, and *at behind it. */
uint32_t text_next(struct slice text, size_t *at);
void text_add(struct buf *out, uint32_t cp);
/* Every byte is printable ASCII. */
bool text_plain(struct slice text);
/* Without spaces of any kind (NBSP and U+202F too) at both ends. */
struct slice text_trim(struct slice text);
/* How many of at most `max` bytes end between two characters. */
size_t text_cut(struct slice text, size_t max);
bool text_is_space(uint32_t cp);
/* Shows nothing and may make the rest read as something else: marks of direction, widths of
 * zero, soft hyphens, tags. The joiners that scripts need are none. */
bool text_is_hidden(uint32_t cp);
/* Unicode's own ends of lines and paragraphs. */
bool text_is_line_end(uint32_t cp);
/* Does it hold one of those? A plain text does not. */
bool text_holds(struct slice text, bool (*is)(uint32_t cp));
/* A cell that a spreadsheet takes for a formula (R19): it begins with = + - @ TAB or CR,
 * behind any apostrophes. Each apostrophe before it is one that an export has set, or
 * will be told from those by one more. */
bool text_is_formula(struct slice text);
size_t text_length(struct slice text); /* code points */

/* Lower case without accents, ligatures spelled out; runs of letters and digits
 * separated by one space. Apostrophes: */
enum text_words {
	TEXT_APART,  /* separate words: "l atelier" (places, headers) */
	TEXT_JOINED, /* disappear: "latelier" (queries) */
	TEXT_BOTH    /* the joined word, then its parts (index) */
};
void text_fold(struct slice text, enum text_words how, struct buf *out);

/* The code point of a Windows-1252 byte; 0 for the five that have none. */
uint32_t text_from_cp1252(uint8_t byte);
/* UTF-8 that was once read as Windows-1252 and encoded again: appends the text
 * as it was meant and answers true. */
bool text_repair(struct slice text, struct buf *out);

#endif
