/* SPDX-License-Identifier: Apache-2.0
 *
 * What a registration may say of its seats (domain.md C9, R12): only the organiser's hub
 * grants them, so that no record says more than was asked for and granted. What became of
 * a request is written into it by node_enrol.c. */
#include "daemon/rules/checking.h"

#include <stdio.h>

#include "daemon/directory/directory.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int64_t number_of(struct slice value)
{
	struct canon_reader r;

	canon_read_init(&r, value);
	return value.len > 0 && canon_peek(&r) == CANON_INT ? canon_read_int(&r, 0, INT64_MAX) : 0;
}

/* The event's seats (`json`, as sheet.h has them) of one request of ours: how many persons; 0: there is none. */
struct asked {
	int64_t persons;
	bool granted;
};

static struct asked asked_as(const struct checking *c, struct slice json, int64_t no)
{
	static const char persons[] = "SELECT coalesce(sum(value ->> 'n'), 0) FROM json_each(?1) WHERE value ->> 'd' = ?2 + 0 AND value ->> 'p' = ?3";
	static const char granted[] = "SELECT count(*) FROM json_each(?1) WHERE value ->> 'd' = ?2 + 0 AND value ->> 'p' = ?3 AND value ->> 'g'";
	char text[24];
	const struct slice args[] = {json, SLICE(text, snprintf(text, sizeof(text), "%lld", (long long)no)),
				     slice_str(c->host->pole ? c->host->pole : "")};

	return (struct asked){reader_number(c->host->reader, persons, args, COUNT(args)),
			      reader_number(c->host->reader, granted, args, COUNT(args)) > 0};
}

static bool is_to_come(const struct checking *c, const struct uid_text *event)
{
	static const char to_come[] = "SELECT count(*) FROM evenement WHERE uid = ?1 AND substr(debut, 1, 10) > ?2";

	return c->host->today && rules_number(c, to_come, event->text, c->host->today) > 0;
}

/* Of a request that stands: what it was made for stays, and its seats are not for us to say. */
static void check_asked(struct checking *c, const struct asked *asked)
{
	static const size_t fixed[] = {inscription_evenement_uid, inscription_structure_uid};
	int64_t persons = number_of(rules_after(c, inscription_nb_personnes));

	for (size_t i = 0; i < COUNT(fixed); i++)
		if (rules_changes(c, fixed[i]))
			say(c, fixed[i], "places_demandees", VERDICT_REJECTED, SLICE_NONE);
	if (rules_changes(c, inscription_nb_personnes) && asked->persons > 0 && persons > asked->persons) {
		char text[24];

		say(c, inscription_nb_personnes, "places_demandees", VERDICT_REJECTED,
		    SLICE(text, snprintf(text, sizeof(text), "%lld", (long long)asked->persons)));
	}
	struct uid_text event = uid_of(c, inscription_evenement_uid);
	bool came = value_one_of("present|absent", rules_text(c, inscription_statut)); /* on the day, who came, came */

	if (rules_changes(c, inscription_statut) && !asked->granted &&
	    (rules_enters(c, inscription_statut, "inscrit") || (came && is_to_come(c, &event))))
		say(c, inscription_statut, "places_non_accordees", VERDICT_REJECTED, SLICE_NONE);
}

/* How many persons the record holds a seat for without having asked (node_seat.c). */
static int64_t noted(struct slice statut, struct slice persons)
{
	return value_one_of("inscrit|present|absent", statut) ? number_of(persons) : 0;
}

/* A line that says what a registration of ours says is that one (repeats.c): it takes nothing. */
static bool repeats_ours(const struct checking *c, const struct uid_text *event, const struct uid_text *structure)
{
	static const char same[] =
		"SELECT count(*) FROM inscription WHERE evenement_uid = ?1 AND structure_uid = ?2 AND nb_personnes = ?3 + 0 AND statut = ?4";
	char persons[24];
	int64_t n = number_of(rules_after(c, inscription_nb_personnes));
	const struct slice args[] = {slice_str(event->text), slice_str(structure->text),
				     SLICE(persons, snprintf(persons, sizeof(persons), "%lld", (long long)n)),
				     rules_text(c, inscription_statut)};

	return !c->host->by_hand && !c->e->has_uid && reader_number(c->host->reader, same, args, COUNT(args)) > 0;
}

static void say_taken(struct checking *c, const struct seats_taken *t)
{
	char text[48];
	struct slice of = SLICE(text, snprintf(text, sizeof(text), "%lld/%lld", (long long)t->granted, (long long)t->places));

	if (t->ours && t->places >= 0 && t->granted > t->places)
		say(c, inscription_nb_personnes, "places_depassees", c->host->by_hand ? VERDICT_REJECTED : VERDICT_WARNING, of);
	else if (!t->ours && !c->host->by_hand)
		say(c, inscription_statut, "places_non_demandees", VERDICT_WARNING, SLICE_NONE);
}

/* Of an event that has not begun, what is noted without asking takes seats: by hand they must be
 * there, and an import, of what was granted before, is told. Who came on the day, came. */
static void check_noted(struct checking *c)
{
	struct uid_text event = uid_of(c, inscription_evenement_uid), structure = uid_of(c, inscription_structure_uid);
	int64_t more = noted(rules_text(c, inscription_statut), rules_after(c, inscription_nb_personnes)) -
		       noted(rules_text_before(c, inscription_statut), rules_before(c, inscription_nb_personnes));
	bool asks = c->host->by_hand && rules_enters(c, inscription_statut, "inscrit"); /* inscription.c */
	struct seats_taken taken = {0};
	struct id16 e, s;

	if (more <= 0 || asks || !c->host->note_seats || !is_to_come(c, &event) || repeats_ours(c, &event, &structure) ||
	    !ulid_decode(event.text, strlen(event.text), e.bytes) || !ulid_decode(structure.text, strlen(structure.text), s.bytes))
		return;
	if (c->host->note_seats(c->host->ctx, &e, &s, more, &taken))
		say_taken(c, &taken);
}

/* The number is its request's, and nobody's to write but the node's own. */
static void check_number(struct checking *c, int64_t before, const struct asked *asked)
{
	if (c->host->by_hand && rules_changes(c, inscription_demande) && (before > 0 || asked->persons == 0))
		say(c, inscription_demande, "places_demandees", VERDICT_REJECTED, SLICE_NONE);
}

/* --- whose event it is, and when --- */

static bool is_event(const struct checking *c, const char *sql, const struct uid_text *event)
{
	const struct slice args[] = {slice_str(event->text), slice_str(c->host->pole ? c->host->pole : ""),
				     slice_str(c->host->today ? c->host->today : "")};

	return reader_number(c->host->reader, sql, args, COUNT(args)) > 0;
}

#define OTHERS "SELECT count(*) > 0 AND sum(pole = ?2) = 0 FROM evenement WHERE uid = ?1"

/* A8: the sign-in sheet is the organiser's. */
static void check_present(struct checking *c, const struct uid_text *event)
{
	bool came = rules_changes(c, inscription_statut) && value_one_of("present|absent", rules_text(c, inscription_statut));
	bool counted = rules_changes(c, inscription_presents) && rules_after(c, inscription_presents).len > 0;

	if ((came || counted) && is_event(c, OTHERS, event))
		say(c, came ? inscription_statut : inscription_presents, "role_organisateur", VERDICT_REJECTED, SLICE_NONE);
}

/* Another hub's event that is over, and any that is cancelled, is asked for nothing; of our own,
 * what was is noted. */
static void check_over(struct checking *c, const struct uid_text *event)
{
	static const char cancelled[] = "SELECT count(*) FROM evenement WHERE uid = ?1 AND statut = 'annule' AND ?2 = ?2 AND ?3 = ?3";
	static const char over[] = OTHERS " AND (statut = 'realise' OR substr(fin, 1, 10) < ?3)";
	bool asks = (c->creating || rules_enters(c, inscription_statut, "inscrit")) &&
		    !value_one_of("present|absent|annule", rules_text(c, inscription_statut));

	if (asks && (is_event(c, cancelled, event) || is_event(c, over, event)))
		say(c, inscription_evenement_uid, "evenement_passe", VERDICT_REJECTED, SLICE_NONE);
}

/* Removed, it would hold its seats where nobody sees it. */
void look_inscription_removed(struct checking *c)
{
	if (number_of(rules_before(c, inscription_demande)) > 0 &&
	    !value_one_of("annule|present|absent", rules_text_before(c, inscription_statut)))
		findings_add(c->findings, "demande", "places_tenues", VERDICT_REJECTED, SLICE_NONE);
}

void look_inscription(struct checking *c)
{
	int64_t before = number_of(rules_before(c, inscription_demande)), after = number_of(rules_after(c, inscription_demande));
	struct uid_text event = before > 0 ? uid_in(rules_before(c, inscription_evenement_uid)) : uid_of(c, inscription_evenement_uid);
	struct asked asked = {0};
	struct buf json;
	struct id16 e;

	buf_init(&json, 1 << 22);
	if ((before > 0 || after > 0) && c->host->seats && ulid_decode(event.text, strlen(event.text), e.bytes)) {
		c->host->seats(c->host->ctx, &e, &json);
		asked = asked_as(c, buf_slice(&json), before > 0 ? before : after);
	}
	buf_done(&json);
	if (c->host->by_hand) {
		check_present(c, &event);
		check_over(c, &event);
	}
	check_number(c, before, &asked);
	if (before > 0)
		check_asked(c, &asked);
	else if (after == 0)
		check_noted(c);
}
