/* SPDX-License-Identifier: Apache-2.0
 *
 * Whose an e-mail address is, by its shape (domain.md part 4). */
#include "daemon/rules/checking.h"

#include <string.h>
#include <strings.h>

/* What a structure's own address begins with: contact.morlaix@, info.asso@. None is a first name. */
static const char *const roles[] = {
	"accueil", "achat", "achats", "adherents", "adhesion", "adhesions", "admin", "administratif", "administration", "agence",
	"animation", "antenne", "asso", "association", "atelier", "ateliers", "benevolat", "benevoles", "bonjour", "boutique",
	"bureau", "cafe", "centre", "club", "coop", "cooperative", "collectif", "comite", "commande", "commandes", "commercial",
	"communication", "compta", "comptabilite", "contact", "contacts", "coordination", "courrier", "direction", "dons", "ecole",
	"emploi", "epicerie", "equipe", "esat", "ess", "facturation", "factures", "federation", "ferme", "formation", "formations",
	"gestion", "hello", "info", "information", "infos", "inscription", "inscriptions", "insertion", "jardin",
	"jardins", "les", "livraison", "livraisons", "logement", "logistique", "magasin", "mairie", "maison", "mediation", "nos",
	"notre", "partenaires", "partenariat", "partenariats", "pole", "presidence", "presse", "production", "projet", "projets",
	"recrutement", "recyclerie", "resa", "reseau", "reservation", "reservations", "ressourcerie", "scic", "scop", "secretariat",
	"service", "services", "siege", "site", "standard", "support", "technique", "territoire", "tresorerie", "vente", "ventes",
	"vie", "web", "webmaster",
};

static bool is_letter(uint8_t byte)
{
	return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
}

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

/* How many letters and hyphens stand there. */
static size_t name_length(struct slice mail, size_t at)
{
	size_t from = at;

	while (at < mail.len && (is_letter(mail.p[at]) || mail.p[at] == '-'))
		at++;
	return at - from;
}

static bool is_role(struct slice word)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strlen(roles[i]) == word.len && strncasecmp(roles[i], (const char *)word.p, word.len) == 0)
			return true;
	return false;
}

static bool is_between(struct slice mail, size_t at)
{
	return at < mail.len && (mail.p[at] == '.' || mail.p[at] == '_');
}

/* firstname.lastname, an initial between them, a number behind where that one was taken:
 * anne.legoff, anne_legoff, anne.m.legoff2, anne.legoff.2, anne.legoff2b. Of one word (alegoff, lesabers)
 * nothing can be said. */
bool mail_is_of_person(struct slice mail)
{
	size_t first = name_length(mail, 0), at = first + 1;
	size_t last = first > 0 && is_between(mail, first) && !is_role(SLICE(mail.p, first)) ? name_length(mail, at) : 0;

	if (last == 1 && is_between(mail, at + 1) && name_length(mail, at + 2) > 0) {
		at += 2;
		last = name_length(mail, at);
	}
	at += last;
	if (last == 0 || at < 5)
		return false;
	if (is_between(mail, at) && at + 1 < mail.len && is_digit(mail.p[at + 1]))
		at++;
	while (at < mail.len && is_digit(mail.p[at]))
		at++;
	if (is_digit(mail.p[at - 1]) && at < mail.len && is_letter(mail.p[at]))
		at++;
	return at < mail.len && (mail.p[at] == '@' || mail.p[at] == '+');
}
