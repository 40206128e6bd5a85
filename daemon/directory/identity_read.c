/* SPDX-License-Identifier: Apache-2.0
 *
 * Families out of a directory's tables: from one structure to all that anything
 * ties to it, then what is said of them. */
#include "daemon/directory/identity.h"

#include <stdlib.h>
#include <string.h>
#include "daemon/directory/directory_sql.h"

/* From a record's own uid (?1) and SIRET (?2). CROSS JOIN keeps the order as written:
 * the tables have no statistics, and the first of each is found by an index. */
#define TIED \
	"SELECT s.rec FROM doublon_fiche a CROSS JOIN doublon_fiche b CROSS JOIN structure s" \
	" WHERE a.uid = ?1 AND b.rec = a.rec AND s.uid = b.uid" \
	" UNION SELECT t.rec FROM succession x CROSS JOIN structure t WHERE x.de_uid = ?1 AND t.uid = x.vers_uid" \
	" UNION SELECT t.rec FROM succession x CROSS JOIN structure t WHERE x.de_siret = ?2 AND t.uid = x.vers_uid" \
	" UNION SELECT t.rec FROM succession x CROSS JOIN structure t WHERE x.vers_uid = ?1 AND t.uid = x.de_uid" \
	" UNION SELECT t.rec FROM succession x CROSS JOIN structure t WHERE x.vers_uid = ?1 AND t.siret = x.de_siret"

enum es_err identity_create(sqlite3 *db)
{
	return sql_exec(db,
		"CREATE TABLE pays_commune(code_insee TEXT, pole TEXT, PRIMARY KEY(code_insee, pole)) WITHOUT ROWID;"
		"CREATE TABLE doublon_fiche(uid TEXT, rec INT, PRIMARY KEY(uid, rec)) WITHOUT ROWID;"
		"CREATE INDEX doublon_fiche_rec ON doublon_fiche(rec);"
		"CREATE TABLE siret_ancien(siret TEXT, rec INT, PRIMARY KEY(siret, rec)) WITHOUT ROWID;"
		"CREATE INDEX siret_ancien_rec ON siret_ancien(rec);"
		/* `canonique`: who is counted for it; `lien`: whose alias it is, NULL: nobody's. */
		"CREATE TABLE alias(rec INTEGER PRIMARY KEY, canonique INT NOT NULL, lien INT);"
		"CREATE INDEX alias_canonique ON alias(canonique);"
		"INSERT INTO meta VALUES('pays', 0)");
}

enum es_err identity_open(sqlite3 *db, struct identity *i)
{
	enum es_err err = sql_prepare(db,
		"SELECT e.id, s.pole, s.siret, EXISTS(SELECT 1 FROM pays_commune c WHERE c.code_insee = s.code_insee AND c.pole = s.pole)"
		" FROM structure s JOIN etat e ON e.rec = s.rec WHERE s.rec = ?1", &i->one);

	if (err == ES_OK)
		err = sql_prepare(db, "SELECT rec FROM structure WHERE siret = ?1", &i->same);
	if (err == ES_OK)
		err = sql_prepare(db, TIED, &i->tied);
	if (err == ES_OK)
		err = sql_prepare(db, "SELECT d.pole, d.uid, d.le, d.etat, d.canonique, d.uids"
				      " FROM doublon_fiche f CROSS JOIN doublon d WHERE f.uid = ?1 AND d.rec = f.rec ORDER BY d.uid, d.pole", &i->said);
	if (err == ES_OK)
		err = sql_prepare(db, "SELECT vers_uid, pole FROM succession WHERE de_uid = ?1"
				      " UNION SELECT vers_uid, pole FROM succession WHERE de_siret = ?2", &i->absorbed);
	return err;
}

void identity_close(struct identity *i)
{
	sqlite3_stmt *all[] = {i->one, i->same, i->tied, i->said, i->absorbed};

	for (size_t n = 0; n < sizeof all / sizeof *all; n++)
		sqlite3_finalize(all[n]);
	*i = (struct identity){0};
}

static void copy_text(char *out, size_t size, sqlite3_stmt *s, int column)
{
	const char *text = (const char *)sqlite3_column_text(s, column);

	snprintf(out, size, "%s", text ? text : "");
}

/* Room for one more, doubled at powers of two; NULL: no memory. */
static void *grow(void **items, size_t count, size_t size)
{
	if ((count & (count - 1)) == 0) {
		void *more = realloc(*items, (count ? 2 * count : 1) * size);

		if (!more)
			return NULL;
		*items = more;
	}
	return memset((char *)*items + count * size, 0, size);
}

/* --- who --- */

static enum es_err each_row(sqlite3_stmt *s, enum es_err (*each)(void *ctx, int64_t rec), void *ctx)
{
	enum es_err err = ES_OK;
	int rc = SQLITE_DONE;

	while (err == ES_OK && (rc = sqlite3_step(s)) == SQLITE_ROW)
		err = each(ctx, sqlite3_column_int64(s, 0));
	sqlite3_reset(s);
	return err == ES_OK ? sql_err(rc) : err;
}

enum es_err identity_near(struct identity *i, struct slice uid, struct slice siret,
			  enum es_err (*each)(void *ctx, int64_t rec), void *ctx)
{
	enum es_err err = ES_OK;

	if (siret.len > 0) {
		sql_bind_text(i->same, 1, siret);
		err = each_row(i->same, each, ctx);
	}
	if (err != ES_OK)
		return err;
	sql_bind_text(i->tied, 1, uid);
	if (siret.len > 0)
		sql_bind_text(i->tied, 2, siret);
	else
		sqlite3_bind_null(i->tied, 2);
	return each_row(i->tied, each, ctx);
}

struct finding_kin {
	struct identity *i;
	struct family *f;
};

static enum es_err add_kin(void *ctx, int64_t rec)
{
	struct finding_kin *w = ctx;
	struct family *f = w->f;
	struct kin *k;

	for (size_t i = 0; i < f->kin_count; i++)
		if (f->kin[i].rec == rec)
			return ES_OK;
	k = grow((void **)&f->kin, f->kin_count, sizeof *k);
	if (!k)
		return ES_NOMEM;
	k->rec = rec;
	f->kin_count++;
	return ES_OK;
}

/* False: there is no such row. */
static enum es_err read_kin(struct identity *i, struct kin *k, bool *found)
{
	sqlite3_stmt *s = i->one;
	int rc;

	sqlite3_bind_int64(s, 1, k->rec);
	rc = sqlite3_step(s);
	*found = rc == SQLITE_ROW;
	if (*found) {
		struct slice id = sql_blob(s, 0);

		if (id.len == sizeof k->id.bytes)
			memcpy(k->id.bytes, id.p, id.len);
		ulid_encode(k->id.bytes + sizeof(struct id16), k->uid);
		copy_text(k->pole, sizeof k->pole, s, 1);
		copy_text(k->siret, sizeof k->siret, s, 2);
		k->at_home = sqlite3_column_int(s, 3) != 0;
	}
	return sql_end(s, rc);
}

static enum es_err find_kin(struct identity *i, int64_t rec, struct family *f)
{
	struct finding_kin w = {i, f};
	enum es_err err = add_kin(&w, rec);

	for (size_t at = 0; at < f->kin_count && err == ES_OK; at++) {
		bool found = false;

		err = read_kin(i, &f->kin[at], &found);
		if (err == ES_OK && !found && at == 0) {
			f->kin_count = 0;
			return ES_OK;
		}
		char uid[ULID_LEN + 1], siret[15]; /* the array moves */
		memcpy(uid, f->kin[at].uid, sizeof uid);
		memcpy(siret, f->kin[at].siret, sizeof siret);
		if (err == ES_OK)
			err = identity_near(i, slice_str(uid), slice_str(siret), add_kin, &w);
	}
	return err;
}

/* --- what is said --- */

static bool list_names(const char *list, const char *uid)
{
	const char *at = list ? strstr(list, uid) : NULL;

	return at && (at == list || at[-1] == '|') && (at[ULID_LEN] == '|' || at[ULID_LEN] == '\0');
}

static size_t kin_of_uid(const struct family *f, const char *uid)
{
	for (size_t i = 0; uid && i < f->kin_count; i++)
		if (strcmp(f->kin[i].uid, uid) == 0)
			return i;
	return KIN_NONE;
}

static bool what_is_said(const char *etat, enum saying_what *out)
{
	static const char *const names[] = {"propose", "accepte", "refuse", "annule"};

	for (size_t i = 0; etat && i < sizeof names / sizeof *names; i++)
		if (strcmp(etat, names[i]) == 0) {
			*out = (enum saying_what)i;
			return true;
		}
	return false;
}

/* A pair is read at the first of its two. */
static enum es_err add_sayings(struct family *f, size_t a, sqlite3_stmt *s)
{
	const char *uids = (const char *)sqlite3_column_text(s, 5);
	enum saying_what what;

	if (!what_is_said((const char *)sqlite3_column_text(s, 3), &what))
		return ES_OK;
	for (size_t b = a + 1; b < f->kin_count; b++) {
		if (!list_names(uids, f->kin[b].uid))
			continue;
		struct saying *said = grow((void **)&f->sayings, f->saying_count, sizeof *said);
		if (!said)
			return ES_NOMEM;
		*said = (struct saying){.a = a, .b = b, .what = what,
					.named = kin_of_uid(f, (const char *)sqlite3_column_text(s, 4))};
		copy_text(said->pole, sizeof said->pole, s, 0);
		copy_text(said->uid, sizeof said->uid, s, 1);
		copy_text(said->le, sizeof said->le, s, 2);
		f->saying_count++;
	}
	return ES_OK;
}

static enum es_err read_sayings(struct identity *i, struct family *f)
{
	enum es_err err = ES_OK;
	int rc = SQLITE_DONE;

	for (size_t a = 0; a < f->kin_count && err == ES_OK; a++) {
		sql_bind_text(i->said, 1, slice_str(f->kin[a].uid));
		while (err == ES_OK && (rc = sqlite3_step(i->said)) == SQLITE_ROW)
			err = add_sayings(f, a, i->said);
		sqlite3_reset(i->said);
		if (err == ES_OK)
			err = sql_err(rc);
	}
	return err;
}

/* Who holds the absorbed one says so, or the CRESS. */
static enum es_err add_bond(struct family *f, size_t from, sqlite3_stmt *s)
{
	const char *pole = (const char *)sqlite3_column_text(s, 1);
	size_t to = kin_of_uid(f, (const char *)sqlite3_column_text(s, 0));

	if (to == KIN_NONE || to == from || !pole || (!pole_is_cress(pole) && strcmp(pole, f->kin[from].pole) != 0))
		return ES_OK;
	struct bond *b = grow((void **)&f->bonds, f->bond_count, sizeof *b);
	if (!b)
		return ES_NOMEM;
	*b = (struct bond){from, to};
	f->bond_count++;
	return ES_OK;
}

static enum es_err read_bonds(struct identity *i, struct family *f)
{
	enum es_err err = ES_OK;
	int rc = SQLITE_DONE;

	for (size_t a = 0; a < f->kin_count && err == ES_OK; a++) {
		sql_bind_text(i->absorbed, 1, slice_str(f->kin[a].uid));
		if (f->kin[a].siret[0])
			sql_bind_text(i->absorbed, 2, slice_str(f->kin[a].siret));
		else
			sqlite3_bind_null(i->absorbed, 2);
		while (err == ES_OK && (rc = sqlite3_step(i->absorbed)) == SQLITE_ROW)
			err = add_bond(f, a, i->absorbed);
		sqlite3_reset(i->absorbed);
		if (err == ES_OK)
			err = sql_err(rc);
	}
	return err;
}

enum es_err identity_family(struct identity *i, int64_t rec, struct family *f)
{
	*f = (struct family){0};
	enum es_err err = find_kin(i, rec, f);
	if (err == ES_OK && f->kin_count > 1)
		err = read_sayings(i, f);
	if (err == ES_OK && f->kin_count > 1)
		err = read_bonds(i, f);
	return err == ES_OK ? family_settle(f) : err;
}
