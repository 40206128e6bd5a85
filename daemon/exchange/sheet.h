/* SPDX-License-Identifier: Apache-2.0
 *
 * What is read off an event: who came (A8), what was born there (C11), who sits with
 * whom (C12), who is invited (C8). Nothing is stored: as this node sees it, now.
 *
 * Seats are in the journal, not in the directory, so they are handed in, as JSON:
 *     [{"e": event, "p": pole, "s": structure, "n": persons, "g": 1 granted, 0 waiting, "i": 1 noted without asking}, ...]
 * `s` is null where the request is not this node's to see: then it only counts.
 *
 * Uids are texts. ES_NOT_FOUND: no such event here. */
#ifndef DAEMON_SHEET_H
#define DAEMON_SHEET_H

#include "daemon/directory/directory.h"

/* The events of a series, or the one of that uid, cancelled ones left out, by rank: each uid. */
ES_MUST_USE enum es_err sheet_events(struct reader *r, const char *key, bool (*each)(void *ctx, struct slice uid), void *ctx);
/* JSON {events[], presences[{evenement, rang, pole, inscrits, attente, presents, absents}],
 * structures[{uid, nom, pole, rangs[{evenement, rang, statut}], manques[rang]}]}: by hub of the structure; presents
 * and absents are null where nobody noted them here. Missed: absent, or not admitted to what is over. */
ES_MUST_USE enum es_err sheet_attendance(struct reader *r, const char *key, struct slice seats, struct slice today,
					 struct buf *json);
/* JSON {evenement{uid, titre...}, opportunites{total, conclues, conclues_6_mois, sans_suite}, natures[the same, each],
 * phases[], visites[{structure, nom, debut}]}: concluded within six months of the session. */
ES_MUST_USE enum es_err sheet_session(struct reader *r, const char *uid, struct slice seats, struct buf *json);
/* JSON {evenement{}, items[{structure, nom, rendez_vous[{creneau, table, avec, nom, etat}]}]}; `structure` may be "". */
ES_MUST_USE enum es_err sheet_schedule(struct reader *r, const char *uid, const char *structure, struct buf *json);
/* JSON {evenement{}, pays, items[{uid, nom, courriel, adresse, ...}]}: active structures of the event's filière
 * in the Pays of its commune, else of its hub; the whole directory where it is in none (pays null). Each
 * establishment once. ES_BAD_VALUE: it has no filière. */
ES_MUST_USE enum es_err sheet_invited(struct reader *r, const char *uid, struct buf *json);
/* A formation-action's first structure without a dated visit, appended; false: all have one. */
bool sheet_visit_missing(struct reader *r, const char *uid, struct slice seats, struct buf *structure);

#endif
