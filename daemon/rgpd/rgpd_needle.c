/* SPDX-License-Identifier: Apache-2.0
 *
 * What a person is known by, looked for in texts. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "daemon/rgpd/rgpd.h"
#include "proto/text.h"

#define PHONE_DIGITS 9 /* without the country or the 0 in front */
#define FOLDED_MAX (1u << 20)

const char *needle_by(const struct needle *x)
{
	static const char *const by[] = {
		[NEEDLE_EMAIL] = "courriel", [NEEDLE_PHONE] = "telephone", [NEEDLE_NAME] = "nom", [NEEDLE_UID] = "reference"};

	return by[x->type];
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* --- addresses --- */

static bool in_address(uint8_t c)
{
	return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c >= 0x80 || strchr("_%+-@", c) != NULL;
}

/* A dot ends a sentence, or is part of the address. */
static bool ends_address(struct slice text, size_t at)
{
	if (at >= text.len || text.p[at] == 0)
		return true;
	if (text.p[at] == '.')
		return at + 1 >= text.len || !in_address(text.p[at + 1]);
	return !in_address(text.p[at]);
}

static bool has_address(struct slice text, const char *address)
{
	size_t len = strlen(address);

	for (size_t at = 0; at + len <= text.len; at++) {
		size_t i = 0;

		if (at > 0 && text.p[at - 1] && (in_address(text.p[at - 1]) || text.p[at - 1] == '.'))
			continue;
		while (i < len && lower(text.p[at + i]) == (uint8_t)address[i])
			i++;
		if (i == len && ends_address(text, at + len))
			return true;
	}
	return false;
}

/* --- numbers --- */

static bool between_digits(struct slice text, size_t *at)
{
	if (text.p[*at] == 0)
		return false;
	if (strchr(" .-/()", text.p[*at])) {
		++*at;
		return true;
	}
	if (text.p[*at] >= 0x80) { /* a space of another kind */
		size_t next = *at;

		if (text_is_space(text_next(text, &next))) {
			*at = next;
			return true;
		}
	}
	return false;
}

/* One run of digits, however it is grouped: true where it holds the number. */
static bool run_has(struct slice text, size_t *at, const char *number)
{
	char run[64];
	size_t len = 0;

	while (*at < text.len && (is_digit(text.p[*at]) || between_digits(text, at))) {
		if (*at < text.len && is_digit(text.p[*at])) {
			if (len + 1 < sizeof run)
				run[len++] = (char)text.p[*at];
			++*at;
		}
	}
	run[len] = 0;
	return strstr(run, number) != NULL;
}

static bool has_phone(struct slice text, const char *number)
{
	for (size_t at = 0; at < text.len;) {
		if (!is_digit(text.p[at]))
			at++;
		else if (run_has(text, &at, number))
			return true;
	}
	return false;
}

/* Only what nobody would take for a name. */
static bool read_phone(struct slice text, char *out)
{
	char digits[32];
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (is_digit(text.p[i]) && len + 1 < sizeof digits)
			digits[len++] = (char)text.p[i];
		else if (lower(text.p[i]) >= 'a' && lower(text.p[i]) <= 'z')
			return false;
	}
	if (len < PHONE_DIGITS)
		return false;
	memcpy(out, digits + len - PHONE_DIGITS, PHONE_DIGITS);
	out[PHONE_DIGITS] = 0;
	return true;
}

/* --- names --- */

/* "| anne le goff ": each word between spaces; what is there already stands apart. */
static void fold(struct slice text, struct buf *out)
{
	buf_add_u8(out, '|');
	text_fold(text, TEXT_APART, out);
	buf_add_u8(out, ' ');
}

/* Two words at least: one alone is many people's. */
static bool read_name(struct slice text, char *out, size_t size)
{
	struct buf folded;
	bool good;

	buf_init(&folded, FOLDED_MAX);
	fold(text, &folded);
	good = buf_err(&folded) == ES_OK && folded.len < size && folded.len > 4 && memchr(folded.p + 2, ' ', folded.len - 3) != NULL;
	if (good) {
		memcpy(out, folded.p + 1, folded.len - 1);
		out[folded.len - 1] = 0;
	}
	buf_done(&folded);
	return good;
}

/* --- all of them --- */

static bool read_email(struct slice text, char *out, size_t size)
{
	bool at = false;

	if (text.len == 0 || text.len >= size)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		at = at || text.p[i] == '@';
		if (text.p[i] <= ' ')
			return false;
		out[i] = (char)lower(text.p[i]);
	}
	out[text.len] = 0;
	return at;
}

static bool add(struct needles *n, const struct needle *x)
{
	for (size_t i = 0; i < n->count; i++)
		if (n->list[i].type == x->type && strcmp(n->list[i].text, x->text) == 0 && id_eq(&n->list[i].uid, &x->uid))
			return true;
	if (n->count == RGPD_NEEDLES_MAX)
		return false;
	n->list[n->count++] = *x;
	return true;
}

bool needles_add(struct needles *n, struct slice text, bool asked)
{
	struct needle x = {.asked = asked};

	text = text_trim(text);
	if (read_email(text, x.text, sizeof x.text))
		x.type = NEEDLE_EMAIL;
	else if (read_phone(text, x.text))
		x.type = NEEDLE_PHONE;
	else if (read_name(text, x.text, sizeof x.text))
		x.type = NEEDLE_NAME;
	else
		return false;
	return add(n, &x);
}

bool needles_add_uid(struct needles *n, const struct id16 *uid)
{
	return add(n, &(struct needle){.type = NEEDLE_UID, .uid = *uid});
}

const struct needle *needles_in(const struct needles *n, struct slice text)
{
	const struct needle *found = NULL;
	struct buf folded;

	if (text.len == 0)
		return NULL;
	buf_init(&folded, FOLDED_MAX);
	for (size_t i = 0; i < n->count && !found; i++) {
		const struct needle *x = &n->list[i];

		if (x->type == NEEDLE_NAME && folded.len == 0)
			fold(text, &folded);
		if ((x->type == NEEDLE_EMAIL && has_address(text, x->text)) || (x->type == NEEDLE_PHONE && has_phone(text, x->text)) ||
		    (x->type == NEEDLE_NAME && buf_err(&folded) == ES_OK && strstr(buf_cstr(&folded), x->text)))
			found = x;
	}
	buf_done(&folded);
	return found;
}

const struct needle *needles_uid(const struct needles *n, const struct id16 *uid)
{
	for (size_t i = 0; i < n->count; i++)
		if (n->list[i].type == NEEDLE_UID && id_eq(&n->list[i].uid, uid))
			return &n->list[i];
	return NULL;
}

/* --- columns that nobody knew --- */

bool needles_extra(const struct needles *n, struct slice extra, struct buf *rest)
{
	json_t *all = json_loadb((const char *)extra.p, extra.len, 0, NULL), *left = json_object(), *value;
	const char *key;
	bool named = false;

	json_object_foreach(all, key, value)
	{
		const char *text = json_string_value(value);

		if (text && needles_in(n, slice_str(text)))
			named = true;
		else
			json_object_set(left, key, value);
	}
	/* Not an object: nothing of it can be told apart. */
	named = named || (!json_is_object(all) && needles_in(n, extra));
	if (named && json_object_size(left) > 0) {
		char *text = json_dumps(left, JSON_COMPACT);

		buf_str(rest, text ? text : "");
		free(text);
	}
	json_decref(all);
	json_decref(left);
	return named;
}
