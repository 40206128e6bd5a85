/* SPDX-License-Identifier: Apache-2.0
 *
 * An inscription asks for its seats, and gives them back when it is cancelled. What
 * becomes of the request is written into it by node_enrol.c. */
#include "daemon/rules/follow.h"

#include <stdio.h>

/* 0: unset. */
static int64_t number_of(struct slice value)
{
	struct canon_reader r;

	canon_read_init(&r, value);
	return value.len > 0 && canon_peek(&r) == CANON_INT ? canon_read_int(&r, 0, INT64_MAX) : 0;
}

/* `inscrit` and `liste_attente` are for the organiser to say: from a person, they ask. */
static bool to_be_asked(const struct following *f)
{
	struct slice statut = rules_text(&f->was, inscription_statut);
	bool noted = slice_eq(statut, slice_str("present")) || slice_eq(statut, slice_str("absent")) || slice_eq(statut, slice_str("annule"));

	return f->was.host->reader && !noted && number_of(rules_after(&f->was, inscription_demande)) == 0;
}

/* What was noted of an event that is over asks for nothing, nor does what is of one that
 * is not here. */
static enum es_err ask(const struct following *f)
{
	struct uid_text event = uid_of(&f->was, inscription_evenement_uid), structure = uid_of(&f->was, inscription_structure_uid);
	static const char to_come[] = "SELECT count(*) FROM evenement WHERE uid = ?1 AND substr(fin, 1, 10) >= ?2";
	int64_t persons = number_of(rules_after(&f->was, inscription_nb_personnes));
	struct id16 e, s;
	uint32_t no = 0;
	char number[16];

	if (!to_be_asked(f) || rules_number(&f->was, to_come, event.text, f->was.host->today) == 0 || !ulid_decode(event.text, strlen(event.text), e.bytes) ||
	    !ulid_decode(structure.text, strlen(structure.text), s.bytes))
		return ES_OK;
	enum es_err err = node_ask_seats(f->n, &e, &s, (uint32_t)persons, &no);
	if (err == ES_NOT_FOUND || err == ES_NOT_ALLOWED)
		return ES_OK;
	if (err == ES_TOO_LARGE) {
		findings_add(f->was.findings, "nb_personnes", "plus_que_de_places", VERDICT_REJECTED, SLICE_NONE);
		return ES_BAD_VALUE;
	}
	if (err != ES_OK)
		return err;
	snprintf(number, sizeof(number), "%u", no);
	const struct follow_value values[] = {{"demande", number}, {"statut", "demande"}};
	return follow_put(f, "inscription", f->uid, values, 2);
}

enum es_err inscription_ask(const struct following *f)
{
	return f->was.creating ? ask(f) : ES_OK;
}

/* Of one that was brought in as waiting, say, and never asked. Who came, or did not, had a seat. */
enum es_err inscription_confirm(const struct following *f)
{
	struct slice before = rules_text_before(&f->was, inscription_statut);
	bool seated = slice_eq(before, slice_str("present")) || slice_eq(before, slice_str("absent"));

	return f->was.creating || seated ? ES_OK : ask(f);
}

enum es_err inscription_cancel(const struct following *f)
{
	int64_t no = number_of(rules_before(&f->was, inscription_demande));
	enum es_err err = no > 0 ? node_cancel_seats(f->n, (uint32_t)no) : ES_OK;

	return err == ES_NOT_FOUND ? ES_OK : err; /* given back before */
}
