/* SPDX-License-Identifier: Apache-2.0
 *
 * Record kinds and their fields, from one table (schema.def). SQL columns,
 * validation, CSV and JSON keys, help and the RGPD register are loops over it.
 * Numbers are on the wire: never reused, only appended. Kinds and fields we do
 * not know are kept and passed on (protocol.md part 1); nothing in fold or
 * admission reads this table. */
#ifndef PROTO_SCHEMA_H
#define PROTO_SCHEMA_H

#include "common/bytes.h"

/* Who may hold a log, narrowest last. The number is on the wire. */
enum scope { SCOPE_CONTROL, SCOPE_PUBLIC, SCOPE_FEDERATION, SCOPE_CRESS, SCOPE_LOCAL, SCOPE_COUNT };
const char *scope_name(enum scope s); /* "federation" */
ES_MUST_USE bool scope_parse(struct slice text, enum scope *out); /* data scopes only */

/* How a value is written: in a change, in a SQL column, outside.
 *   TEXT CODE DATE TIME  str             TEXT      the text (dates ISO)
 *   LIST                 array of str    a|b|c     CSV "a|b|c", JSON ["a","b"]
 *   INT CENTS            int             INTEGER   the integer
 *   TENTH                int, tenths     INTEGER   12.5
 *   COORD                int, 1e-7 deg   INTEGER   48.57784
 *   BOOL                 bool            0 or 1    CSV oui/non, JSON true/false
 *   REF                  bin 16          ULID text ULID text */
enum field_type {
	TYPE_TEXT, TYPE_CODE, TYPE_DATE, TYPE_TIME, TYPE_LIST, TYPE_INT, TYPE_CENTS,
	TYPE_TENTH, TYPE_COORD, TYPE_BOOL, TYPE_REF
};

enum field_flag {
	FIELD_REQUIRED = 1, /* never empty */
	FIELD_PERSONAL = 2, /* personal data: never in a log line, error or metric */
	FIELD_SEARCH = 4,   /* in the full-text index */
	FIELD_DERIVED = 8,  /* filled at the edit where left empty */
	FIELD_R16 = 16,     /* local where statut_diffusion is P */
	FIELD_RARE = 32,    /* its column is in an exchange file only where a record has it */
	FIELD_DATED = 64    /* "value:from:to" of the field that `refers` names; a new value there is added here */
};

/* Fields that are read by a rule of their own (domain.md part 4). */
enum field_rule {
	RULE_NONE, RULE_SIRET, RULE_SIREN, RULE_RNA, RULE_CATEGORIE, RULE_NAF, RULE_POSTAL, RULE_INSEE,
	RULE_EPCI, RULE_PHONE, RULE_EMAIL, RULE_ROME, RULE_EXTRA
};

/* Numbers every kind shares; a kind's own fields start at 10. */
enum { FIELD_DELETED = 0, FIELD_PORTEE = 1, FIELD_CHAMPS_LOCAUX = 2, FIELD_EXTRA = 3, FIELD_OWN = 10 };
/* The one kind that the protocol itself reads (part 5: the charter in force). */
enum { KIND_ACCEPTATION_CHARTE = 10, FIELD_ACCEPTATION_EMPREINTE = 10 };

struct schema_kind;
struct schema_field {
	uint16_t no;
	uint16_t index; /* position in its kind's fields, and in arrays of values */
	const char *name; /* column, JSON key, header */
	enum field_type type;
	int64_t min, max; /* numbers: bounds; text: length in characters; lists: items */
	enum scope cap; /* widest scope it may have */
	unsigned flags;
	const char *codes; /* CODE, LIST: allowed values joined by '|', NULL: any */
	const char *refers; /* REF: the kind's name; codes: the CRESS's list that goes on where they end */
	const char *label; /* French */
	enum field_rule rule;
};
struct schema_kind {
	uint16_t no; /* on the wire */
	const char *name; /* "structure": table, KIND argument */
	const char *plural; /* "structures": file name */
	const char *label; /* French */
	enum scope portee_default, cap;
	const struct schema_field *fields; /* in the order of the exchange file, uid and pole apart */
	size_t field_count;
	const char *title; /* the field shown in lists: "nom", "titre", ... */
};

extern const struct schema_kind schema_kinds[];
extern const size_t schema_kind_count;

#define SCHEMA_FIELDS_MAX 64 /* per kind, portee, champs_locaux and extra included */

/* structure_KIND: that kind's number; structure_siret: the index of the field siret in a
 * structure's values. Only rules that know their kind by name use them. */
#define KIND(kind, no, plural, portee, cap, title, label) enum { kind##_KIND = no }; enum {
#define FIELD(kind, no, name, type, rule, min, max, cap, flags, codes, refers, label) kind##_##name,
#define END(kind) };
#include "proto/schema.def"
#undef KIND
#undef FIELD
#undef END

const struct schema_kind *schema_kind_named(struct slice name); /* NULL: unknown */
const struct schema_kind *schema_kind_no(unsigned no);
const struct schema_field *schema_field_named(const struct schema_kind *k, struct slice name);
/* As people write it: the name, else NAME_uid (besoin), else for "type" the kind's own
 * type_... (type_lieu), else the list NAMEs (theme), or what domain.md calls it (other_names); NULL where none is it, or two are.
 * `pole` and `uid` are every record's own and no short form. */
const struct schema_field *schema_field_said(const struct schema_kind *k, struct slice name);
const struct schema_field *schema_field_no(const struct schema_kind *k, unsigned no);
/* The narrowest of the kind's cap, the field's cap, portee, R16 (`diffusion_p`)
 * and the record's own champs_locaux (`kept_home`). FIELD_CHAMPS_LOCAUX is always
 * local, FIELD_PORTEE and FIELD_DELETED stand at min(portee, kind's cap). */
enum scope schema_scope(const struct schema_kind *k, const struct schema_field *f,
			enum scope portee, bool diffusion_p, bool kept_home);
/* Changes when the table changes: a directory folded under another is rebuilt. */
uint32_t schema_version(void);

#endif
