/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/cli/words.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* The formats are words.def's, never a user's. */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static const char *const word_texts[WORD_COUNT][WORDS_LANGUAGES] = {
#define WORD(id, fr, en) [W_##id] = {[WORDS_FR] = fr, [WORDS_EN] = en},
#include "daemon/cli/words.def"
#undef WORD
};

static enum word_language chosen = WORDS_EN;

void words_choose(void)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *value = getenv(names[i]);

		if (value && *value) {
			words_set(strncmp(value, "fr", 2) == 0 ? WORDS_FR : WORDS_EN);
			return;
		}
	}
}

void words_set(enum word_language language)
{
	chosen = language;
}

enum word_language words_language(void)
{
	return chosen;
}

const char *word_in(enum word_language language, enum word_id id)
{
	assert((unsigned)id < WORD_COUNT && (unsigned)language < WORDS_LANGUAGES);
	return word_texts[id][language];
}

const char *word(enum word_id id)
{
	return word_in(chosen, id);
}

void word_add(struct buf *b, enum word_id id, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, id);
	if (vasprintf(&text, word(id), ap) >= 0)
		buf_str(b, text);
	va_end(ap);
	free(text);
}

void word_print(FILE *f, enum word_id id, ...)
{
	va_list ap;

	va_start(ap, id);
	vfprintf(f, word(id), ap);
	va_end(ap);
}

const char *word_pick(const char *fr, const char *en)
{
	return chosen == WORDS_FR ? fr : en;
}
