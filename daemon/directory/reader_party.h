/* SPDX-License-Identifier: Apache-2.0
 *
 * One side of a match as the directory shows it: a need or an offer, the structure it
 * belongs to, where that lies, which labels stand today. Private to daemon/reader*.c.
 *
 * A structure that this node does not see leaves its facts unknown; the record counts
 * with its own. */
#ifndef DAEMON_READER_PARTY_H
#define DAEMON_READER_PARTY_H

#include "daemon/directory/directory_sql.h"
#include "daemon/search/score.h"

enum party_side { PARTY_NEED, PARTY_OFFER };

/* Lists of labels, as of today. */
enum party_labels {
	LABELS_VERIFIED, LABELS_DECLARED, /* what counts */
	LABELS_HELD, LABELS_CLAIMED, LABELS_LAPSED, /* attributions: verified, not, run out */
	LABELS_CERTIFYING, LABELS_RESPONSIBLE, /* verified ones that stand for quality, for social responsibility */
	LABELS_LISTS
};

struct party {
	enum party_side side;
	struct reader *r;
	struct slice today;
	sqlite3_stmt *row, *structure, *attributions, *dimension;
	/* Facts, borrowed from the statements' rows until the next step. */
	int64_t rec;
	struct slice uid, pole, titre, structure_uid, structure_nom;
	struct score_need need; /* of a need, with the occupation and the posts of a recruitment */
	struct slice rome;
	int64_t postes;
	struct score_offer offer; /* of an offer */
	bool structure_known;
	struct slice siae_type, charte_version, charte_date; /* what the social points stand on */
	struct slice code_insee, code_epci;
	const struct commune *commune;
	bool has_point;
	int32_t lat_e7, lon_e7;
	struct buf labels[LABELS_LISTS];
};

/* `tail`: what follows the table's name in the SELECT ("WHERE uid = ?1"). Borrows `r` and
 * `today`. Closed by party_close, after an error too. */
ES_MUST_USE enum es_err party_open(struct party *p, struct reader *r, enum party_side side, struct slice today,
				   const char *tail);
/* The next row with all its facts; *found false at the end. */
ES_MUST_USE enum es_err party_next(struct party *p, bool *found);
/* The row of that number, for a party opened with "WHERE rec = ?1". */
ES_MUST_USE enum es_err party_at(struct party *p, int64_t rec, bool *found);
void party_close(struct party *p);

/* How the two lie to each other. */
struct score_relation party_relation(const struct party *a, const struct party *b);

#endif
