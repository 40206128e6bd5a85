/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/places.h"
#include "daemon/node/node_parts.h"
#include "daemon/node/setup.h"
#include "daemon/swarm/worker.h"
#include "proto/canon.h"

#define STATE_MAX (16 * CHANGE_MAX)
#define PHONE "+33261911090"
#define OTHER_PHONE "+33261911091"

/* A CRESS's node with its journal and directory; its logs may be sealed at once. */
struct world {
	char dir[64], path[96];
	struct node *n;
	struct directory *d;
	struct edit_result result;
};

static struct reference *ref;
static const struct id16 elsewhere = {{0xe0}};

static int load_reference(void **state)
{
	(void)state;
	return reference_load(ESSAIM_SOURCE_DIR "/conf/reference", &ref) == ES_OK ? 0 : -1;
}

static int free_reference(void **state)
{
	(void)state;
	reference_free(ref);
	return 0;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char recovery[RECOVERY_TEXT_MAX], data[80];
	struct buf why;

	strcpy(w->dir, "/tmp/essaim-edit-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(data, sizeof(data), "%s/data", w->dir);
	snprintf(w->path, sizeof(w->path), "%s/directory.db", w->dir);
	buf_init(&why, 4096);
	if (setup_cress(&(struct setup){.dir = data, .name = "CRESS Bretagne", .region = "53"}, recovery, &why) != ES_OK)
		fail_msg("%s", buf_cstr(&why));
	buf_done(&why);
	assert_int_equal(node_open(data, ref, &w->n), ES_OK);
	w->n->utc = ((es_ms)time(NULL) + 1) * 1000; /* after what setup has signed */
	assert_int_equal(directory_open(w->path, ref, &w->d), ES_OK);
	assert_int_equal(worker_project(w->n, w->d), ES_OK);
	assert_int_equal(reader_open(w->path, ref, &w->n->reader), ES_OK);
	reader_prefer(w->n->reader, &w->n->hub);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char command[96];

	node_close(w->n);
	directory_close(w->d);
	snprintf(command, sizeof(command), "rm -r %s", w->dir);
	assert_int_equal(system(command), 0);
	free(w);
	return 0;
}

/* --- saying an edit --- */

static struct id16 uid_of(unsigned uid)
{
	struct id16 id = {{0}};

	be_write(id.bytes + 12, uid, 4);
	return id;
}

static struct record_id record_of(const struct world *w, unsigned uid)
{
	struct record_id id;
	struct id16 u = uid_of(uid);

	memcpy(id.bytes, w->n->hub.bytes, 16);
	memcpy(id.bytes + 16, u.bytes, 16);
	return id;
}

/* "name=value"; "name?=value" is a default. Values lie in `bytes`. */
static void say(struct edit *e, const char *pair, struct buf *bytes)
{
	const char *eq = strchr(pair, '=');
	bool fallback = eq[-1] == '?';
	struct findings findings = {0};
	const struct schema_field *f = schema_field_named(e->kind, SLICE(pair, (size_t)(eq - pair) - fallback));
	size_t before = bytes->len;

	assert_non_null(f);
	assert_true(value_parse(f, slice_str(eq + 1), bytes, &findings));
	e->values[f->index] = SLICE(bytes->p + before, bytes->len - before);
	if (fallback)
		e->if_empty |= UINT64_C(1) << f->index;
}

static enum es_err in_transaction(struct world *w, enum es_err err)
{
	if (err == ES_OK)
		assert_int_equal(journal_commit(w->n->journal), ES_OK);
	else
		journal_rollback(w->n->journal);
	assert_int_equal(worker_project(w->n, w->d), ES_OK);
	return err;
}

static enum es_err try_edit(struct world *w, bool must_exist, const char *kind, unsigned uid, va_list pairs)
{
	struct edit e = {.kind = schema_kind_named(slice_str(kind)), .has_uid = uid != 0, .uid = uid_of(uid)};
	struct buf bytes;
	const char *pair;

	assert_non_null(e.kind);
	buf_init(&bytes, 1 << 20);
	assert_non_null(buf_reserve(&bytes, 1 << 17)); /* slices into it stay */
	while ((pair = va_arg(pairs, const char *)) != NULL)
		say(&e, pair, &bytes);
	assert_int_equal(journal_begin(w->n->journal), ES_OK);
	enum es_err err = in_transaction(w, node_edit(w->n, &e, must_exist, &w->result));
	buf_done(&bytes);
	return err;
}

static enum es_err set(struct world *w, const char *kind, unsigned uid, ...)
{
	va_list pairs;

	va_start(pairs, uid);
	enum es_err err = try_edit(w, true, kind, uid, pairs);
	va_end(pairs);
	return err;
}

static enum es_err import(struct world *w, const char *kind, unsigned uid, ...)
{
	va_list pairs;

	va_start(pairs, uid);
	enum es_err err = try_edit(w, false, kind, uid, pairs);
	va_end(pairs);
	return err;
}

static enum edit_outcome structure(struct world *w, unsigned uid, const char *pair)
{
	assert_int_equal(import(w, "structure", uid, "nom=L'Atelier", pair, NULL), ES_OK);
	return w->result.outcome;
}

static enum es_err delete(struct world *w, unsigned uid)
{
	struct id16 id = uid_of(uid);

	assert_int_equal(journal_begin(w->n->journal), ES_OK);
	return in_transaction(w, node_delete(w->n, &id, &w->result));
}

static void seal(struct world *w)
{
	bool more = true;

	assert_int_equal(journal_begin(w->n->journal), ES_OK);
	assert_int_equal(in_transaction(w, node_seal(w->n, 100, &more)), ES_OK);
	assert_false(more);
	assert_int_equal(journal_outbox_count(w->n->journal), 0);
}

/* --- what came of it --- */

static void state_of(struct world *w, const char *kind, unsigned uid, struct buf *out)
{
	struct record_id id = record_of(w, uid);

	buf_init(out, STATE_MAX);
	assert_int_equal(reader_state(w->n->reader, &id, schema_kind_named(slice_str(kind))->no, out), ES_OK);
}

/* The text that stands in one scope, pending included; "" for nil or nothing. */
static const char *stands(struct world *w, const char *kind, unsigned uid, const char *field, enum scope scope)
{
	const struct schema_field *f = schema_field_named(schema_kind_named(slice_str(kind)), slice_str(field));
	static struct buf text;
	struct buf state;

	state_of(w, kind, uid, &state);
	struct slice v = fold_in_scope(buf_slice(&state), f->no, scope).value;
	buf_done(&text);
	buf_init(&text, CHANGE_MAX);
	if (v.len > 0 && v.p[0] != 0xc0)
		value_text(f, v, &text);
	buf_done(&state);
	return buf_cstr(&text);
}

/* In that scope and in no other. */
static void assert_only_in(struct world *w, const char *kind, unsigned uid, const char *field, enum scope scope,
			   const char *text)
{
	for (enum scope s = SCOPE_PUBLIC; s <= SCOPE_LOCAL; s++)
		assert_string_equal(stands(w, kind, uid, field, s), s == scope ? text : "");
}

static void assert_shown(struct world *w, unsigned uid, const char *expected)
{
	struct id16 id = uid_of(uid);
	struct buf json;

	buf_init(&json, 1 << 20);
	assert_int_equal(reader_show(w->n->reader, &id, &json), ES_OK);
	if (!strstr(buf_cstr(&json), expected))
		fail_msg("%s lacks %s", buf_cstr(&json), expected);
	buf_done(&json);
}

static enum es_err shown(struct world *w, unsigned uid)
{
	struct id16 id = uid_of(uid);
	struct buf json;

	buf_init(&json, 1 << 20);
	enum es_err err = reader_show(w->n->reader, &id, &json);
	buf_done(&json);
	return err;
}

/* Is the text in any signed commit of logs of this scope (SCOPE_COUNT: of all)? */
static bool was_signed(struct world *w, enum scope scope, const char *text)
{
	bool found = false;

	for (int64_t pos = 1; pos <= journal_last_pos(w->n->journal); pos++) {
		struct buf packed;
		uint32_t index;
		int64_t stored;

		buf_init(&packed, 2 * COMMIT_PACKED_MAX);
		assert_int_equal(journal_one(w->n->journal, pos, &index, &packed, &stored), ES_OK);
		if (scope == SCOPE_COUNT || w->n->frontier.heads[index].scope == scope)
			found = found || memmem(packed.p, packed.len, text, strlen(text));
		buf_done(&packed);
	}
	return found;
}

struct rows {
	struct {
		enum scope scope;
		es_stamp edited, base;
	} row[128];
	size_t count;
};

static bool note_row(void *ctx, const struct outbox_edit *e)
{
	struct rows *rows = ctx;
	struct change ch = {.base = 0};

	assert_true(rows->count < 128);
	if (e->change.len > 0) {
		assert_int_equal(change_decode(e->change, &ch), ES_OK);
		assert_true(ch.edited == e->edited);
	}
	rows->row[rows->count].scope = e->scope;
	rows->row[rows->count].edited = e->edited;
	rows->row[rows->count++].base = ch.base;
	return true;
}

static void outbox(struct world *w, struct rows *rows)
{
	rows->count = 0;
	assert_int_equal(journal_outbox_each(w->n->journal, SCOPE_COUNT, NULL, 0, note_row, rows), ES_OK);
}

/* --- the tests --- */

static void a_record_is_new_then_the_same_then_changed(void **state)
{
	struct world *w = *state;
	struct id16 id = uid_of(1);

	assert_int_equal(structure(w, 1, "sigle=LA"), EDIT_NEW);
	assert_memory_equal(w->result.uid.bytes, id.bytes, 16);
	assert_int_equal(w->result.kept_from, SCOPE_COUNT);
	int64_t waiting = journal_outbox_count(w->n->journal);
	assert_int_equal(structure(w, 1, "sigle=LA"), EDIT_SAME);
	assert_int_equal(journal_outbox_count(w->n->journal), waiting);
	assert_int_equal(structure(w, 1, "sigle=LAT"), EDIT_CHANGED);
	assert_int_equal(journal_outbox_count(w->n->journal), waiting + 1);
	seal(w);
	assert_int_equal(structure(w, 1, "sigle=LAT"), EDIT_SAME);
	assert_int_equal(journal_outbox_count(w->n->journal), 0);
	assert_shown(w, 1, "\"sigle\":\"LAT\"");
}

static void an_edit_is_the_same_before_the_directory_has_seen_the_first(void **state)
{
	struct world *w = *state;
	struct edit e = {.kind = schema_kind_named(slice_str("structure")), .has_uid = true, .uid = uid_of(1)};
	struct buf bytes;

	buf_init(&bytes, 4096);
	say(&e, "nom=L'Atelier", &bytes);
	assert_int_equal(journal_begin(w->n->journal), ES_OK);
	assert_int_equal(node_edit(w->n, &e, false, &w->result), ES_OK);
	assert_int_equal(w->result.outcome, EDIT_NEW);
	assert_int_equal(node_edit(w->n, &e, true, &w->result), ES_OK);
	assert_int_equal(w->result.outcome, EDIT_SAME);
	assert_int_equal(in_transaction(w, ES_OK), ES_OK);
	buf_done(&bytes);
}

static void a_record_without_a_uid_gets_one_of_its_own(void **state)
{
	struct world *w = *state;
	struct id16 first;

	assert_int_equal(structure(w, 0, "sigle=LA"), EDIT_NEW);
	first = w->result.uid;
	assert_int_equal(be_read(first.bytes, 6), w->n->utc);
	assert_int_equal(structure(w, 0, "sigle=LA"), EDIT_NEW);
	assert_memory_not_equal(first.bytes, w->result.uid.bytes, 16);
}

static void a_record_that_must_exist_is_not_made(void **state)
{
	struct world *w = *state;

	assert_int_equal(set(w, "structure", 1, "nom=L'Atelier", NULL), ES_NOT_FOUND);
	assert_int_equal(delete(w, 1), ES_NOT_FOUND);
	assert_int_equal(journal_last_edit(w->n->journal), 0);
	structure(w, 1, "sigle=LA");
	assert_int_equal(set(w, "structure", 1, "sigle=B", NULL), ES_OK);
}

static void an_empty_value_clears_and_an_unnamed_one_stays(void **state)
{
	struct world *w = *state;

	structure(w, 1, "sigle=LA");
	seal(w);
	assert_int_equal(set(w, "structure", 1, "sigle=", NULL), ES_OK);
	assert_int_equal(w->result.outcome, EDIT_CHANGED);
	assert_string_equal(stands(w, "structure", 1, "sigle", SCOPE_PUBLIC), "");
	assert_shown(w, 1, "\"nom\":\"L'Atelier\"");
	assert_int_equal(set(w, "structure", 1, "sigle=", NULL), ES_OK);
	assert_int_equal(w->result.outcome, EDIT_SAME);
}

static void each_field_goes_to_the_log_of_its_scope(void **state)
{
	struct world *w = *state;

	assert_int_equal(import(w, "structure", 1, "nom=L'Atelier", "extra={\"couleur\":\"bleu\"}", NULL), ES_OK);
	assert_only_in(w, "structure", 1, "nom", SCOPE_PUBLIC, "L'Atelier");
	assert_only_in(w, "structure", 1, "portee", SCOPE_PUBLIC, "public");
	assert_only_in(w, "structure", 1, "extra", SCOPE_LOCAL, "{\"couleur\":\"bleu\"}");
	assert_int_equal(import(w, "besoin", 2, "titre=Un local", NULL), ES_OK);
	assert_only_in(w, "besoin", 2, "titre", SCOPE_FEDERATION, "Un local");
	assert_only_in(w, "besoin", 2, "portee", SCOPE_FEDERATION, "federation");
	assert_int_equal(import(w, "contact", 3, "nom=Le Goff", NULL), ES_OK);
	assert_only_in(w, "contact", 3, "nom", SCOPE_LOCAL, "Le Goff");
	assert_int_equal(import(w, "contact", 4, "nom=Morvan", "portee=cress", NULL), ES_OK);
	assert_only_in(w, "contact", 4, "nom", SCOPE_CRESS, "Morvan");
	assert_int_equal(import(w, "suivi", 5, "date=2026-01-02", "portee=local", NULL), ES_OK);
	assert_only_in(w, "suivi", 5, "date", SCOPE_LOCAL, "2026-01-02");
	seal(w);
	assert_true(was_signed(w, SCOPE_PUBLIC, "L'Atelier"));
	assert_true(was_signed(w, SCOPE_CRESS, "Morvan"));
	assert_false(was_signed(w, SCOPE_PUBLIC, "Morvan"));
	assert_false(was_signed(w, SCOPE_FEDERATION, "Morvan"));
	assert_true(was_signed(w, SCOPE_LOCAL, "couleur"));
	assert_false(was_signed(w, SCOPE_PUBLIC, "couleur"));
}

static void fields_kept_home_are_in_the_local_log_alone(void **state)
{
	struct world *w = *state;

	assert_int_equal(import(w, "structure", 1, "nom=L'Atelier", "telephone=" PHONE, "champs_locaux=telephone", NULL),
			 ES_OK);
	seal(w);
	assert_only_in(w, "structure", 1, "telephone", SCOPE_LOCAL, PHONE);
	assert_only_in(w, "structure", 1, "champs_locaux", SCOPE_LOCAL, "telephone");
	assert_only_in(w, "structure", 1, "nom", SCOPE_PUBLIC, "L'Atelier");
	assert_false(was_signed(w, SCOPE_PUBLIC, PHONE));
	assert_int_equal(set(w, "structure", 1, "telephone=" OTHER_PHONE, NULL), ES_OK);
	seal(w);
	assert_only_in(w, "structure", 1, "telephone", SCOPE_LOCAL, OTHER_PHONE);
}

static void a_partial_diffusion_sends_the_address_home(void **state)
{
	struct world *w = *state;

	assert_int_equal(import(w, "structure", 1, "nom=L'Atelier", "adresse=3 rue du Port", "latitude=48.11",
				"telephone=" PHONE, NULL), ES_OK);
	seal(w);
	assert_only_in(w, "structure", 1, "adresse", SCOPE_PUBLIC, "3 rue du Port");
	assert_int_equal(set(w, "structure", 1, "statut_diffusion=P", NULL), ES_OK);
	assert_int_equal(w->result.outcome, EDIT_CHANGED);
	assert_int_equal(w->result.kept_from, SCOPE_PUBLIC);
	seal(w);
	assert_only_in(w, "structure", 1, "adresse", SCOPE_LOCAL, "3 rue du Port");
	assert_only_in(w, "structure", 1, "latitude", SCOPE_LOCAL, "48.11");
	assert_only_in(w, "structure", 1, "telephone", SCOPE_PUBLIC, PHONE);
	assert_shown(w, 1, "3 rue du Port");

	assert_int_equal(import(w, "structure", 2, "nom=Deux", "adresse=9 quai Est", "statut_diffusion=P", NULL), ES_OK);
	assert_int_equal(w->result.kept_from, SCOPE_COUNT);
	seal(w);
	assert_false(was_signed(w, SCOPE_PUBLIC, "9 quai Est"));
	assert_true(was_signed(w, SCOPE_LOCAL, "9 quai Est"));
}

static void a_sealed_value_that_is_narrowed_becomes_nil_in_the_wider_log(void **state)
{
	struct world *w = *state;
	struct rows rows;
	struct buf s;

	structure(w, 1, "telephone=" PHONE);
	seal(w);
	state_of(w, "structure", 1, &s);
	es_stamp published = fold_in_scope(buf_slice(&s), 37, SCOPE_PUBLIC).edited;
	buf_done(&s);
	assert_int_equal(set(w, "structure", 1, "champs_locaux=telephone", NULL), ES_OK);
	assert_int_equal(w->result.outcome, EDIT_CHANGED);
	assert_int_equal(w->result.kept_from, SCOPE_PUBLIC);
	outbox(w, &rows);
	assert_int_equal(rows.row[0].scope, SCOPE_PUBLIC); /* the nil first, over what it withdraws */
	assert_true(rows.row[0].base == published);
	for (size_t i = 1; i < rows.count; i++)
		assert_int_equal(rows.row[i].scope, SCOPE_LOCAL);
	assert_shown(w, 1, PHONE);
	seal(w);
	assert_only_in(w, "structure", 1, "telephone", SCOPE_LOCAL, PHONE);
	assert_only_in(w, "structure", 1, "nom", SCOPE_PUBLIC, "L'Atelier");
	assert_shown(w, 1, PHONE);
	assert_int_equal(set(w, "structure", 1, "telephone=" PHONE, NULL), ES_OK);
	assert_int_equal(w->result.outcome, EDIT_SAME);
}

static void a_narrower_portee_takes_the_whole_record_with_it(void **state)
{
	struct world *w = *state;

	structure(w, 1, "sigle=LA");
	seal(w);
	assert_int_equal(set(w, "structure", 1, "portee=cress", NULL), ES_OK);
	assert_int_equal(w->result.kept_from, SCOPE_PUBLIC);
	seal(w);
	assert_only_in(w, "structure", 1, "nom", SCOPE_CRESS, "L'Atelier");
	assert_only_in(w, "structure", 1, "sigle", SCOPE_CRESS, "LA");
	assert_only_in(w, "structure", 1, "portee", SCOPE_CRESS, "cress");
	assert_shown(w, 1, "\"scope\":\"cress\"");
}

static void a_narrowed_value_that_still_waited_is_never_signed_wider(void **state)
{
	struct world *w = *state;

	structure(w, 1, "telephone=" PHONE);
	assert_int_equal(set(w, "structure", 1, "champs_locaux=telephone", NULL), ES_OK);
	assert_int_equal(w->result.outcome, EDIT_CHANGED);
	assert_int_equal(w->result.kept_from, SCOPE_COUNT); /* it never left */
	assert_only_in(w, "structure", 1, "telephone", SCOPE_LOCAL, PHONE);
	assert_only_in(w, "structure", 1, "nom", SCOPE_PUBLIC, "L'Atelier");
	seal(w);
	assert_false(was_signed(w, SCOPE_PUBLIC, PHONE));
	assert_true(was_signed(w, SCOPE_LOCAL, PHONE));
	assert_true(was_signed(w, SCOPE_PUBLIC, "L'Atelier"));
	assert_only_in(w, "structure", 1, "telephone", SCOPE_LOCAL, PHONE);
}

static void every_waiting_version_of_a_narrowed_value_goes(void **state)
{
	struct world *w = *state;

	structure(w, 1, "sigle=LA");
	seal(w);
	assert_int_equal(set(w, "structure", 1, "telephone=" OTHER_PHONE, NULL), ES_OK);
	assert_int_equal(set(w, "structure", 1, "telephone=" PHONE, NULL), ES_OK);
	assert_int_equal(set(w, "structure", 1, "portee=local", NULL), ES_OK);
	assert_int_equal(w->result.kept_from, SCOPE_PUBLIC); /* its name was out */
	seal(w);
	assert_false(was_signed(w, SCOPE_COUNT, OTHER_PHONE));
	assert_false(was_signed(w, SCOPE_PUBLIC, PHONE));
	assert_only_in(w, "structure", 1, "telephone", SCOPE_LOCAL, PHONE);
}

static void a_waiting_change_over_a_sealed_value_goes_and_the_sealed_one_becomes_nil(void **state)
{
	struct world *w = *state;

	structure(w, 1, "telephone=" OTHER_PHONE);
	seal(w);
	assert_int_equal(set(w, "structure", 1, "telephone=" PHONE, NULL), ES_OK);
	assert_int_equal(set(w, "structure", 1, "champs_locaux=telephone", NULL), ES_OK);
	assert_int_equal(w->result.kept_from, SCOPE_PUBLIC);
	seal(w);
	assert_false(was_signed(w, SCOPE_PUBLIC, PHONE));
	assert_only_in(w, "structure", 1, "telephone", SCOPE_LOCAL, PHONE);
}

static void a_long_wait_does_not_let_a_narrowed_value_out(void **state)
{
	struct world *w = *state;
	char pair[32];

	structure(w, 1, "telephone=" OTHER_PHONE);
	for (unsigned i = 0; i < 40; i++) {
		snprintf(pair, sizeof(pair), "telephone=+336122334%02u", i);
		assert_int_equal(set(w, "structure", 1, pair, NULL), ES_OK);
	}
	assert_int_equal(set(w, "structure", 1, "champs_locaux=telephone", NULL), ES_OK);
	seal(w);
	assert_false(was_signed(w, SCOPE_PUBLIC, "+336122334"));
	assert_only_in(w, "structure", 1, "telephone", SCOPE_LOCAL, "+33612233439");
}

static void a_narrowing_does_not_bring_an_older_name_back(void **state)
{
	struct world *w = *state;

	w->n->utc += 3600000;
	structure(w, 1, "telephone=" PHONE);
	assert_int_equal(set(w, "structure", 1, "nom=Nouveau", NULL), ES_OK);
	assert_int_equal(set(w, "structure", 1, "champs_locaux=telephone", NULL), ES_OK);
	assert_shown(w, 1, "Nouveau");
	w->n->utc -= 3600000; /* the clock is put right before the seal */
	seal(w);
	assert_shown(w, 1, "Nouveau");
}

static void an_edit_after_the_clock_is_set_back_a_little_stands(void **state)
{
	struct world *w = *state;

	structure(w, 1, "sigle=LA");
	seal(w);
	w->n->utc -= 2000;
	assert_int_equal(set(w, "structure", 1, "nom=Nouveau", NULL), ES_OK);
	assert_shown(w, 1, "Nouveau");
	seal(w);
	assert_shown(w, 1, "Nouveau");
}

static void a_widened_value_is_shown_from_the_wider_log(void **state)
{
	struct world *w = *state;

	assert_int_equal(import(w, "structure", 1, "nom=L'Atelier", "portee=local", NULL), ES_OK);
	seal(w);
	assert_only_in(w, "structure", 1, "nom", SCOPE_LOCAL, "L'Atelier");
	assert_int_equal(set(w, "structure", 1, "portee=federation", NULL), ES_OK);
	assert_int_equal(w->result.outcome, EDIT_CHANGED);
	assert_int_equal(w->result.kept_from, SCOPE_COUNT);
	seal(w);
	assert_string_equal(stands(w, "structure", 1, "nom", SCOPE_FEDERATION), "L'Atelier");
	assert_string_equal(stands(w, "structure", 1, "nom", SCOPE_PUBLIC), "");
	assert_shown(w, 1, "\"scope\":\"federation\"");
	assert_int_equal(set(w, "structure", 1, "portee=federation", NULL), ES_OK);
	assert_int_equal(w->result.outcome, EDIT_SAME);
	assert_int_equal(set(w, "structure", 1, "nom=", NULL), ES_OK); /* cleared wherever it stands */
	for (enum scope s = SCOPE_PUBLIC; s <= SCOPE_LOCAL; s++)
		assert_string_equal(stands(w, "structure", 1, "nom", s), "");
}

static void a_field_no_longer_kept_home_is_published(void **state)
{
	struct world *w = *state;

	assert_int_equal(import(w, "structure", 1, "nom=L'Atelier", "telephone=" PHONE, "champs_locaux=telephone", NULL),
			 ES_OK);
	seal(w);
	assert_int_equal(set(w, "structure", 1, "champs_locaux=", NULL), ES_OK);
	seal(w);
	assert_string_equal(stands(w, "structure", 1, "telephone", SCOPE_PUBLIC), PHONE);
	assert_true(was_signed(w, SCOPE_PUBLIC, PHONE));
}

static void another_hub_s_record_is_left_alone(void **state)
{
	struct world *w = *state;
	struct feed_item item = {.kind = 1, .change = {.scope = SCOPE_PUBLIC, .edited = 1u << 16, .commit = {{1}}},
				 .steward = elsewhere};
	struct id16 uid = uid_of(7);
	struct buf fields;

	memcpy(item.record.bytes, elsewhere.bytes, 16);
	memcpy(item.record.bytes + 16, uid.bytes, 16);
	buf_init(&fields, 256);
	canon_map(&fields, 1);
	canon_u64(&fields, 12);
	canon_str(&fields, slice_str("Ailleurs"));
	item.change.fields = buf_slice(&fields);
	assert_int_equal(directory_apply(w->d, &item, 1, directory_position(w->d)), ES_OK);
	buf_done(&fields);
	assert_int_equal(import(w, "structure", 7, "nom=Ici", NULL), ES_OTHER_HUB);
	assert_int_equal(set(w, "structure", 7, "nom=Ici", NULL), ES_OTHER_HUB);
	assert_int_equal(delete(w, 7), ES_OTHER_HUB);
	assert_int_equal(journal_last_edit(w->n->journal), 0);
}

static void a_deleted_record_comes_back_when_imported_again(void **state)
{
	struct world *w = *state;

	structure(w, 1, "sigle=LA");
	seal(w);
	assert_int_equal(delete(w, 1), ES_OK);
	assert_memory_equal(w->result.uid.bytes, uid_of(1).bytes, 16);
	assert_int_equal(shown(w, 1), ES_NOT_FOUND);
	assert_int_equal(delete(w, 1), ES_NOT_FOUND);
	assert_int_equal(set(w, "structure", 1, "sigle=LB", NULL), ES_NOT_FOUND);
	seal(w);
	assert_int_equal(shown(w, 1), ES_NOT_FOUND);
	assert_int_equal(structure(w, 1, "sigle=LA"), EDIT_NEW);
	assert_shown(w, 1, "\"sigle\":\"LA\"");
	seal(w);
	assert_shown(w, 1, "\"nom\":\"L'Atelier\"");
	assert_int_equal(structure(w, 1, "sigle=LA"), EDIT_SAME);
	assert_int_equal(delete(w, 1), ES_OK);
	assert_int_equal(structure(w, 1, "sigle=LA"), EDIT_NEW); /* without a seal between */
	seal(w);
	assert_shown(w, 1, "\"sigle\":\"LA\"");
}

static void a_deleted_record_may_come_back_narrower(void **state)
{
	struct world *w = *state;

	structure(w, 1, "sigle=LA");
	seal(w);
	assert_int_equal(delete(w, 1), ES_OK);
	seal(w);
	assert_int_equal(structure(w, 1, "portee=cress"), EDIT_NEW);
	assert_int_equal(w->result.kept_from, SCOPE_PUBLIC);
	seal(w);
	assert_only_in(w, "structure", 1, "nom", SCOPE_CRESS, "L'Atelier");
	assert_shown(w, 1, "\"scope\":\"cress\"");
}

static void edited_grows_and_exceeds_base_whatever_the_clock_says(void **state)
{
	struct world *w = *state;
	struct rows rows;
	es_stamp last = 0;

	structure(w, 1, "telephone=" PHONE);
	seal(w);
	w->n->utc -= 3600000; /* the clock is set back */
	assert_int_equal(set(w, "structure", 1, "nom=Une", "champs_locaux=telephone", NULL), ES_OK);
	assert_int_equal(set(w, "structure", 1, "nom=Deux", NULL), ES_OK);
	w->n->utc += 3600000;
	assert_int_equal(set(w, "structure", 1, "nom=Trois", NULL), ES_OK);
	outbox(w, &rows);
	assert_true(rows.count >= 4);
	for (size_t i = 0; i < rows.count; i++) {
		assert_true(rows.row[i].edited > last);
		assert_true(rows.row[i].edited > rows.row[i].base);
		last = rows.row[i].edited;
	}
	assert_true(rows.row[rows.count - 1].base == rows.row[rows.count - 2].edited); /* what its editor saw */
	assert_shown(w, 1, "\"nom\":\"Trois\"");
}

static void edited_goes_on_after_a_restart(void **state)
{
	struct world *w = *state;

	structure(w, 1, "sigle=LA");
	es_stamp last = w->n->last_edited;
	assert_int_equal(node_reload(w->n), ES_OK);
	assert_true(w->n->last_edited >= last);
	w->n->utc -= 3600000;
	assert_int_equal(set(w, "structure", 1, "sigle=LB", NULL), ES_OK);
	assert_true(w->n->last_edited > last);
}

static void a_default_says_nothing_where_a_value_stands(void **state)
{
	struct world *w = *state;

	assert_int_equal(import(w, "structure", 1, "nom=L'Atelier", "type_acteur?=ess", NULL), ES_OK);
	assert_only_in(w, "structure", 1, "type_acteur", SCOPE_PUBLIC, "ess");
	assert_int_equal(set(w, "structure", 1, "type_acteur=reseau", NULL), ES_OK);
	seal(w);
	assert_int_equal(import(w, "structure", 1, "nom=L'Atelier", "type_acteur?=ess", NULL), ES_OK);
	assert_int_equal(w->result.outcome, EDIT_SAME);
	assert_only_in(w, "structure", 1, "type_acteur", SCOPE_PUBLIC, "reseau");
	assert_int_equal(set(w, "structure", 1, "type_acteur=", NULL), ES_OK);
	assert_int_equal(import(w, "structure", 1, "type_acteur?=ess", NULL), ES_OK);
	assert_only_in(w, "structure", 1, "type_acteur", SCOPE_PUBLIC, "ess");
}

static void an_edit_too_large_for_a_change_is_refused_whole(void **state)
{
	struct world *w = *state;
	struct edit e = {.kind = schema_kind_named(slice_str("structure")), .has_uid = true, .uid = uid_of(1)};
	char *text = calloc(1, CHANGE_MAX);
	struct buf value;

	memset(text, 'x', CHANGE_MAX - 1);
	buf_init(&value, 2 * CHANGE_MAX);
	canon_str(&value, slice_str(text));
	e.values[structure_description] = buf_slice(&value);
	assert_int_equal(journal_begin(w->n->journal), ES_OK);
	assert_int_equal(in_transaction(w, node_edit(w->n, &e, false, &w->result)), ES_TOO_LARGE);
	assert_int_equal(journal_outbox_count(w->n->journal), 0);
	buf_done(&value);
	free(text);
}

static void an_edit_waits_until_our_last_commit_is_in_the_directory(void **state)
{
	struct world *w = *state;
	bool more;

	assert_true(node_edit_ready(w->n));
	structure(w, 1, "sigle=LA");
	assert_true(node_edit_ready(w->n));
	assert_int_equal(journal_begin(w->n->journal), ES_OK);
	assert_int_equal(node_seal(w->n, 100, &more), ES_OK);
	assert_int_equal(journal_commit(w->n->journal), ES_OK);
	assert_false(node_edit_ready(w->n));
	assert_int_equal(worker_project(w->n, w->d), ES_OK);
	assert_true(node_edit_ready(w->n));
}

static void note_acked(struct world *w, uint32_t index, uint64_t seq, es_ms at)
{
	w->n->utc = at;
	assert_int_equal(journal_begin(w->n->journal), ES_OK);
	assert_int_equal(node_note_acknowledged(w->n, index, seq), ES_OK);
	assert_int_equal(journal_commit(w->n->journal), ES_OK);
}

static void the_hour_at_home_is_that_of_the_first_word_that_covers_it(void **state)
{
	struct world *w = *state;

	assert_int_equal(node_acknowledged_at(w->n, 1, 1), 0);
	note_acked(w, 1, 3, 1000);
	note_acked(w, 2, 9, 1500);
	note_acked(w, 1, 7, 2000);
	assert_int_equal(node_acknowledged_at(w->n, 1, 3), 1000);
	assert_int_equal(node_acknowledged_at(w->n, 1, 4), 2000);
	assert_int_equal(node_acknowledged_at(w->n, 2, 9), 1500);
	assert_int_equal(node_acknowledged_at(w->n, 1, 8), 0);
	/* Of many only the last are kept: what they do not tell is not made up. */
	for (uint64_t i = 10; i < 300; i++)
		note_acked(w, 1, i, (es_ms)(10000 + i));
	assert_int_equal(node_acknowledged_at(w->n, 1, 299), 10299);
	assert_int_equal(node_acknowledged_at(w->n, 1, 3), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_hour_at_home_is_that_of_the_first_word_that_covers_it),
		TEST(a_record_is_new_then_the_same_then_changed),
		TEST(an_edit_is_the_same_before_the_directory_has_seen_the_first),
		TEST(a_record_without_a_uid_gets_one_of_its_own),
		TEST(a_record_that_must_exist_is_not_made),
		TEST(an_empty_value_clears_and_an_unnamed_one_stays),
		TEST(each_field_goes_to_the_log_of_its_scope),
		TEST(fields_kept_home_are_in_the_local_log_alone),
		TEST(a_partial_diffusion_sends_the_address_home),
		TEST(a_sealed_value_that_is_narrowed_becomes_nil_in_the_wider_log),
		TEST(a_narrower_portee_takes_the_whole_record_with_it),
		TEST(a_narrowed_value_that_still_waited_is_never_signed_wider),
		TEST(every_waiting_version_of_a_narrowed_value_goes),
		TEST(a_waiting_change_over_a_sealed_value_goes_and_the_sealed_one_becomes_nil),
		TEST(a_long_wait_does_not_let_a_narrowed_value_out),
		TEST(a_narrowing_does_not_bring_an_older_name_back),
		TEST(an_edit_after_the_clock_is_set_back_a_little_stands),
		TEST(a_widened_value_is_shown_from_the_wider_log),
		TEST(a_field_no_longer_kept_home_is_published),
		TEST(another_hub_s_record_is_left_alone),
		TEST(a_deleted_record_comes_back_when_imported_again),
		TEST(a_deleted_record_may_come_back_narrower),
		TEST(edited_grows_and_exceeds_base_whatever_the_clock_says),
		TEST(edited_goes_on_after_a_restart),
		TEST(a_default_says_nothing_where_a_value_stands),
		TEST(an_edit_too_large_for_a_change_is_refused_whole),
		TEST(an_edit_waits_until_our_last_commit_is_in_the_directory),
	};

	return cmocka_run_group_tests(tests, load_reference, free_reference);
}
