/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/rules/sentences.h"

#include <string.h>

#include "proto/value.h"

static const struct sentence {
	const char *code, *fields, *fr, *en;
} sentences[] = {
#define SENTENCE(code, fields, fr, en) {code, fields, fr, en},
#include "daemon/rules/sentences.def"
};

const char *sentence_in(enum say_language language, const char *code, const char *field)
{
	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
		const struct sentence *s = &sentences[i];

		if (strcmp(s->code, code) == 0 && (s->fields[0] == '\0' || value_one_of(s->fields, slice_str(field))))
			return language == SAY_FRENCH ? s->fr : s->en;
	}
	return NULL;
}

static void member(const char *key, const char *text, struct buf *out)
{
	buf_str(out, key);
	json_quote(slice_str(text), out);
}

void sentences_json(struct buf *out)
{
	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
		member(i ? ",{\"code\":" : "[{\"code\":", sentences[i].code, out);
		member(",\"fields\":", sentences[i].fields, out);
		member(",\"fr\":", sentences[i].fr, out);
		member(",\"en\":", sentences[i].en, out);
		buf_str(out, "}");
	}
	buf_str(out, "]");
}
