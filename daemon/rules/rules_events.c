/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules of events, of what is planned at them, and of pooled purchases, as far as
 * they depend on other records (domain.md C9, C10, C12, C13, R12). */
#include "daemon/rules/checking.h"

#include "daemon/directory/directory.h"
#include "daemon/exchange/sheet.h"
#include "daemon/rules/purchase.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- appointments and visits --- */

/* R12: only the event's own hub gives out its slots and visits. */
static void check_organiser(struct checking *c, size_t evenement)
{
	struct uid_text uid = uid_of(c, evenement);

	if (c->host->by_hand && c->host->pole && rules_changes(c, evenement) &&
	    rules_number(c, "SELECT count(*) > 0 AND sum(pole = ?2) = 0 FROM evenement WHERE uid = ?1", uid.text, c->host->pole) > 0)
		say(c, evenement, "role_organisateur", VERDICT_REJECTED, slice_str(uid.text));
}

/* C12: nobody sits in two appointments of one slot, however its hour is written; slots are
 * on the days of the event, before its end. */
void look_rendez_vous(struct checking *c)
{
	static const char outside[] =
		"SELECT count(*) FROM evenement WHERE uid = ?1"
		" AND (substr(?2, 1, 10) < substr(debut, 1, 10) OR strftime('%s', ?2) + 0 >= strftime('%s', fin) + 0)";
	struct uid_text own = own_uid(c), a = uid_of(c, rendez_vous_a_uid), b = uid_of(c, rendez_vous_b_uid),
			evenement = uid_of(c, rendez_vous_evenement_uid);
	const struct slice args[] = {slice_str(evenement.text), rules_text(c, rendez_vous_creneau), slice_str(a.text),
				     slice_str(b.text), slice_str(own.text)};

	check_organiser(c, rendez_vous_evenement_uid);
	if (rules_changes(c, rendez_vous_creneau) && reader_number(c->host->reader, outside, args, 2) > 0)
		say(c, rendez_vous_creneau, "hors_evenement", VERDICT_REJECTED, rules_text(c, rendez_vous_creneau));
	if (strcmp(a.text, b.text) == 0)
		say(c, rendez_vous_b_uid, "hors_limites", VERDICT_REJECTED, slice_str(b.text));
	else if (!slice_eq(rules_text(c, rendez_vous_etat), slice_str("annule")) &&
		 reader_number(c->host->reader, "SELECT count(*) FROM rendez_vous WHERE evenement_uid = ?1"
						" AND strftime('%s', creneau) = strftime('%s', ?2)"
						" AND uid <> ?5 AND coalesce(etat, '') <> 'annule'"
						" AND (a_uid IN (?3, ?4) OR b_uid IN (?3, ?4))", args, COUNT(args)) > 0)
		say(c, rendez_vous_creneau, "creneau_pris", VERDICT_REJECTED, rules_text(c, rendez_vous_creneau));
}

void look_phase(struct checking *c)
{
	check_organiser(c, phase_evenement_uid);
}

/* --- events --- */

/* 29 of 29151, 974 of 97411. */
static struct slice departement_of(struct slice insee)
{
	size_t n = insee.len > 1 && memcmp(insee.p, "97", 2) == 0 ? 3 : 2;

	return insee.len >= n ? SLICE(insee.p, n) : SLICE_NONE;
}

static const char other_lunch[] =
	"SELECT uid FROM evenement WHERE type_evenement = 'lunch_ess' AND uid <> ?3 AND statut IS NOT 'annule' AND substr(debut, 1, 4) = ?2"
	" AND coalesce(departement, substr(code_insee, 1, 2 + (code_insee LIKE '97%'))) = ?1 ORDER BY debut, uid LIMIT 1";

/* C9: in the month of the ESS, and one for each département and year: hints only. */
static void hint_lunch(struct checking *c)
{
	struct slice debut = rules_text(c, evenement_debut), departement = rules_text(c, evenement_departement);
	struct uid_text own = own_uid(c);
	char uid[ULID_LEN + 1];
	struct buf out;

	if (debut.len < 7 || (!rules_changes(c, evenement_debut) && !rules_changes(c, evenement_type_evenement)))
		return;
	if (memcmp(debut.p + 5, "11", 2) != 0)
		say(c, evenement_debut, "hors_novembre", VERDICT_WARNING, debut);
	if (departement.len == 0)
		departement = departement_of(rules_text(c, evenement_code_insee));
	const struct slice args[] = {departement, SLICE(debut.p, 4), slice_str(own.text)};
	buf_init_fixed(&out, uid, sizeof(uid));
	if (departement.len > 0 && reader_text(c->host->reader, other_lunch, args, COUNT(args), &out))
		say(c, evenement_departement, "deja_un_dans_le_departement", VERDICT_WARNING, buf_slice(&out));
}

static void take_seats(const struct checking *c, struct buf *json)
{
	if (c->host->seats)
		c->host->seats(c->host->ctx, &c->e->uid, json);
	else
		buf_str(json, "[]");
}

/* C10: done once each structure that takes part has had its visit. */
static void check_visits(struct checking *c)
{
	struct uid_text own = own_uid(c);
	char missing[ULID_LEN + 1];
	struct buf seats, out;

	buf_init(&seats, 1 << 22);
	buf_init_fixed(&out, missing, sizeof(missing));
	take_seats(c, &seats);
	if (sheet_visit_missing(c->host->reader, own.text, buf_slice(&seats), &out))
		say(c, evenement_statut, "visite_sans_date", VERDICT_REJECTED, buf_slice(&out));
	buf_done(&seats);
}

/* R12: what is granted stays granted. */
static void check_capacity(struct checking *c)
{
	static const char granted[] =
		"SELECT CASE ?2 WHEN 'structure' THEN count(DISTINCT value ->> 's') ELSE sum(value ->> 'n') END"
		" FROM json_each(?1) WHERE value ->> 'g'";
	struct canon_reader r;
	struct buf seats, text;

	canon_read_init(&r, rules_after(c, evenement_capacite));
	if (!c->e->has_uid || canon_peek(&r) != CANON_INT ||
	    (!rules_changes(c, evenement_capacite) && !rules_changes(c, evenement_unite_capacite)))
		return;
	buf_init(&seats, 1 << 22);
	buf_init(&text, 32);
	take_seats(c, &seats);
	const struct slice args[] = {buf_slice(&seats), rules_text(c, evenement_unite_capacite)};
	int64_t count = reader_number(c->host->reader, granted, args, COUNT(args));
	buf_printf(&text, "%lld", (long long)count);
	if (count > canon_read_int(&r, 0, INT64_MAX))
		say(c, evenement_capacite, "places_accordees", VERDICT_REJECTED, buf_slice(&text));
	buf_done(&text);
	buf_done(&seats);
}

void look_evenement(struct checking *c)
{
	struct slice type = rules_text(c, evenement_type_evenement);

	check_capacity(c);
	if (!c->host->by_hand)
		return;
	if (slice_eq(type, slice_str("lunch_ess")))
		hint_lunch(c);
	if (c->e->has_uid && slice_eq(type, slice_str("formation_action")) && rules_enters(c, evenement_statut, "realise"))
		check_visits(c);
}

/* --- pooled purchases --- */

/* The list as the directory has it. */
static void list_text(struct slice list, struct buf *out)
{
	struct canon_reader r;

	canon_read_init(&r, list);
	for (uint32_t n = list.len > 0 ? canon_read_array(&r, UINT32_MAX) : 0; n > 0 && r.err == ES_OK; n--) {
		struct slice item = canon_read_str(&r, SIZE_MAX);

		if (out->len > 0)
			buf_add_u8(out, '|');
		buf_add(out, item.p, item.len);
	}
}

/* What was promised to those who committed themselves stands once it has ended. */
static void check_ended(struct checking *c)
{
	static const size_t fixed[] = {achat_mutualise_echeance, achat_mutualise_paliers, achat_mutualise_unite, achat_mutualise_statut,
				       achat_mutualise_palier_prix_cents, achat_mutualise_regle_le};
	struct slice until = rules_text_before(c, achat_mutualise_echeance), statut = rules_text_before(c, achat_mutualise_statut);
	bool ended = (statut.len > 0 && !slice_eq(statut, slice_str("ouvert"))) ||
		     (until.len > 0 && slice_cmp(until, slice_str(c->host->today)) < 0);

	for (size_t i = 0; ended && i < COUNT(fixed); i++)
		if (rules_changes(c, fixed[i]))
			say(c, fixed[i], "achat_clos", VERDICT_REJECTED, SLICE_NONE);
}

/* C13: it is concluded at the tier that the commitments have reached. */
static void check_concluded(struct checking *c, struct slice tiers)
{
	struct uid_text own = own_uid(c);
	struct purchase_tier tier;

	if (!rules_enters(c, achat_mutualise_statut, "conclu"))
		return;
	if (purchase_reached(tiers, purchase_total(c->host->reader, own.text), &tier))
		set_int(c, achat_mutualise_palier_prix_cents, tier.cents);
	else
		say(c, achat_mutualise_statut, "palier_non_atteint", VERDICT_REJECTED, SLICE_NONE);
}

void look_achat_mutualise(struct checking *c)
{
	struct slice bad;
	struct buf tiers;

	buf_init(&tiers, 65536);
	list_text(rules_after(c, achat_mutualise_paliers), &tiers);
	if (rules_changes(c, achat_mutualise_paliers) && !purchase_tiers_valid(buf_slice(&tiers), &bad))
		say(c, achat_mutualise_paliers, "palier_invalide", VERDICT_REJECTED, bad);
	if (c->host->by_hand && c->host->today) {
		check_ended(c);
		check_concluded(c, buf_slice(&tiers));
	}
	buf_done(&tiers);
}

/* C13: no commitment after the deadline, nor to what has ended. */
void look_engagement_achat(struct checking *c)
{
	struct uid_text achat = uid_of(c, engagement_achat_achat_uid);
	static const char open[] = "SELECT count(*) FROM achat_mutualise WHERE uid = ?1 AND echeance >= ?2 AND coalesce(statut, 'ouvert') = 'ouvert'";
	static const char in_time[] = "SELECT count(*) FROM achat_mutualise WHERE uid = ?1 AND echeance >= ?2";
	bool known = rules_number(c, "SELECT count(*) FROM achat_mutualise WHERE uid = ?1", achat.text, "") > 0;
	char le[16] = "";

	if (c->host->by_hand && c->creating && !named(c, engagement_achat_le) && c->host->today)
		set_str(c, engagement_achat_le, slice_str(c->host->today));
	struct slice day = rules_text(c, engagement_achat_le);
	if (day.len < sizeof(le))
		memcpy(le, day.p, day.len);
	if (known && c->host->by_hand && c->host->today && rules_number(c, open, achat.text, c->host->today) == 0)
		say(c, engagement_achat_achat_uid, "echeance_passee", VERDICT_REJECTED, SLICE_NONE);
	else if (known && le[0] && rules_number(c, in_time, achat.text, le) == 0)
		say(c, engagement_achat_le, "echeance_passee", VERDICT_REJECTED, slice_str(le));
}
