/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LOG_LINE_MAX 2048 /* bytes; a longer line is cut */
/* Around each value while the line is made: bytes that no UTF-8 text holds. */
#define VALUE_BEGIN '\xfe'
#define VALUE_END '\xff'

static enum log_level log_most = LOG_INFO;
static bool log_plain;

struct log_line {
	char text[LOG_LINE_MAX];
	size_t len;
};

void log_set_level(enum log_level most)
{
	log_most = most;
}

void log_set_plain(bool plain)
{
	log_plain = plain;
}

static void log_char(struct log_line *l, char c)
{
	if (l->len < sizeof(l->text) - 1)
		l->text[l->len++] = c;
}

/* The format with marks around what follows each '=', up to a space. The
 * marks tell a value's own spaces from those between pairs. Quotes in the
 * format only group: log_value() writes those that are needed. */
static void log_mark(struct log_line *l, const char *fmt)
{
	bool in_value = false, in_quotes = false;

	for (; *fmt != '\0'; fmt++) {
		if (in_value && *fmt == '"') {
			in_quotes = !in_quotes;
			continue;
		}
		if (in_value && !in_quotes && *fmt == ' ') {
			log_char(l, VALUE_END);
			in_value = false;
		}
		log_char(l, *fmt);
		if (!in_value && *fmt == '=') {
			log_char(l, VALUE_BEGIN);
			in_value = true;
		}
	}
	if (in_value)
		log_char(l, VALUE_END);
	l->text[l->len] = '\0';
}

/* A control character becomes '?', a stray mark too: nobody writes a second
 * line into the journal. */
static void log_visible(struct log_line *l, char c)
{
	unsigned char u = (unsigned char)c;

	log_char(l, u < ' ' || u == 0x7f || u >= 0xfe ? '?' : c);
}

/* Quoted where a reader that splits on spaces would be misled. */
static void log_value(struct log_line *l, const char *p, size_t len)
{
	bool quote = len == 0;

	for (size_t i = 0; i < len; i++)
		quote = quote || p[i] == ' ' || p[i] == '"' || p[i] == '=';
	if (quote)
		log_char(l, '"');
	for (size_t i = 0; i < len; i++) {
		if (quote && (p[i] == '"' || p[i] == '\\'))
			log_char(l, '\\');
		log_visible(l, p[i]);
	}
	if (quote)
		log_char(l, '"');
}

static void log_unmark(struct log_line *l, const char *p)
{
	while (*p != '\0') {
		const char *end = *p == VALUE_BEGIN ? strchr(p, VALUE_END) : NULL;

		if (*p == VALUE_BEGIN) {
			size_t len = end ? (size_t)(end - p) - 1 : strlen(p) - 1;

			log_value(l, p + 1, len);
			p += 1 + len + (end != NULL);
		} else {
			log_visible(l, *p++);
		}
	}
}

void log_event(enum log_level level, const char *event, const char *fmt, ...)
{
	struct log_line marked = {.len = 0}, line = {.len = 0};
	char filled[LOG_LINE_MAX];
	va_list args;

	if (level > log_most)
		return;
	log_mark(&marked, fmt);
	va_start(args, fmt);
	vsnprintf(filled, sizeof(filled), marked.text, args);
	va_end(args);
	if (!log_plain)
		line.len = (size_t)snprintf(line.text, sizeof(line.text), "<%d>", (int)level);
	line.len += (size_t)snprintf(line.text + line.len, sizeof(line.text) - line.len, "%.200s%s", event,
				     filled[0] != '\0' ? " " : "");
	log_unmark(&line, filled);
	/* One write a line, so that lines of two processes do not mix. */
	line.text[line.len] = '\n'; /* log_char() leaves the last byte free */
	fwrite(line.text, 1, line.len + 1, stderr);
}
