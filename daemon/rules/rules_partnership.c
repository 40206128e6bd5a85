/* SPDX-License-Identifier: Apache-2.0
 *
 * What binds a partnership, its follow-ups, its clauses and what is published of it
 * (domain.md A4, A10, D3-D7, W2, W5, F15). */
#include "daemon/rules/checking.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const size_t sides[] = {partenariat_structure_a_uid, partenariat_structure_b_uid};

/* A4, W2: both sides have accepted the ethical charter in force; R14: and this hub the
 * charter of collaboration. */
static const char has_charter[] =
	"SELECT count(DISTINCT s.uid) FROM structure s WHERE s.uid = ?1 AND ("
	" s.charte_version = coalesce(" ETHICAL_VERSION("?2") ", s.charte_version)"
	" OR EXISTS (SELECT 1 FROM acceptation_charte a WHERE a.structure_uid = s.uid AND a.version = " ETHICAL_VERSION("?2") "))";

static void check_charters(struct checking *c)
{
	if (!rules_enters(c, partenariat_etat, "formalise"))
		return;
	if (c->host->charter_due)
		say(c, partenariat_etat, "charte_non_acceptee", VERDICT_REJECTED, SLICE_NONE);
	for (size_t i = 0; i < COUNT(sides); i++) {
		struct uid_text s = uid_of(c, sides[i]);

		if (rules_number(c, has_charter, s.text, c->host->today ? c->host->today : "") == 0)
			say(c, sides[i], "charte_manquante", VERDICT_REJECTED, slice_str(s.text));
	}
}

/* D4: the fourth stage needs a proof, and comes in only as the CRESS's proposal. */
static void check_stage(struct checking *c)
{
	if (!rules_enters(c, partenariat_stade, "transformationnel"))
		return;
	if (!c->host->cress)
		say(c, partenariat_stade, "role_validation", VERDICT_REJECTED, SLICE_NONE);
	if (rules_after(c, partenariat_preuve_stade).len == 0)
		say(c, partenariat_preuve_stade, "champ_requis", VERDICT_REJECTED, SLICE_NONE);
}

/* A10: a form that the CRESS added says its category. */
static void take_category(struct checking *c)
{
	const struct slice args[] = {rules_text(c, partenariat_forme)};
	char categorie[64];
	struct buf out;

	buf_init_fixed(&out, categorie, sizeof(categorie));
	if (rules_changes(c, partenariat_forme) && !named(c, partenariat_categorie) &&
	    reader_text(c->host->reader, "SELECT categorie FROM code_liste WHERE liste = 'forme' AND code = ?1 ORDER BY uid LIMIT 1",
			args, COUNT(args), &out))
		set_str(c, partenariat_categorie, buf_slice(&out));
}

/* Its own hub leads it from step to step: what follows from one is done there. */
static void check_leader(struct checking *c)
{
	struct uid_text own = own_uid(c);

	if (own.text[0] && rules_changes(c, partenariat_etat) &&
	    rules_number(c, "SELECT count(*) FROM partenariat WHERE uid = ?1 AND pole <> ?2", own.text, c->host->pole ? c->host->pole : "") > 0)
		say(c, partenariat_etat, "role_etat", VERDICT_REJECTED, SLICE_NONE);
}

/* --- F15: party b of another hub --- */

static bool is_of(const struct checking *c, const char *structure, const char *pole)
{
	return rules_number(c, "SELECT count(*) FROM structure WHERE uid = ?1 AND pole = ?2", structure, pole ? pole : "") > 0;
}

/* Its hub countersigns, by a proposal that the owner accepts; nobody does it for another. */
static void check_countersigned(struct checking *c)
{
	struct uid_text b = uid_of(c, partenariat_structure_b_uid);
	bool known = rules_number(c, "SELECT count(*) FROM structure WHERE uid = ?1", b.text, "") > 0;

	if (rules_changes(c, partenariat_contresigne_le) && known && !is_of(c, b.text, c->host->pole))
		say(c, partenariat_contresigne_le, "role_contresignature", VERDICT_REJECTED, SLICE_NONE);
	else if (rules_enters(c, partenariat_etat, "actif") && known && !is_of(c, b.text, c->host->pole) &&
		 rules_after(c, partenariat_contresigne_le).len == 0)
		say(c, partenariat_contresigne_le, "champ_requis", VERDICT_REJECTED, SLICE_NONE);
}

/* --- W5: closing, publishing, resuming --- */

#define LAST_MONTHS "-3 months"

static void check_last_followup(struct checking *c)
{
	const struct slice end = rules_text(c, partenariat_date_fin);
	struct uid_text own = own_uid(c);
	const struct slice args[] = {slice_str(own.text), end};

	if (rules_enters(c, partenariat_etat, "clos") && end.len > 0 &&
	    reader_number(c->host->reader, "SELECT count(*) FROM suivi WHERE partenariat_uid = ?1 AND coalesce(etat, 'fait') = 'fait'"
					   " AND coalesce(fait_le, date) >= date(?2, '" LAST_MONTHS "')", args, COUNT(args)) == 0)
		say(c, partenariat_etat, "suivi_final_requis", VERDICT_REJECTED, SLICE_NONE);
}

/* Public only while both agree: asked for, it is refused; standing, it is narrowed. */
static void check_public(struct checking *c)
{
	bool agreed = is_yes(rules_after(c, partenariat_publication_a)) && is_yes(rules_after(c, partenariat_publication_b));
	bool closed = slice_eq(rules_text(c, partenariat_etat), slice_str("clos"));

	if (agreed || !slice_eq(rules_text(c, partenariat_portee), slice_str("public")))
		return;
	if (rules_changes(c, partenariat_portee))
		say(c, partenariat_portee, "accord_requis", VERDICT_REJECTED, SLICE_NONE);
	else if (closed)
		set_str(c, partenariat_portee, slice_str("federation"));
}

static void check_resumed(struct checking *c)
{
	struct uid_text old = uid_of(c, partenariat_reprise_de_uid);

	if (rules_changes(c, partenariat_reprise_de_uid) && old.text[0] &&
	    rules_number(c, "SELECT count(*) FROM partenariat WHERE uid = ?1 AND etat = 'clos'", old.text, "") == 0)
		say(c, partenariat_reprise_de_uid, "reprise_non_close", VERDICT_REJECTED, slice_str(old.text));
}

/* A10: each form has one category, also where only one of the two is named. */
static void check_category(struct checking *c)
{
	struct slice its = slice_str(exchange_categorie(rules_text(c, partenariat_forme)));

	if (its.len == 0 || rejected(c, partenariat_categorie) || slice_eq(rules_text(c, partenariat_categorie), its))
		return;
	if (named(c, partenariat_categorie))
		say(c, partenariat_categorie, "valeur_hors_liste", VERDICT_REJECTED, its);
	else
		set_str(c, partenariat_categorie, its);
}

/* The hub of side A leads it, however the structure gets there: another hub makes one of its
 * own side. What stands is imported again as it is. */
static void check_side_a(struct checking *c)
{
	struct uid_text a = uid_of(c, partenariat_structure_a_uid), own = own_uid(c);
	static const char elsewhere[] =
		"SELECT max(s.pole = coalesce((SELECT pole FROM partenariat WHERE uid = ?3), ?2)) = 0 FROM structure s WHERE s.uid = ?1";
	const struct slice args[] = {slice_str(a.text), slice_str(c->host->pole ? c->host->pole : ""), slice_str(own.text)};

	if (a.text[0] && rules_changes(c, partenariat_structure_a_uid) && reader_number(c->host->reader, elsewhere, args, COUNT(args)) > 0)
		say(c, partenariat_structure_a_uid, "role_pole_de_a", VERDICT_REJECTED, slice_str(a.text));
}

void look_partenariat(struct checking *c)
{
	take_category(c);
	check_side_a(c);
	if (!c->host->by_hand)
		return;
	check_category(c);
	check_charters(c);
	check_stage(c);
	check_leader(c);
	check_countersigned(c);
	check_last_followup(c);
	check_public(c);
	check_resumed(c);
}

/* --- what belongs to one --- */

static bool is_answered(const struct checking *c)
{
	for (size_t i = suivi_risque_objectifs; i <= suivi_satisfaction_b; i++)
		if (rules_after(c, i).len > 0)
			return true;
	return false;
}

/* D5: answers make it done, a new one on its own day, one that was due today. */
static void take_done(struct checking *c)
{
	struct slice etat = rules_text(c, suivi_etat), date = rules_text(c, suivi_date);
	const char *today = c->host->today;

	if (!today || named(c, suivi_etat) || (etat.len > 0 && !slice_eq(etat, slice_str("prevu"))))
		return;
	set_str(c, suivi_etat, slice_str("fait"));
	if (!named(c, suivi_fait_le))
		set_str(c, suivi_fait_le, c->creating && slice_cmp(date, slice_str(today)) < 0 ? date : slice_str(today));
}

/* D6: with a campaign the question of legitimacy is answered. */
void look_suivi(struct checking *c)
{
	struct uid_text p = uid_of(c, suivi_partenariat_uid);

	if (!is_answered(c))
		return;
	if (rules_after(c, suivi_risque_legitimite).len == 0 &&
	    rules_number(c, "SELECT count(*) FROM partenariat WHERE uid = ?1 AND campagne_commerciale = 1", p.text, "") > 0)
		say(c, suivi_risque_legitimite, "legitimite_requise", VERDICT_REJECTED, SLICE_NONE);
	if (c->host->by_hand)
		take_done(c);
}

/* W5: the hours of a closed partnership stay what they were. */
void look_clause(struct checking *c)
{
	struct uid_text now = uid_of(c, clause_partenariat_uid), was = uid_in(rules_before(c, clause_partenariat_uid));

	if (c->host->by_hand && rules_number(c, "SELECT count(*) FROM partenariat WHERE uid IN (?1, ?2) AND etat = 'clos'", now.text, was.text) > 0)
		say(c, clause_partenariat_uid, "fiche_close", VERDICT_REJECTED, slice_str(was.text[0] ? was.text : now.text));
}

/* W5: a practice is told of only as both sides wish. */
void look_pratique(struct checking *c)
{
	struct uid_text p = uid_of(c, pratique_partenariat_uid);

	if (c->host->by_hand && p.text[0] && rules_changes(c, pratique_partenariat_uid) &&
	    rules_number(c, "SELECT count(*) FROM partenariat WHERE uid = ?1 AND publication_a = 1 AND publication_b = 1", p.text, "") == 0)
		say(c, pratique_partenariat_uid, "accord_requis", VERDICT_REJECTED, slice_str(p.text));
}
