/* SPDX-License-Identifier: Apache-2.0
 *
 * The ethical charter: its digest, and who accepts which version (domain.md A4). */
#include "daemon/rules/checking.h"

#include "common/crypto.h"

#define WITH_VERSION "FROM charte WHERE type_charte = 'ethique' AND version = ?1"

static int64_t ethical_charters(const struct checking *c, struct slice version)
{
	return version.len > 0 ? reader_number(c->host->reader, "SELECT count(*) " WITH_VERSION, &version, 1)
			       : reader_number(c->host->reader, "SELECT count(*) FROM charte WHERE type_charte = 'ethique'", NULL, 0);
}

/* As long as the CRESS has published none, any version is taken for what it says. */
/* One establishment, two records of one hub: whoever types the second is told the first. */
static void look_siret(struct checking *c)
{
	struct uid_text own = own_uid(c);
	const struct slice args[] = {rules_text(c, structure_siret), slice_str(c->host->pole ? c->host->pole : ""), slice_str(own.text)};
	char text[FINDING_VALUE_MAX * 4];
	struct buf other;

	buf_init_fixed(&other, text, sizeof(text));
	if (args[0].len > 0 &&
	    reader_text(c->host->reader, "SELECT uid || ' ' || substr(nom, 1, 60) FROM structure WHERE siret = ?1 AND pole = ?2 AND uid <> ?3"
					 " ORDER BY uid LIMIT 1", args, 3, &other))
		say(c, structure_siret, "siret_deja_ici", VERDICT_WARNING, buf_slice(&other));
}

void look_structure(struct checking *c)
{
	struct slice version = rules_text(c, structure_charte_version);

	if (c->host->by_hand && version.len > 0 && rules_changes(c, structure_charte_version) &&
	    ethical_charters(c, SLICE_NONE) > 0 && ethical_charters(c, version) == 0)
		say(c, structure_charte_version, "version_inconnue", VERDICT_REJECTED, version);
	if (c->host->by_hand && rules_changes(c, structure_siret))
		look_siret(c);
}

void look_charte(struct checking *c)
{
	char hex[65];

	if (!named(c, charte_texte))
		return;
	hex_encode(crypto_hash(HASH_GENESIS, rules_text(c, charte_texte)).bytes, 32, hex);
	set_str(c, charte_empreinte, slice_str(hex));
}

/* The text that the query finds is what the field says, where nobody said anything. */
static void take_text(struct checking *c, size_t index, const char *sql, const struct slice *args, size_t count)
{
	char text[80];
	struct buf out;

	buf_init_fixed(&out, text, sizeof(text));
	if (rules_after(c, index).len == 0 && reader_text(c->host->reader, sql, args, count, &out) && buf_err(&out) == ES_OK)
		set_str(c, index, buf_slice(&out));
}

/* A structure accepts a version, the one in force where none is said. */
void look_acceptation(struct checking *c)
{
	const struct slice today = slice_str(c->host->today ? c->host->today : "");
	struct slice version;

	if (!c->host->by_hand || uid_of(c, acceptation_charte_structure_uid).text[0] == '\0')
		return;
	take_text(c, acceptation_charte_version, "SELECT " ETHICAL_VERSION("?1"), &today, 1);
	version = rules_text(c, acceptation_charte_version);
	if (version.len == 0 || ethical_charters(c, version) == 0)
		say(c, acceptation_charte_version, "version_inconnue", VERDICT_REJECTED, version);
	else
		take_text(c, acceptation_charte_empreinte, "SELECT empreinte " WITH_VERSION " ORDER BY uid LIMIT 1", &version, 1);
}
