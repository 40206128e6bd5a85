/* SPDX-License-Identifier: Apache-2.0
 *
 * W1, step 7: a staff sheet of structures has people in it. What is theirs goes to a local
 * contact and is never on the structure, which is public; where a sheet leaves it open
 * whose an address is, it is the person's. */
#include <string.h>

#include "daemon/exchange/exchange_parts.h"
#include "proto/canon.h"
#include "proto/change.h"
#include "proto/fold.h"
#include "proto/text.h"

/* Words that say a column is about a person, and those around them: "Nom de la personne
 * à contacter" leaves "nom". */
static const char *const persons[] = {
	"contact", "contacts", "contacter", "interlocuteur", "interlocutrice", "referent", "referente", "dirigeant",
	"dirigeante", "president", "presidente", "directeur", "directrice", "gerant", "gerante", "responsable",
	"representant", "representante", "correspondant", "correspondante",
};
static const char *const small_words[] = {"a", "au", "d", "de", "des", "du", "la", "le", "l", "personne", "principal", "legal"};
/* Words that say it is the structure's own. */
static const char *const structures[] = {
	"structure", "association", "asso", "entreprise", "organisme", "accueil", "standard", "siege", "generique",
};
/* Nothing but a person has one, folded; the rest is in the synonyms of exchange_header.c. */
static const char *const private_columns[] = {
	"prenom", "prenoms", "nom prenom", "nom et prenom", "prenom nom", "prenom et nom", "fonction", "fonctions",
	"poste occupe", "portable", "mobile", "gsm", "tel portable", "telephone portable", "tel mobile", "telephone mobile",
	"n de portable", "numero de portable",
};

static bool in_words(const char *const *words, size_t count, struct slice word)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_eq(word, slice_str(words[i])))
			return true;
	}
	return false;
}
#define IN(words, word) in_words(words, sizeof(words) / sizeof((words)[0]), word)

/* What is left of a header without those words and the small ones; false where it has none
 * of them. */
static bool without(const struct folded *f, const char *const *words, size_t count, struct buf *rest)
{
	bool found = false;

	for (size_t at = 0, end; at < f->len; at = end + 1) {
		struct slice word;

		for (end = at; end < f->len && f->text[end] != ' ';)
			end++;
		word = SLICE(f->text + at, end - at);
		if (in_words(words, count, word)) {
			found = true;
		} else if (!IN(small_words, word)) {
			buf_str(rest, rest->len > 0 ? " " : "");
			buf_add(rest, word.p, word.len);
		}
	}
	return found && buf_err(rest) == ES_OK;
}

static bool is_field(const struct schema_field *f, const char *name)
{
	return f && strcmp(f->name, name) == 0;
}

static const struct schema_kind *contact_kind(void)
{
	return schema_kind_named(slice_str("contact"));
}

/* "Contact" alone is the name; "Dernier contact" is one of the contact's labels. */
static const struct schema_field *contact_field_of(struct slice header, const struct folded *folded)
{
	const struct schema_kind *contact = contact_kind();
	const struct schema_field *f = NULL;
	char mem[sizeof(folded->text)];
	struct buf rest;
	bool person;

	if (IN(private_columns, SLICE(folded->text, folded->len)))
		return header_field_of(contact, header);
	buf_init_fixed(&rest, mem, sizeof(mem));
	person = without(folded, persons, sizeof(persons) / sizeof(persons[0]), &rest);
	if (person)
		f = rest.len == 0 ? schema_field_named(contact, slice_str("nom")) : header_field_of(contact, buf_slice(&rest));
	if (person && f == NULL)
		f = header_field_of(contact, header);
	return f && f->type != TYPE_REF && f->no >= FIELD_OWN ? f : NULL;
}

/* "Mail de la structure", "Standard": nobody's in particular. */
static const struct schema_field *own_field_of(const struct schema_kind *k, const struct folded *folded)
{
	const struct schema_field *f;
	char mem[sizeof(folded->text)];
	struct buf rest;

	buf_init_fixed(&rest, mem, sizeof(mem));
	if (!without(folded, structures, sizeof(structures) / sizeof(structures[0]), &rest))
		return NULL;
	if (rest.len == 0 && strcmp(folded->text, "standard") == 0)
		return schema_field_named(k, slice_str("telephone"));
	f = rest.len > 0 ? header_field_of(k, buf_slice(&rest)) : NULL;
	return is_field(f, "courriel") || is_field(f, "telephone") ? f : NULL;
}

bool persons_column(struct column *c, struct slice name, const struct schema_kind *k)
{
	struct folded folded;

	if (strcmp(k->name, "structure") != 0 || contact_kind() == NULL || schema_field_named(k, name))
		return false;
	header_fold(name, &folded);
	c->field = contact_field_of(name, &folded);
	if (c->field) {
		c->use = COLUMN_CONTACT;
		return true;
	}
	c->field = own_field_of(k, &folded);
	c->of_structure = c->field != NULL;
	c->use = COLUMN_FIELD;
	return c->of_structure;
}

static const struct column *contact_column(const struct header *h, const char *field)
{
	for (size_t i = 0; i < h->count; i++) {
		if (h->columns[i].use == COLUMN_CONTACT && is_field(h->columns[i].field, field))
			return &h->columns[i];
	}
	return NULL;
}

/* "Structure;Nom;Prénom": the second is the person's. */
static void settle_names(struct header *h)
{
	size_t names = 0;

	for (size_t i = 0; i < h->count; i++)
		names += h->columns[i].use == COLUMN_FIELD && is_field(h->columns[i].field, "nom");
	if (names != 2 || !contact_column(h, "prenom") || contact_column(h, "nom"))
		return;
	for (size_t i = 0; i < h->count; i++) {
		struct column *c = &h->columns[i];
		struct folded folded;

		header_fold(slice_str(c->header), &folded);
		if (c->use != COLUMN_FIELD || strcmp(folded.text, "nom") != 0)
			continue;
		c->use = COLUMN_CONTACT;
		c->field = schema_field_named(contact_kind(), slice_str("nom"));
	}
}

/* A president and a director: the first is the contact; the other's columns stay at the hub
 * as unknown ones do. */
static void settle_twice(struct header *h)
{
	for (size_t i = 0; i < h->count; i++) {
		struct column *c = &h->columns[i];
		const struct column *first = c->use == COLUMN_CONTACT ? contact_column(h, c->field->name) : c;

		if (first == c || strcmp(first->header, c->header) == 0)
			continue;
		c->use = COLUMN_EXTRA;
		c->field = NULL;
	}
}

void persons_settle(struct header *h, const struct schema_kind *k)
{
	bool beside = false;

	if (strcmp(k->name, "structure") != 0)
		return;
	settle_names(h);
	settle_twice(h);
	if (!contact_column(h, "nom") && !contact_column(h, "prenom") && !contact_column(h, "fonction"))
		return;
	for (size_t i = 0; i < h->count; i++) {
		struct column *c = &h->columns[i];
		bool reaches = c->use == COLUMN_FIELD && (is_field(c->field, "courriel") || is_field(c->field, "telephone"));

		beside = c->use == COLUMN_CONTACT || (beside && (reaches || c->use == COLUMN_EXTRA));
		c->beside = beside;
		if (reaches && !c->of_structure)
			c->person = schema_field_named(contact_kind(), slice_str(c->field->name));
	}
}

static struct slice cell_of(const struct header *h, const struct csv *line, const struct column *c)
{
	size_t i = c ? (size_t)(c - h->columns) : SIZE_MAX;

	return i < line->count ? text_trim(line->fields[i]) : SLICE_NONE;
}

static bool names_contact(const struct header *h, const struct csv *line)
{
	return cell_of(h, line, contact_column(h, "nom")).len > 0 || cell_of(h, line, contact_column(h, "prenom")).len > 0 ||
	       cell_of(h, line, contact_column(h, "fonction")).len > 0;
}

/* A French number of a place: 01 to 05, 08, 09, as people write them. */
static bool is_landline(struct slice phone)
{
	char digits[16];
	size_t n = 0, at = 0;

	for (size_t i = 0; i < phone.len && n < sizeof(digits) - 1; i++) {
		if (phone.p[i] >= '0' && phone.p[i] <= '9')
			digits[n++] = (char)phone.p[i];
	}
	digits[n] = '\0';
	if (strncmp(digits, "0033", 4) == 0)
		at = 4;
	else if (strncmp(digits, "33", 2) == 0 && n >= 11)
		at = 2;
	at += digits[at] == '0'; /* also "+33 (0)2" */
	return digits[at] != '\0' && strchr("1234589", digits[at]) != NULL;
}

/* A line that names a contact: is this e-mail or telephone his or hers? */
static struct target personal_target(const struct header *h, const struct csv *line, const struct column *c)
{
	const struct target structure = {COLUMN_FIELD, c->field}, contact = {COLUMN_CONTACT, c->person};
	const struct column *own = contact_column(h, c->person->name);
	struct slice text = cell_of(h, line, c), its = cell_of(h, line, own);
	bool phone = is_field(c->field, "telephone"), place = phone && is_landline(text);

	if (own == NULL)
		return place && !c->beside ? structure : contact;
	/* The sheet has another column for the contact's. */
	if (its.len > 0 && slice_eq(text, its))
		return (struct target){COLUMN_IGNORED, NULL};
	if (!phone || place)
		return structure;
	return its.len == 0 ? contact : (struct target){COLUMN_EXTRA, NULL};
}

struct target persons_target(const struct header *h, const struct csv *line, size_t column)
{
	const struct column *c = &h->columns[column];

	return c->person && names_contact(h, line) ? personal_target(h, line, c) : (struct target){c->use, c->field};
}

static struct slice text_of(struct slice value)
{
	struct canon_reader r;

	canon_read_init(&r, value);
	return canon_peek(&r) == CANON_STR ? canon_read_str(&r, SIZE_MAX) : SLICE_NONE;
}

/* An earlier sheet without a contact put it on the structure, for all to see. */
static void leave_to_contact(struct slice state, const struct edit *contact, size_t theirs, struct edit *e, size_t own,
			     struct findings *findings)
{
	static const uint8_t nil = 0xc0;
	const struct schema_field *f = &e->kind->fields[own];
	struct fold_value stands = fold_shown(state, f->no);
	struct slice its = text_of(contact->values[theirs]);
	bool switchboard = own == structure_telephone && is_landline(its);

	if (its.len == 0 || switchboard || text_of(e->values[own]).len > 0 || stands.scope == SCOPE_LOCAL ||
	    !slice_eq(text_of(stands.value), its))
		return;
	e->values[own] = SLICE(&nil, 1);
	e->withdraws |= UINT64_C(1) << own;
	findings_add(findings, f->name, "donnee_du_contact", VERDICT_WARNING, SLICE_NONE);
}

void persons_withdraw(const struct exchange_host *host, const struct edit *contact, struct edit *e, struct findings *findings)
{
	struct buf state;
	bool somebody = contact->values[contact_nom].len > 0 || contact->values[contact_prenom].len > 0 ||
			contact->values[contact_fonction].len > 0;

	if (!somebody || !e->has_uid || findings->worst == VERDICT_REJECTED || host->state == NULL)
		return;
	buf_init(&state, 16 * CHANGE_MAX);
	if (host->state(host->ctx, e, &state) == ES_OK && state.len > 0) {
		leave_to_contact(buf_slice(&state), contact, contact_courriel, e, structure_courriel, findings);
		leave_to_contact(buf_slice(&state), contact, contact_telephone, e, structure_telephone, findings);
	}
	buf_done(&state);
}
