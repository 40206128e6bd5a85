/* SPDX-License-Identifier: Apache-2.0
 *
 * Seats of events, on whole nodes: whatever the order in which hubs ask, withdraw
 * and are heard, no more are granted than there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/canon.h"
#include "tests/daemon/nodes.h"

#define EVENT 1 /* of Auray */
#define ROOM 2 /* a structure of Auray, and the next ones */

static enum es_err set_event(struct nodes *w, struct party *p, const char *field, const char *text)
{
	struct edit e = {.kind = schema_kind_no(KIND_OF_SEATS), .has_uid = true, .uid = uid_of(EVENT)};
	struct edit_result result;

	return edit_field(w, p, &e, field, text, false, &result);
}

static int setup(void **state)
{
	struct nodes *w = calloc(1, sizeof *w);

	nodes_open(w, 3);
	assert_int_equal(set_event(w, &w->p[AURAY], "titre", "Lunch"), ES_OK);
	assert_int_equal(set_event(w, &w->p[AURAY], "capacite", "4"), ES_OK);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(edit(w, &w->p[AURAY], ROOM + i, "nom", "Structure"), ES_OK);
	visit_all(w);
	*state = w;
	return 0;
}

static enum es_err ask(struct nodes *w, struct party *p, unsigned structure, uint32_t persons, uint32_t *no)
{
	struct id16 event = uid_of(EVENT), who = uid_of(structure);

	return STEP(w, p, node_ask_seats(p->n, &event, &who, persons, no));
}

static uint32_t asked(struct nodes *w, struct party *p, uint32_t persons)
{
	uint32_t no = 0;

	assert_int_equal(ask(w, p, ROOM, persons, &no), ES_OK);
	assert_in_range(no, 100000, 999999);
	return no;
}

static void cancelled(struct nodes *w, struct party *p, uint32_t no)
{
	assert_int_equal(STEP(w, p, node_cancel_seats(p->n, no)), ES_OK);
}

static struct seats seats(struct party *p)
{
	struct id16 event = uid_of(EVENT);
	struct seats s;

	assert_int_equal(node_seats(p->n, &event, &s), ES_OK);
	return s;
}

static void assert_seats(struct party *p, int64_t granted, int64_t waiting)
{
	struct seats s = seats(p);

	assert_int_equal(s.granted, granted);
	assert_int_equal(s.waiting, waiting);
	seats_done(&s);
}

static void assert_all(struct nodes *w, int64_t granted, int64_t waiting)
{
	visit_all(w);
	visit_all(w);
	for (size_t i = 0; i < w->count; i++)
		if (w->p[i].n)
			assert_seats(&w->p[i], granted, waiting);
}

static bool is_granted(struct party *p, uint32_t no)
{
	struct seats s = seats(p);
	bool granted = false, found = false;

	for (size_t i = 0; i < s.count; i++)
		if (s.list[i].no == no) {
			granted = s.list[i].granted;
			found = true;
		}
	seats_done(&s);
	assert_true(found);
	return granted;
}

static bool never(void *ctx, const struct inbox_item *i)
{
	(void)ctx;
	(void)i;
	fail();
	return false;
}

static void seats_are_granted_in_order_of_arrival(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *vannes = &w->p[VANNES], *rennes = &w->p[RENNES];
	uint32_t first = asked(w, vannes, 3), large = asked(w, rennes, 2), small = asked(w, rennes, 1);

	assert_seats(vannes, 0, 3); /* nobody has heard */
	visit(w, vannes);
	visit(w, auray);
	assert_seats(auray, 3, 0);
	visit(w, rennes);
	assert_all(w, 3, 3); /* who comes later waits behind who does not fit */
	for (size_t i = 0; i < 4; i++) {
		assert_true(is_granted(&w->p[i], first));
		assert_false(is_granted(&w->p[i], large));
		assert_false(is_granted(&w->p[i], small));
		assert_int_equal(node_inbox(w->p[i].n, never, NULL), ES_OK);
	}
	cancelled(w, vannes, first);
	assert_seats(vannes, 0, 3);
	assert_all(w, 3, 0);
	assert_true(is_granted(rennes, large));
	assert_int_equal(STEP(w, vannes, node_cancel_seats(vannes->n, first)), ES_NOT_FOUND);
	assert_int_equal(STEP(w, vannes, node_cancel_seats(vannes->n, large)), ES_NOT_FOUND); /* another's */
	party_restart(w, auray);
	party_restart(w, rennes);
	assert_all(w, 3, 0);
}

static void free_places_go_to_the_first_who_fits_of_those_who_waited(void **state)
{
	struct nodes *w = *state;
	struct party *vannes = &w->p[VANNES], *rennes = &w->p[RENNES];
	uint32_t full = asked(w, vannes, 3), one = asked(w, vannes, 1), large, small, late;

	assert_all(w, 4, 0);
	large = asked(w, rennes, 2);
	small = asked(w, rennes, 1);
	assert_all(w, 4, 3);
	cancelled(w, vannes, one);
	late = asked(w, vannes, 1);
	assert_all(w, 4, 3);
	assert_true(is_granted(rennes, small) && !is_granted(rennes, large) && !is_granted(vannes, late));
	party_restart(w, &w->p[AURAY]);
	assert_all(w, 4, 3);
	cancelled(w, vannes, full);
	assert_all(w, 4, 0);
	assert_true(is_granted(rennes, large) && is_granted(vannes, late));
}

static void what_was_never_sent_is_withdrawn_without_a_trace(void **state)
{
	struct nodes *w = *state;
	struct party *vannes = &w->p[VANNES];
	uint64_t seq = own_head(vannes, vannes, SCOPE_FEDERATION)->seq;

	cancelled(w, vannes, asked(w, vannes, 4));
	assert_all(w, 0, 0);
	assert_int_equal(own_head(vannes, vannes, SCOPE_FEDERATION)->seq, seq);
}

static void a_withdrawal_and_a_grant_may_cross(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *vannes = &w->p[VANNES];
	uint32_t no = asked(w, vannes, 4), later;

	visit(w, vannes);
	cancelled(w, vannes, no); /* not heard of the grant */
	visit(w, auray);
	assert_seats(auray, 4, 0);
	later = asked(w, &w->p[RENNES], 4);
	visit(w, &w->p[RENNES]);
	assert_all(w, 4, 0);
	assert_true(is_granted(auray, later));
}

static void a_structure_takes_one_seat_however_often_it_asks(void **state)
{
	struct nodes *w = *state;
	struct party *vannes = &w->p[VANNES];
	uint32_t no[4];

	assert_int_equal(set_event(w, &w->p[AURAY], "unite_capacite", "structure"), ES_OK);
	assert_int_equal(set_event(w, &w->p[AURAY], "capacite", "2"), ES_OK);
	visit_all(w);
	assert_int_equal(ask(w, vannes, ROOM, 9, &no[0]), ES_OK);
	assert_int_equal(ask(w, vannes, ROOM, 2, &no[1]), ES_OK);
	assert_int_equal(ask(w, vannes, ROOM + 1, 1, &no[2]), ES_OK);
	assert_int_equal(ask(w, vannes, ROOM + 2, 1, &no[3]), ES_OK);
	assert_all(w, 2, 1);
	assert_true(is_granted(vannes, no[1]) && is_granted(vannes, no[2]) && !is_granted(vannes, no[3]));
	cancelled(w, vannes, no[0]); /* its structure still comes */
	assert_all(w, 2, 1);
	cancelled(w, vannes, no[1]);
	assert_all(w, 2, 0);
	assert_true(is_granted(vannes, no[3]));
}

static void the_organiser_asks_as_the_others_do(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY];
	uint32_t own = asked(w, auray, 3), own_too = asked(w, auray, 3);

	visit(w, auray);
	assert_all(w, 3, 3);
	assert_true(is_granted(auray, own));
	cancelled(w, auray, own);
	assert_all(w, 3, 0);
	assert_true(is_granted(&w->p[RENNES], own_too));
}

static void more_room_lets_more_in_and_a_closed_event_nobody(void **state)
{
	struct nodes *w = *state;
	struct party *vannes = &w->p[VANNES];
	uint32_t no;

	assert_int_equal(ask(w, vannes, ROOM, 6, &no), ES_TOO_LARGE); /* it would wait for ever */
	asked(w, vannes, 4);
	asked(w, vannes, 2);
	assert_all(w, 4, 2);
	assert_int_equal(set_event(w, &w->p[AURAY], "capacite", "6"), ES_OK);
	w->utc += 61000; /* looked at once a minute */
	assert_all(w, 6, 0);
	assert_int_equal(set_event(w, &w->p[AURAY], "statut", "annule"), ES_OK);
	asked(w, vannes, 1); /* not heard of it */
	visit_all(w);
	assert_int_equal(set_event(w, &w->p[AURAY], "capacite", "100"), ES_OK);
	w->utc += 61000;
	assert_all(w, 6, 1);
	assert_int_equal(ask(w, vannes, ROOM, 1, &no), ES_NOT_ALLOWED);
}

/* As an import brings it: nobody asked. */
static void note(struct nodes *w, struct party *p, unsigned number, unsigned structure, int64_t persons, const char *statut)
{
	struct id16 event = uid_of(EVENT), who = uid_of(structure);
	struct edit e = {.kind = schema_kind_named(slice_str("inscription")), .has_uid = true, .uid = uid_of(number)};
	struct edit_result result;
	struct buf values[3];

	for (size_t i = 0; i < 3; i++)
		buf_init(&values[i], 64);
	canon_bin(&values[0], event.bytes, 16);
	canon_bin(&values[1], who.bytes, 16);
	canon_int(&values[2], persons);
	e.values[inscription_evenement_uid] = buf_slice(&values[0]);
	e.values[inscription_structure_uid] = buf_slice(&values[1]);
	e.values[inscription_nb_personnes] = buf_slice(&values[2]);
	assert_int_equal(edit_field(w, p, &e, "statut", statut, false, &result), ES_OK);
	for (size_t i = 0; i < 3; i++)
		buf_done(&values[i]);
}

static void what_the_organiser_noted_as_confirmed_has_its_seat(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *vannes = &w->p[VANNES];
	uint32_t one, two;

	note(w, auray, 40, ROOM, 2, "inscrit");
	note(w, auray, 41, ROOM, 1, "present");
	note(w, auray, 42, ROOM, 3, "liste_attente");
	note(w, auray, 43, ROOM, 3, "annule");
	note(w, vannes, 44, ROOM, 1, "inscrit"); /* not the organiser's: it has to ask */
	visit_all(w);
	assert_seats(auray, 3, 0);
	two = asked(w, vannes, 2);
	one = asked(w, vannes, 1);
	visit_all(w);
	visit_all(w);
	assert_seats(auray, 3, 3);
	note(w, auray, 40, ROOM, 2, "annule");
	w->utc += 61000; /* looked at once a minute */
	visit_all(w);
	visit_all(w);
	assert_seats(auray, 4, 0);
	assert_true(is_granted(vannes, two) && is_granted(vannes, one));
}

static void a_structure_that_was_noted_takes_no_second_seat(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *vannes = &w->p[VANNES];
	uint32_t no[2];

	assert_int_equal(set_event(w, auray, "unite_capacite", "structure"), ES_OK);
	assert_int_equal(set_event(w, auray, "capacite", "1"), ES_OK);
	note(w, auray, 40, ROOM, 2, "inscrit");
	note(w, auray, 41, ROOM, 1, "inscrit");
	visit_all(w);
	assert_seats(auray, 1, 0);
	assert_int_equal(ask(w, vannes, ROOM, 1, &no[0]), ES_OK);
	assert_int_equal(ask(w, vannes, ROOM + 1, 1, &no[1]), ES_OK);
	visit_all(w);
	visit_all(w);
	assert_seats(auray, 1, 1);
	assert_true(is_granted(auray, no[0]) && !is_granted(auray, no[1]));
}

static void without_a_capacity_there_is_room_for_all(void **state)
{
	struct nodes *w = *state;

	assert_int_equal(set_event(w, &w->p[AURAY], "capacite", ""), ES_OK);
	visit_all(w);
	asked(w, &w->p[VANNES], 10000);
	assert_all(w, 10000, 0);
}

static void an_event_that_is_handed_over_keeps_its_seats(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *vannes = &w->p[VANNES], *rennes = &w->p[RENNES];
	struct id16 uid = uid_of(EVENT), hub = vannes->n->hub;
	uint32_t first = asked(w, rennes, 3), second = asked(w, rennes, 3);

	assert_all(w, 3, 3);
	assert_int_equal(STEP(w, auray, node_hand_over(auray->n, &uid, &hub)), ES_OK);
	cancelled(w, rennes, first); /* nobody grants while it is offered */
	assert_all(w, 0, 3);
	struct inbox_item item = {.no = 0};
	for (int64_t no = 1; no < 50 && item.no == 0; no++)
		if (STEP(w, vannes, node_answer(vannes->n, no, true, SLICE_NONE)) == ES_OK)
			item.no = no;
	assert_int_not_equal(item.no, 0);
	assert_all(w, 3, 0);
	assert_true(is_granted(auray, second));
	cancelled(w, rennes, second);
	asked(w, auray, 4);
	assert_all(w, 4, 0);
}

static void nothing_else_is_a_request(void **state)
{
	struct nodes *w = *state;
	struct party *vannes = &w->p[VANNES];
	struct id16 unknown = uid_of(99), room = uid_of(ROOM);
	struct seats s;
	uint32_t no;

	assert_int_equal(ask(w, vannes, ROOM, 0, &no), ES_BAD_VALUE);
	assert_int_equal(ask(w, vannes, ROOM, SEAT_PERSONS_MAX + 1, &no), ES_BAD_VALUE);
	assert_int_equal(ask(w, vannes, 99, 1, &no), ES_BAD_VALUE);
	assert_int_equal(STEP(w, vannes, node_ask_seats(vannes->n, &unknown, &room, 1, &no)), ES_NOT_FOUND);
	assert_int_equal(STEP(w, vannes, node_ask_seats(vannes->n, &room, &room, 1, &no)), ES_NOT_FOUND); /* no event */
	assert_int_equal(node_seats(vannes->n, &unknown, &s), ES_NOT_FOUND);
	seats_done(&s);
	assert_int_equal(STEP(w, vannes, node_cancel_seats(vannes->n, 0)), ES_NOT_FOUND);
	assert_all(w, 0, 0);
}

static void never_more_than_there_are(void **state)
{
	struct nodes *w = *state;
	uint32_t numbers[200], count = 0;
	struct party *owner[200];

	for (unsigned round = 0; round < 200; round++) {
		uint64_t r = rng_u64(&w->rng);
		struct party *p = &w->p[1 + r % 3];

		r >>= 8;
		if (r % 8 < 3) {
			owner[count] = p;
			numbers[count++] = asked(w, p, 1 + (uint32_t)(r >> 8) % 3);
		} else if (r % 8 == 3 && count > 0) {
			uint32_t i = (uint32_t)(r >> 8) % count;
			enum es_err err = STEP(w, owner[i], node_cancel_seats(owner[i]->n, numbers[i]));

			assert_true(err == ES_OK || err == ES_NOT_FOUND);
		} else if (r % 8 == 4) {
			party_restart(w, p);
		} else {
			visit(w, p);
		}
		struct seats s = seats(&w->p[AURAY]);
		assert_true(s.granted <= 4);
		seats_done(&s);
	}
	visit_all(w);
	visit_all(w);
	struct seats s = seats(&w->p[AURAY]);
	for (size_t i = 0; i < s.count; i++) { /* nobody is first in the queue for seats that are there */
		if (s.list[i].granted)
			continue;
		assert_true(s.granted + s.list[i].persons > 4);
		break;
	}
	assert_all(w, s.granted, s.waiting);
	seats_done(&s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, nodes_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(seats_are_granted_in_order_of_arrival),
		TEST(free_places_go_to_the_first_who_fits_of_those_who_waited),
		TEST(what_was_never_sent_is_withdrawn_without_a_trace),
		TEST(a_withdrawal_and_a_grant_may_cross),
		TEST(a_structure_takes_one_seat_however_often_it_asks),
		TEST(the_organiser_asks_as_the_others_do),
		TEST(more_room_lets_more_in_and_a_closed_event_nobody),
		TEST(what_the_organiser_noted_as_confirmed_has_its_seat),
		TEST(a_structure_that_was_noted_takes_no_second_seat),
		TEST(without_a_capacity_there_is_room_for_all),
		TEST(an_event_that_is_handed_over_keeps_its_seats),
		TEST(nothing_else_is_a_request),
		TEST(never_more_than_there_are),
	};

	return cmocka_run_group_tests(tests, nodes_reference, nodes_done);
}
