/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules of a record that depend on other records (domain.md parts 2 and 3): one
 * function each, by kind; those of partnerships, charters and events have files of their
 * own. Without a directory nothing is looked up. */
#include "daemon/rules/checking.h"

#include "daemon/rules/codes.h"
#include "daemon/rules/day.h"
#include "proto/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- code lists that the CRESS extends and closes --- */

static void check_code(struct checking *c, const struct schema_field *f, struct slice code)
{
	if (code.len > 0 && !codes_allow(c->host->reader, f, c->host->today, code))
		say(c, f->index, "valeur_hors_liste", VERDICT_REJECTED, code);
}

static void check_codes(struct checking *c)
{
	for (size_t i = 0; i < c->e->kind->field_count; i++) {
		const struct schema_field *f = &c->e->kind->fields[i];
		struct canon_reader r;

		if (!f->codes || !f->refers || !has_value(c, i) || !rules_changes(c, i))
			continue;
		if (f->type != TYPE_LIST) {
			check_code(c, f, str_of(c, i));
			continue;
		}
		canon_read_init(&r, c->e->values[i]);
		for (uint32_t n = canon_read_array(&r, UINT32_MAX); n > 0 && r.err == ES_OK; n--)
			check_code(c, f, canon_read_str(&r, SIZE_MAX));
	}
}

/* --- networks and groups --- */

/* B5: no network is its own ancestor. */
static void look_reseau(struct checking *c)
{
	struct uid_text own = own_uid(c), parent = uid_of(c, reseau_parent_uid);

	if (own.text[0] && parent.text[0] &&
	    rules_number(c, "WITH RECURSIVE up(uid) AS (SELECT ?2 UNION SELECT r.parent_uid FROM reseau r JOIN up ON r.uid = up.uid"
		      " WHERE r.parent_uid IS NOT NULL) SELECT count(*) FROM up WHERE uid = ?1", own.text, parent.text) > 0)
		say(c, reseau_parent_uid, "cycle", VERDICT_REJECTED, slice_str(parent.text));
}

/* B3: nobody succeeds to itself, not even through others. Who is absorbed is named by uid or by SIRET. */
static void look_succession(struct checking *c)
{
	static const char circle[] =
		"WITH RECURSIVE gone(uid) AS (SELECT ?1 UNION SELECT uid FROM structure WHERE siret = ?2),"
		" heir(uid) AS (SELECT ?3 UNION SELECT s.vers_uid FROM succession s JOIN heir ON s.uid <> ?4 AND"
		" (s.de_uid = heir.uid OR s.de_siret = (SELECT t.siret FROM structure t WHERE t.uid = heir.uid)))"
		" SELECT count(*) FROM heir WHERE uid IN (SELECT uid FROM gone)";
	struct uid_text from = uid_of(c, succession_de_uid), to = uid_of(c, succession_vers_uid), own = own_uid(c);
	const struct slice args[] = {slice_str(from.text), rules_text(c, succession_de_siret), slice_str(to.text), slice_str(own.text)};

	if (to.text[0] && reader_number(c->host->reader, circle, args, COUNT(args)) > 0)
		say(c, succession_vers_uid, "cycle", VERDICT_REJECTED, slice_str(to.text));
}

/* R5: whoever writes the pair, and however: one enterprise's two establishments are two. */
static void check_pair(struct checking *c, struct slice a, struct slice list, uint32_t from)
{
	struct canon_reader r;

	canon_read_init(&r, list);
	uint32_t n = canon_read_array(&r, UINT32_MAX);
	for (uint32_t i = 0; i < n && r.err == ES_OK; i++) {
		struct slice b = canon_read_str(&r, SIZE_MAX);

		if (i > from && reader_two_establishments(c->host->reader, a, b))
			say(c, doublon_uids, "deux_etablissements", VERDICT_REJECTED, b);
	}
}

/* What is refused or annulled may be a pair that never was one. */
static void look_doublon(struct checking *c)
{
	struct slice list = rules_after(c, doublon_uids);
	struct canon_reader r;

	if ((!rules_changes(c, doublon_uids) && !rules_changes(c, doublon_etat)) || list.len == 0 ||
	    !value_one_of("propose|accepte", rules_text(c, doublon_etat)))
		return;
	canon_read_init(&r, list);
	uint32_t n = canon_read_array(&r, UINT32_MAX);
	for (uint32_t i = 0; i < n && r.err == ES_OK; i++)
		check_pair(c, canon_read_str(&r, SIZE_MAX), list, i);
}

/* B6: a PTCE that has its label has an enterprise of the ESS and another actor. */
static void look_groupement(struct checking *c)
{
	struct uid_text own = own_uid(c);
	static const char of_type[] =
		"SELECT count(DISTINCT s.uid) FROM adhesion a JOIN structure s ON s.uid = a.structure_uid"
		" WHERE a.groupement_uid = ?1 AND a.au IS NULL AND (s.type_acteur = 'ess') = (?2 = 'ess')";

	if (!slice_eq(rules_text(c, groupement_type_groupement), slice_str("ptce")) || !rules_changes(c, groupement_labellise_le) ||
	    rules_after(c, groupement_labellise_le).len == 0)
		return;
	if (rules_number(c, of_type, own.text, "ess") == 0 || rules_number(c, of_type, own.text, "autre") == 0)
		say(c, groupement_labellise_le, "ptce_incomplet", VERDICT_REJECTED, SLICE_NONE);
}

/* A5: a network that another hub has called within 30 days. */
static void look_interaction(struct checking *c)
{
	struct uid_text reseau = uid_of(c, interaction_reseau_uid);
	struct slice le = rules_text(c, interaction_le);
	const struct slice args[] = {slice_str(reseau.text), le, slice_str(c->host->pole ? c->host->pole : "")};
	char pole[64];
	struct buf out;

	buf_init_fixed(&out, pole, sizeof(pole));
	if (reseau.text[0] && le.len > 0 &&
	    reader_text(c->host->reader, "SELECT pole FROM interaction WHERE reseau_uid = ?1 AND pole <> ?3"
					 " AND abs(julianday(?2) - julianday(le)) < 30 ORDER BY le DESC, pole LIMIT 1",
			args, COUNT(args), &out))
		say(c, interaction_reseau_uid, "deja_contacte", VERDICT_WARNING, buf_slice(&out));
}

/* --- surveys, ambassadors --- */

/* C6: once a survey runs its questions stand; others are another survey, with a version of
 * its own, so that no answers to different questions are added up. */
static void look_enquete(struct checking *c)
{
	static const size_t fixed[] = {enquete_version, enquete_questions};
	struct slice du = rules_text_before(c, enquete_du), today = slice_str(c->host->today ? c->host->today : "");

	if (c->creating || c->state->len == 0 || (du.len > 0 && slice_cmp(du, today) > 0))
		return;
	for (size_t i = 0; i < COUNT(fixed); i++)
		if (rules_changes(c, fixed[i]) && rules_before(c, fixed[i]).len > 0)
			say(c, fixed[i], "version_figee", VERDICT_REJECTED, SLICE_NONE);
}

/* E5: who withdraws leaves every other node. */
static void look_ambassadeur(struct checking *c)
{
	if (rules_after(c, ambassadeur_consentement_retire_le).len > 0)
		set_str(c, ambassadeur_portee, slice_str("local"));
}

/* --- the region --- */

/* E1: in force with the three signatures, a project until then. */
static void look_strategie(struct checking *c)
{
	static const char *const signers[] = {"region:", "etat:", "cress:"};
	struct slice list = rules_after(c, strategie_signatures);
	size_t signed_by = 0;

	for (size_t i = 0; i < COUNT(signers); i++) {
		struct canon_reader r;
		bool found = false;

		canon_read_init(&r, list);
		for (uint32_t n = list.len > 0 ? canon_read_array(&r, UINT32_MAX) : 0; n > 0 && r.err == ES_OK; n--) {
			struct slice who = canon_read_str(&r, SIZE_MAX);

			found = found || (who.len > strlen(signers[i]) && memcmp(who.p, signers[i], strlen(signers[i])) == 0);
		}
		signed_by += found;
	}
	set_str(c, strategie_etat, slice_str(signed_by == COUNT(signers) ? "en_vigueur" : "projet"));
}

/* E8: the hub whose Pays holds the commune, else the CRESS. */
static void look_demande(struct checking *c)
{
	struct slice insee = rules_text(c, demande_code_insee);
	char pole[64];
	struct buf out;

	if (rejected(c, demande_code_insee) || !rules_changes(c, demande_code_insee) || !c->host->pole_of)
		return;
	buf_init_fixed(&out, pole, sizeof(pole));
	c->host->pole_of(c->host->ctx, insee, &out);
	set_str(c, demande_pole_destinataire, buf_slice(&out));
}

/* W6: a month, and two more where the person was told. */
static void look_demande_rgpd(struct checking *c)
{
	int months = is_yes(rules_after(c, demande_rgpd_prolongee)) ? 3 : 1;
	char due[DAY_TEXT];

	if (day_add_months(rules_text(c, demande_rgpd_recue_le), months, due))
		set_str(c, demande_rgpd_echeance, slice_str(due));
}

static void (*const looks[])(struct checking *c) = {
	[partenariat_KIND] = look_partenariat, [suivi_KIND] = look_suivi, [clause_KIND] = look_clause,
	[pratique_KIND] = look_pratique, [structure_KIND] = look_structure, [charte_KIND] = look_charte,
	[acceptation_charte_KIND] = look_acceptation, [reseau_KIND] = look_reseau, [groupement_KIND] = look_groupement,
	[interaction_KIND] = look_interaction, [strategie_KIND] = look_strategie, [demande_KIND] = look_demande,
	[demande_rgpd_KIND] = look_demande_rgpd, [rendez_vous_KIND] = look_rendez_vous, [phase_KIND] = look_phase,
	[evenement_KIND] = look_evenement, [achat_mutualise_KIND] = look_achat_mutualise,
	[engagement_achat_KIND] = look_engagement_achat, [enquete_KIND] = look_enquete,
	[ambassadeur_KIND] = look_ambassadeur, [succession_KIND] = look_succession, [doublon_KIND] = look_doublon,
	[code_liste_KIND] = look_code_liste, [inscription_KIND] = look_inscription,
};

void rules_look(struct checking *c)
{
	unsigned kind = c->e->kind->no;

	check_codes(c);
	if (c->host->reader && kind < COUNT(looks) && looks[kind])
		looks[kind](c);
}

/* W5: what counts towards something that is closed stays; A10: so does a code, and R12: what holds seats. */
void rules_look_removal(struct checking *c)
{
	if (c->host->reader && strcmp(c->e->kind->name, "clause") == 0)
		look_clause(c);
	if (c->e->kind->no == code_liste_KIND)
		look_code_removed(c);
	if (c->e->kind->no == inscription_KIND)
		look_inscription_removed(c);
}
