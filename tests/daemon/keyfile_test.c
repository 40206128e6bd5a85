/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/node/keyfile.h"

#define SEEDS "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" \
	      "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"

struct place {
	char dir[64], path[96];
	struct rng rng;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	strcpy(p->dir, "/tmp/essaim-keyfile-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof p->path, "%s/node.key", p->dir);
	rng_seed_number(&p->rng, 7);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	char command[96];

	snprintf(command, sizeof command, "rm -r %s", p->dir);
	assert_int_equal(system(command), 0);
	free(p);
	return 0;
}

static void write_file(const struct place *p, const char *text, size_t len, mode_t mode)
{
	FILE *f = fopen(p->path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
	assert_int_equal(chmod(p->path, mode), 0);
}

static enum es_err reading(const struct place *p, const char *text, struct keyfile *k)
{
	write_file(p, text, strlen(text), 0600);
	return keyfile_read(p->path, k);
}

static mode_t mode_of(const struct place *p)
{
	struct stat st;

	assert_int_equal(stat(p->path, &st), 0);
	return st.st_mode & 07777;
}

/* --- whose it is --- */

static void a_key_file_is_its_owner_s_alone(void **state)
{
	struct place *p = *state;
	struct node_keys made, again;

	umask(0);
	assert_int_equal(node_keys_create(p->dir, &p->rng, &made), ES_OK);
	assert_int_equal(mode_of(p), 0600);
	assert_int_equal(node_keys_load(p->dir, &again), ES_OK);
	assert_memory_equal(again.sign.bytes, made.sign.bytes, 32);
	assert_memory_equal(again.dh.bytes, made.dh.bytes, 32);
	assert_false(again.has_former);
	assert_int_equal(node_keys_create(p->dir, &p->rng, &again), ES_EXISTS);
	assert_int_equal(node_keys_load(p->dir, &again), ES_OK);
	assert_memory_equal(again.sign.bytes, made.sign.bytes, 32);
}

static void it_is_refused_when_others_can_read_it(void **state)
{
	static const mode_t open_to_others[] = {0640, 0604, 0660, 0606, 0644, 0601, 0610};
	struct place *p = *state;
	struct node_keys keys;
	struct keyfile k;

	assert_int_equal(node_keys_create(p->dir, &p->rng, &keys), ES_OK);
	for (size_t i = 0; i < sizeof open_to_others / sizeof *open_to_others; i++) {
		assert_int_equal(chmod(p->path, open_to_others[i]), 0);
		assert_int_equal(keyfile_read(p->path, &k), ES_KEY_OPEN);
		assert_int_equal(node_keys_load(p->dir, &keys), ES_KEY_OPEN);
	}
	assert_int_equal(chmod(p->path, 0400), 0);
	assert_int_equal(keyfile_read(p->path, &k), ES_OK);
}

static void no_file_is_no_node(void **state)
{
	struct place *p = *state;
	struct node_keys keys;
	bool has = true;

	assert_int_equal(node_keys_load(p->dir, &keys), ES_NO_NODE);
	assert_int_equal(node_keys_load_next(p->dir, &keys, &has), ES_NO_NODE);
	assert_false(has);
	assert_int_equal(node_keys_draw_next(p->dir, &p->rng, &keys), ES_NO_NODE);
	assert_int_equal(node_keys_take_next(p->dir, 2, NULL, &keys), ES_NO_NODE);
	assert_int_not_equal(access(p->path, F_OK), 0);
}

/* --- new keys --- */

static void new_keys_are_on_disk_before_they_are_used(void **state)
{
	struct place *p = *state;
	struct node_keys old, next, again;
	bool has = true;

	assert_int_equal(node_keys_create(p->dir, &p->rng, &old), ES_OK);
	assert_int_equal(node_keys_load_next(p->dir, &next, &has), ES_OK);
	assert_false(has);
	assert_int_equal(node_keys_take_next(p->dir, 2, NULL, &again), ES_OK); /* none: nothing changes */
	assert_memory_equal(again.sign.bytes, old.sign.bytes, 32);
	assert_false(again.has_former);
	assert_int_equal(node_keys_draw_next(p->dir, &p->rng, &next), ES_OK);
	assert_memory_not_equal(next.sign.bytes, old.sign.bytes, 32);
	assert_memory_not_equal(next.dh.bytes, old.dh.bytes, 32);
	assert_int_equal(node_keys_draw_next(p->dir, &p->rng, &again), ES_OK); /* asked twice: the same */
	assert_memory_equal(again.sign.bytes, next.sign.bytes, 32);
	assert_int_equal(node_keys_load_next(p->dir, &again, &has), ES_OK);
	assert_true(has);
	assert_memory_equal(again.dh.bytes, next.dh.bytes, 32);
	assert_int_equal(node_keys_load(p->dir, &again), ES_OK); /* not yet ours */
	assert_memory_equal(again.sign.bytes, old.sign.bytes, 32);
	assert_int_equal(mode_of(p), 0600);
}

static void new_keys_take_over_and_the_former_transport_key_stays(void **state)
{
	struct place *p = *state;
	struct node_keys old, next, now;
	bool has;

	assert_int_equal(node_keys_create(p->dir, &p->rng, &old), ES_OK);
	assert_int_equal(node_keys_draw_next(p->dir, &p->rng, &next), ES_OK);
	assert_int_equal(node_keys_take_next(p->dir, 2, NULL, &now), ES_OK);
	for (int i = 0; i < 2; i++) { /* once more: nothing */
		assert_memory_equal(now.sign.bytes, next.sign.bytes, 32);
		assert_memory_equal(now.dh.bytes, next.dh.bytes, 32);
		assert_int_equal(now.epoch, 2);
		assert_true(now.has_former);
		assert_memory_equal(now.former_dh.bytes, old.dh_secret.bytes, 32);
		assert_int_equal(node_keys_take_next(p->dir, 2 + (uint32_t)i, NULL, &now), ES_OK);
	}
	assert_int_equal(node_keys_load_next(p->dir, &now, &has), ES_OK);
	assert_false(has);
	assert_int_equal(node_keys_load(p->dir, &now), ES_OK);
	assert_memory_equal(now.sign.bytes, next.sign.bytes, 32);
	assert_true(now.has_former);
	assert_int_equal(mode_of(p), 0600);
}

static void the_former_transport_key_may_be_one_earlier(void **state)
{
	struct place *p = *state;
	struct node_keys old, next, now;

	assert_int_equal(node_keys_create(p->dir, &p->rng, &old), ES_OK);
	for (uint32_t epoch = 2; epoch < 4; epoch++) {
		assert_int_equal(node_keys_draw_next(p->dir, &p->rng, &next), ES_OK);
		assert_int_equal(node_keys_take_next(p->dir, epoch, &old.dh_secret, &now), ES_OK);
		assert_memory_equal(now.dh.bytes, next.dh.bytes, 32);
		assert_memory_equal(now.former_dh.bytes, old.dh_secret.bytes, 32);
	}
	struct node_keys last = now;
	assert_int_equal(node_keys_draw_next(p->dir, &p->rng, &next), ES_OK);
	assert_int_equal(node_keys_take_next(p->dir, 4, &last.dh_secret, &now), ES_OK);
	assert_memory_equal(now.former_dh.bytes, last.dh_secret.bytes, 32);
}

/* --- facts --- */

static struct keyfile full(void)
{
	struct keyfile k = {.has_next = true, .has_former = true, .has_facts = true, .role = ROLE_HUB, .epoch = 7};

	for (unsigned i = 0; i < 64; i++) {
		k.seeds[i] = (uint8_t)i;
		k.next[i] = (uint8_t)(i + 64);
	}
	memset(k.former, 0xf0, 32);
	memset(k.fed_id.bytes, 0xfe, 32);
	memset(k.hub.bytes, 0x12, 16);
	memset(k.home.bytes, 0x34, 32);
	strcpy(k.name, "Pôle du Pays d'Auray");
	strcpy(k.pays, "auray");
	strcpy(k.region, "53");
	strcpy(k.address, "cress.example:7480");
	strcpy(k.listen, "[::]:7480");
	return k;
}

static void facts_come_back_as_they_were_written(void **state)
{
	struct place *p = *state;
	struct keyfile k = full(), out;

	assert_int_equal(keyfile_write(p->path, &k), ES_OK);
	assert_int_equal(mode_of(p), 0600);
	assert_int_equal(keyfile_read(p->path, &out), ES_OK);
	assert_memory_equal(&out, &k, sizeof k);
	k = (struct keyfile){.has_facts = true, .role = ROLE_CRESS};
	strcpy(k.name, "CRESS");
	assert_int_equal(keyfile_write(p->path, &k), ES_OK);
	assert_int_equal(keyfile_read(p->path, &out), ES_OK);
	assert_memory_equal(&out, &k, sizeof k);
	keyfile_wipe(&out);
	assert_true(out.name[0] == 0 && !out.has_facts);
}

static void the_longest_facts_fit(void **state)
{
	struct place *p = *state;
	struct keyfile k = full(), out;

	memset(k.name, 'n', RIGHTS_NAME_MAX);
	memset(k.pays, 'p', RIGHTS_PAYS_MAX);
	memset(k.region, 'r', sizeof k.region - 1);
	memset(k.address, 'a', RIGHTS_ADDRESS_MAX);
	memset(k.listen, 'l', RIGHTS_ADDRESS_MAX);
	assert_int_equal(keyfile_write(p->path, &k), ES_OK);
	assert_int_equal(keyfile_read(p->path, &out), ES_OK);
	assert_memory_equal(&out, &k, sizeof k);
}

static void what_a_node_is_goes_into_its_key_file(void **state)
{
	struct place *p = *state;
	struct node *n = calloc(1, sizeof *n);
	struct node_keys keys, next;
	struct keyfile k;
	struct stat before, after;

	assert_int_equal(node_keys_create(p->dir, &p->rng, &keys), ES_OK);
	assert_int_equal(node_keys_draw_next(p->dir, &p->rng, &next), ES_OK);
	strcpy(n->dir, p->dir);
	n->role = ROLE_HUB;
	memset(n->rights.fed_id.bytes, 0xfe, 32);
	memset(n->hub.bytes, 0x12, 16);
	strcpy(n->name, "Auray");
	strcpy(n->pays, "auray");
	strcpy(n->home_address, "cress.example:7480");
	assert_int_equal(keyfile_note(n, "0.0.0.0:7480"), ES_OK);
	assert_int_equal(keyfile_read(p->path, &k), ES_OK);
	assert_true(k.has_facts && k.has_next);
	assert_string_equal(k.name, "Auray");
	assert_string_equal(k.address, "cress.example:7480");
	assert_string_equal(k.listen, "0.0.0.0:7480");
	assert_int_equal(stat(p->path, &before), 0);
	assert_int_equal(keyfile_note(n, "0.0.0.0:7480"), ES_OK); /* nothing new: not written */
	assert_int_equal(stat(p->path, &after), 0);
	assert_true(before.st_ino == after.st_ino);
	assert_int_equal(node_keys_load(p->dir, &next), ES_OK);
	assert_memory_equal(next.sign.bytes, keys.sign.bytes, 32);
	free(n);
}

/* --- whole or not at all --- */

static void what_a_crash_left_beside_it_does_no_harm(void **state)
{
	struct place *p = *state;
	struct keyfile k = full(), out;
	char beside[128];

	snprintf(beside, sizeof beside, "%s.new", p->path);
	FILE *f = fopen(beside, "w");
	assert_non_null(f);
	fputs("0001", f);
	fclose(f);
	assert_int_equal(keyfile_write(p->path, &k), ES_OK);
	assert_int_equal(keyfile_read(p->path, &out), ES_OK);
	assert_int_not_equal(access(beside, F_OK), 0);
}

static void a_link_beside_it_is_not_followed(void **state)
{
	struct place *p = *state;
	struct keyfile k = full();
	char beside[128], target[128];

	snprintf(beside, sizeof beside, "%s.new", p->path);
	snprintf(target, sizeof target, "%s/other", p->dir);
	assert_int_equal(symlink(target, beside), 0);
	assert_int_equal(keyfile_write(p->path, &k), ES_OK);
	assert_int_not_equal(access(target, F_OK), 0);
	assert_int_equal(mode_of(p), 0600);
}

static void a_write_that_fails_leaves_the_old_one(void **state)
{
	struct place *p = *state;
	struct keyfile k = full(), out;
	char in[160];

	assert_int_equal(keyfile_write(p->path, &k), ES_OK);
	snprintf(in, sizeof in, "%s/none/node.key", p->dir);
	assert_int_equal(keyfile_write(in, &k), ES_IO);
	assert_int_equal(keyfile_read(p->path, &out), ES_OK);
}

/* --- what others may have put there --- */

static void a_key_of_another_length_or_alphabet_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "\n", "00\n", "zz" SEEDS "\n", SEEDS "00\n", " " SEEDS "\n", "\n" SEEDS "\n", SEEDS " \n",
		SEEDS "\nsuivante 00\n", SEEDS "\nsuivante \n", SEEDS "\nancienne " SEEDS "\n", SEEDS "\nfederation zz\n",
		SEEDS "\npole 1234\n", SEEDS "\nhome x\n", SEEDS "\nsuivante\n", SEEDS "\r\n",
		SEEDS "\nregion 12345678\n",
	};
	struct place *p = *state;
	struct keyfile k;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (reading(p, bad[i], &k) != ES_CONFIG)
			fail_msg("taken: %s", bad[i]);
	assert_int_equal(reading(p, SEEDS, &k), ES_OK); /* without its newline too */
	assert_int_equal(reading(p, SEEDS "\n\n", &k), ES_OK);
	assert_int_equal(reading(p, SEEDS "\nplus tard\n", &k), ES_OK); /* of a later version */
	assert_false(k.has_facts || k.has_next || k.has_former);
}

static void overlong_and_binary_content_is_refused(void **state)
{
	struct place *p = *state;
	static char text[70000];
	struct keyfile k;

	memset(text, 'n', sizeof text);
	memcpy(text, SEEDS "\nnom ", 133);
	write_file(p, text, sizeof text, 0600);
	assert_int_equal(keyfile_read(p->path, &k), ES_CONFIG);
	memset(text, 0xff, sizeof text);
	write_file(p, text, sizeof text, 0600);
	assert_int_equal(keyfile_read(p->path, &k), ES_CONFIG);
	memset(text, 0, sizeof text);
	write_file(p, text, sizeof text, 0600);
	assert_int_equal(keyfile_read(p->path, &k), ES_CONFIG);
}

/* A name comes with an invitation, an address too. */
static void a_text_with_a_line_s_end_writes_no_line_of_its_own(void **state)
{
	struct place *p = *state;
	struct keyfile k = full(), out;

	k.has_next = false;
	strcpy(k.address, "a:1\nsuivante " SEEDS);
	if (keyfile_write(p->path, &k) == ES_OK) {
		assert_int_equal(keyfile_read(p->path, &out), ES_OK);
		assert_false(out.has_next);
	}
	k = full();
	strcpy(k.name, "Auray\npole 0");
	if (keyfile_write(p->path, &k) == ES_OK) {
		assert_int_equal(keyfile_read(p->path, &out), ES_OK);
		assert_memory_equal(out.hub.bytes, k.hub.bytes, 16);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_key_file_is_its_owner_s_alone),
		TEST(it_is_refused_when_others_can_read_it),
		TEST(no_file_is_no_node),
		TEST(new_keys_are_on_disk_before_they_are_used),
		TEST(new_keys_take_over_and_the_former_transport_key_stays),
		TEST(the_former_transport_key_may_be_one_earlier),
		TEST(facts_come_back_as_they_were_written),
		TEST(the_longest_facts_fit),
		TEST(what_a_node_is_goes_into_its_key_file),
		TEST(what_a_crash_left_beside_it_does_no_harm),
		TEST(a_link_beside_it_is_not_followed),
		TEST(a_write_that_fails_leaves_the_old_one),
		TEST(a_key_of_another_length_or_alphabet_is_refused),
		TEST(overlong_and_binary_content_is_refused),
		TEST(a_text_with_a_line_s_end_writes_no_line_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
