/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of a search: what is asked of the word index, and whether a text has them. */
#include "daemon/search/search_parts.h"

#include <string.h>

#include "proto/value.h"

static bool word_byte(uint8_t c)
{
	return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

static bool has_letters(struct slice word)
{
	for (size_t i = 0; i < word.len; i++)
		if (word_byte(word.p[i]))
			return true;
	return false;
}

static void match_word(struct searching *q, struct slice word)
{
	if (!has_letters(word))
		return;
	buf_str(&q->match, q->has_words ? " \"" : "{texte} : (\"");
	for (size_t i = 0; i < word.len; i++) {
		if (word.p[i] == '"')
			buf_add_u8(&q->match, '"');
		buf_add_u8(&q->match, word.p[i]);
	}
	buf_str(&q->match, "\"*");
	q->has_words = true;
}

/* The first of the words that a space parts; `words` gets the others. */
static struct slice next_word(struct slice *words)
{
	const uint8_t *end = memchr(words->p, ' ', words->len);
	struct slice word = SLICE(words->p, end == NULL ? words->len : (size_t)(end - words->p));
	size_t passed = end == NULL ? word.len : word.len + 1;

	*words = SLICE(words->p + passed, words->len - passed);
	return word;
}

enum es_err words_match(struct searching *q)
{
	struct buf folded;
	struct slice rest;
	enum es_err err;

	buf_init(&folded, QUERY_MAX * 8);
	buf_init(&q->match, QUERY_MAX * 16);
	value_fold_text(q->s->text, true, &folded);
	err = buf_err(&folded);
	rest = err == ES_OK ? buf_slice(&folded) : SLICE_NONE;
	while (rest.len > 0)
		match_word(q, next_word(&rest));
	q->nothing = !q->has_words && (folded.len > 0 || !(q->s->near || q->s->kind != NULL || filter_given(q->s)));
	if (q->has_words)
		buf_str(&q->match, ")");
	buf_done(&folded);
	return err == ES_OK ? buf_err(&q->match) : err;
}

/* Does the text have a word that starts so? */
static bool has_word(struct slice text, struct slice word)
{
	for (size_t i = 0; i + word.len <= text.len; i++)
		if ((i == 0 || !word_byte(text.p[i - 1])) && memcmp(text.p + i, word.p, word.len) == 0)
			return true;
	return false;
}

bool words_in(struct slice text, struct slice words)
{
	while (words.len > 0) {
		struct slice word = next_word(&words);

		if (has_letters(word) && !has_word(text, word))
			return false;
	}
	return true;
}
