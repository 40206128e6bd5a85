/* SPDX-License-Identifier: Apache-2.0
 *
 * One record while it is judged: what the files that know rules share
 * (exchange_check.c, rules.c, rules_look.c, rules_events.c). A field is named by its index in the
 * kind; a value that is set goes into `scratch`. */
#ifndef DAEMON_CHECKING_H
#define DAEMON_CHECKING_H

#include <string.h>
#include "daemon/directory/directory.h"
#include "daemon/exchange/exchange.h"
#include "proto/canon.h"
#include "proto/text.h"

struct checking {
	struct edit *e;
	bool creating;
	const struct reference *ref;
	const struct exchange_host *host;
	struct buf *scratch;
	struct findings *findings;
	struct buf *state; /* of the record as it stands; empty: new, or nobody can say */
};

static inline struct slice str_of(const struct checking *c, size_t index)
{
	struct canon_reader r;

	canon_read_init(&r, c->e->values[index]);
	return canon_peek(&r) == CANON_STR ? canon_read_str(&r, SIZE_MAX) : SLICE_NONE;
}

static inline bool int_of(const struct checking *c, size_t index, int64_t *out)
{
	struct canon_reader r;

	canon_read_init(&r, c->e->values[index]);
	if (canon_peek(&r) != CANON_INT)
		return false;
	*out = canon_read_int(&r, INT64_MIN, INT64_MAX);
	return r.err == ES_OK;
}

static inline bool is_nil(struct slice value)
{
	return value.len == 1 && value.p[0] == 0xc0;
}

static inline bool named(const struct checking *c, size_t index)
{
	return c->e->values[index].len > 0;
}

static inline bool has_value(const struct checking *c, size_t index)
{
	return named(c, index) && !is_nil(c->e->values[index]);
}

/* Is it sure that nothing stands there? */
static inline bool surely_empty(const struct checking *c, size_t index)
{
	return named(c, index) ? is_nil(c->e->values[index]) : c->creating;
}

static inline void say(struct checking *c, size_t index, const char *code, enum verdict verdict, struct slice value)
{
	const struct schema_field *f = &c->e->kind->fields[index];

	findings_add(c->findings, f->name, code, verdict, f->flags & FIELD_PERSONAL ? SLICE_NONE : value);
}

static inline bool rejected(const struct checking *c, size_t index)
{
	const char *name = c->e->kind->fields[index].name;

	for (size_t i = 0; i < c->findings->count; i++) {
		if (c->findings->list[i].verdict == VERDICT_REJECTED && c->findings->list[i].column == name)
			return true;
	}
	return false;
}

static inline void set_str(struct checking *c, size_t index, struct slice text)
{
	size_t from = c->scratch->len;

	canon_str(c->scratch, text);
	if (buf_err(c->scratch) == ES_OK)
		c->e->values[index] = SLICE(c->scratch->p + from, c->scratch->len - from);
}

static inline void set_nil(struct checking *c, size_t index)
{
	static const uint8_t nil = 0xc0;

	c->e->values[index] = SLICE(&nil, 1);
}

static inline void set_int(struct checking *c, size_t index, int64_t n)
{
	size_t from = c->scratch->len;

	canon_int(c->scratch, n);
	if (buf_err(c->scratch) == ES_OK)
		c->e->values[index] = SLICE(c->scratch->p + from, c->scratch->len - from);
}

/* rules.c: what the tables of rules.def say of this kind, then rules_look.c. */
void rules_check(struct checking *c);
void rules_look(struct checking *c);
void rules_look_removal(struct checking *c);
/* May the record be removed? `e` names nothing but kind and uid, `state` is as it stands. */
void rules_removal(struct checking *c);
/* Does the CRESS alone write records of that kind? */
bool rules_cress_writes(const struct schema_kind *k);
/* The value before the edit, and after it; SLICE_NONE: unset. */
struct slice rules_before(const struct checking *c, size_t index);
struct slice rules_after(const struct checking *c, size_t index);
/* As text, where it is one. */
struct slice rules_text_before(const struct checking *c, size_t index);
struct slice rules_text(const struct checking *c, size_t index);
/* The edit changes this field. */
bool rules_changes(const struct checking *c, size_t index);
/* The edit makes this field this text, which it was not. */
bool rules_enters(const struct checking *c, size_t index, const char *text);

/* person_mail.c: a person's address (anne.legoff@), not a structure's (accueil@)? */
bool mail_is_of_person(struct slice mail);

/* --- for rules that look at other records: only with host->reader --- */

/* The uid a reference names, as text; empty where unset. */
struct uid_text {
	char text[ULID_LEN + 1];
};

static inline struct uid_text uid_in(struct slice value)
{
	struct uid_text t = {""};
	struct canon_reader r;
	uint8_t uid[16];

	canon_read_init(&r, value);
	if (value.len > 0 && canon_peek(&r) == CANON_BIN) {
		canon_read_exact(&r, uid, sizeof(uid));
		if (r.err == ES_OK)
			ulid_encode(uid, t.text);
	}
	return t;
}

/* After the edit. */
static inline struct uid_text uid_of(const struct checking *c, size_t index)
{
	return uid_in(rules_after(c, index));
}

static inline struct uid_text own_uid(const struct checking *c)
{
	struct uid_text t = {""};

	if (c->e->has_uid)
		ulid_encode(c->e->uid.bytes, t.text);
	return t;
}

static inline int64_t rules_number(const struct checking *c, const char *sql, const char *a, const char *b)
{
	const struct slice args[] = {slice_str(a), slice_str(b)};

	return reader_number(c->host->reader, sql, args, 2);
}

static inline bool is_yes(struct slice value)
{
	return value.len == 1 && value.p[0] == 0xc3;
}

/* The version of the ethical charter in force on a day, as SQL. */
#define ETHICAL_VERSION(today) \
	"(SELECT version FROM charte WHERE type_charte = 'ethique' AND adoptee_le <= " today \
	" ORDER BY adoptee_le DESC, version DESC LIMIT 1)"

/* rules_partnership.c, rules_charter.c: what rules_look.c calls, by kind. */
void look_partenariat(struct checking *c);
void look_suivi(struct checking *c);
void look_clause(struct checking *c);
void look_pratique(struct checking *c);
void look_structure(struct checking *c);
void look_charte(struct checking *c);
void look_acceptation(struct checking *c);
/* rules_seats.c */
void look_inscription(struct checking *c);
void look_inscription_removed(struct checking *c);
/* rules_codes.c */
void look_code_liste(struct checking *c);
void look_code_removed(struct checking *c);
/* rules_events.c */
void look_rendez_vous(struct checking *c);
void look_phase(struct checking *c);
void look_evenement(struct checking *c);
void look_achat_mutualise(struct checking *c);
void look_engagement_achat(struct checking *c);

#endif
