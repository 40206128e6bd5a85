/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/proto/fixture.h"

static struct world w;
static struct sealed *s; /* the next control commit */

static int setup(void **state)
{
	(void)state;
	world_init(&w);
	world_found(&w);
	s = world_next(&w);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (w.commits == 1)
		sealed_done(s);
	world_done(&w);
	return 0;
}

static void the_founding_commit_tells_everything_about_the_federation(void **state)
{
	const struct rights *r = &w.rights;

	(void)state;
	assert_true(r->founded);
	assert_string_equal(r->name, "Bretagne ESS");
	assert_string_equal(r->region, "53");
	assert_string_equal(r->charter_text, CHARTER_TEXT);
	assert_true(hash_eq(&r->charter, &w.charter));
	assert_int_equal(r->seq, 1);
	assert_true(hash_eq(&r->id, &w.control[0].c.id));
	assert_true(id_eq(&r->control_log, &w.control_open.id));
	assert_string_equal(rights_territory(r, "auray")->name, "Pays d'Auray");
	assert_null(rights_territory(r, "brest"));
	const struct member *m = rights_cress(r);
	assert_non_null(m);
	assert_ptr_equal(m, rights_member(r, &w.keys[CRESS].hub));
	assert_ptr_equal(m, rights_member_dh(r, &w.keys[CRESS].dh));
	assert_null(rights_member(r, &w.keys[AURAY].hub));
	assert_null(rights_member_dh(r, &w.keys[AURAY].dh));
	assert_string_equal(m->name, "CRESS Bretagne");
	assert_string_equal(m->address, "cress.example:7480");
	const struct open_log *log = rights_log(r, &w.open[CRESS][SCOPE_PUBLIC].id);
	assert_true(log && log->opened_seq == 1 && hash_eq(&log->opened_by, &r->id) && log->scope == SCOPE_PUBLIC);
	assert_null(rights_log(r, &w.open[AURAY][SCOPE_PUBLIC].id));
}

static void what_the_writers_write_is_canonical(void **state)
{
	(void)state;
	world_let_in(&w, AURAY);
	for (unsigned i = 0; i < 2; i++)
		for (unsigned j = 0; j < w.control[i].count; j++)
			assert_int_equal(canon_check(buf_slice(&w.control[i].change[j])), ES_OK);
}

static void the_federation_id_covers_the_genesis(void **state)
{
	struct genesis g = w.genesis;
	struct hash id;

	(void)state;
	id = rights_fed_id(g.name, &g.cress, &g.recovery, g.random, &g.charter);
	assert_true(hash_eq(&id, &w.fed_id));
	for (int i = 0; i < 5; i++) {
		g = w.genesis;
		if (i == 0)
			g.name = slice_str("Autre");
		uint8_t *byte[] = {g.random, g.cress.bytes, g.recovery.bytes, g.random, g.charter.bytes};
		if (i > 0)
			byte[i][0] ^= 1;
		id = rights_fed_id(g.name, &g.cress, &g.recovery, g.random, &g.charter);
		assert_false(hash_eq(&id, &w.fed_id));
		struct sealed f;
		struct rights r;
		sealed_init(&f);
		f.c = w.control[0].c;
		entry_genesis(&g, sealed_add(&f));
		seal(&f, &w.keys[CRESS]);
		rights_init(&r, &w.fed_id);
		assert_int_equal(rights_apply(&r, &f.c, &f.p), ES_WRONG_FEDERATION);
		assert_false(r.founded);
		rights_done(&r);
		sealed_done(&f);
	}
}

static void nothing_comes_before_the_genesis_and_no_second_one_after_it(void **state)
{
	struct rights r;
	struct member m = world_member(&w, AURAY);

	(void)state;
	entry_member(&m, &w.charter, NULL, sealed_add(s));
	seal(s, &w.keys[CRESS]);
	rights_init(&r, &w.fed_id);
	assert_int_equal(rights_apply(&r, &s->c, &s->p), ES_NOT_ALLOWED);
	assert_int_equal(r.member_count, 0);
	buf_clear(&s->change[0]);
	entry_genesis(&w.genesis, &s->change[0]);
	seal(s, &w.keys[CRESS]);
	assert_int_equal(rights_apply(&r, &s->c, &s->p), ES_NOT_ALLOWED); /* not in commit 1 */
	rights_done(&r);
	assert_int_equal(world_apply(&w), ES_NOT_ALLOWED);
}

static void a_member_s_key_is_valid_and_its_id_follows_from_it(void **state)
{
	struct member m = world_member(&w, AURAY);

	(void)state;
	memset(m.sign.bytes, 0, 32); /* a point of small order */
	m.hub = crypto_hub_id(&w.fed_id, &m.sign);
	entry_member(&m, &w.charter, NULL, sealed_add(s));
	seal(s, &w.keys[CRESS]);
	assert_int_equal(rights_apply(&w.rights, &s->c, &s->p), ES_BAD_KEY);
	m.sign = w.keys[AURAY].sign;
	m.hub = w.keys[VANNES].hub;
	buf_clear(&s->change[0]);
	entry_member(&m, &w.charter, NULL, &s->change[0]);
	seal(s, &w.keys[CRESS]);
	assert_int_equal(rights_apply(&w.rights, &s->c, &s->p), ES_NOT_ALLOWED);
	m = world_member(&w, CRESS); /* in already */
	buf_clear(&s->change[0]);
	entry_member(&m, &w.charter, NULL, &s->change[0]);
	assert_int_equal(world_apply(&w), ES_NOT_ALLOWED);
	assert_int_equal(w.rights.member_count, 1);
}

static void a_key_is_one_member_s(void **state)
{
	struct member m;

	(void)state;
	world_let_in(&w, AURAY);
	s = world_next(&w);
	m = world_member(&w, VANNES);
	m.dh = w.keys[AURAY].dh;
	entry_member(&m, &w.charter, NULL, sealed_add(s));
	assert_int_equal(world_apply(&w), ES_NOT_ALLOWED);
	assert_null(rights_member(&w.rights, &m.hub));
	assert_ptr_equal(rights_member_sign(&w.rights, &w.keys[AURAY].sign), rights_member(&w.rights, &w.keys[AURAY].hub));
	assert_null(rights_member_sign(&w.rights, &w.keys[VANNES].sign));
}

static void the_control_log_is_the_cress_s(void **state)
{
	struct open_log control = world_open(&w, AURAY, SCOPE_CONTROL, 2);

	(void)state;
	world_let_in(&w, AURAY);
	s = world_next(&w);
	entry_open(&control, sealed_add(s));
	assert_int_equal(world_apply(&w), ES_NOT_ALLOWED);
	assert_true(id_eq(&w.rights.control_log, &w.control_open.id));
}

static void a_log_s_id_follows_from_its_hub_scope_and_nonce_and_is_opened_once(void **state)
{
	struct open_log log = world_open(&w, CRESS, SCOPE_FEDERATION, 1), bad = log;
	const struct open_log wrong[] = {w.open[CRESS][SCOPE_PUBLIC], w.open[AURAY][SCOPE_PUBLIC]};

	(void)state;
	bad.id.bytes[0] ^= 1;
	sealed_add(s);
	for (int i = 0; i < 3; i++) {
		buf_clear(&s->change[0]);
		entry_open(i < 2 ? &wrong[i] : &bad, &s->change[0]); /* open already, not a member's, another id */
		seal(s, &w.keys[CRESS]);
		assert_int_equal(rights_apply(&w.rights, &s->c, &s->p), ES_NOT_ALLOWED);
	}
	bad = w.open[CRESS][SCOPE_LOCAL]; /* is in no control log */
	buf_clear(&s->change[0]);
	entry_open(&bad, &s->change[0]);
	seal(s, &w.keys[CRESS]);
	assert_int_not_equal(rights_apply(&w.rights, &s->c, &s->p), ES_OK);
	buf_clear(&s->change[0]);
	entry_open(&log, &s->change[0]);
	assert_int_equal(world_apply(&w), ES_OK);
}

static void the_greatest_generation_of_a_log_is_the_one_in_use(void **state)
{
	struct open_log third = world_open(&w, CRESS, SCOPE_PUBLIC, 3), second = world_open(&w, CRESS, SCOPE_PUBLIC, 2);
	struct open_log control = world_open(&w, CRESS, SCOPE_CONTROL, 2);

	(void)state;
	entry_open(&third, sealed_add(s));
	entry_open(&second, sealed_add(s));
	entry_open(&control, sealed_add(s));
	assert_int_equal(world_apply(&w), ES_OK);
	assert_int_equal(rights_log_of(&w.rights, &w.keys[CRESS].hub, SCOPE_PUBLIC)->generation, 3);
	assert_null(rights_log_of(&w.rights, &w.keys[CRESS].hub, SCOPE_CRESS));
	assert_null(rights_log_of(&w.rights, &w.keys[AURAY].hub, SCOPE_PUBLIC));
	assert_true(id_eq(&w.rights.control_log, &control.id));
	assert_non_null(rights_log(&w.rights, &w.control_open.id)); /* earlier ones are remembered */
}

static void an_invitation_is_used_by_the_member_that_brings_it(void **state)
{
	struct invitation_entry i = {.expires = NOW_MS, .approved = true};
	struct hash other = {{3}};

	(void)state;
	memset(i.hash.bytes, 50 + AURAY, 32);
	strcpy(i.pays, "auray");
	strcpy(i.name, "Pole Auray");
	entry_invite(&i, sealed_add(s));
	i.hash = other;
	i.approved = false;
	entry_invite(&i, sealed_add(s));
	assert_int_equal(world_apply(&w), ES_OK);
	memset(i.hash.bytes, 50 + AURAY, 32);
	const struct invitation_entry *e = rights_invite(&w.rights, &i.hash);
	assert_non_null(e);
	assert_true(e->approved && !e->used && e->expires == NOW_MS);
	assert_string_equal(e->pays, "auray");
	assert_string_equal(e->name, "Pole Auray");
	world_let_in(&w, AURAY);
	assert_true(rights_invite(&w.rights, &i.hash)->used);
	assert_false(rights_invite(&w.rights, &other)->used || rights_invite(&w.rights, &other)->approved);
	assert_null(rights_invite(&w.rights, &w.fed_id));
	assert_true(hash_eq(&rights_member(&w.rights, &w.keys[AURAY].hub)->invite, &i.hash));
}

static void a_later_charter_and_territory_replace_the_earlier(void **state)
{
	(void)state;
	entry_charter(slice_str("charte"), slice_str("2"), slice_str("Nouveau texte."), sealed_add(s));
	entry_territory(slice_str("pays"), slice_str("auray"), slice_str("Auray Quiberon"), SLICE("\x90", 1), sealed_add(s));
	assert_int_equal(world_apply(&w), ES_OK);
	assert_string_equal(w.rights.charter_text, "Nouveau texte.");
	assert_string_equal(rights_territory(&w.rights, "auray")->name, "Auray Quiberon");
	assert_int_equal(w.rights.territory_count, 1);
	struct hash digest = crypto_hash(HASH_GENESIS, slice_str("Nouveau texte."));
	assert_true(hash_eq(&w.rights.charter, &digest));
	assert_true(rights_had_charter(&w.rights, &digest) && rights_had_charter(&w.rights, &w.charter));
	assert_false(rights_had_charter(&w.rights, &w.fed_id));
}

static void a_charter_says_whether_it_must_be_accepted_anew(void **state)
{
	(void)state;
	assert_false(w.rights.charter_mandatory);
	entry_charter_version(slice_str("charte"), slice_str("2"), slice_str("Deux."), true, sealed_add(s));
	assert_int_equal(world_apply(&w), ES_OK);
	assert_true(w.rights.charter_mandatory);
	assert_string_equal(w.rights.charter_text, "Deux.");
	s = world_next(&w);
	entry_charter_version(slice_str("charte"), slice_str("3"), slice_str("Trois."), false, sealed_add(s));
	assert_int_equal(world_apply(&w), ES_OK);
	assert_false(w.rights.charter_mandatory);
}

static void a_charter_is_the_text_of_its_digest(void **state)
{
	(void)state;
	entry_charter(slice_str("charte"), slice_str("2"), slice_str("Nouveau texte."), sealed_add(s));
	s->change[0].p[s->change[0].len - 1] ^= 1;
	assert_int_equal(world_apply(&w), ES_BAD_DIGEST);
	assert_string_equal(w.rights.charter_text, CHARTER_TEXT);
}

static void entries_of_later_versions_are_passed_over(void **state)
{
	struct change ch = {.op = 900, .control = true, .fields = SLICE("\x80", 1)};

	(void)state;
	change_encode(&ch, sealed_add(s));
	ch.op = OP_RECOVER + 1;
	change_encode(&ch, sealed_add(s));
	assert_int_equal(world_apply(&w), ES_OK);
	assert_int_equal(w.rights.seq, 2);
	assert_int_equal(w.rights.member_count, 1);
}

static void an_entry_without_its_fields_is_malformed(void **state)
{
	static const unsigned ops[] = {OP_CHARTER, OP_MEMBER, OP_OPEN, OP_TERRITORY, OP_INVITE, OP_SUSPEND, OP_RESUME,
				       OP_REVOKE, OP_ROTATE, OP_STEWARD, OP_FORGET, OP_CHECKPOINT, OP_RESOLVE, OP_VOID,
				       OP_QUOTA, OP_RECOVER};
	struct change ch = {.control = true, .fields = SLICE("\x80", 1)};
	struct rights fresh;

	(void)state;
	sealed_add(s);
	for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
		ch.op = ops[i];
		buf_clear(&s->change[0]);
		change_encode(&ch, &s->change[0]);
		seal(s, &w.keys[CRESS]);
		assert_int_equal(rights_apply(&w.rights, &s->c, &s->p), ES_MALFORMED);
	}
	ch.op = OP_GENESIS;
	buf_clear(&s->change[0]);
	change_encode(&ch, &s->change[0]);
	s->c.seq = 1;
	seal(s, &w.keys[CRESS]);
	rights_init(&fresh, &w.fed_id);
	assert_int_equal(rights_apply(&fresh, &s->c, &s->p), ES_MALFORMED);
	rights_done(&fresh);
}

static void data_is_no_control_entry(void **state)
{
	(void)state;
	write_put(sealed_add(s), &w.keys[CRESS], 5, 0, "x");
	assert_int_equal(world_apply(&w), ES_NOT_ALLOWED);
}

static void who_may_hold_what(void **state)
{
	static const struct { enum role role; bool own; bool may[SCOPE_COUNT + 1]; } row[] = {
		/*                    control public federation cress  local */
		{ROLE_HUB, false,      {true, true, true, false, false, false}},
		{ROLE_HUB, true,       {true, true, true, true, false, false}},
		{ROLE_CRESS, false,    {true, true, true, true, false, false}},
		{ROLE_OBSERVER, false, {true, true, false, false, false, false}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
		for (unsigned scope = 0; scope <= SCOPE_COUNT; scope++) {
			struct member m = {.hub = w.keys[AURAY].hub, .role = row[i].role};
			struct open_log log = {.hub = w.keys[row[i].own ? AURAY : VANNES].hub, .scope = (enum scope)scope};

			assert_int_equal(rights_may_hold(&w.rights, &m, &log), row[i].may[scope]);
			m.state = MEMBER_SUSPENDED;
			assert_false(rights_may_hold(&w.rights, &m, &log));
			m.state = MEMBER_REVOKED;
			assert_false(rights_may_hold(&w.rights, &m, &log));
		}
}

static void owners_are_named_after_their_territory(void **state)
{
	struct member cress = world_member(&w, CRESS), hub = world_member(&w, AURAY);
	char text[RIGHTS_PAYS_MAX + 8];

	(void)state;
	rights_owner_text(&cress, text, sizeof text);
	assert_string_equal(text, "cress-bretagne");
	rights_owner_text(&hub, text, sizeof text);
	assert_string_equal(text, "pole-auray");
}

static void an_acceptance_covers_the_session_the_keys_the_charter_and_the_address(void **state)
{
	struct member m = world_member(&w, VANNES);
	uint8_t handshake[64] = {1};
	struct buf one, two;

	(void)state;
	buf_init(&one, 1000);
	buf_init(&two, 1000);
	acceptance_message(handshake, &w.fed_id, &m, &w.charter, &one);
	assert_int_equal(canon_check(buf_slice(&one)), ES_OK);
	for (int i = 0; i < 7; i++) {
		struct hash fed = w.fed_id, charter = w.charter;
		uint8_t *byte[] = {handshake, fed.bytes, (uint8_t *)m.name, m.sign.bytes, m.dh.bytes, charter.bytes, (uint8_t *)m.address};

		*byte[i] ^= 1;
		buf_clear(&two);
		acceptance_message(handshake, &fed, &m, &charter, &two);
		assert_false(slice_eq(buf_slice(&one), buf_slice(&two)));
		*byte[i] ^= 1;
	}
	buf_done(&one);
	buf_done(&two);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_founding_commit_tells_everything_about_the_federation),
		T(what_the_writers_write_is_canonical),
		T(the_federation_id_covers_the_genesis),
		T(nothing_comes_before_the_genesis_and_no_second_one_after_it),
		T(a_member_s_key_is_valid_and_its_id_follows_from_it),
		T(a_key_is_one_member_s),
		T(the_control_log_is_the_cress_s),
		T(a_log_s_id_follows_from_its_hub_scope_and_nonce_and_is_opened_once),
		T(the_greatest_generation_of_a_log_is_the_one_in_use),
		T(an_invitation_is_used_by_the_member_that_brings_it),
		T(a_later_charter_and_territory_replace_the_earlier),
		T(a_charter_says_whether_it_must_be_accepted_anew),
		T(a_charter_is_the_text_of_its_digest),
		T(entries_of_later_versions_are_passed_over),
		T(an_entry_without_its_fields_is_malformed),
		T(data_is_no_control_entry),
		T(who_may_hold_what),
		T(owners_are_named_after_their_territory),
		T(an_acceptance_covers_the_session_the_keys_the_charter_and_the_address),
	};

	if (crypto_start() != ES_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
