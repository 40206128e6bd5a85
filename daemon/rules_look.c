/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules of a record that depend on other records (domain.md parts 2 and 3): one
 * function each, by kind. Without a directory nothing is looked up. */
#include "daemon/checking.h"

#include "daemon/directory.h"
#include "proto/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The uid a reference names, as text; empty where unset. */
struct uid_text {
	char text[ULID_LEN + 1];
};

static struct uid_text uid_of(const struct checking *c, size_t index)
{
	struct slice v = rules_after(c, index);
	struct uid_text t = {""};
	struct canon_reader r;
	uint8_t uid[16];

	canon_read_init(&r, v);
	if (v.len > 0 && canon_peek(&r) == CANON_BIN) {
		canon_read_exact(&r, uid, sizeof(uid));
		if (r.err == ES_OK)
			ulid_encode(uid, t.text);
	}
	return t;
}

static struct uid_text own_uid(const struct checking *c)
{
	struct uid_text t = {""};

	if (c->e->has_uid)
		ulid_encode(c->e->uid.bytes, t.text);
	return t;
}

static int64_t number(const struct checking *c, const char *sql, const char *a, const char *b)
{
	const struct slice args[] = {slice_str(a), slice_str(b)};

	return reader_number(c->host->reader, sql, args, COUNT(args));
}

static bool is_yes(struct slice value)
{
	return value.len == 1 && value.p[0] == 0xc3;
}

/* --- code lists that the CRESS extends and closes --- */

static bool in_static(const char *codes, struct slice code)
{
	for (const char *p = codes; p; p = strchr(p, '|')) {
		p += *p == '|';
		if (strncmp(p, (const char *)code.p, code.len) == 0 && (p[code.len] == '|' || p[code.len] == '\0'))
			return true;
	}
	return false;
}

static bool code_allowed(const struct checking *c, const struct schema_field *f, struct slice code)
{
	const struct slice args[] = {slice_str(f->refers), code, slice_str(c->host->today ? c->host->today : "")};

	if (!c->host->reader)
		return in_static(f->codes, code);
	if (in_static(f->codes, code))
		return reader_number(c->host->reader, "SELECT count(*) FROM code_liste WHERE liste = ?1 AND code = ?2 AND ferme_le <= ?3",
				     args, COUNT(args)) == 0;
	return reader_number(c->host->reader, "SELECT count(*) FROM code_liste WHERE liste = ?1 AND code = ?2"
					      " AND (ferme_le IS NULL OR ferme_le > ?3)", args, COUNT(args)) > 0;
}

static void check_code(struct checking *c, const struct schema_field *f, struct slice code)
{
	if (code.len > 0 && !code_allowed(c, f, code))
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

/* --- partnerships --- */

/* A4, W2: both sides have accepted the ethical charter in force. */
#define ETHICAL_VERSION "(SELECT version FROM charte WHERE type_charte = 'ethique' ORDER BY adoptee_le DESC, version DESC LIMIT 1)"
static const char has_charter[] =
	"SELECT count(DISTINCT s.uid) FROM structure s WHERE s.uid IN (?1, ?2) AND ("
	" s.charte_version = coalesce(" ETHICAL_VERSION ", s.charte_version)"
	" OR EXISTS (SELECT 1 FROM acceptation_charte a WHERE a.structure_uid = s.uid AND a.version = " ETHICAL_VERSION "))";

static void check_charters(struct checking *c)
{
	static const size_t side[] = {partenariat_structure_a_uid, partenariat_structure_b_uid};

	if (!rules_enters(c, partenariat_etat, "formalise"))
		return;
	for (size_t i = 0; i < COUNT(side); i++) {
		struct uid_text s = uid_of(c, side[i]);

		if (number(c, has_charter, s.text, s.text) == 0)
			say(c, side[i], "charte_manquante", VERDICT_REJECTED, slice_str(s.text));
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

static void look_partenariat(struct checking *c)
{
	take_category(c);
	if (!c->host->by_hand)
		return;
	check_charters(c);
	check_stage(c);
}

/* D6: with a campaign the question of legitimacy is answered. */
static void look_suivi(struct checking *c)
{
	struct uid_text p = uid_of(c, suivi_partenariat_uid);
	bool answered = false;

	for (size_t i = suivi_risque_objectifs; i <= suivi_satisfaction_b; i++)
		answered = answered || rules_after(c, i).len > 0;
	if (answered && rules_after(c, suivi_risque_legitimite).len == 0 &&
	    number(c, "SELECT count(*) FROM partenariat WHERE uid = ?1 AND campagne_commerciale = 1", p.text, "") > 0)
		say(c, suivi_risque_legitimite, "legitimite_requise", VERDICT_REJECTED, SLICE_NONE);
}

/* --- networks and groups --- */

/* B5: no network is its own ancestor. */
static void look_reseau(struct checking *c)
{
	struct uid_text own = own_uid(c), parent = uid_of(c, reseau_parent_uid);

	if (own.text[0] && parent.text[0] &&
	    number(c, "WITH RECURSIVE up(uid) AS (SELECT ?2 UNION SELECT r.parent_uid FROM reseau r JOIN up ON r.uid = up.uid"
		      " WHERE r.parent_uid IS NOT NULL) SELECT count(*) FROM up WHERE uid = ?1", own.text, parent.text) > 0)
		say(c, reseau_parent_uid, "cycle", VERDICT_REJECTED, slice_str(parent.text));
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
	if (number(c, of_type, own.text, "ess") == 0 || number(c, of_type, own.text, "autre") == 0)
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

/* --- events --- */

/* C12: nobody sits in two appointments of one slot. */
static void look_rendez_vous(struct checking *c)
{
	struct uid_text own = own_uid(c), a = uid_of(c, rendez_vous_a_uid), b = uid_of(c, rendez_vous_b_uid),
			evenement = uid_of(c, rendez_vous_evenement_uid);
	const struct slice args[] = {slice_str(evenement.text), rules_text(c, rendez_vous_creneau), slice_str(a.text),
				     slice_str(b.text), slice_str(own.text)};

	if (strcmp(a.text, b.text) == 0)
		say(c, rendez_vous_b_uid, "hors_limites", VERDICT_REJECTED, slice_str(b.text));
	else if (!slice_eq(rules_text(c, rendez_vous_etat), slice_str("annule")) &&
		 reader_number(c->host->reader, "SELECT count(*) FROM rendez_vous WHERE evenement_uid = ?1 AND creneau = ?2"
						" AND uid <> ?5 AND coalesce(etat, '') <> 'annule'"
						" AND (a_uid IN (?3, ?4) OR b_uid IN (?3, ?4))", args, COUNT(args)) > 0)
		say(c, rendez_vous_creneau, "creneau_pris", VERDICT_REJECTED, rules_text(c, rendez_vous_creneau));
}

/* C10: a formation-action is done once each structure that came has had its visit. */
static void look_evenement(struct checking *c)
{
	struct uid_text own = own_uid(c);

	if (!c->host->by_hand || !rules_enters(c, evenement_statut, "realise") ||
	    !slice_eq(rules_text(c, evenement_type_evenement), slice_str("formation_action")))
		return;
	if (number(c, "SELECT count(*) FROM phase WHERE evenement_uid = ?1 AND type_phase = 'individuel' AND debut IS NULL",
		   own.text, "") > 0)
		say(c, evenement_statut, "visite_sans_date", VERDICT_REJECTED, SLICE_NONE);
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
	const struct slice args[] = {rules_text(c, demande_rgpd_recue_le),
				     slice_str(is_yes(rules_after(c, demande_rgpd_prolongee)) ? "+3 months" : "+1 month")};
	char date[16];
	struct buf out;

	buf_init_fixed(&out, date, sizeof(date));
	if (args[0].len > 0 && reader_text(c->host->reader, "SELECT date(?1, ?2)", args, COUNT(args), &out))
		set_str(c, demande_rgpd_echeance, buf_slice(&out));
}

static const struct {
	const char *kind;
	void (*look)(struct checking *c);
} looks[] = {
	{"partenariat", look_partenariat}, {"suivi", look_suivi},	  {"reseau", look_reseau},
	{"groupement", look_groupement},   {"interaction", look_interaction}, {"rendez_vous", look_rendez_vous},
	{"evenement", look_evenement},	   {"strategie", look_strategie}, {"demande", look_demande},
	{"demande_rgpd", look_demande_rgpd}, {"enquete", look_enquete}, {"ambassadeur", look_ambassadeur},
};

void rules_look(struct checking *c)
{
	check_codes(c);
	for (size_t i = 0; i < COUNT(looks) && c->host->reader; i++)
		if (strcmp(looks[i].kind, c->e->kind->name) == 0)
			looks[i].look(c);
}
