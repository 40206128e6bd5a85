/* SPDX-License-Identifier: Apache-2.0
 *
 * Records that name others. A uid says that its record is there: one that stays at its hub
 * is named to nobody else, so a field that names it stays in the local log (edit.c). When
 * such a record leaves, or one that was seen comes home, the fields that name it are moved
 * after it. */
#include <stdio.h>
#include <string.h>
#include "daemon/directory/directory_sql.h"
#include "daemon/node/node_parts.h"
#include "proto/canon.h"

#define NAMING_MAX 1000000 /* records of one kind that name one */

static bool is_ours(const struct node *n, const struct record_id *id, unsigned kind)
{
	struct id16 steward = rights_steward(&n->rights, id, kind);

	return id_eq(&steward, &n->hub);
}

/* What is known of it here; nothing is appended where it is no record of ours. */
static enum es_err own_state(struct node *n, const struct schema_kind *k, const struct id16 *uid, struct buf *state)
{
	struct record_id id;
	enum es_err err = ES_OK;

	memcpy(id.bytes, n->hub.bytes, 16);
	memcpy(id.bytes + 16, uid->bytes, 16);
	if (is_ours(n, &id, k->no))
		err = node_record_state(n, &id, k->no, state);
	for (size_t i = 0; i < n->rights.tenure_count && err == ES_OK && state->len == 0; i++) { /* handed over to us */
		const struct tenure *t = &n->rights.tenures[i];

		if (t->kind == k->no && memcmp(t->record.bytes + 16, uid->bytes, 16) == 0 && is_ours(n, &t->record, k->no))
			err = node_record_state(n, &t->record, k->no, state);
	}
	return err;
}

static enum es_err look_at(struct node *n, const struct schema_kind *k, const struct id16 *uid, enum named *out)
{
	struct buf state;

	buf_init(&state, 16 * CHANGE_MAX);
	enum es_err err = own_state(n, k, uid, &state);
	if (err == ES_OK && state.len > 0) {
		struct slice said = SLICE_NONE;
		bool text = canon_is_text(fold_shown(buf_slice(&state), FIELD_PORTEE).value, &said);
		enum scope portee = node_portee(text ? said : SLICE_NONE, buf_slice(&state), k);

		*out = portee == SCOPE_LOCAL || k->cap == SCOPE_LOCAL ? NAMED_HERE : NAMED_SHARED;
	} else if (err == ES_OK) {
		*out = n->reader && !reader_knows(n->reader, k, uid) ? NAMED_UNKNOWN : NAMED_SHARED;
	}
	buf_done(&state);
	return err;
}

/* A reference, or the structures of a duplicate, which are a list of uids. */
static const struct schema_kind *names_kind(const struct schema_kind *k, const struct schema_field *f)
{
	if (k->no == doublon_KIND && f->index == doublon_uids)
		return schema_kind_no(structure_KIND);
	return f->type == TYPE_REF ? schema_kind_named(slice_str(f->refers)) : NULL;
}

struct uid_walk {
	struct canon_reader r;
	uint32_t left;
	struct id16 one;
	bool is_one; /* not a list */
};

static struct uid_walk walk_start(struct slice value)
{
	struct uid_walk w = {.left = 0};

	w.is_one = canon_is_uid(value, &w.one);
	canon_read_init(&w.r, value);
	if (!w.is_one && canon_peek(&w.r) == CANON_ARRAY)
		w.left = canon_read_array(&w.r, 1024);
	return w;
}

static bool walk_next(struct uid_walk *w, struct id16 *uid)
{
	if (w->is_one) {
		*uid = w->one;
		w->is_one = false;
		return true;
	}
	while (w->left > 0 && w->r.err == ES_OK) {
		struct slice text = canon_read_str(&w->r, CHANGE_MAX);

		w->left--;
		if (w->r.err == ES_OK && ulid_decode((const char *)text.p, text.len, uid->bytes))
			return true;
	}
	return false;
}

enum es_err node_named(struct node *n, const struct schema_kind *k, const struct schema_field *f, struct slice value, enum named *out)
{
	const struct schema_kind *target = names_kind(k, f);
	struct uid_walk w = walk_start(value);
	enum named worst = NAMED_SHARED;
	enum es_err err = ES_OK;
	struct id16 uid;

	while (target && err == ES_OK && walk_next(&w, &uid)) {
		enum named one = NAMED_SHARED;

		err = look_at(n, target, &uid, &one);
		worst = one > worst ? one : worst;
	}
	if (err == ES_OK)
		*out = worst;
	return err;
}

bool node_names(const struct schema_kind *k, const struct schema_field *f, struct slice value, const struct id16 *uid)
{
	struct uid_walk w = walk_start(value);
	bool found = false;

	for (struct id16 one; names_kind(k, f) && walk_next(&w, &one);)
		found = found || id_eq(&one, uid);
	return found;
}

/* --- after it --- */

struct naming {
	struct node *n;
	const struct schema_kind *kind; /* of those that name it */
	const struct id16 *named;
	struct buf uids; /* struct id16, of those */
	struct buf *withdrawn;
};

static bool note_uid(void *ctx, struct slice text)
{
	struct naming *w = ctx;
	struct id16 uid;

	if (ulid_decode((const char *)text.p, text.len, uid.bytes))
		buf_add(&w->uids, uid.bytes, sizeof uid.bytes);
	return true;
}

static enum es_err say_again(struct naming *w, const struct id16 *uid)
{
	struct edit e = {.kind = w->kind, .has_uid = true, .uid = *uid, .moved = w->named};
	struct edit_result result;
	enum es_err err = node_edit(w->n, &e, true, &result);

	if (err == ES_NOT_FOUND)
		return ES_OK; /* removed in this very transaction */
	if (err == ES_OK && result.kept_from < SCOPE_LOCAL)
		buf_add(w->withdrawn, &(struct withdrawn){w->kind, result.record}, sizeof(struct withdrawn));
	return err == ES_OK ? buf_err(w->withdrawn) : err;
}

/* A list in a column is its items joined. */
static enum es_err find_by(struct naming *w, const struct schema_field *f)
{
	char uid[ULID_LEN + 1], sql[256];
	const struct slice args[] = {{(const uint8_t *)uid, ULID_LEN}, slice_str(w->n->owner)};

	ulid_encode(w->named->bytes, uid);
	snprintf(sql, sizeof sql, "SELECT uid FROM \"%s\" WHERE %s\"%s\"%s AND pole = ?2 ORDER BY uid", w->kind->name,
		 f->type == TYPE_REF ? "" : "instr(", f->name, f->type == TYPE_REF ? " = ?1" : ", ?1)");
	buf_clear(&w->uids);
	enum es_err err = reader_texts(w->n->reader, sql, args, 2, note_uid, w);
	return err == ES_OK ? buf_err(&w->uids) : err;
}

static enum es_err say_field(struct naming *w, const struct schema_field *f)
{
	enum es_err err = find_by(w, f);

	for (size_t at = 0; err == ES_OK && at < w->uids.len; at += sizeof(struct id16)) {
		struct id16 one;

		memcpy(one.bytes, w->uids.p + at, sizeof one.bytes);
		err = say_again(w, &one);
	}
	return err;
}

static enum es_err say_kind(struct naming *w, const struct schema_kind *named)
{
	enum es_err err = ES_OK;

	for (size_t i = 0; i < w->kind->field_count && err == ES_OK; i++) {
		const struct schema_field *f = &w->kind->fields[i];

		if (f->cap < SCOPE_LOCAL && names_kind(w->kind, f) == named)
			err = say_field(w, f);
	}
	return err;
}

enum es_err node_say_names(struct node *n, const struct schema_kind *k, const struct id16 *uid, struct buf *withdrawn)
{
	struct naming w = {.n = n, .named = uid, .withdrawn = withdrawn};
	enum es_err err = ES_OK;

	if (!n->reader)
		return ES_OK;
	buf_init(&w.uids, NAMING_MAX * sizeof(struct id16));
	for (size_t i = 0; i < schema_kind_count && err == ES_OK; i++) {
		w.kind = &schema_kinds[i];
		err = say_kind(&w, k);
	}
	buf_done(&w.uids);
	return err;
}
