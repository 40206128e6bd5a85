/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/schema.h"

#include <string.h>

#define KIND(kind, no, plural, portee, cap, title, label) static const struct schema_field kind##_fields[] = {
#define FIELD(kind, no_, name_, type_, rule_, min_, max_, cap_, flags_, codes_, refers_, label_)             \
	{.no = (no_), .index = kind##_##name_, .name = #name_, .type = TYPE_##type_, .min = (min_),         \
	 .max = (max_), .cap = SCOPE_##cap_, .flags = (flags_), .codes = (codes_), .refers = (refers_),     \
	 .label = (label_), .rule = RULE_##rule_},
#define END(kind) };
#include "proto/schema.def"
#undef KIND
#undef FIELD
#undef END

const struct schema_kind schema_kinds[] = {
#define KIND(kind, no_, plural_, portee, cap_, title_, label_)                                               \
	{.no = (no_), .name = #kind, .plural = #plural_, .label = (label_), .portee_default = SCOPE_##portee, \
	 .cap = SCOPE_##cap_, .fields = kind##_fields,                                                       \
	 .field_count = sizeof(kind##_fields) / sizeof(kind##_fields[0]), .title = (title_)},
#define FIELD(kind, no, name, type, rule, min, max, cap, flags, codes, refers, label)
#define END(kind)
#include "proto/schema.def"
#undef KIND
#undef FIELD
#undef END
};
const size_t schema_kind_count = sizeof(schema_kinds) / sizeof(schema_kinds[0]);

static const char *const scope_names[SCOPE_COUNT] = {
	[SCOPE_CONTROL] = "control", [SCOPE_PUBLIC] = "public", [SCOPE_FEDERATION] = "federation",
	[SCOPE_CRESS] = "cress",     [SCOPE_LOCAL] = "local",
};

static bool is_named(const char *name, struct slice text)
{
	return strlen(name) == text.len && (text.len == 0 || memcmp(name, text.p, text.len) == 0);
}

const char *scope_name(enum scope s)
{
	return (unsigned)s < SCOPE_COUNT ? scope_names[s] : "?";
}

bool scope_parse(struct slice text, enum scope *out)
{
	for (int s = SCOPE_PUBLIC; s < SCOPE_COUNT; s++) {
		if (is_named(scope_names[s], text)) {
			*out = (enum scope)s;
			return true;
		}
	}
	return false;
}

const struct schema_kind *schema_kind_named(struct slice name)
{
	for (size_t i = 0; i < schema_kind_count; i++) {
		if (is_named(schema_kinds[i].name, name))
			return &schema_kinds[i];
	}
	return NULL;
}

/* Kinds are numbered from 1 in the table's order. */
const struct schema_kind *schema_kind_no(unsigned no)
{
	return no >= 1 && no <= schema_kind_count ? &schema_kinds[no - 1] : NULL;
}

const struct schema_field *schema_field_named(const struct schema_kind *k, struct slice name)
{
	for (size_t i = 0; i < k->field_count; i++) {
		if (is_named(k->fields[i].name, name))
			return &k->fields[i];
	}
	return NULL;
}

static bool is_joined(const char *name, struct slice head, const char *tail)
{
	return strlen(name) == head.len + strlen(tail) && memcmp(name, head.p, head.len) == 0 && strcmp(name + head.len, tail) == 0;
}

static bool is_said(const struct schema_field *f, struct slice said, unsigned way)
{
	if (way == 0)
		return f->type == TYPE_REF && is_joined(f->name, said, "_uid");
	if (way == 1)
		return is_named("type", said) && strncmp(f->name, "type_", 5) == 0;
	return f->type == TYPE_LIST && is_joined(f->name, said, "s");
}

/* What people and the domain's tables call a field otherwise. */
static const struct {
	const char *kind, *said, *field;
} other_names[] = {
	{"demande", "commune", "code_insee"},
	{"mesure", "date", "mois"},
	{"mesure", "territoire", "territoire_code"},
	{"partenariat", "a", "structure_a_uid"},
	{"partenariat", "b", "structure_b_uid"},
	{"partenariat", "texte", "campagne_texte"},
	{"partenariat", "montant", "montant_cents"},
	{"partenariat", "debut", "date_debut"},
	{"partenariat", "fin", "date_fin"},
};

static const struct schema_field *field_otherwise(const struct schema_kind *k, struct slice name)
{
	for (size_t i = 0; i < sizeof(other_names) / sizeof(other_names[0]); i++)
		if (strcmp(other_names[i].kind, k->name) == 0 && is_named(other_names[i].said, name))
			return schema_field_named(k, slice_str(other_names[i].field));
	return NULL;
}

const struct schema_field *schema_field_said(const struct schema_kind *k, struct slice name)
{
	const struct schema_field *found = name.len > 0 ? schema_field_named(k, name) : NULL;
	bool of_all = is_named("pole", name) || is_named("uid", name); /* what every record has beside its fields */

	if (!found)
		found = field_otherwise(k, name);
	for (unsigned way = 0; way < 3 && name.len > 0 && !found && !of_all; way++)
		for (size_t i = 0; i < k->field_count; i++) {
			if (!is_said(&k->fields[i], name, way))
				continue;
			if (found)
				return NULL;
			found = &k->fields[i];
		}
	return found;
}

/* The fold asks this for every change: own fields stand in ascending order,
 * so the answer is where the number says, or just behind portee. */
const struct schema_field *schema_field_no(const struct schema_kind *k, unsigned no)
{
	size_t from = no >= FIELD_OWN && no - FIELD_OWN < k->field_count ? no - FIELD_OWN : 0;

	for (size_t i = from; i < k->field_count; i++) {
		if (k->fields[i].no == no)
			return &k->fields[i];
	}
	return NULL;
}

static enum scope narrower(enum scope a, enum scope b)
{
	return a > b ? a : b;
}

enum scope schema_scope(const struct schema_kind *k, const struct schema_field *f, enum scope portee,
			bool diffusion_p, bool kept_home)
{
	enum scope s = narrower(portee, k->cap);

	if (f->no == FIELD_CHAMPS_LOCAUX)
		return SCOPE_LOCAL;
	if (f->no == FIELD_PORTEE || f->no == FIELD_DELETED)
		return s;
	if (kept_home || (diffusion_p && (f->flags & FIELD_R16)))
		return SCOPE_LOCAL;
	return narrower(s, f->cap);
}

static uint32_t mix_bytes(uint32_t h, const void *p, size_t len)
{
	const uint8_t *bytes = p;

	for (size_t i = 0; i < len; i++)
		h = (h ^ bytes[i]) * 16777619U; /* FNV-1a */
	return h;
}

static uint32_t mix_text(uint32_t h, const char *text)
{
	return text ? mix_bytes(h, text, strlen(text) + 1) : mix_bytes(h, "\1", 1);
}

static uint32_t mix_number(uint32_t h, int64_t v)
{
	uint8_t bytes[8];

	be_write(bytes, (uint64_t)v, 8);
	return mix_bytes(h, bytes, sizeof(bytes));
}

static uint32_t mix_field(uint32_t h, const struct schema_field *f)
{
	const int64_t numbers[] = {f->no, (int64_t)f->type, f->min, f->max, (int64_t)f->cap,
				   (int64_t)f->flags, (int64_t)f->rule};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		h = mix_number(h, numbers[i]);
	h = mix_text(h, f->name);
	h = mix_text(h, f->codes);
	return mix_text(h, f->refers);
}

uint32_t schema_version(void)
{
	uint32_t h = 2166136261U;

	for (size_t i = 0; i < schema_kind_count; i++) {
		const struct schema_kind *k = &schema_kinds[i];

		h = mix_number(mix_text(h, k->name), k->no);
		h = mix_number(h, (int64_t)k->portee_default * SCOPE_COUNT + (int64_t)k->cap);
		for (size_t j = 0; j < k->field_count; j++)
			h = mix_field(h, &k->fields[j]);
	}
	return h & 0x7fffffffU; /* SQLite's user_version is signed */
}
