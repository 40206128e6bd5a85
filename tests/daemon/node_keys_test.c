/* SPDX-License-Identifier: Apache-2.0
 *
 * New keys, lost keys, stolen keys, and two control logs (protocol.md part 6, L14 to
 * L16), on whole nodes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/node/found.h"
#include "daemon/node/task.h"
#include "tests/daemon/nodes.h"

static void written(struct nodes *w, struct party *p, unsigned number, const char *name)
{
	assert_int_equal(edit(w, p, number, "nom", name), ES_OK);
	visit_all(w);
	for (size_t i = 0; i < w->count; i++)
		if (w->p[i].n && !shows(&w->p[i], number, name))
			fail_msg("node %zu does not show %s", i, name);
}

static bool bears(const struct node *n, const struct node_keys *k)
{
	return memcmp(n->keys.sign.bytes, k->sign.bytes, 32) == 0 && memcmp(n->keys.dh.bytes, k->dh.bytes, 32) == 0;
}

/* --- rotation --- */

static void a_hub_takes_new_keys(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *home = &w->p[CRESS];
	struct node_keys next, old = auray->n->keys;

	written(w, auray, 1, "Premier");
	party_keys(w, &next);
	assert_int_equal(STEP(w, auray, node_rotate(auray->n, &next)), ES_OK);
	assert_true(bears(auray->n, &old)); /* until it is entered */
	visit_all(w);
	assert_true(bears(auray->n, &next));
	assert_int_equal(auray->n->epoch, 2);
	assert_true(auray->n->keys_changed);
	assert_true(auray->n->keys.has_former);
	assert_memory_equal(auray->n->keys.former_dh.bytes, old.dh_secret.bytes, 32);
	assert_false(auray->n->has_next || auray->n->rotating || auray->n->key_replaced);
	const struct member *m = rights_member(&home->n->rights, &auray->n->hub);
	assert_memory_equal(m->sign.bytes, next.sign.bytes, 32);
	assert_memory_equal(m->dh.bytes, next.dh.bytes, 32);
	assert_int_equal(m->epoch, 2);
	assert_true(rights_dh_former(&home->n->rights, &old.dh));
	written(w, auray, 2, "Deuxieme");
	party_restart(w, auray);
	assert_false(auray->n->rotating);
	written(w, auray, 3, "Troisieme");
	struct party *vitre = party_join(w, "vitre", "Vitre"); /* old and new signatures from the first on */
	visit_all(w);
	assert_true(shows(vitre, 1, "Premier") && shows(vitre, 3, "Troisieme"));
	party_keys(w, &next);
	assert_int_equal(STEP(w, auray, node_rotate(auray->n, &next)), ES_OK); /* and again */
	visit_all(w);
	assert_int_equal(auray->n->epoch, 3);
	written(w, auray, 4, "Quatrieme");
}

/* A full disk: the entry is nowhere, the key file has both, the old ones sign. */
static void keys_taken_with_an_entry_that_is_undone_are_not_taken(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS];
	struct node_keys next, old = home->n->keys;

	written(w, home, 1, "Premier");
	party_keys(w, &next);
	step_begin(w, home);
	assert_int_equal(node_rotate(home->n, &next), ES_OK);
	assert_true(bears(home->n, &next) && home->n->keys_changed);
	assert_int_equal(step_end(home, ES_DISK_FULL), ES_DISK_FULL);
	assert_true(bears(home->n, &old));
	assert_false(home->n->keys_changed); /* or the carrier would throw the old ones away */
	written(w, home, 2, "Deuxieme");
	visit_all(w);
	assert_true(shows(&w->p[AURAY], 2, "Deuxieme"));
	assert_int_equal(STEP(w, home, node_rotate(home->n, &next)), ES_OK);
	assert_true(bears(home->n, &next) && home->n->keys_changed);
	assert_int_equal(STEP(w, home, ES_DISK_FULL), ES_DISK_FULL); /* it is there now */
	assert_true(bears(home->n, &next) && home->n->keys_changed);
	written(w, home, 3, "Troisieme");
}

static void between_the_request_and_the_entry_nothing_is_signed(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY];
	struct node_keys next;

	party_keys(w, &next);
	assert_int_equal(STEP(w, auray, node_rotate(auray->n, &next)), ES_OK);
	seal_alone(w, auray);
	assert_true(auray->n->rotating);
	assert_int_equal(STEP(w, auray, node_rotate(auray->n, &next)), ES_EXISTS);
	auray->n->next = next;
	auray->n->has_next = true;
	assert_int_equal(edit(w, auray, 1, "nom", "Attend"), ES_OK);
	seal_alone(w, auray);
	assert_int_equal(waiting(auray, "Attend").count, 1);
	party_restart(w, auray); /* the key file has both */
	assert_true(auray->n->rotating);
	auray->n->next = next;
	auray->n->has_next = true;
	visit_all(w);
	assert_int_equal(waiting(auray, "Attend").count, 0);
	assert_true(shows(&w->p[VANNES], 1, "Attend"));
}

static void a_hub_that_missed_its_rotation_is_told_and_takes_the_next_keys(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY];
	struct node_keys next;

	party_keys(w, &next);
	assert_int_equal(STEP(w, auray, node_rotate(auray->n, &next)), ES_OK);
	seal_alone(w, auray);
	send_data(w, auray, &w->p[CRESS]);
	idle(w, &w->p[CRESS]);
	const struct member *m = rights_member(&w->p[CRESS].n->rights, &auray->n->hub);
	assert_int_equal(m->epoch, 2);
	/* Home knows the new key only: it says so to the old one. */
	assert_int_equal(STEP(w, auray, node_session_closed(auray->n, 1, ROLE_CRESS, ES_KEY_REPLACED)), ES_OK);
	assert_true(bears(auray->n, &next));
	assert_false(auray->n->key_replaced);
	visit_all(w);
	assert_false(auray->n->key_replaced);
	written(w, auray, 1, "Apres");
}

/* A new generation of the federation log, cut before the request. */
static void a_request_that_a_cut_takes_away_is_made_again(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY];
	struct node_keys next;

	party_keys(w, &next);
	assert_int_equal(STEP(w, auray, node_rotate(auray->n, &next)), ES_OK);
	seal_alone(w, auray);
	assert_true(auray->n->rotating);
	assert_int_equal(STEP(w, auray, node_restored(auray->n)), ES_OK); /* home never had it: unsealed by the cut */
	visit_all(w);
	visit_all(w);
	assert_true(bears(auray->n, &next));
	assert_false(auray->n->rotating);
	written(w, auray, 1, "Apres");
}

static void the_cress_takes_new_keys_at_once(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];
	struct node_keys next, old = home->n->keys;

	written(w, home, 1, "Premier");
	party_keys(w, &next);
	assert_int_equal(STEP(w, home, node_rotate(home->n, &next)), ES_OK);
	assert_true(bears(home->n, &next));
	assert_int_equal(home->n->epoch, 2);
	assert_memory_equal(home->n->keys.former_dh.bytes, old.dh_secret.bytes, 32);
	visit_all(w);
	assert_memory_equal(auray->n->home.bytes, next.dh.bytes, 32);
	written(w, home, 2, "Deuxieme");
	assert_int_equal(STEP(w, home, node_charter(home->n, slice_str("2"), slice_str("Nouvelle."), false)), ES_OK);
	visit_all(w);
	assert_int_equal(auray->n->rights.seq, home->n->rights.seq);
	party_restart(w, home);
	party_restart(w, auray);
	assert_memory_equal(auray->n->home.bytes, next.dh.bytes, 32);
	visit_all(w);
	written(w, auray, 3, "Troisieme");
	struct party *vitre = party_join(w, "vitre", "Vitre");
	visit_all(w);
	assert_true(shows(vitre, 2, "Deuxieme"));
}

/* Stopped once the entry is durable, before the key file was written again.
 * Finding K3. */
static void a_rotation_cut_off_by_a_crash_goes_on(void **state)
{
	struct nodes *w = *state;
	struct node_keys keys, next;
	struct node *n = NULL;
	struct hash fed;
	char dir[80];

	snprintf(dir, sizeof dir, "%s/apart", w->dir);
	char command[96];
	snprintf(command, sizeof command, "mkdir -m 700 %s", dir);
	assert_int_equal(system(command), 0);
	assert_int_equal(node_keys_create(dir, &w->rng, &keys), ES_OK);
	struct found f = {.dir = dir, .keys = &keys, .rng = &w->rng, .utc = w->utc, .name = "CRESS", .pays = "bretagne", .region = "53"};
	struct sign_public recovery = keys.sign;
	assert_int_equal(found_cress(&f, NULL, slice_str(CHARTER), &recovery, &fed), ES_OK);
	assert_int_equal(node_open(dir, nodes_ref, &n), ES_OK);
	n->utc = n->mono = w->utc + 5000;
	assert_int_equal(node_keys_draw_next(dir, &w->rng, &next), ES_OK);
	assert_int_equal(journal_begin(n->journal), ES_OK);
	assert_int_equal(node_rotate(n, &next), ES_OK);
	assert_int_equal(journal_commit(n->journal), ES_OK);
	assert_true(n->keys_changed);
	node_close(n); /* node_keys_take_next() was not reached */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(node_open(dir, nodes_ref, &n), ES_OK);
		n->utc = n->mono = w->utc + 9000 + i * 1000;
		assert_true(bears(n, &next));
		assert_false(n->key_replaced);
		assert_int_equal(n->epoch, 2);
		assert_int_equal(n->keys_changed, i == 0);
		assert_int_equal(journal_begin(n->journal), ES_OK);
		assert_int_equal(node_charter(n, slice_str("2"), slice_str("Nouvelle."), false), ES_OK);
		assert_int_equal(journal_commit(n->journal), ES_OK);
		if (i == 0) /* as the carrier does */
			assert_int_equal(node_keys_take_next(dir, n->keys.epoch, &n->keys.former_dh, &n->keys), ES_OK);
		node_close(n);
	}
}

static void who_is_no_member_has_no_keys_to_change(void **state)
{
	struct nodes *w = *state;
	struct node_keys next;

	party_keys(w, &next);
	w->p[AURAY].n->key_replaced = true;
	assert_int_equal(STEP(w, &w->p[AURAY], node_rotate(w->p[AURAY].n, &next)), ES_NOT_ALLOWED);
}

/* --- a lost key --- */

/* A new machine in Auray's place. */
static struct party *replace(struct nodes *w, struct party *lost)
{
	struct party *home = &w->p[CRESS], *p = &w->p[w->count++];
	struct join_request r = {.charter = home->n->rights.charter, .at = w->utc, .replaces = true, .hub = lost->n->hub};
	struct rotation t = {.hub = lost->n->hub, .epoch = lost->n->epoch + 1, .emergency = true};
	struct buf message;

	memset(p, 0, sizeof *p);
	snprintf(p->dir, sizeof p->dir, "%.60s-new", lost->dir);
	snprintf(p->path, sizeof p->path, "%.60s-new/directory.db", lost->dir);
	char command[160];
	snprintf(command, sizeof command, "mkdir -m 700 %s", p->dir);
	assert_int_equal(system(command), 0);
	party_keys(w, &p->keys);
	struct found f = {.dir = p->dir, .keys = &p->keys, .rng = &w->rng, .utc = w->utc, .name = "Auray", .pays = "auray",
			  .region = "53"};
	struct found_home h = {.fed_id = w->fed_id, .key = home->n->keys.dh, .address = "cress.example:7480", .epoch = t.epoch,
			       .hub = lost->n->hub};
	assert_int_equal(found_hub(&f, &h), ES_OK);
	r.member.role = ROLE_HUB;
	r.member.epoch = 1;
	r.member.sign = t.sign = p->keys.sign;
	r.member.dh = t.dh = p->keys.dh;
	r.member.hub = crypto_hub_id(&w->fed_id, &p->keys.sign);
	strcpy(r.member.name, "Auray");
	strcpy(r.member.pays, "auray");
	rng_fill(&w->rng, r.member.invite.bytes, 32);
	buf_init(&message, 512);
	rotation_message(&w->fed_id, &t, &message);
	r.rotation = crypto_sign_as(SIGN_ROTATE, &p->keys.sign_secret, buf_slice(&message));
	buf_done(&message);
	assert_int_equal(STEP(w, home, node_approve(home->n, &r)), ES_OK);
	party_start(w, p);
	return p;
}

static void a_lost_key_s_place_is_taken_by_a_new_one(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY];

	written(w, auray, 1, "Premier");
	assert_int_equal(edit(w, auray, 2, "nom", "Perdu"), ES_OK);
	seal_alone(w, auray); /* on the machine that is lost */
	struct party *new = replace(w, auray);
	assert_memory_equal(new->n->hub.bytes, auray->n->hub.bytes, 16);
	send_control(w, &w->p[CRESS], auray); /* should it be found again */
	assert_true(auray->n->key_replaced);
	party_stop(auray);
	visit_all(w);
	visit_all(w);
	assert_int_equal(new->n->epoch, 2);
	assert_false(new->n->key_replaced);
	assert_true(shows(new, 1, "Premier"));
	assert_int_equal(edit(w, new, 1, "nom", "Reprise"), ES_OK); /* its records are ours */
	visit_all(w);
	assert_true(shows(&w->p[VANNES], 1, "Reprise"));
	assert_int_equal(own_head(new, new, SCOPE_PUBLIC)->generation, 2);
	/* The old key signs nothing that counts. */
	party_start(w, auray);
	assert_true(auray->n->key_replaced);
	assert_int_equal(edit(w, auray, 3, "nom", "Voleur"), ES_OK);
	seal_alone(w, auray);
	assert_int_equal(waiting(auray, "Voleur").count, 1);
}

/* --- the paper key --- */

static void recover_at(struct nodes *w, struct party *home, uint64_t last_good)
{
	struct node_keys next;

	party_keys(w, &next);
	assert_int_equal(STEP(w, home, node_recover(home->n, w->recovery, &next, last_good)), ES_OK);
	assert_true(bears(home->n, &next));
}

static enum es_err new_charter(struct nodes *w, struct party *p, const char *text)
{
	return STEP(w, p, node_charter(p->n, slice_str("x"), slice_str(text), false));
}

static bool has_charter(const struct party *p, const char *text)
{
	return strcmp(p->n->rights.charter_text, text) == 0;
}

/* A thief with the CRESS's keys and disk, which does not wait for members. */
static struct party *thief(struct nodes *w)
{
	struct party *p = party_clone(w, &w->p[CRESS]);

	p->n->released = true;
	return p;
}

static void the_paper_key_takes_the_place_of_a_stolen_one(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY], *vannes = &w->p[VANNES];
	uint64_t seq;

	written(w, auray, 1, "Premier");
	struct party *other = thief(w);
	assert_int_equal(new_charter(w, other, "Du voleur."), ES_OK);
	assert_int_equal(new_charter(w, other, "Encore du voleur."), ES_OK);
	send_control(w, other, auray); /* Auray has fallen for it, Vannes has not */
	assert_true(has_charter(auray, "Encore du voleur."));
	assert_int_equal(edit(w, auray, 2, "nom", "Entre-temps"), ES_OK);
	seal_alone(w, auray); /* a commit that names the thief's branch */
	recover_at(w, home, UINT64_MAX);
	seq = home->n->rights.seq;
	assert_int_equal(home->n->epoch, 2);
	assert_int_equal(home->n->rights.ages[home->n->rights.age_count - 1].epoch, 2);
	send_control(w, home, vannes);
	assert_int_equal(vannes->n->rights.seq, seq);
	assert_memory_equal(vannes->n->home.bytes, home->n->keys.dh.bytes, 32);
	/* The recovery is on a branch for Auray: it switches. */
	uint64_t common = seq - 1;
	assert_int_equal(send_from(w, home, auray, 0, common + 1, UINT64_MAX), ES_OK);
	assert_int_equal(auray->n->rights.seq, seq);
	assert_true(has_charter(auray, CHARTER));
	assert_int_equal(auray->n->clash, ES_OK);
	assert_true(auray->n->switched);
	auray->n->switched = false;
	party_stop(other);
	visit_all(w);
	visit_all(w);
	assert_true(shows(vannes, 2, "Entre-temps")); /* sealed anew, under the right branch */
	assert_int_equal(stored(auray, "Entre-temps").count, 1);
	party_restart(w, auray);
	assert_int_equal(auray->n->rights.seq, home->n->rights.seq);
	written(w, auray, 3, "Apres");
	/* What the thief goes on signing is nobody's. */
	party_start(w, other);
	other->n->released = true;
	assert_int_equal(new_charter(w, other, "Toujours le voleur."), ES_OK);
	uint64_t at = auray->n->rights.seq;
	for (uint64_t s = common + 1; s <= other->n->rights.seq; s++)
		assert_int_not_equal(send_from(w, other, auray, 0, s, UINT64_MAX), ES_OK);
	assert_int_equal(auray->n->rights.seq, at);
	assert_true(has_charter(auray, CHARTER));
	assert_int_equal(auray->n->clash, ES_OK); /* the paper key has spoken: nobody is to decide */
	party_restart(w, auray);
	assert_int_equal(auray->n->clash, ES_OK);
}

/* Finding K2. */
static void entries_of_the_thief_that_home_took_back_are_given_up(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];
	uint64_t good = home->n->rights.seq;

	struct party *other = thief(w);
	assert_int_equal(new_charter(w, other, "Du voleur."), ES_OK);
	send_control(w, other, auray);
	send_control(w, auray, home);
	party_stop(other);
	assert_true(has_charter(home, "Du voleur."));
	recover_at(w, home, good);
	assert_true(has_charter(home, CHARTER));
	assert_int_equal(home->n->rights.seq, good + 1);
	assert_int_equal(send_from(w, home, auray, 0, good + 1, UINT64_MAX), ES_OK);
	assert_true(has_charter(auray, CHARTER));
	visit_all(w);
	party_restart(w, home);
	visit_all(w);
	written(w, auray, 1, "Apres");
}

static void another_paper_another_node_or_too_early_recovers_nothing(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];
	struct node_keys next, old = home->n->keys;
	uint8_t wrong[32] = {1};
	uint64_t seq = home->n->rights.seq;

	party_keys(w, &next);
	assert_int_equal(STEP(w, home, node_recover(home->n, wrong, &next, UINT64_MAX)), ES_BAD_KEY);
	assert_int_equal(STEP(w, auray, node_recover(auray->n, w->recovery, &next, UINT64_MAX)), ES_NOT_ALLOWED);
	assert_true(bears(home->n, &old));
	assert_int_equal(home->n->rights.seq, seq);
	party_restart(w, home);
	assert_int_equal(STEP(w, home, node_recover(home->n, w->recovery, &next, UINT64_MAX)), ES_AWAITING);
	assert_true(bears(home->n, &old));
	visit_all(w);
	written(w, auray, 1, "Apres");
}

/* --- a disk of before the rotation, a key file of after it --- */

/* The CRESS takes new keys, which Auray hears of where `told`; then its disk goes back. */
static void home_goes_back_behind_its_key(struct nodes *w, bool told)
{
	struct party *home = &w->p[CRESS], *older = party_clone(w, home), now;
	struct node_keys next;

	party_keys(w, &next);
	assert_int_equal(STEP(w, home, node_rotate(home->n, &next)), ES_OK);
	if (told)
		visit(w, &w->p[AURAY]);
	party_stop(home);
	party_stop(older);
	older->keys = home->keys;
	now = *home;
	*home = *older;
	*older = now;
	party_start(w, home);
}

static void a_cress_behind_its_own_rotation_signs_nothing_until_it_has_the_entry_back(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];

	home_goes_back_behind_its_key(w, true);
	home->n->released = true; /* whoever else has reported */
	assert_int_equal(edit(w, home, 1, "nom", "Public"), ES_OK);
	assert_int_equal(edit(w, home, 1, "champs_locaux", "sigle"), ES_OK);
	idle(w, home);
	assert_int_equal(waiting(home, "Public").count + waiting(home, "sigle").count, 2);
	assert_int_equal(new_charter(w, home, "Nouvelle."), ES_AWAITING);
	assert_int_equal(STEP(w, home, node_alone(home->n)), ES_AWAITING);
	send_control(w, auray, home);
	visit_all(w);
	assert_int_equal(home->n->epoch, 2);
	assert_int_equal(waiting(home, "Public").count + waiting(home, "sigle").count, 0);
	assert_true(shows(auray, 1, "Public"));
	assert_int_equal(new_charter(w, home, "Nouvelle."), ES_OK);
	visit_all(w);
	assert_true(has_charter(auray, "Nouvelle."));
}

static void where_nobody_has_the_entry_the_paper_key_helps(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];
	struct dh_secret known = home->n->keys.dh_secret;

	home_goes_back_behind_its_key(w, false);
	visit_all(w);
	assert_int_equal(new_charter(w, home, "Nouvelle."), ES_AWAITING);
	recover_at(w, home, UINT64_MAX);
	assert_memory_equal(home->n->keys.former_dh.bytes, known.bytes, 32); /* by which the hubs call it */
	assert_int_equal(new_charter(w, home, "Nouvelle."), ES_OK);
	visit_all(w);
	assert_true(has_charter(auray, "Nouvelle."));
	assert_memory_equal(auray->n->home.bytes, home->n->keys.dh.bytes, 32);
}

/* --- two control logs --- */

/* The CRESS and its clone both go on: Auray follows the one, Vannes the other. */
static struct party *two_control_logs(struct nodes *w)
{
	struct party *other = thief(w);

	assert_int_equal(new_charter(w, &w->p[CRESS], "Une branche."), ES_OK);
	assert_int_equal(new_charter(w, other, "Autre branche."), ES_OK);
	assert_int_equal(new_charter(w, other, "Autre branche encore."), ES_OK);
	send_control(w, &w->p[CRESS], &w->p[AURAY]);
	send_control(w, other, &w->p[VANNES]);
	return other;
}

static void a_control_fork_is_shown_and_nothing_of_it_applied(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *vannes = &w->p[VANNES];
	uint64_t common = w->p[CRESS].n->rights.seq, seq;

	two_control_logs(w);
	seq = auray->n->rights.seq;
	/* A commit further on says only that they differ. */
	assert_int_equal(send_from(w, vannes, auray, 0, common + 2, UINT64_MAX), ES_DIVERGED);
	assert_int_equal(auray->n->clash, ES_OK);
	assert_int_equal(send_from(w, vannes, auray, 0, common + 1, UINT64_MAX), ES_CONTROL_FORK);
	assert_int_equal(auray->n->clash, ES_CONTROL_FORK);
	assert_int_equal(auray->n->rights.seq, seq);
	assert_true(has_charter(auray, "Une branche."));
	assert_int_equal(send_from(w, auray, vannes, 0, common + 1, UINT64_MAX), ES_CONTROL_FORK);
	assert_int_equal(vannes->n->clash, ES_CONTROL_FORK);
	/* What home goes on with settles nothing. */
	assert_int_equal(new_charter(w, &w->p[CRESS], "Une branche, encore."), ES_OK);
	send_control(w, &w->p[CRESS], auray);
	assert_true(has_charter(auray, "Une branche, encore."));
	assert_int_equal(auray->n->clash, ES_CONTROL_FORK);
	party_restart(w, auray);
	assert_int_equal(auray->n->clash, ES_CONTROL_FORK);
}

/* Auray has seen the other branch, and hears the `resolve` as the next entry of its own. */
static void a_control_fork_ends_where_the_own_log_goes_on_with_the_resolve(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY];
	struct id16 control = {{0}};
	uint64_t common = home->n->rights.seq;
	struct party *other = two_control_logs(w);

	assert_int_equal(send_from(w, other, auray, 0, common + 1, UINT64_MAX), ES_CONTROL_FORK);
	assert_int_equal(send_from(w, other, home, 0, common + 1, UINT64_MAX), ES_CONTROL_FORK);
	assert_int_equal(STEP(w, home, node_resolve(home->n, &control)), ES_OK);
	assert_int_equal(home->n->clash, ES_OK);
	send_control(w, home, auray);
	assert_int_equal(auray->n->clash, ES_OK);
	party_restart(w, auray);
	assert_int_equal(auray->n->clash, ES_OK);
}

/* Who holds the other branch cannot report over it. */
static void a_control_fork_is_resolved_also_while_reports_are_awaited(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *vannes = &w->p[VANNES];
	struct id16 control = {{0}};
	uint64_t common = home->n->rights.seq;

	party_stop(two_control_logs(w));
	party_restart(w, home);
	assert_int_equal(send_from(w, vannes, home, 0, common + 1, UINT64_MAX), ES_CONTROL_FORK);
	assert_int_equal(node_awaited(home->n), 2);
	assert_int_equal(new_charter(w, home, "Encore une."), ES_AWAITING);
	assert_int_equal(STEP(w, home, node_resolve(home->n, &control)), ES_OK);
	assert_int_equal(home->n->clash, ES_OK);
	assert_int_equal(node_awaited(home->n), 2);
	assert_int_equal(send_from(w, home, vannes, 0, common + 1, UINT64_MAX), ES_OK);
	visit_all(w);
	visit_all(w);
	assert_int_equal(node_awaited(home->n), 0);
	assert_true(has_charter(vannes, "Une branche."));
	assert_int_equal(new_charter(w, home, "Encore une."), ES_OK);
}

static void a_control_fork_resolved_ends_with_one_log(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY], *vannes = &w->p[VANNES], *other;
	struct id16 control = {{0}};
	uint64_t common = home->n->rights.seq;

	written(w, vannes, 1, "Avant");
	common = home->n->rights.seq;
	other = two_control_logs(w);
	assert_int_equal(edit(w, vannes, 2, "nom", "Entre-temps"), ES_OK);
	seal_alone(w, vannes);
	assert_int_equal(STEP(w, home, node_resolve(home->n, &control)), ES_NOT_FOUND);
	assert_int_equal(send_from(w, vannes, home, 0, common + 1, UINT64_MAX), ES_CONTROL_FORK);
	assert_int_equal(home->n->clash, ES_CONTROL_FORK);
	assert_int_equal(STEP(w, auray, node_resolve(auray->n, &control)), ES_NOT_ALLOWED);
	assert_int_equal(STEP(w, home, node_resolve(home->n, &control)), ES_OK);
	assert_int_equal(home->n->clash, ES_OK);
	assert_int_equal(home->n->rights.given_up_count, 1);
	/* Vannes reads home's branch aside, and takes it when it comes to the resolve. */
	assert_int_equal(send_from(w, home, vannes, 0, common + 1, UINT64_MAX), ES_OK);
	assert_int_equal(vannes->n->rights.seq, home->n->rights.seq);
	assert_true(has_charter(vannes, "Une branche."));
	assert_int_equal(vannes->n->clash, ES_OK);
	/* The other branch is known, and given up. */
	assert_int_equal(send_from(w, other, home, 0, common + 1, common + 1), ES_EXISTS);
	assert_int_equal(home->n->clash, ES_OK);
	party_stop(other);
	visit_all(w);
	visit_all(w);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(w->p[i].n->rights.seq, home->n->rights.seq);
		assert_int_equal(w->p[i].n->clash, ES_OK);
		assert_true(shows(&w->p[i], 1, "Avant"));
		assert_true(shows(&w->p[i], 2, "Entre-temps"));
	}
	for (size_t i = 0; i < 3; i++)
		party_restart(w, &w->p[i]);
	visit_all(w);
	assert_int_equal(vannes->n->clash, ES_OK);
	assert_int_equal(home->n->clash, ES_OK);
	written(w, vannes, 3, "Apres");
}

static enum es_err confirm_to(struct nodes *w, struct party *p, const struct id16 *said)
{
	struct session s;
	struct task t;

	memset(&s, 0, sizeof s);
	s.instance_said = *said;
	task_init(&t, TASK_CONFIRM, &s, p->session);
	t.flag = true;
	enum es_err err = STEP(w, p, task_run(p->n, &t));
	task_done(&t);
	return err;
}

/* What it gave up was shown to somebody: the old log is not gone on with before home
 * has heard of the new instance. */
static void who_left_a_control_branch_seals_nothing_on_the_old_word(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *vannes = &w->p[VANNES];
	struct id16 control = {{0}}, before, log;
	uint64_t common;

	written(w, vannes, 1, "Avant");
	common = home->n->rights.seq;
	two_control_logs(w);
	assert_int_equal(edit(w, vannes, 2, "nom", "Entre-temps"), ES_OK);
	seal_alone(w, vannes);
	log = own_head(vannes, vannes, SCOPE_PUBLIC)->log;
	uint64_t seq = head_of(vannes, &log)->seq;
	before = vannes->n->instance;
	assert_int_equal(send_from(w, vannes, home, 0, common + 1, UINT64_MAX), ES_CONTROL_FORK);
	assert_int_equal(STEP(w, home, node_resolve(home->n, &control)), ES_OK);
	assert_int_equal(send_from(w, home, vannes, 0, common + 1, UINT64_MAX), ES_OK);
	assert_int_equal(head_of(vannes, &log)->seq, seq - 1);
	assert_false(id_eq(&vannes->n->instance, &before));
	assert_int_equal(confirm_to(w, vannes, &before), ES_OK);
	idle(w, vannes);
	assert_false(vannes->n->confirmed);
	assert_int_equal(head_of(vannes, &log)->seq, seq - 1);
	visit(w, vannes);
	assert_int_equal(head_of(vannes, &log)->seq, seq - 1); /* a new generation */
	assert_true(shows(home, 2, "Entre-temps"));
}

static bool holds(struct party *p, const struct party *author, const char *text)
{
	const struct head *h = own_head(p, author, SCOPE_PUBLIC);
	struct buf body;
	uint64_t last;

	buf_init(&body, 4 * COMMIT_PACKED_MAX);
	assert_int_equal(node_load(p->n, (uint32_t)(h - p->n->frontier.heads), 1, h->seq, &body, &last), ES_OK);
	bool found = memmem(body.p, body.len, text, strlen(text)) != NULL;
	buf_done(&body);
	return found;
}

static void what_the_other_branch_has_forgotten_is_destroyed_when_it_is_taken(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *auray = &w->p[AURAY], *vannes = &w->p[VANNES];
	struct id16 control = {{0}}, uid = uid_of(5);
	uint64_t common;
	int64_t forgot;

	written(w, auray, 5, "Secret");
	visit_all(w);
	assert_true(holds(vannes, auray, "Secret"));
	common = home->n->rights.seq;
	two_control_logs(w);
	assert_int_equal(STEP(w, auray, node_forget(auray->n, &uid, &forgot)), ES_OK);
	visit(w, auray);
	assert_false(holds(home, auray, "Secret"));
	assert_int_equal(send_from(w, vannes, home, 0, common + 1, UINT64_MAX), ES_CONTROL_FORK);
	assert_int_equal(STEP(w, home, node_resolve(home->n, &control)), ES_OK);
	assert_true(holds(vannes, auray, "Secret"));
	assert_int_equal(send_from(w, home, vannes, 0, common + 1, UINT64_MAX), ES_OK);
	assert_false(holds(vannes, auray, "Secret"));
}

/* One commit at a time, as small messages bring it. */
static void a_branch_is_read_over_several_messages(void **state)
{
	struct nodes *w = *state;
	struct party *home = &w->p[CRESS], *vannes = &w->p[VANNES];
	struct id16 control = {{0}};
	uint64_t common = home->n->rights.seq;

	two_control_logs(w);
	assert_int_equal(new_charter(w, home, "Une branche encore."), ES_OK);
	assert_int_equal(send_from(w, vannes, home, 0, common + 1, UINT64_MAX), ES_CONTROL_FORK);
	assert_int_equal(STEP(w, home, node_resolve(home->n, &control)), ES_OK);
	uint64_t last = home->n->rights.seq;
	for (uint64_t seq = common + 1; seq < last; seq++)
		assert_int_equal(send_from(w, home, vannes, 0, seq, seq), ES_CONTROL_FORK);
	assert_true(has_charter(vannes, "Autre branche encore."));
	assert_int_equal(send_from(w, home, vannes, 0, last, last), ES_OK);
	assert_int_equal(vannes->n->rights.seq, last);
	assert_true(has_charter(vannes, "Une branche encore."));
}

static void a_branch_signed_by_nobody_is_no_fork(void **state)
{
	struct nodes *w = *state;
	struct party *auray = &w->p[AURAY], *vannes = &w->p[VANNES];
	uint64_t common = w->p[CRESS].n->rights.seq, last, at = 0;
	struct buf body;

	two_control_logs(w);
	buf_init(&body, 4 * COMMIT_PACKED_MAX);
	assert_int_equal(node_load(vannes->n, 0, common + 1, common + 1, &body, &last), ES_OK);
	uint8_t *text = memmem(body.p, body.len, "Autre branche", 13);
	assert_non_null(text);
	text[0] = 'a';
	assert_int_not_equal(STEP(w, auray, node_receive(auray->n, 0, &(struct giver){.as = FROM_ANYBODY}, buf_slice(&body), &at)), ES_CONTROL_FORK);
	assert_int_equal(auray->n->clash, ES_OK);
	buf_done(&body);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, two_hubs, nodes_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_hub_takes_new_keys),
		TEST(keys_taken_with_an_entry_that_is_undone_are_not_taken),
		TEST(between_the_request_and_the_entry_nothing_is_signed),
		TEST(a_hub_that_missed_its_rotation_is_told_and_takes_the_next_keys),
		TEST(a_request_that_a_cut_takes_away_is_made_again),
		TEST(the_cress_takes_new_keys_at_once),
		TEST(a_rotation_cut_off_by_a_crash_goes_on),
		TEST(who_is_no_member_has_no_keys_to_change),
		TEST(a_lost_key_s_place_is_taken_by_a_new_one),
		TEST(the_paper_key_takes_the_place_of_a_stolen_one),
		TEST(entries_of_the_thief_that_home_took_back_are_given_up),
		TEST(another_paper_another_node_or_too_early_recovers_nothing),
		TEST(a_cress_behind_its_own_rotation_signs_nothing_until_it_has_the_entry_back),
		TEST(where_nobody_has_the_entry_the_paper_key_helps),
		TEST(a_control_fork_is_shown_and_nothing_of_it_applied),
		TEST(a_control_fork_ends_where_the_own_log_goes_on_with_the_resolve),
		TEST(a_control_fork_is_resolved_also_while_reports_are_awaited),
		TEST(a_control_fork_resolved_ends_with_one_log),
		TEST(who_left_a_control_branch_seals_nothing_on_the_old_word),
		TEST(what_the_other_branch_has_forgotten_is_destroyed_when_it_is_taken),
		TEST(a_branch_is_read_over_several_messages),
		TEST(a_branch_signed_by_nobody_is_no_fork),
	};

	return cmocka_run_group_tests(tests, nodes_reference, nodes_done);
}
