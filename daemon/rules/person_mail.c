/* SPDX-License-Identifier: Apache-2.0
 *
 * Whose an e-mail address is, by its shape (domain.md part 4). */
#include "daemon/rules/checking.h"

static bool is_letter(uint8_t byte)
{
	return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
}

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

/* How many letters and hyphens stand there. */
static size_t name_length(struct slice mail, size_t at)
{
	size_t from = at;

	while (at < mail.len && (is_letter(mail.p[at]) || mail.p[at] == '-'))
		at++;
	return at - from;
}

/* firstname.lastname, an initial between them, a number behind where that one was taken:
 * anne.legoff, anne.m.legoff2, anne.legoff.2 */
bool mail_is_of_person(struct slice mail)
{
	size_t first = name_length(mail, 0), at = first + 1;
	size_t last = first > 0 && first < mail.len && mail.p[first] == '.' ? name_length(mail, at) : 0;

	if (last == 1 && at + 1 < mail.len && mail.p[at + 1] == '.' && name_length(mail, at + 2) > 0) {
		at += 2;
		last = name_length(mail, at);
	}
	at += last;
	if (last == 0 || at < 5)
		return false;
	if (at + 1 < mail.len && mail.p[at] == '.' && is_digit(mail.p[at + 1]))
		at++;
	while (at < mail.len && is_digit(mail.p[at]))
		at++;
	return at < mail.len && mail.p[at] == '@';
}
