/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/proto/fixture.h"

static struct keys keys;
static struct sealed s;
static struct commit c;
static struct packed p;
static struct buf b;

static int setup(void **state)
{
	(void)state;
	keys_make(&keys, 1);
	sealed_init(&s);
	buf_init(&b, 2 * COMMIT_PACKED_MAX);
	memset(s.c.fed_id.bytes, 1, 32);
	memset(s.c.log_id.bytes, 2, 16);
	s.c.seq = 5;
	memset(s.c.prev_id.bytes, 3, 32);
	s.c.hlc = stamp_at(NOW_MS);
	s.c.ctl_seq = 4;
	memset(s.c.ctl_id.bytes, 4, 32);
	write_put(sealed_add(&s), &keys, 100, 0, "un");
	write_put(sealed_add(&s), &keys, 200, 100, "deux");
	seal(&s, &keys);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sealed_done(&s);
	buf_done(&b);
	return 0;
}

static void a_commit_comes_back_as_it_was_written(void **state)
{
	(void)state;
	assert_int_equal(canon_check(buf_slice(&s.header)), ES_OK);
	assert_int_equal(canon_check(buf_slice(&s.bytes)), ES_OK);
	assert_int_equal(commit_decode(s.p.header, &c), ES_OK);
	assert_true(hash_eq(&c.fed_id, &s.c.fed_id) && hash_eq(&c.prev_id, &s.c.prev_id) && id_eq(&c.log_id, &s.c.log_id));
	assert_true(c.seq == 5 && c.hlc == s.c.hlc && c.has_ctl && c.ctl_seq == 4 && c.key_epoch == 1 && c.count == 2);
	assert_true(hash_eq(&c.ctl_id, &s.c.ctl_id));
	assert_true(hash_eq(&c.id, &s.c.id));
	assert_memory_equal(c.digests, s.c.digests, 2 * sizeof c.digests[0]);
	assert_int_equal(commit_check_payload(&c, &s.p), ES_OK);
	commit_encode(&c, &b);
	assert_true(slice_eq(buf_slice(&b), s.p.header));
}

static void a_commit_sealed_before_membership_has_no_control_position(void **state)
{
	(void)state;
	s.c.has_ctl = false;
	seal(&s, &keys);
	assert_int_equal(commit_decode(s.p.header, &c), ES_OK);
	assert_false(c.has_ctl);
	/* half a position is none */
	s.c.has_ctl = true;
	commit_encode(&s.c, &b);
	size_t at = 0;
	while (!(b.p[at] == 4 && b.p[at + 1] == 0xc4))
		at++;
	b.p[at] = 0xc0;
	assert_int_equal(commit_decode(buf_slice(&b), &c), ES_MALFORMED);
}

static void the_id_is_the_header_s_and_does_not_depend_on_the_signature(void **state)
{
	struct keys other;
	struct hash id = s.c.id;

	(void)state;
	keys_make(&other, 2);
	seal(&s, &other);
	assert_true(hash_eq(&id, &s.c.id));
	struct hash again = commit_id(s.p.header);
	assert_true(hash_eq(&id, &again));
	s.c.seq++;
	seal(&s, &keys);
	assert_false(hash_eq(&id, &s.c.id));
}

static void a_signature_holds_for_its_key_header_and_context_only(void **state)
{
	struct keys other;
	struct signature join;

	(void)state;
	keys_make(&other, 2);
	assert_true(commit_verify(s.p.header, &s.p.sig, &keys.sign));
	assert_false(commit_verify(s.p.header, &s.p.sig, &other.sign));
	assert_false(crypto_verify_as(SIGN_JOIN, &keys.sign, &s.p.sig, s.p.header));
	join = crypto_sign_as(SIGN_JOIN, &keys.sign_secret, s.p.header);
	assert_false(commit_verify(s.p.header, &join, &keys.sign));
	s.header.p[40] ^= 1;
	assert_false(commit_verify(buf_slice(&s.header), &s.p.sig, &keys.sign));
}

static void a_change_other_than_its_digest_is_found(void **state)
{
	(void)state;
	struct packed good = s.p;
	s.p.payload[1].salt.bytes[0] ^= 1;
	assert_int_equal(commit_check_payload(&s.c, &s.p), ES_BAD_DIGEST);
	s.p = good;
	s.p.payload[1].change = s.p.payload[0].change;
	assert_int_equal(commit_check_payload(&s.c, &s.p), ES_BAD_DIGEST);
	s.p = good;
	s.p.payload[0].change.len--;
	assert_int_equal(commit_check_payload(&s.c, &s.p), ES_BAD_DIGEST);
	s.p = good;
	s.p.count = 1;
	assert_int_equal(commit_check_payload(&s.c, &s.p), ES_BAD_DIGEST);
	s.p = good;
	assert_int_equal(commit_check_payload(&s.c, &s.p), ES_OK);
}

static void a_change_may_be_left_out_of_the_packed_form_but_is_missed(void **state)
{
	(void)state;
	s.payload[0].present = false;
	commit_pack(s.p.header, &s.p.sig, s.payload, 2, &b);
	assert_int_equal(canon_check(buf_slice(&b)), ES_OK);
	assert_int_equal(commit_unpack(buf_slice(&b), &p), ES_OK);
	assert_false(p.payload[0].present);
	assert_true(p.payload[1].present);
	assert_int_equal(commit_check_payload(&s.c, &p), ES_BAD_DIGEST);
}

static enum es_err decode(void)
{
	buf_clear(&b);
	commit_encode(&s.c, &b);
	assert_int_equal(buf_err(&b), ES_OK);
	return commit_decode(buf_slice(&b), &c);
}

static void every_limit_of_a_header_is_kept(void **state)
{
	(void)state;
	s.c.seq = UINT32_MAX;
	assert_int_equal(decode(), ES_OK);
	s.c.seq = (uint64_t)UINT32_MAX + 1;
	assert_int_not_equal(decode(), ES_OK);
	s.c.seq = 0;
	assert_int_equal(decode(), ES_MALFORMED);
	s.c.seq = 1;
	s.c.digests[0].length = CHANGE_MAX;
	assert_int_equal(decode(), ES_OK);
	s.c.digests[0].length = CHANGE_MAX + 1;
	assert_int_not_equal(decode(), ES_OK);
	s.c.count = 0;
	assert_int_equal(decode(), ES_TOO_LARGE);
	s.c.count = COMMIT_CHANGES_MAX;
	for (int i = 0; i < COMMIT_CHANGES_MAX; i++)
		s.c.digests[i].length = COMMIT_BYTES_MAX / COMMIT_CHANGES_MAX;
	assert_int_equal(decode(), ES_OK);
	assert_true(b.len <= COMMIT_HEADER_MAX);
	s.c.digests[0].length++;
	assert_int_equal(decode(), ES_TOO_LARGE);
	assert_int_equal(commit_decode(SLICE(b.p, COMMIT_HEADER_MAX + 1), &c), ES_TOO_LARGE);
}

static void one_change_more_than_the_limit_is_too_large(void **state)
{
	(void)state;
	s.c.count = 0;
	commit_encode(&s.c, &b);
	b.len--; /* the empty array */
	canon_array(&b, COMMIT_CHANGES_MAX + 1);
	for (int i = 0; i <= COMMIT_CHANGES_MAX; i++) {
		canon_array(&b, 2);
		canon_bin(&b, s.c.prev_id.bytes, 32);
		canon_u64(&b, 10);
	}
	assert_int_equal(commit_decode(buf_slice(&b), &c), ES_TOO_LARGE);
	buf_clear(&b);
	canon_array(&b, 3);
	canon_bin(&b, s.p.header.p, s.p.header.len);
	canon_bin(&b, s.p.sig.bytes, 64);
	canon_array(&b, COMMIT_CHANGES_MAX + 1);
	for (int i = 0; i <= COMMIT_CHANGES_MAX; i++)
		canon_nil(&b);
	assert_int_equal(commit_unpack(buf_slice(&b), &p), ES_TOO_LARGE);
}

static void another_version_is_told_apart_from_nonsense(void **state)
{
	(void)state;
	buf_add(&b, s.p.header.p, s.p.header.len);
	assert_int_equal(b.p[1], 1);
	b.p[1] = 2;
	assert_int_equal(commit_decode(buf_slice(&b), &c), ES_VERSION);
	b.p[1] = 0xc0;
	assert_int_equal(commit_decode(buf_slice(&b), &c), ES_MALFORMED);
	assert_int_equal(commit_decode(slice_str("hello"), &c), ES_MALFORMED);
	assert_int_equal(commit_unpack(slice_str("hello"), &p), ES_MALFORMED);
}

static void a_header_or_a_packed_form_cut_anywhere_or_with_a_byte_more_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < s.header.len; i++)
		assert_int_not_equal(commit_decode(SLICE(s.header.p, i), &c), ES_OK);
	for (size_t i = 0; i < s.bytes.len; i++)
		assert_int_not_equal(commit_unpack(SLICE(s.bytes.p, i), &p), ES_OK);
	buf_add_u8(&s.header, 0xc0);
	assert_int_equal(commit_decode(buf_slice(&s.header), &c), ES_MALFORMED);
	buf_add_u8(&s.bytes, 0xc0);
	assert_int_equal(commit_unpack(buf_slice(&s.bytes), &p), ES_MALFORMED);
}

static void a_digest_and_a_payload_are_pairs(void **state)
{
	(void)state;
	s.c.count = 0;
	commit_encode(&s.c, &b);
	b.len--;
	canon_array(&b, 1);
	canon_array(&b, 1);
	canon_bin(&b, s.c.prev_id.bytes, 32);
	assert_int_equal(commit_decode(buf_slice(&b), &c), ES_MALFORMED);
	buf_clear(&b);
	canon_array(&b, 3);
	canon_bin(&b, s.p.header.p, s.p.header.len);
	canon_bin(&b, s.p.sig.bytes, 64);
	canon_array(&b, 1);
	canon_array(&b, 1);
	canon_bin(&b, s.c.log_id.bytes, 16);
	assert_int_equal(commit_unpack(buf_slice(&b), &p), ES_MALFORMED);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_commit_comes_back_as_it_was_written),
		T(a_commit_sealed_before_membership_has_no_control_position),
		T(the_id_is_the_header_s_and_does_not_depend_on_the_signature),
		T(a_signature_holds_for_its_key_header_and_context_only),
		T(a_change_other_than_its_digest_is_found),
		T(a_change_may_be_left_out_of_the_packed_form_but_is_missed),
		T(every_limit_of_a_header_is_kept),
		T(one_change_more_than_the_limit_is_too_large),
		T(another_version_is_told_apart_from_nonsense),
		T(a_header_or_a_packed_form_cut_anywhere_or_with_a_byte_more_is_refused),
		T(a_digest_and_a_payload_are_pairs),
	};

	if (crypto_start() != ES_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
