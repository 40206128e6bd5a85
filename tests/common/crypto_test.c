/* SPDX-License-Identifier: Apache-2.0 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* RTLD_NEXT */
#endif
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <sodium/crypto_core_ed25519.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Stands in front of libsodium's check, to play a library with a fault:
 * `lie_about` names one key, by its first byte, that gets the wrong answer. */
static int lie_about = -1;

int crypto_core_ed25519_is_valid_point(const unsigned char *p)
{
	int (*real)(const unsigned char *) = NULL;
	void *at = dlsym(RTLD_NEXT, "crypto_core_ed25519_is_valid_point");

	memcpy(&real, &at, sizeof(real));
	return lie_about == p[0] ? !real(p) : real(p);
}

static void assert_hex(const void *p, size_t n, const char *expected)
{
	char text[257];

	hex_encode(p, n, text);
	assert_string_equal(text, expected);
}

static int start(void **state)
{
	(void)state;
	return crypto_start() != ES_OK;
}

static void the_self_test_stops_a_library_that_accepts_a_bad_key(void **state)
{
	static const int bad[] = {0x01, 0xc7, 0x00, 0x26, 0xec, 0x98, 0x9b, 0xda,
				  0x95, 0x55, 0x52, 0x13, 0xee, 0x02};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		lie_about = bad[i];
		assert_int_equal(crypto_start(), ES_KEY_CHECK);
	}
	lie_about = 0x58; /* the one good key */
	assert_int_equal(crypto_start(), ES_KEY_CHECK);
	lie_about = -1;
	assert_int_equal(crypto_start(), ES_OK);
}

static void each_use_has_its_own_hash(void **state)
{
	/* made with Python's hashlib.blake2b(digest_size=32, person=...) */
	static const char *const expected[] = {
		"17035a06afe35b3170aa4a95e533b4498bb463a7ee60e8165887761779573bcc",
		"088dc048e3a15c01f247264544357d4cf669052379321e14ba9a6c08a3b01ce7",
		"03419ac0cc4ae4947af8070bee19f459bae87a18a9c9814d203b2bbcb87d879a",
		"27a1e2b6be649b33a25fabf20d15b50f42a0aa918bc031e95f65747406972050",
		"b6778ca8cab0c08a7251b11f385d2fa82dc766d48944770fa0a75db7d4887a9e",
		"1d5c91adcd3217771dd78156cf544bc5941e28ff8a98324ab5f99b3caf904564",
		"5b5cf2c4baca438f9ad82c7f60e060f6f17f841e7b2a522dec62bf52301aa2e7",
		"d06469d3136dc897404d710e5d1b1138e279b1024b6a652d3b90ec1c1b79e666",
	};
	struct slice message = slice_str("essaim");

	(void)state;
	for (size_t i = 0; i < COUNT(expected); i++) {
		struct hash one = crypto_hash((enum hash_use)i, message);
		struct hash two = crypto_hash2((enum hash_use)i, slice_str("ess"), slice_str("aim"));

		assert_hex(one.bytes, 32, expected[i]);
		assert_true(hash_eq(&one, &two));
	}
}

static void an_empty_message_has_a_hash_too(void **state)
{
	struct hash one = crypto_hash(HASH_COMMIT, SLICE_NONE);
	struct hash two = crypto_hash2(HASH_COMMIT, SLICE_NONE, SLICE_NONE);

	(void)state;
	assert_true(hash_eq(&one, &two));
}

static void a_salt_keys_the_hash(void **state)
{
	struct id16 salt;
	struct hash h, other;

	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		salt.bytes[i] = i;
	h = crypto_hash_salted(HASH_CHANGE, &salt, slice_str("essaim"));
	assert_hex(h.bytes, 32, "c9876026690f7f8a2c81627e24c327103cdb2198c7b938047e7131b1edc43806");
	salt.bytes[15] ^= 1;
	other = crypto_hash_salted(HASH_CHANGE, &salt, slice_str("essaim"));
	assert_false(hash_eq(&h, &other));
}

static void keys(uint8_t fill, struct sign_public *pk, struct sign_secret *sk)
{
	uint8_t seed[32];

	memset(seed, fill, sizeof(seed));
	crypto_sign_keys(seed, pk, sk);
}

static void a_signature_is_plain_ed25519_over_prefix_and_message(void **state)
{
	uint8_t signed_bytes[32 + 6] = "essaim/v1/commit";
	struct sign_public pk;
	struct sign_secret sk;
	struct signature sig;

	(void)state;
	keys(5, &pk, &sk);
	sig = crypto_sign_as(SIGN_COMMIT, &sk, slice_str("header"));
	/* made with Python's cryptography package */
	assert_hex(sig.bytes, 64, "e776233f67d179699163b11715dba8deb5385738037137d119384254a778ac99a28a2ed44506c918ddb1ec6f58a5fb20d82f8ac1ce53ed734244961dcb2faf00");
	memcpy(signed_bytes + 32, "header", 6);
	assert_true(crypto_verify_plain(&pk, &sig, SLICE(signed_bytes, sizeof(signed_bytes))));
}

static void each_context_is_the_text_of_the_specification(void **state)
{
	static const char prefixes[][32] = {
		[SIGN_COMMIT] = "essaim/v1/commit",   [SIGN_JOIN] = "essaim/v1/join",
		[SIGN_ROTATE] = "essaim/v1/rotate",   [SIGN_RECOVER] = "essaim/v1/recover",
		[SIGN_FORGET] = "essaim/v1/forget",   [SIGN_EVIDENCE] = "essaim/v1/evidence",
	};
	struct sign_public pk;
	struct sign_secret sk;

	(void)state;
	keys(5, &pk, &sk);
	for (size_t i = 0; i < COUNT(prefixes); i++) {
		struct signature sig = crypto_sign_as((enum sign_use)i, &sk, SLICE_NONE);

		assert_true(crypto_verify_plain(&pk, &sig, SLICE(prefixes[i], 32)));
	}
}

static void a_signature_counts_in_its_own_context_only(void **state)
{
	struct slice message = slice_str("header");
	struct sign_public pk;
	struct sign_secret sk;

	(void)state;
	keys(5, &pk, &sk);
	for (int made = SIGN_COMMIT; made <= SIGN_EVIDENCE; made++) {
		struct signature sig = crypto_sign_as((enum sign_use)made, &sk, message);

		for (int read = SIGN_COMMIT; read <= SIGN_EVIDENCE; read++)
			assert_int_equal(crypto_verify_as((enum sign_use)read, &pk, &sig, message),
					 made == read);
		assert_false(crypto_verify_plain(&pk, &sig, message));
	}
}

static void a_change_of_message_key_or_signature_fails(void **state)
{
	struct sign_public pk, other_pk;
	struct sign_secret sk;
	struct signature sig;

	(void)state;
	keys(6, &other_pk, &sk);
	keys(5, &pk, &sk);
	sig = crypto_sign_as(SIGN_JOIN, &sk, slice_str("message"));
	assert_false(crypto_verify_as(SIGN_JOIN, &pk, &sig, slice_str("messagf")));
	assert_false(crypto_verify_as(SIGN_JOIN, &other_pk, &sig, slice_str("message")));
	sig.bytes[40] ^= 1;
	assert_false(crypto_verify_as(SIGN_JOIN, &pk, &sig, slice_str("message")));
}

static void messages_of_any_length_are_signed(void **state)
{
	static const size_t lens[] = {0, 1, 16384 - 32, 16384 - 31, 400000};
	uint8_t *message = calloc(1, 400000);
	struct sign_public pk;
	struct sign_secret sk;

	(void)state;
	keys(5, &pk, &sk);
	for (size_t i = 0; i < COUNT(lens); i++) {
		struct slice m = SLICE(message, lens[i]);
		struct signature sig = crypto_sign_as(SIGN_EVIDENCE, &sk, m);

		assert_true(crypto_verify_as(SIGN_EVIDENCE, &pk, &sig, m));
	}
	free(message);
}

static void only_keys_of_the_main_subgroup_are_admitted(void **state)
{
	struct sign_public pk, bad = {{0}};
	struct sign_secret sk;

	(void)state;
	keys(5, &pk, &sk);
	assert_true(crypto_sign_public_valid(&pk));
	assert_false(crypto_sign_public_valid(&bad));
	/* pk plus the point of order 2: (-x, -y) */
	assert_true(hex_decode("7f85e322d64f48702ec50b3aa670100b10d568e991c3590d1b0403327fafa40e",
			       64, bad.bytes, 32));
	assert_false(crypto_sign_public_valid(&bad));
}

static void an_honest_key_plus_a_point_of_small_order_is_refused(void **state)
{
	static const char *const small[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	};
	struct sign_public pk, point, sum;
	struct sign_secret sk;

	(void)state;
	for (uint8_t fill = 0; fill < 20; fill++) {
		keys(fill, &pk, &sk);
		for (size_t i = 0; i < COUNT(small); i++) {
			assert_true(hex_decode(small[i], 64, point.bytes, 32));
			assert_false(crypto_sign_public_valid(&point));
			assert_int_equal(crypto_core_ed25519_add(sum.bytes, pk.bytes, point.bytes), 0);
			assert_memory_not_equal(sum.bytes, pk.bytes, 32);
			assert_false(crypto_sign_public_valid(&sum));
		}
	}
}

static void two_sides_agree_on_a_secret(void **state)
{
	uint8_t seed_a[32] = {8}, seed_b[32] = {16}, one[32], two[32];
	struct dh_public a_pub, b_pub;
	struct dh_secret a, b;

	(void)state;
	crypto_dh_keys(seed_a, &a_pub, &a);
	crypto_dh_keys(seed_b, &b_pub, &b);
	assert_true(crypto_dh(&a, &b_pub, one));
	assert_true(crypto_dh(&b, &a_pub, two));
	assert_memory_not_equal(a_pub.bytes, b_pub.bytes, 32);
	assert_memory_equal(one, two, 32);
}

static void a_public_key_of_small_order_gives_no_secret(void **state)
{
	uint8_t seed[32] = {1}, out[32];
	struct dh_public pub, zero = {{0}}, one = {{1}};
	struct dh_secret secret;

	(void)state;
	crypto_dh_keys(seed, &pub, &secret);
	assert_false(crypto_dh(&secret, &zero, out));
	assert_false(crypto_dh(&secret, &one, out));
}

static void what_is_sealed_opens_with_the_same_key_nonce_and_ad_only(void **state)
{
	uint8_t key[32] = {1}, nonce[12] = {2}, sealed[5 + 16], out[5];
	struct slice ad = slice_str("ad"), cipher = SLICE(sealed, sizeof(sealed));

	(void)state;
	crypto_seal(key, nonce, ad, slice_str("plain"), sealed);
	assert_true(crypto_open(key, nonce, ad, cipher, out));
	assert_memory_equal(out, "plain", 5);
	assert_false(crypto_open(key, nonce, SLICE_NONE, cipher, out));
	assert_false(crypto_open(key, nonce, ad, SLICE(sealed, 15), out));
	nonce[0] ^= 1;
	assert_false(crypto_open(key, nonce, ad, cipher, out));
	nonce[0] ^= 1;
	key[0] ^= 1;
	assert_false(crypto_open(key, nonce, ad, cipher, out));
	key[0] ^= 1;
	sealed[20] ^= 1;
	assert_false(crypto_open(key, nonce, ad, cipher, out));
}

static void ids_and_fingerprint_are_those_of_the_specification(void **state)
{
	char text[FINGERPRINT_LEN + 1];
	struct sign_public pk;
	struct dh_public dh;
	struct id16 hub, log, nonce;
	struct hash fed;

	(void)state;
	memset(&fed, 1, sizeof(fed));
	memset(&pk, 2, sizeof(pk));
	memset(&nonce, 3, sizeof(nonce));
	memset(&dh, 4, sizeof(dh));
	hub = crypto_hub_id(&fed, &pk);
	assert_hex(hub.bytes, 16, "f1427e3c71a49bd4b773cf3769b3a4ea");
	log = crypto_log_id(&fed, &hub, 2, &nonce);
	assert_hex(log.bytes, 16, "e31b19a045dc262798285868e8aad56e");
	crypto_fingerprint(&pk, &dh, text);
	assert_string_equal(text, "VJMW-HK1K-7XGC-9D8N");
}

static void ids_compare_by_their_bytes(void **state)
{
	struct id16 a = {{0}}, b = {{0}};
	struct hash h = {{1}}, i = {{1}};

	(void)state;
	assert_true(id_eq(&a, &b));
	assert_true(id_is_zero(&a));
	b.bytes[15] = 1;
	assert_false(id_eq(&a, &b));
	assert_false(id_is_zero(&b));
	assert_true(hash_eq(&h, &i));
	i.bytes[31] = 1;
	assert_false(hash_eq(&h, &i));
}

static void wiped_memory_is_zero(void **state)
{
	struct id16 secret = {{1, 2, 3}};

	(void)state;
	crypto_wipe(&secret, sizeof(secret));
	assert_true(id_is_zero(&secret));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_self_test_stops_a_library_that_accepts_a_bad_key),
		cmocka_unit_test(each_use_has_its_own_hash),
		cmocka_unit_test(an_empty_message_has_a_hash_too),
		cmocka_unit_test(a_salt_keys_the_hash),
		cmocka_unit_test(a_signature_is_plain_ed25519_over_prefix_and_message),
		cmocka_unit_test(each_context_is_the_text_of_the_specification),
		cmocka_unit_test(a_signature_counts_in_its_own_context_only),
		cmocka_unit_test(a_change_of_message_key_or_signature_fails),
		cmocka_unit_test(messages_of_any_length_are_signed),
		cmocka_unit_test(only_keys_of_the_main_subgroup_are_admitted),
		cmocka_unit_test(an_honest_key_plus_a_point_of_small_order_is_refused),
		cmocka_unit_test(two_sides_agree_on_a_secret),
		cmocka_unit_test(a_public_key_of_small_order_gives_no_secret),
		cmocka_unit_test(what_is_sealed_opens_with_the_same_key_nonce_and_ad_only),
		cmocka_unit_test(ids_and_fingerprint_are_those_of_the_specification),
		cmocka_unit_test(ids_compare_by_their_bytes),
		cmocka_unit_test(wiped_memory_is_zero),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
