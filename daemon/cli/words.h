/* SPDX-License-Identifier: Apache-2.0
 *
 * What the program says to people, in French or in English (words.def). Both
 * texts of a word take the same arguments in the same order; cli_test checks it. */
#ifndef DAEMON_CLI_WORDS_H
#define DAEMON_CLI_WORDS_H

#include <stdio.h>
#include "common/bytes.h"

enum word_id {
#define WORD(id, fr, en) W_##id,
#include "daemon/cli/words.def"
#undef WORD
	WORD_COUNT
};
enum word_language { WORDS_EN, WORDS_FR, WORDS_LANGUAGES };

/* What the environment asks for (daemon/service/language.h). */
void words_choose(void);
void words_set(enum word_language language);
enum word_language words_language(void);
const char *word_in(enum word_language language, enum word_id id);
const char *word(enum word_id id); /* in the language chosen */
/* What people read for a code of the JSON, or for its key; the code itself where there is
 * no word for it. */
const char *word_of_code(const char *code);
void word_add(struct buf *b, enum word_id id, ...);
/* ": " and what people read for the code of a finding (daemon/rules/sentences.def); nothing
 * where there is no sentence for it. */
void word_add_sentence(struct buf *b, const char *code, const char *field);
void word_print(FILE *f, enum word_id id, ...);
/* The one of two texts that is in the language chosen. */
const char *word_pick(const char *fr, const char *en);

#endif
