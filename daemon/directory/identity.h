/* SPDX-License-Identifier: Apache-2.0
 *
 * Which records speak of one establishment, and which of them stands for it
 * (domain.md W3, R5, B3). A family is all the structures that one SIRET, doublon
 * records or successions tie together:
 *
 *   counted   one for all of them in every count: the same SIRET, unless the CRESS has
 *             said that the two are apart; what a succession has absorbed; what is linked
 *   linked    the other is an alias: the hubs concerned have accepted, or the CRESS
 *             has decided. A decision of the CRESS goes before the hubs' words.
 *
 * Who stands for the others, in this order: who was not absorbed; whom the CRESS named
 * in a link; whose hub's Pays holds its commune; the smaller uid (the older).
 *
 * A function of the records as they stand: the same at every node, whatever the order
 * they came in. Every doublon record counts for its own steward's word only. */
#ifndef DAEMON_IDENTITY_H
#define DAEMON_IDENTITY_H

#include <sqlite3.h>
#include "daemon/directory/directory.h"
#include "proto/value.h"

#define KIN_NONE SIZE_MAX

enum saying_what { SAYS_PROPOSED, SAYS_ACCEPTED, SAYS_REFUSED, SAYS_ANNULLED };
enum pair_state { PAIR_UNSAID, PAIR_PROPOSED, PAIR_LINKED, PAIR_APART };

struct kin {
	int64_t rec;
	struct record_id id;
	char uid[ULID_LEN + 1], pole[HUB_POLE_MAX], siret[15];
	bool at_home; /* its hub's Pays holds its commune */
	bool named; /* by the CRESS, in a link that holds */
	bool absorbed;
	size_t counted, linked; /* who stands for it: itself where nobody else does */
};
/* What one doublon record says of two of them. */
struct saying {
	size_t a, b;
	char pole[HUB_POLE_MAX], uid[ULID_LEN + 1], le[11];
	size_t named; /* KIN_NONE: nobody */
	enum saying_what what;
};
/* `from` was absorbed by `to`. */
struct bond {
	size_t from, to;
};
struct family {
	struct kin *kin;
	struct saying *sayings;
	struct bond *bonds;
	size_t kin_count, saying_count, bond_count;
};
/* What reads families out of a directory. */
struct identity {
	sqlite3_stmt *one, *same, *tied, *said, *absorbed;
};

/* The tables beside the kinds': who belongs to which Pays, which doublon names whom,
 * former SIRET, and the aliases as they follow from all that. */
ES_MUST_USE enum es_err identity_create(sqlite3 *db);
ES_MUST_USE enum es_err identity_open(sqlite3 *db, struct identity *i);
void identity_close(struct identity *i);
/* The family of the structure in that row, settled; empty where there is none.
 * family_done() in every case. */
ES_MUST_USE enum es_err identity_family(struct identity *i, int64_t rec, struct family *f);
/* Structures with this SIRET; those that records tie to this uid or SIRET. */
ES_MUST_USE enum es_err identity_near(struct identity *i, struct slice uid, struct slice siret,
				      enum es_err (*each)(void *ctx, int64_t rec), void *ctx);
void family_done(struct family *f);

/* The decision. Fills named, absorbed, counted, linked. ES_NOMEM. */
ES_MUST_USE enum es_err family_settle(struct family *f);
enum pair_state family_pair(const struct family *f, size_t a, size_t b);
/* The CRESS's last word on the two, or that of a pole; NULL: none. */
const struct saying *family_word(const struct family *f, size_t a, size_t b, const char *pole);
bool pole_is_cress(const char *pole);

#endif
