/* SPDX-License-Identifier: Apache-2.0
 *
 * A code that the CRESS adds to a list, or closes (A10, domain.md part 3): records bear it
 * everywhere, so it is never renamed, reused nor withdrawn, and keeps its category. Only its
 * label is mended and its last day set. */
#include "daemon/rules/checking.h"

#include "daemon/rules/codes.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A list that is there and holds nothing says nothing. */
static bool names_some(struct slice list)
{
	struct canon_reader r;

	canon_read_init(&r, list);
	return list.len > 0 && canon_peek(&r) == CANON_ARRAY && canon_read_array(&r, UINT32_MAX) > 0;
}

/* Nobody else has heard of it: it is the CRESS's to write over. */
static bool is_draft(const struct checking *c)
{
	return slice_eq(rules_text_before(c, code_liste_portee), slice_str("local"));
}

static void check_kept(struct checking *c)
{
	static const size_t fixed[] = {code_liste_liste, code_liste_code, code_liste_categorie};

	if (c->state->len == 0 || is_draft(c))
		return;
	for (size_t i = 0; i < COUNT(fixed); i++)
		if (rules_before(c, fixed[i]).len > 0 && rules_changes(c, fixed[i]))
			say(c, fixed[i], "code_garde", VERDICT_REJECTED, rules_text_before(c, fixed[i]));
	if (rules_changes(c, code_liste_portee) && !slice_eq(rules_text(c, code_liste_portee), slice_str("public")))
		say(c, code_liste_portee, "code_garde", VERDICT_REJECTED, rules_text(c, code_liste_portee));
	if (rules_changes(c, code_liste_champs_locaux) && names_some(rules_after(c, code_liste_champs_locaux)))
		say(c, code_liste_champs_locaux, "code_garde", VERDICT_REJECTED, SLICE_NONE);
}

/* R18: a line that says what a record of ours says is that record (repeats.c). */
static bool repeats_ours(const struct checking *c)
{
	static const char same[] =
		"SELECT count(*) FROM code_liste WHERE liste = ?1 AND code = ?2 AND libelle = ?3 AND coalesce(categorie, '') = ?4"
		" AND coalesce(ferme_le, '') = ?5 AND pole = ?6";
	const struct slice args[] = {rules_text(c, code_liste_liste), rules_text(c, code_liste_code), rules_text(c, code_liste_libelle),
				     rules_text(c, code_liste_categorie), rules_text(c, code_liste_ferme_le),
				     slice_str(c->host->pole ? c->host->pole : "")};

	return !c->host->by_hand && !c->e->has_uid && reader_number(c->host->reader, same, args, COUNT(args)) > 0;
}

/* A record of a code that the program has itself closes it, and says nothing else of it. */
static void check_built_in(struct checking *c, const struct schema_field *list, struct slice code)
{
	struct slice categorie = rules_text(c, code_liste_categorie);
	bool closes = rules_after(c, code_liste_ferme_le).len > 0;
	const char *its = strcmp(list->refers, "forme") == 0 ? exchange_categorie(code) : "";

	if (!closes || (categorie.len > 0 && !slice_eq(categorie, slice_str(its))))
		say(c, closes ? code_liste_categorie : code_liste_code, "code_de_base", VERDICT_REJECTED, closes ? categorie : code);
}

static void check_new(struct checking *c, const struct schema_field *list)
{
	struct slice code = rules_text(c, code_liste_code);
	enum code_known known = codes_find(c->host->reader, list, code);

	if (!value_is_code(code))
		say(c, code_liste_code, "hors_limites", VERDICT_REJECTED, code);
	else if (known == CODE_BUILT_IN)
		check_built_in(c, list, code);
	else if (known == CODE_TAKEN && !repeats_ours(c))
		say(c, code_liste_code, "code_existe", VERDICT_REJECTED, code);
}

/* A10: each form has one category, of those that partnerships have. */
static void check_category(struct checking *c, const struct schema_field *list)
{
	struct slice categorie = rules_text(c, code_liste_categorie);
	const struct schema_field *of = &schema_kind_no(partenariat_KIND)->fields[partenariat_categorie];

	if (strcmp(list->refers, "forme") != 0 || codes_built_in(list, rules_text(c, code_liste_code)) ||
	    (!c->creating && !rules_changes(c, code_liste_categorie)))
		return;
	if (categorie.len == 0)
		say(c, code_liste_categorie, "champ_requis", VERDICT_REJECTED, SLICE_NONE);
	else if (!value_one_of(of->codes, categorie))
		say(c, code_liste_categorie, "valeur_hors_liste", VERDICT_REJECTED, categorie);
}

void look_code_liste(struct checking *c)
{
	struct slice name = rules_text(c, code_liste_liste);
	const struct schema_field *list = codes_list(name);

	check_kept(c);
	if (rejected(c, code_liste_liste) || rejected(c, code_liste_code) || name.len == 0 || rules_after(c, code_liste_code).len == 0)
		return;
	if (!list && rules_changes(c, code_liste_liste))
		say(c, code_liste_liste, "valeur_hors_liste", VERDICT_REJECTED, name);
	if (!list)
		return;
	if (rules_changes(c, code_liste_code))
		check_new(c, list);
	check_category(c, list);
}

void look_code_removed(struct checking *c)
{
	if (!is_draft(c))
		findings_add(c->findings, "code", "code_garde", VERDICT_REJECTED, rules_text_before(c, code_liste_code));
}
