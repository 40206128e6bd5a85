/* SPDX-License-Identifier: Apache-2.0
 *
 * Which encoding a spreadsheet wrote, and the others into UTF-8. Excel's "Unicode
 * text" is UTF-16 with a byte order mark, which is believed. */
#ifndef DAEMON_ENCODING_H
#define DAEMON_ENCODING_H

#include "common/bytes.h"

enum encoding { ENCODING_UTF_8, ENCODING_WINDOWS_1252, ENCODING_UTF_16LE, ENCODING_UTF_16BE };

const char *encoding_name(enum encoding e); /* "utf-8" */
/* `asked`: a name, or NULL to detect (domain.md part 5). ES_BAD_VALUE: the file
 * is in neither, or not in the one asked for; a sentence goes to `why`. */
ES_MUST_USE enum es_err encoding_find(struct slice file, const char *asked, enum encoding *out, struct buf *why);
void encoding_to_utf8(struct slice cp1252, struct buf *out);
bool encoding_is_utf16(struct slice file, enum encoding *out); /* by its byte order mark */
/* The text behind the mark. ES_BAD_VALUE: half a character. */
ES_MUST_USE enum es_err encoding_from_utf16(struct slice file, enum encoding e, struct buf *out);
/* Valid UTF-8 into Windows-1252; what it has no byte for becomes '?'. */
void encoding_from_utf8(struct slice utf8, struct buf *out);

#endif
