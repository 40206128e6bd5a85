/* SPDX-License-Identifier: Apache-2.0
 *
 * What people read for the code of a finding (sentences.def), where `field` is the one it
 * speaks of; of a spreadsheet's own column, whose field is not known, "" does. */
#ifndef DAEMON_SENTENCES_H
#define DAEMON_SENTENCES_H

#include "common/say.h"

/* NULL: a code of a newer daemon. */
const char *sentence_in(enum say_language language, const char *code, const char *field);
/* [{code, fields, fr, en}...]: the first whose `fields`, "a|b", name the field, else the one
 * that has none. */
void sentences_json(struct buf *out);

#endif
