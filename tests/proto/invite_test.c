/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/invite.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct invite invite(const char *host)
{
	struct invite i = {.expires = 1790000000000, .port = 7480};

	memset(i.fed_id.bytes, 0xa1, 32);
	memset(i.home.bytes, 0x5b, 32);
	memset(i.secret.bytes, 0xc3, 16);
	strcpy(i.host, host);
	return i;
}

static void an_invitation_comes_back_as_it_was_given(void **state)
{
	char text[INVITE_TEXT_MAX], longest[INVITE_HOST_MAX + 1] = {0};

	(void)state;
	memset(longest, 'h', INVITE_HOST_MAX);
	const char *hosts[] = {"cress.example", "h", longest};
	for (int i = 0; i < 3; i++) {
		struct invite in = invite(hosts[i]), out;

		invite_encode(&in, text);
		assert_memory_equal(text, "ESSAIM1-", 8);
		assert_int_equal(invite_decode(slice_str(text), &out), ES_OK);
		assert_memory_equal(&out.fed_id, &in.fed_id, 32);
		assert_memory_equal(&out.home, &in.home, 32);
		assert_memory_equal(&out.secret, &in.secret, 16);
		assert_true(out.expires == in.expires && out.port == in.port);
		assert_string_equal(out.host, in.host);
	}
}

static void each_character_mistyped_missing_or_doubled_is_refused(void **state)
{
	char text[INVITE_TEXT_MAX], wrong[INVITE_TEXT_MAX + 1];
	struct invite in = invite("cress.example"), out;

	(void)state;
	invite_encode(&in, text);
	size_t len = strlen(text);
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '-')
			continue;
		for (const char *c = "0123456789ABCDEFGHJKMNPQRSTVWXYZU!"; *c; c++) {
			strcpy(wrong, text);
			wrong[i] = *c;
			if (*c != text[i])
				assert_int_equal(invite_decode(slice_str(wrong), &out), ES_MISTYPED);
		}
		strcpy(wrong, text);
		memmove(wrong + i, wrong + i + 1, len - i);
		assert_int_equal(invite_decode(slice_str(wrong), &out), ES_MISTYPED);
		strcpy(wrong, text);
		memmove(wrong + i + 1, text + i, len - i + 1);
		assert_int_equal(invite_decode(slice_str(wrong), &out), ES_MISTYPED);
	}
}

static void case_spaces_dashes_and_line_breaks_do_not_matter(void **state)
{
	char text[INVITE_TEXT_MAX], spread[4 * INVITE_TEXT_MAX];
	struct invite in = invite("cress.example"), out;
	size_t n = 0;

	(void)state;
	invite_encode(&in, text);
	for (size_t i = 0; text[i]; i++) {
		spread[n++] = (char)tolower(text[i]);
		spread[n++] = " -\n\t"[i % 4];
	}
	assert_int_equal(invite_decode(SLICE(spread, n), &out), ES_OK);
	assert_string_equal(out.host, "cress.example");
}

static void other_text_is_refused(void **state)
{
	static char endless[2 * INVITE_TEXT_MAX];
	struct invite out;

	(void)state;
	memset(endless, 'A', sizeof endless);
	memcpy(endless, "ESSAIM1", 7);
	assert_int_equal(invite_decode(SLICE_NONE, &out), ES_MISTYPED);
	assert_int_equal(invite_decode(slice_str("ESSAIM1"), &out), ES_MISTYPED);
	assert_int_equal(invite_decode(slice_str("ESSAIM1-AAAA"), &out), ES_MISTYPED);
	assert_int_equal(invite_decode(slice_str("bonjour tout le monde"), &out), ES_MISTYPED);
	assert_int_equal(invite_decode(SLICE(endless, sizeof endless), &out), ES_MISTYPED);
	assert_int_equal(invite_decode(SLICE(endless, INVITE_TEXT_MAX), &out), ES_MISTYPED);
}

static void the_log_keeps_a_hash_of_the_secret(void **state)
{
	struct id16 one = {{1}}, two = {{2}};
	struct hash a = invite_hash(&one), b = invite_hash(&two), c = crypto_hash(HASH_INVITE, SLICE(one.bytes, 16));

	(void)state;
	assert_false(hash_eq(&a, &b));
	assert_true(hash_eq(&a, &c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_invitation_comes_back_as_it_was_given),
		cmocka_unit_test(each_character_mistyped_missing_or_doubled_is_refused),
		cmocka_unit_test(case_spaces_dashes_and_line_breaks_do_not_matter),
		cmocka_unit_test(other_text_is_refused),
		cmocka_unit_test(the_log_keeps_a_hash_of_the_secret),
	};

	if (crypto_start() != ES_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
