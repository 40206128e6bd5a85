/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon/directory_world.h"

#include "daemon/search/search_parts.h"

static const char *parameter_of(const char *text, const char *name, char out[64])
{
	static struct search_query q;

	if (!search_query_parse(&q, slice_str(text)))
		return NULL;
	snprintf(out, 64, "%s", search_query_get(&q, name));
	return out;
}

static void a_query_string_is_decoded(void **state)
{
	static const struct {
		const char *text, *name, *value; /* NULL: refused */
	} cases[] = {
		{"text=bois&kind=offre", "kind", "offre"},
		{"text=bois%20vert&kind=offre", "text", "bois vert"},
		{"text=bois+vert", "text", "bois vert"},
		{"text=l%E2%80%99atelier", "text", "l’atelier"},
		{"text=a%26b%3Dc", "text", "a&b=c"},
		{"text=", "text", ""},
		{"", "text", ""},
		{"text=x", "kind", ""},
		{"text", "text", NULL},
		{"text=%", "text", NULL},
		{"text=%4", "text", NULL},
		{"text=%zz", "text", NULL},
		{"text=a%00b", "text", NULL},
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *value = parameter_of(cases[i].text, cases[i].name, out);

		if (cases[i].value == NULL)
			assert_null(value);
		else
			assert_string_equal(value, cases[i].value);
	}
}

static void a_query_string_has_an_end(void **state)
{
	static struct search_query q;
	char text[SEARCH_QUERY_MAX + 2];
	char many[4 * (SEARCH_PARAMETERS_MAX + 1) + 1] = "";

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "text=", 5);
	assert_true(search_query_parse(&q, SLICE(text, SEARCH_QUERY_MAX)));
	assert_false(search_query_parse(&q, SLICE(text, SEARCH_QUERY_MAX + 1)));
	for (size_t i = 0; i <= SEARCH_PARAMETERS_MAX; i++)
		memcpy(many + 4 * i, "a=b&", 5);
	assert_false(search_query_parse(&q, slice_str(many)));
}

/* What the table says has a column in some kind: a name that is misspelt finds nothing. */
static void each_filter_applies_to_some_kind(void **state)
{
	struct kind_maps maps;

	(void)state;
	kind_maps_init(&maps);
	for (size_t f = 0; f < SEARCH_FILTERS; f++) {
		struct search s = {.filters = {[0] = ""}};
		bool any = false;

		s.filters[f] = "1";
		for (size_t i = 0; i < maps.count; i++)
			any = any || filter_applies(&s, &maps.at[i]);
		if (!any)
			fail_msg("%s", search_filter_names[f]);
	}
}

static int64_t filtered(struct world *w, enum search_filter f, const char *value, const char *kind)
{
	struct search s = {.kind = schema_kind_named(slice_str(kind)), .today = "2026-11-27"};
	struct buf json;
	int64_t total;

	s.filters[f] = value;
	total = search(w, s, &json);
	buf_done(&json);
	return total;
}

static void a_list_has_a_code_whole(void **state)
{
	struct world *w = *state;
	struct made m;

	apply(w, make(w, &m, &auray, "structure", 1, "nom=Premier", "code_insee=35238", "labels=emas|rge", NULL));
	assert_int_equal(filtered(w, SEARCH_LABEL, "emas", "structure"), 1);
	assert_int_equal(filtered(w, SEARCH_LABEL, "rge", "structure"), 1);
	assert_int_equal(filtered(w, SEARCH_LABEL, "ema", "structure"), 0);
	assert_int_equal(filtered(w, SEARCH_LABEL, "emas|rge", "structure"), 1); /* as it is written */
	assert_int_equal(filtered(w, SEARCH_LABEL, "\"", "structure"), 0);
	assert_int_equal(filtered(w, SEARCH_LABEL, "' OR 1 --", "structure"), 0);
}

static void an_offer_has_what_its_structure_has_also_later(void **state)
{
	struct world *w = *state;
	struct made m;

	apply(w, make(w, &m, &auray, "offre", 9, "titre=Tonte", "structure_uid=00000000000000000000000001", "filiere=espaces_verts",
		      "type_offre=service", NULL));
	assert_int_equal(filtered(w, SEARCH_COMMUNE, "35238", "offre"), 0);
	apply(w, make(w, &m, &auray, "structure", 1, "nom=Premier", "code_insee=35238", "siae_type=ei", NULL));
	assert_int_equal(filtered(w, SEARCH_COMMUNE, "35238", "offre"), 1);
	assert_int_equal(filtered(w, SEARCH_SIAE, "1", "offre"), 1);
	assert_int_equal(filtered(w, SEARCH_SIAE, "aci", "offre"), 0);
	assert_int_equal(filtered(w, SEARCH_DEPARTEMENT, "35", "offre"), 1);
	assert_int_equal(filtered(w, SEARCH_DEPARTEMENT, "29", "offre"), 0);
}

static void a_need_lies_where_it_says_itself(void **state)
{
	struct world *w = *state;
	struct made m;

	apply(w, make(w, &m, &auray, "structure", 1, "nom=Premier", "code_insee=35238", NULL));
	apply(w, make(w, &m, &auray, "besoin", 2, "titre=Ici", "structure_uid=00000000000000000000000001", "code_insee=29151", NULL));
	assert_int_equal(filtered(w, SEARCH_COMMUNE, "29151", "besoin"), 1);
	assert_int_equal(filtered(w, SEARCH_COMMUNE, "35238", "besoin"), 0);
}

static int64_t fresh(struct world *w, int64_t after)
{
	struct search s = {.kind = schema_kind_named(slice_str("structure")), .fresh = true, .after = after};
	struct buf json;
	int64_t total = search(w, s, &json);

	buf_done(&json);
	return total;
}

static void arrive(struct world *w, struct made *m, int64_t arrived)
{
	m->item.arrived = arrived;
	m->item.heard = 1000 * arrived;
	apply(w, m);
}

static void a_record_is_new_by_its_first_commit(void **state)
{
	struct world *w = *state;
	struct made m;

	reader_prefer(w->r, &vitre);
	arrive(w, make(w, &m, &auray, "structure", 1, "nom=Premier", "code_insee=35238", NULL), 5);
	assert_int_equal(fresh(w, 4), 1);
	assert_int_equal(fresh(w, 5), 0);
	arrive(w, make(w, &m, &auray, "structure", 1, "nom=Autre", NULL), 8);
	assert_int_equal(fresh(w, 5), 0); /* an edit */
	arrive(w, make(w, &m, &auray, "structure", 2, "nom=Second", "code_insee=35238", NULL), 9);
	assert_int_equal(fresh(w, 5), 1);
	reader_prefer(w->r, &auray);
	assert_int_equal(fresh(w, 0), 0); /* what we write ourselves */
}

static void what_waits_has_not_arrived(void **state)
{
	struct world *w = *state;
	struct made m;

	reader_prefer(w->r, &vitre);
	make(w, &m, &auray, "structure", 1, "nom=Premier", "code_insee=35238", NULL);
	m.item.change.pending = true;
	apply(w, &m);
	assert_int_equal(fresh(w, 0), 0);
	arrive(w, make(w, &m, &auray, "structure", 1, "nom=Premier", "code_insee=35238", NULL), 7);
	assert_int_equal(fresh(w, 6), 1);
}

static void assert_on(struct world *w, const char *day, const char *field, const char *value)
{
	struct id16 id = uid_of(1);
	char wanted[128];
	struct buf json;

	buf_init(&json, JSON_MAX);
	assert_int_equal(reader_show_on(w->r, &id, day, &json), ES_OK);
	snprintf(wanted, sizeof(wanted), "\"%s\":\"%s\"", field, value);
	if ((strstr(buf_cstr(&json), value[0] ? wanted : field) != NULL) != (value[0] != '\0'))
		fail_msg("on %s: %s", day, buf_cstr(&json));
	buf_done(&json);
}

static void a_day_has_its_values(void **state)
{
	struct world *w = *state;
	struct made m;

	apply(w, make(w, &m, &auray, "structure", 1, "nom=Dernier", "code_insee=35238", "siae_type=ei",
		      "denominations=A : b:2010-01-01:2012-12-31|Dernier:2013-01-01:|sans date", "siae=aci:2015-01-01:2016-12-31|ei:2016-12-31:",
		      NULL));
	assert_on(w, "2009-12-31", "nom", "Dernier"); /* no date says another */
	assert_on(w, "2010-01-01", "nom", "A : b");
	assert_on(w, "2012-12-31", "nom", "A : b");
	assert_on(w, "2013-01-01", "nom", "Dernier");
	assert_on(w, "2014-12-31", "siae_type", "");
	assert_on(w, "2015-06-01", "siae_type", "aci");
	assert_on(w, "2016-12-31", "siae_type", "ei"); /* the later of two */
	assert_on(w, NULL, "siae_type", "ei");
}

static void assert_in_order(const struct buf *json, const char *first, const char *second)
{
	const char *a = strstr((const char *)json->p, first), *b = strstr((const char *)json->p, second);

	if (!a || !b || a > b)
		fail_msg("%.*s: not %s before %s", (int)json->len, (const char *)json->p, first, second);
}

static void cards_have_ours_first_and_say_how_many_of_each(void **state)
{
	struct world *w = *state;
	struct buf json;
	struct made m;

	apply(w, make(w, &m, &vitre, "structure", 1, "nom=Abeille", "code_insee=35360", NULL));
	apply(w, make(w, &m, &auray, "structure", 2, "nom=Zéphyr", "code_insee=56007", "filieres=numerique", "famille_ess=mutuelle", NULL));
	apply(w, make(w, &m, &auray, "structure", 3, "nom=Bourdon", "code_insee=56007", NULL));
	apply(w, make(w, &m, &auray, "offre", 4, "titre=Tonte", "structure_uid=00000000000000000000000002", "filiere=espaces_verts",
		      "type_offre=service", "prix_cents=1200", NULL));
	assert_int_equal(search(w, (struct search){.kind = schema_kind_named(slice_str("structure")), .cards = true}, &json), 3);
	assert_in_order(&json, "Bourdon", "Zéphyr");
	assert_in_order(&json, "Zéphyr", "Abeille");
	assert_non_null(strstr((const char *)json.p, "\"totals\":{\"structure\":3,\"offre\":1,\"besoin\":0}"));
	assert_non_null(strstr((const char *)json.p, "\"data\":{\"filieres\":[\"numerique\"],\"famille_ess\":\"mutuelle\"}"));
	buf_done(&json);
	assert_int_equal(search(w, (struct search){.kind = schema_kind_named(slice_str("offre")), .cards = true}, &json), 1);
	assert_non_null(strstr((const char *)json.p, "\"structure\":{\"uid\":\"00000000000000000000000002\",\"nom\":\"Zéphyr\""));
	buf_done(&json);
	assert_int_equal(filtered(w, SEARCH_FAMILLE, "mutuelle", "offre"), 1);
	assert_int_equal(filtered(w, SEARCH_FAMILLE, "association", "offre"), 0);
}

/* R16: who is not diffused has no point but at home. */
static void a_card_has_no_point_of_one_that_is_not_diffused(void **state)
{
	struct world *w = *state;
	struct buf json;
	struct made m;

	apply(w, make(w, &m, &vitre, "structure", 1, "nom=Ailleurs", "code_insee=35360", "statut_diffusion=P", NULL));
	(void)search(w, (struct search){.text = slice_str("ailleurs"), .cards = true, .kind = schema_kind_named(slice_str("structure"))}, &json);
	assert_null(strstr((const char *)json.p, "\"lat\""));
	buf_done(&json);
	apply(w, make(w, &m, &vitre, "structure", 2, "nom=Visible", "code_insee=35360", NULL));
	(void)search(w, (struct search){.text = slice_str("visible"), .cards = true, .kind = schema_kind_named(slice_str("structure"))}, &json);
	assert_non_null(strstr((const char *)json.p, "\"lat\""));
	buf_done(&json);
}

static void points_are_counted_by_cell_and_only_where_they_may_be_drawn(void **state)
{
	struct world *w = *state;
	struct search s = {.kind = schema_kind_named(slice_str("structure")), .points = true};
	struct buf json;
	struct made m;

	apply(w, make(w, &m, &auray, "structure", 1, "nom=Premier", "code_insee=35360", "latitude=48.1234", "longitude=-1.2051", NULL));
	apply(w, make(w, &m, &auray, "structure", 2, "nom=Second", "code_insee=35360", "latitude=48.1299", "longitude=-1.2099", NULL));
	apply(w, make(w, &m, &vitre, "structure", 3, "nom=Tiers", "code_insee=35360", "statut_diffusion=P", NULL));
	apply(w, make(w, &m, &auray, "offre", 4, "titre=Tonte", "structure_uid=00000000000000000000000001", "filiere=espaces_verts",
		      "type_offre=service", NULL));
	assert_int_equal(search(w, s, &json), 3);
	assert_string_equal((const char *)json.p, "{\"total\":3,\"points\":[[48.125,-1.205,2]]}");
	buf_done(&json);
	s.kind = schema_kind_named(slice_str("offre"));
	assert_int_equal(search(w, s, &json), 1);
	assert_string_equal((const char *)json.p, "{\"total\":1,\"points\":[[48.125,-1.205,1]]}");
	buf_done(&json);
}

static void facts_say_since_when_and_what_belongs_to_it(void **state)
{
	struct world *w = *state;
	struct id16 uid = uid_of(1);
	struct buf json;
	struct made m;

	structure(w, 1, "nom=Premier");
	apply(w, make(w, &m, &auray, "contact", 7, "structure_uid=00000000000000000000000001", "nom=Personne", "portee=local", NULL));
	buf_init(&json, JSON_MAX);
	assert_int_equal(reader_facts(w->r, &uid, &json), ES_OK);
	assert_non_null(strstr(buf_cstr(&json), "\"nom\":{\"when\":\""));
	assert_non_null(strstr(buf_cstr(&json), "\"contact\":[{\"kind\":\"contact\""));
	buf_clear(&json);
	reader_limit(w->r, SCOPE_PUBLIC);
	assert_int_equal(reader_facts(w->r, &uid, &json), ES_OK);
	assert_non_null(strstr(buf_cstr(&json), "\"contact\":[]"));
	assert_null(strstr(buf_cstr(&json), "Personne"));
	uid = uid_of(99);
	assert_int_equal(reader_facts(w->r, &uid, &json), ES_NOT_FOUND);
	reader_limit(w->r, SCOPE_LOCAL);
	buf_done(&json);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_query_string_is_decoded),
		cmocka_unit_test(a_query_string_has_an_end),
		cmocka_unit_test(each_filter_applies_to_some_kind),
		TEST(a_list_has_a_code_whole),
		TEST(an_offer_has_what_its_structure_has_also_later),
		TEST(a_need_lies_where_it_says_itself),
		TEST(a_record_is_new_by_its_first_commit),
		TEST(what_waits_has_not_arrived),
		TEST(a_day_has_its_values),
		TEST(cards_have_ours_first_and_say_how_many_of_each),
		TEST(a_card_has_no_point_of_one_that_is_not_diffused),
		TEST(points_are_counted_by_cell_and_only_where_they_may_be_drawn),
		TEST(facts_say_since_when_and_what_belongs_to_it),
	};

	return cmocka_run_group_tests(tests, load_reference, free_reference);
}
