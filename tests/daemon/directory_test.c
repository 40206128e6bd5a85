/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/export/export.h"
#include "tests/daemon/directory_world.h"

static void what_was_applied_is_shown(void **state)
{
	struct world *w = *state;
	struct made m;
	struct buf json;

	apply(w, make(w, &m, &auray, "structure", 1, "nom=L'Atelier", "code_insee=35238", "effectif_etp=12.5", "esus=oui",
		      "latitude=48.11", "longitude=-1.68", "portee=federation", NULL));
	show(w, 1, &json);
	assert_non_null(strstr(buf_cstr(&json), "{\"kind\":\"structure\",\"uid\":\"00000000000000000000000001\",\"owner\":\"pole-auray\","
						"\"scope\":\"federation\",\"data\":{"));
	assert_non_null(strstr(buf_cstr(&json), "\"nom\":\"L'Atelier\""));
	assert_non_null(strstr(buf_cstr(&json), "\"effectif_etp\":12.5"));
	assert_non_null(strstr(buf_cstr(&json), "\"esus\":true"));
	assert_null(strstr(buf_cstr(&json), "siret"));
	assert_null(strstr(buf_cstr(&json), "portee"));
	buf_done(&json);
	assert_unknown(w, 2);
	assert_int_equal(query(w->path, "SELECT effectif_etp FROM structure WHERE nom = 'L''Atelier'"), 125);
	assert_int_equal(query(w->path, "SELECT latitude = 481100000 AND longitude = -16800000 FROM structure"), 1);
	assert_int_equal(query(w->path, "SELECT latitude = 48.11 AND effectif_etp = 12.5 FROM structure_lisible"), 1);
	assert_int_equal(query(w->path, "SELECT maj = '1970-01-01T00:00:01.001Z' FROM structure"), 1);
}

static void a_narrowed_value_is_shown_from_the_narrower_scope(void **state)
{
	struct world *w = *state;
	struct made wide, narrow;

	structure(w, 1, "nom=La Fabrique");
	apply(w, make(w, &wide, &auray, "structure", 1, "telephone=+33261911090", NULL));
	make(w, &narrow, &auray, "structure", 1, "telephone=+33261911090", NULL);
	narrow.item.change.scope = SCOPE_LOCAL;
	make(w, &wide, &auray, "structure", 1, "telephone=", NULL);
	wide.item.change.edited = narrow.item.change.edited;
	apply(w, &narrow);
	apply(w, &wide);
	assert_shows(w, 1, "\"telephone\":\"+33261911090\"");
	assert_int_equal(query(w->path, "SELECT count(*) FROM structure WHERE telephone = '+33261911090'"), 1);
}

static void a_deleted_record_has_no_row_until_it_is_back(void **state)
{
	struct world *w = *state;
	struct made m;

	structure(w, 1, "nom=Le Comptoir");
	apply(w, remove_record(w, &m, &auray, "structure", 1, true));
	assert_unknown(w, 1);
	assert_int_equal(query(w->path, "SELECT (SELECT count(*) FROM structure) + (SELECT count(*) FROM point)"), 0);
	assert_int_equal(count_hits(w, "comptoir"), 0);
	apply(w, remove_record(w, &m, &auray, "structure", 1, false));
	assert_shows(w, 1, "Le Comptoir");
	assert_int_equal(count_hits(w, "comptoir"), 1);
}

static void a_record_without_a_value_has_no_row(void **state)
{
	struct world *w = *state;
	struct made m;

	apply(w, make(w, &m, &auray, "structure", 1, "sigle=UNE", NULL));
	apply(w, make(w, &m, &auray, "structure", 1, "sigle=", NULL));
	assert_unknown(w, 1);
	assert_int_equal(query(w->path, "SELECT count(*) FROM structure"), 0);
}

static void sealing_a_pending_edit_touches_only_its_state(void **state)
{
	struct world *w = *state;
	struct made waiting, sealed;
	struct hash before, between, after;

	structure(w, 1, "nom=Bagad");
	assert_int_equal(directory_digest(w->d, SCOPE_PUBLIC, &before), ES_OK);
	make(w, &waiting, &auray, "structure", 1, "nom=Bagad de Lorient", NULL);
	sealed = waiting;
	waiting.item.change.pending = true;
	apply_to(w->d, w, &waiting);
	assert_shows(w, 1, "Bagad de Lorient");
	assert_int_equal(directory_digest(w->d, SCOPE_PUBLIC, &between), ES_OK);
	assert_true(hash_eq(&before, &between));
	apply(w, &sealed);
	assert_shows(w, 1, "Bagad de Lorient");
	assert_int_equal(count_hits(w, "bagad lorient"), 1);
	assert_int_equal(directory_digest(w->d, SCOPE_PUBLIC, &after), ES_OK);
	assert_false(hash_eq(&before, &after));
}

static void two_directories_fed_in_different_orders_are_equal(void **state)
{
	struct world *w = *state;
	struct directory *other;
	struct made set[40], extra;
	struct hash a, b;
	struct buf what;
	int64_t differ = -1;

	for (unsigned i = 0; i < 40; i++) {
		char name[32];

		snprintf(name, sizeof(name), "nom=Structure %u", i);
		make(w, &set[i], i % 3 == 0 ? &vitre : &auray, "structure", i % 15, name, i % 4 == 0 ? "sigle=S" : NULL, NULL);
		set[i].item.change.scope = i % 5 == 0 ? SCOPE_FEDERATION : SCOPE_PUBLIC;
	}
	assert_int_equal(directory_open(w->other, ref, &other), ES_OK);
	name_hub(other, &vitre, "pole-vitre");
	fill(w, w->d, set, 40, false);
	assert_int_equal(directory_digest(other, SCOPE_PUBLIC, &b), ES_OK);
	fill(w, other, set, 40, true);
	/* Named after its records: their rows follow. */
	name_hub(other, &auray, "pole-auray");
	for (enum scope s = SCOPE_PUBLIC; s <= SCOPE_LOCAL; s++) {
		assert_int_equal(directory_digest(w->d, s, &a), ES_OK);
		assert_int_equal(directory_digest(other, s, &b), ES_OK);
		assert_true(hash_eq(&a, &b));
	}
	directory_idle(other);
	buf_init(&what, 200);
	assert_int_equal(directory_compare(w->d, w->other, &differ, &what), ES_OK);
	assert_int_equal(differ, 0);
	apply_to(other, w, make(w, &extra, &auray, "structure", 99, "nom=De trop", NULL));
	made_done(&extra);
	assert_int_equal(directory_compare(w->d, w->other, &differ, &what), ES_OK);
	assert_int_equal(differ, 2); /* its state and its row */
	assert_string_equal(buf_cstr(&what), "etat: 00000000000000000000000033");
	buf_done(&what);
	directory_close(other);
	for (unsigned i = 0; i < 40; i++)
		made_done(&set[i]);
}

static void the_digest_survives_a_restart_and_follows_changes(void **state)
{
	struct world *w = *state;
	struct hash empty, one, again;

	assert_int_equal(directory_digest(w->d, SCOPE_PUBLIC, &empty), ES_OK);
	structure(w, 1, "nom=Une");
	assert_int_equal(directory_digest(w->d, SCOPE_PUBLIC, &one), ES_OK);
	assert_false(hash_eq(&empty, &one));
	reopen(w);
	assert_int_equal(directory_digest(w->d, SCOPE_PUBLIC, &again), ES_OK);
	assert_true(hash_eq(&one, &again));
	structure(w, 1, "nom=Deux");
	reopen(w);
	assert_int_equal(directory_digest(w->d, SCOPE_PUBLIC, &again), ES_OK);
	assert_false(hash_eq(&one, &again));
	assert_int_equal(directory_digest(w->d, SCOPE_LOCAL, &again), ES_OK);
	assert_true(hash_eq(&empty, &again));
	assert_int_not_equal(directory_digest(w->d, SCOPE_CONTROL, &again), ES_OK);
}

static void the_position_is_kept_across_a_restart(void **state)
{
	struct world *w = *state;

	w->at = (struct position){41, 7, 3};
	structure(w, 1, "nom=Une");
	assert_int_equal(reader_position(w->r).commit, 42);
	reopen(w);
	assert_int_equal(directory_position(w->d).commit, 42);
	assert_int_equal(directory_position(w->d).edit, 7);
	assert_int_equal(directory_position(w->d).refold, 3);
	assert_shows(w, 1, "Une");
}

static void a_failed_apply_changes_nothing(void **state)
{
	struct world *w = *state;
	struct made good, bad;
	struct feed_item items[2];
	struct position before = directory_position(w->d);
	uint8_t big[4 + 2 * 300] = {0xde, 0x01, 0x2c};

	for (unsigned i = 0; i < 300; i++)
		big[3 + 2 * i] = (uint8_t)(i % 128);
	make(w, &good, &auray, "structure", 1, "nom=Une", NULL);
	make(w, &bad, &auray, "structure", 2, "nom=Deux", NULL);
	bad.item.change.fields = SLICE(big, sizeof(big));
	items[0] = good.item;
	items[1] = bad.item;
	assert_int_equal(directory_apply(w->d, items, 2, (struct position){9, 9, 9}), ES_TOO_LARGE);
	assert_int_equal(directory_position(w->d).commit, before.commit);
	assert_unknown(w, 1);
	made_done(&bad);
	apply(w, &good);
	assert_int_equal(count_hits(w, "une"), 1);
}

static void damage(const char *path, const char *bytes, long at)
{
	FILE *f = fopen(path, "r+b");

	assert_non_null(f);
	fseek(f, at, SEEK_SET);
	fwrite(bytes, 1, strlen(bytes), f);
	fclose(f);
}

static void a_damaged_file_begins_anew(void **state)
{
	struct world *w = *state;

	structure(w, 1, "nom=Une");
	directory_idle(w->d);
	reader_close(w->r);
	directory_close(w->d);
	w->r = NULL;
	w->d = NULL;
	damage(w->path, "this is not a database at all", 0);
	reopen(w);
	assert_int_equal(directory_position(w->d).commit, 0);
	assert_unknown(w, 1);
	structure(w, 1, "nom=Une");
	assert_shows(w, 1, "Une");
}

static void a_file_of_another_schema_begins_anew(void **state)
{
	struct world *w = *state;
	sqlite3 *db;

	structure(w, 1, "nom=Une");
	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 1", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	reopen(w);
	assert_int_equal(directory_position(w->d).commit, 0);
	assert_unknown(w, 1);
}

static void words_are_found_whatever_their_accents_and_apostrophes(void **state)
{
	struct world *w = *state;
	static const char *const ateliers[] = {"L'ATELIER", "l\u2019atelier", "latelier", "atelier", "ATEL", "l'atelier du bois"};
	static const char *const coeurs[] = {"c\u0153ur", "coeur", "C\u0152UR", "guillemot ecluse", "\u00e9cluse"};

	structure(w, 1, "nom=L'Atelier du bois");
	structure(w, 2, "nom=C\u0153ur de Ville - Guillemot, \u00c9cluse");
	structure(w, 3, "nom=La Scierie");
	for (size_t i = 0; i < sizeof(ateliers) / sizeof(ateliers[0]); i++)
		if (count_hits(w, ateliers[i]) != 1)
			fail_msg("%s finds %d", ateliers[i], (int)count_hits(w, ateliers[i]));
	for (size_t i = 0; i < sizeof(coeurs) / sizeof(coeurs[0]); i++)
		assert_int_equal(count_hits(w, coeurs[i]), 1);
	assert_int_equal(count_hits(w, "atelier scierie"), 0);
	assert_int_equal(count_hits(w, "telier"), 0);
	assert_int_equal(count_hits(w, "\"; DROP - ("), 0);
	assert_int_equal(count_hits(w, "&"), 0);
	assert_int_equal(count_hits(w, ""), 0);
}

static void old_words_are_forgotten_when_a_name_changes(void **state)
{
	struct world *w = *state;
	struct made a, b;
	struct feed_item twice[2];

	structure(w, 1, "nom=Ancien");
	structure(w, 1, "nom=Nouveau");
	assert_int_equal(count_hits(w, "ancien"), 0);
	assert_int_equal(count_hits(w, "nouveau"), 1);
	twice[0] = make(w, &a, &auray, "structure", 1, "nom=Passager", NULL)->item;
	twice[1] = make(w, &b, &auray, "structure", 1, "nom=Final", NULL)->item;
	assert_int_equal(directory_apply(w->d, twice, 2, w->at), ES_OK);
	directory_idle(w->d);
	assert_int_equal(count_hits(w, "nouveau") + count_hits(w, "passager"), 0);
	assert_int_equal(count_hits(w, "final"), 1);
	made_done(&a);
	made_done(&b);
}

static void a_search_gives_what_a_list_needs(void **state)
{
	struct world *w = *state;
	struct buf json;
	struct search s = {.text = slice_str("fabrique"), .kind = schema_kind_named(slice_str("structure"))};

	structure(w, 1, "nom=La Fabrique");
	assert_int_equal(search(w, s, &json), 1);
	assert_string_equal(buf_cstr(&json),
			    "{\"total\":1,\"items\":[{\"kind\":\"structure\",\"uid\":\"00000000000000000000000001\","
			    "\"owner\":\"pole-auray\",\"scope\":\"public\",\"titre\":\"La Fabrique\",\"commune\":\"Rennes\","
			    "\"maj\":\"1970-01-01T00:00:01.001Z\"}]}");
	buf_done(&json);
	s.kind = schema_kind_named(slice_str("offre"));
	assert_int_equal(search(w, s, &json), 0);
	assert_string_equal(buf_cstr(&json), "{\"total\":0,\"items\":[]}");
	buf_done(&json);
}

static void equal_ranks_are_paged_by_uid(void **state)
{
	struct world *w = *state;
	struct buf json;

	for (unsigned uid = 9; uid > 0; uid--)
		structure(w, uid, "nom=Pareil");
	assert_int_equal(search(w, (struct search){.text = slice_str("pareil"), .limit = 2, .offset = 3}, &json), 9);
	assert_non_null(strstr(buf_cstr(&json), "items\":[{\"kind\":\"structure\",\"uid\":\"00000000000000000000000004\""));
	assert_non_null(strstr(buf_cstr(&json), "00000000000000000000000005"));
	assert_null(strstr(buf_cstr(&json), "00000000000000000000000006"));
	buf_done(&json);
	assert_int_equal(search(w, (struct search){.text = slice_str("pareil"), .limit = 2, .offset = 30}, &json), 9);
	buf_done(&json);
}

static struct search near(const char *text, int64_t km)
{
	int32_t point[2] = {RENNES};

	return (struct search){.text = slice_str(text), .near = true, .lat_e7 = point[0], .lon_e7 = point[1], .within_km = km};
}

static void near_uses_the_point_then_the_commune_then_the_structure(void **state)
{
	struct world *w = *state;
	struct made m;
	struct buf json;

	/* In Rennes by its commune; in Brest by its own point; an offer of each. */
	structure(w, 1, "nom=Une");
	apply(w, make(w, &m, &auray, "structure", 2, "nom=Deux", "code_insee=35238", "latitude=48.3904", "longitude=-4.4861", NULL));
	apply(w, make(w, &m, &auray, "offre", 3, "titre=Paniers", "structure_uid=00000000000000000000000001", NULL));
	apply(w, make(w, &m, &auray, "offre", 4, "titre=Paniers", "structure_uid=00000000000000000000000002", NULL));
	apply(w, make(w, &m, &auray, "offre", 5, "titre=Paniers", "structure_uid=00000000000000000000000077", NULL));
	assert_int_equal(search(w, near("", 20), &json), 2);
	assert_non_null(strstr(buf_cstr(&json), "00000000000000000000000001"));
	assert_non_null(strstr(buf_cstr(&json), "00000000000000000000000003"));
	assert_non_null(strstr(buf_cstr(&json), "\"km\":"));
	buf_done(&json);
	assert_int_equal(search(w, near("", 400), &json), 4);
	buf_done(&json);
	assert_int_equal(search(w, near("panier", 400), &json), 2);
	buf_done(&json);
	assert_int_equal(search(w, near("deux", 20), &json), 0);
	buf_done(&json);
	/* Another hub's structure of the same uid does not lend its place. */
	apply(w, make(w, &m, &vitre, "structure", 1, "nom=Ailleurs", "latitude=48.39", "longitude=-4.48", NULL));
	assert_int_equal(search(w, near("panier", 20), &json), 1);
	buf_done(&json);
}

static void a_reference_to_a_record_not_here_says_so(void **state)
{
	struct world *w = *state;
	struct made m;
	struct buf json;

	apply(w, make(w, &m, &auray, "offre", 3, "titre=Paniers", "structure_uid=00000000000000000000000001", NULL));
	assert_shows(w, 3, "\"structure_uid\":\"(non partagé)\"");
	buf_init(&json, JSON_MAX);
	assert_int_equal(reader_list(w->r, schema_kind_named(slice_str("offre")), 10, 0, &json), ES_OK);
	assert_non_null(strstr(buf_cstr(&json), "{\"total\":1,\"items\":[{\"kind\":\"offre\""));
	buf_done(&json);
	structure(w, 1, "nom=Une");
	assert_shows(w, 3, "\"structure_uid\":\"00000000000000000000000001\"");
	assert_hides(w, 3, "non partagé");
}

static void unknown_kinds_and_fields_are_kept_and_shown(void **state)
{
	struct world *w = *state;
	struct made m;
	struct record_id id;
	unsigned kind = 0;
	struct id16 uid = uid_of(8);

	structure(w, 1, "nom=Une");
	make(w, &m, &auray, "structure", 1, NULL, NULL);
	buf_clear(&m.bytes);
	canon_map(&m.bytes, 1);
	canon_u64(&m.bytes, 4321);
	canon_str(&m.bytes, slice_str("nouveau"));
	m.item.change.fields = buf_slice(&m.bytes);
	apply(w, &m);
	assert_shows(w, 1, "\"champ_4321\":\"nouveau\"");

	make(w, &m, &auray, "structure", 8, "nom=Une", NULL);
	m.item.kind = 60000;
	apply(w, &m);
	assert_int_equal(reader_find(w->r, &uid, &id, &kind, 1), 1);
	assert_int_equal(kind, 60000);
	assert_shows(w, 8, "{\"kind\":\"kind_60000\"");
}

static void a_value_of_another_type_stays_out_of_the_numbers(void **state)
{
	struct world *w = *state;
	const struct schema_field *f;
	struct made m;

	make(w, &m, &auray, "structure", 1, NULL, NULL);
	f = schema_field_named(schema_kind_named(slice_str("structure")), slice_str("latitude"));
	buf_clear(&m.bytes);
	canon_map(&m.bytes, 1);
	canon_u64(&m.bytes, f->no);
	canon_str(&m.bytes, slice_str("12"));
	m.item.change.fields = buf_slice(&m.bytes);
	apply(w, &m);
	assert_int_equal(query(w->path, "SELECT typeof(latitude) = 'blob' FROM structure"), 1);
	assert_int_equal(query(w->path, "SELECT count(*) FROM point"), 0);
}

static void the_local_hub_s_record_comes_first(void **state)
{
	struct world *w = *state;
	struct record_id ids[2];
	unsigned kinds[2];
	struct id16 uid = uid_of(1);
	struct made m;

	apply(w, make(w, &m, &auray, "structure", 1, "nom=Ici", NULL));
	apply(w, make(w, &m, &vitre, "structure", 1, "nom=Ailleurs", NULL));
	assert_int_equal(reader_find(w->r, &uid, ids, kinds, 2), 2);
	assert_memory_equal(ids[0].bytes, auray.bytes, 16);
	reader_prefer(w->r, &vitre);
	assert_int_equal(reader_find(w->r, &uid, ids, kinds, 1), 2);
	assert_memory_equal(ids[0].bytes, vitre.bytes, 16);
	assert_shows(w, 1, "Ailleurs");
	assert_true(reader_knows(w->r, schema_kind_named(slice_str("structure")), &uid));
	assert_false(reader_knows(w->r, schema_kind_named(slice_str("offre")), &uid));
}

static char *exported(struct world *w, const char *kind, bool csv)
{
	struct export_options o = {.kind = schema_kind_named(slice_str(kind))};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(export_write(w->r, export_format_named(csv ? "csv" : "jsonl"), &o, out), ES_OK);
	fclose(out);
	return text;
}

static void the_export_has_the_exchange_header_and_the_same_bytes_twice(void **state)
{
	struct world *w = *state;
	char *first, *again;
	struct made m;

	structure(w, 2, "nom=Deux, \"dit\" Le Second");
	structure(w, 1, "nom=Une");
	first = exported(w, "structure", true);
	again = exported(w, "structure", true);
	assert_string_equal(first, again);
	assert_int_equal(strncmp(first, "uid,pole,identifiant_local,type_acteur,nom,", 43), 0);
	assert_null(strstr(first, "champs_locaux"));
	assert_non_null(strstr(first, "\n00000000000000000000000001,pole-auray,,,Une,"));
	assert_non_null(strstr(first, "\n00000000000000000000000002,pole-auray,,,\"Deux, \"\"dit\"\" Le Second\","));
	assert_null(strchr(first, '\r'));
	free(first);
	free(again);
	apply(w, make(w, &m, &auray, "structure", 1, "champs_locaux=telephone|courriel", NULL));
	first = exported(w, "structure", true);
	assert_non_null(strstr(first, "champs_locaux"));
	assert_non_null(strstr(first, "telephone|courriel"));
	free(first);
	first = exported(w, "contact", true);
	assert_int_equal(strncmp(first, "uid,structure_uid,pole,prenom,", 30), 0);
	free(first);
	first = exported(w, "inscription", true);
	assert_string_equal(first, "uid,evenement_uid,structure_uid,pole,nb_personnes,rang,statut,date_inscription,portee\n");
	free(first);
}

static void the_jsonl_export_has_one_object_a_line(void **state)
{
	struct world *w = *state;
	struct made m;
	char *text;

	apply(w, make(w, &m, &auray, "offre", 3, "titre=Paniers", "structure_uid=00000000000000000000000001", NULL));
	text = exported(w, "offre", false);
	assert_string_equal(text, "{\"kind\":\"offre\",\"uid\":\"00000000000000000000000003\",\"owner\":\"pole-auray\","
				  "\"scope\":\"public\",\"data\":{\"structure_uid\":\"00000000000000000000000001\","
				  "\"titre\":\"Paniers\"}}\n");
	free(text);
}

static void counts_name_every_kind(void **state)
{
	struct world *w = *state;
	struct buf json;

	structure(w, 1, "nom=Une");
	buf_init(&json, JSON_MAX);
	assert_int_equal(reader_counts(w->r, &json), ES_OK);
	assert_non_null(strstr(buf_cstr(&json), "\"structure\":1"));
	assert_non_null(strstr(buf_cstr(&json), "\"offre\":0"));
	buf_done(&json);
}

static void people_may_read_the_file_while_it_is_open(void **state)
{
	struct world *w = *state;
	char command[256];

	structure(w, 1, "nom=Une");
	assert_int_equal(query(w->path, "SELECT count(*) FROM structure WHERE pole = 'pole-auray'"), 1);
	snprintf(command, sizeof(command), "command -v sqlite3 >/dev/null || exit 0; "
					   "test \"$(sqlite3 -readonly %s 'select nom from structure_lisible')\" = Une", w->path);
	assert_int_equal(system(command), 0);
	structure(w, 2, "nom=Deux");
	assert_int_equal(query(w->path, "SELECT count(*) FROM structure"), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_applied_is_shown),
		TEST(a_narrowed_value_is_shown_from_the_narrower_scope),
		TEST(a_deleted_record_has_no_row_until_it_is_back),
		TEST(a_record_without_a_value_has_no_row),
		TEST(sealing_a_pending_edit_touches_only_its_state),
		TEST(two_directories_fed_in_different_orders_are_equal),
		TEST(the_digest_survives_a_restart_and_follows_changes),
		TEST(the_position_is_kept_across_a_restart),
		TEST(a_failed_apply_changes_nothing),
		TEST(a_damaged_file_begins_anew),
		TEST(a_file_of_another_schema_begins_anew),
		TEST(words_are_found_whatever_their_accents_and_apostrophes),
		TEST(old_words_are_forgotten_when_a_name_changes),
		TEST(a_search_gives_what_a_list_needs),
		TEST(equal_ranks_are_paged_by_uid),
		TEST(near_uses_the_point_then_the_commune_then_the_structure),
		TEST(a_reference_to_a_record_not_here_says_so),
		TEST(unknown_kinds_and_fields_are_kept_and_shown),
		TEST(a_value_of_another_type_stays_out_of_the_numbers),
		TEST(the_local_hub_s_record_comes_first),
		TEST(the_export_has_the_exchange_header_and_the_same_bytes_twice),
		TEST(the_jsonl_export_has_one_object_a_line),
		TEST(counts_name_every_kind),
		TEST(people_may_read_the_file_while_it_is_open),
	};

	return cmocka_run_group_tests(tests, load_reference, free_reference);
}
