/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables of rgpd.def, the register that they make, and dates. */
#include "daemon/rgpd/rgpd.h"
#include <stdio.h>
#include <string.h>

enum {
#define PROCESSING(id, ...) PROCESSING_##id,
#define TERM(...)
#define PERSON(kind)
#define NOBODY(kind)
#include "daemon/rgpd/rgpd.def"
#undef PROCESSING
#undef TERM
};
const struct rgpd_processing rgpd_processings[] = {
#define PROCESSING(id_, name_, persons_, basis_, recipients_, term_) \
	{.id = #id_, .name = name_, .persons = persons_, .basis = basis_, .recipients = recipients_, .term = term_},
#define TERM(...)
#include "daemon/rgpd/rgpd.def"
#undef PROCESSING
#undef TERM
};
const size_t rgpd_processing_count = sizeof rgpd_processings / sizeof *rgpd_processings;

const struct rgpd_term rgpd_terms[] = {
#define PROCESSING(...)
#define TERM(kind_, processing_, months_, warned_, since_, goes_, text_)                                     \
	{.kind = #kind_, .processing = PROCESSING_##processing_, .months = months_, .warned = warned_,       \
	 .since = since_, .goes = RGPD_##goes_, .since_text = text_},
#include "daemon/rgpd/rgpd.def"
#undef PERSON
#undef NOBODY
};
const size_t rgpd_term_count = sizeof rgpd_terms / sizeof *rgpd_terms;

static const char *const person_kinds[] = {
#undef TERM
#define TERM(...)
#define PERSON(kind) #kind,
#define NOBODY(kind)
#include "daemon/rgpd/rgpd.def"
#undef PERSON
#undef NOBODY
};
static const char *const nobody_kinds[] = {
#define PERSON(kind)
#define NOBODY(kind) #kind,
#include "daemon/rgpd/rgpd.def"
#undef PROCESSING
#undef TERM
#undef PERSON
#undef NOBODY
};

static bool is_in(const char *const *list, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

bool rgpd_is_person(const struct schema_kind *k)
{
	return is_in(person_kinds, sizeof person_kinds / sizeof *person_kinds, k->name);
}

bool rgpd_is_nobody(const struct schema_kind *k)
{
	return is_in(nobody_kinds, sizeof nobody_kinds / sizeof *nobody_kinds, k->name);
}

bool rgpd_names(const struct schema_field *f)
{
	if (f->flags & FIELD_PERSONAL)
		return true;
	return f->type == TYPE_REF && f->refers && is_in(person_kinds, sizeof person_kinds / sizeof *person_kinds, f->refers);
}

bool rgpd_names_anybody(const struct schema_kind *k)
{
	for (size_t i = 0; i < k->field_count; i++)
		if (rgpd_names(&k->fields[i]))
			return true;
	return false;
}

/* --- the register --- */

static void text_json(struct buf *out, const char *key, const char *text)
{
	buf_printf(out, ",\"%s\":", key);
	json_quote(slice_str(text), out);
}

/* The widest scope that the field may have where its record is as wide as can be. */
static void fields_json(const struct schema_kind *k, struct buf *out)
{
	const char *comma = "";

	for (size_t i = 0; i < k->field_count; i++) {
		const struct schema_field *f = &k->fields[i];

		if (!rgpd_names(f))
			continue;
		buf_printf(out, "%s{\"name\":\"%s\",\"scope\":\"%s\"", comma, f->name,
			   scope_name(schema_scope(k, f, SCOPE_PUBLIC, false, false)));
		text_json(out, "label", f->label);
		buf_str(out, "}");
		comma = ",";
	}
}

const char *rgpd_goes_name(enum rgpd_goes goes)
{
	static const char *const names[] = {[RGPD_NOTHING] = "rien", [RGPD_RECORD] = "fiche", [RGPD_NAMES] = "noms"};

	return names[goes];
}

static void term_json(const struct rgpd_term *t, struct buf *out)
{
	const struct schema_kind *k = schema_kind_named(slice_str(t->kind));

	buf_printf(out, "{\"kind\":\"%s\"", t->kind);
	text_json(out, "label", k->label);
	buf_printf(out, ",\"default_scope\":\"%s\",\"months\":", scope_name(k->portee_default));
	if (t->goes == RGPD_NOTHING)
		buf_str(out, "null");
	else
		buf_printf(out, "%u", t->months);
	text_json(out, "since", t->since_text);
	buf_printf(out, ",\"goes\":\"%s\",\"fields\":[", rgpd_goes_name(t->goes));
	fields_json(k, out);
	buf_str(out, "]}");
}

void rgpd_register_json(struct buf *out)
{
	buf_str(out, "{\"processings\":[");
	for (unsigned p = 0; p < rgpd_processing_count; p++) {
		const struct rgpd_processing *x = &rgpd_processings[p];
		const char *comma = "";

		buf_printf(out, "%s{\"id\":\"%s\"", p ? "," : "", x->id);
		text_json(out, "name", x->name);
		text_json(out, "persons", x->persons);
		text_json(out, "basis", x->basis);
		text_json(out, "recipients", x->recipients);
		text_json(out, "term", x->term);
		buf_str(out, ",\"kinds\":[");
		for (size_t i = 0; i < rgpd_term_count; i++) {
			if (rgpd_terms[i].processing != p)
				continue;
			buf_str(out, comma);
			term_json(&rgpd_terms[i], out);
			comma = ",";
		}
		buf_str(out, "]}");
	}
	buf_str(out, "]}");
}
