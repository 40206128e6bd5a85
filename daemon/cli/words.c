/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/cli/words.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/rules/sentences.h"
#include "daemon/service/language.h"

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
	words_set(language_of_environment() == SAY_FRENCH ? WORDS_FR : WORDS_EN);
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

const char *word_of_code(const char *code)
{
	static const enum word_id ids[] = {W_KIND, W_OWNER, W_SCOPE, W_CODE_HUB, W_CODE_CRESS, W_CODE_ACTIVE, W_CODE_SUSPENDED,
					   W_CODE_REVOKED, W_CODE_WAITING, W_CODE_APPROVED, W_CODE_DENIED, W_CODE_OFFLINE, W_CODE_CONNECTING,
					   W_CODE_HANDSHAKE, W_CODE_CATCHING_UP, W_CODE_LIVE, W_CODE_REFUSED, W_CODE_RECOVERING, W_CODE_FENCED,
					   W_CODE_PUBLIC,
					   W_CODE_FEDERATION, W_CODE_LOCAL, W_CODE_CONTROL};

	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
		if (strcmp(word_in(WORDS_EN, ids[i]), code) == 0)
			return word(ids[i]);
	return code;
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

void word_add_sentence(struct buf *b, const char *code, const char *field)
{
	const char *text = sentence_in(chosen == WORDS_FR ? SAY_FRENCH : SAY_ENGLISH, code, field);

	if (text)
		buf_printf(b, ": %s", text);
}

void word_print(FILE *f, enum word_id id, ...)
{
	va_list ap;

	if (f == stderr)
		fflush(stdout); /* both into one pipe: what was said first comes first */
	va_start(ap, id);
	vfprintf(f, word(id), ap);
	va_end(ap);
}

const char *word_pick(const char *fr, const char *en)
{
	return chosen == WORDS_FR ? fr : en;
}
