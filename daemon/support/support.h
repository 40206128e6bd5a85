/* SPDX-License-Identifier: Apache-2.0
 *
 * What a hub looks up while it supports the structures and projects of its Pays: who
 * belongs to a network (domain.md B5), what a survey found (C6), how far a structure has
 * come (E6), which requests wait (E8), to whom a project is referred (E15), how long
 * ambassadors spoke (E5).
 *
 * All is as this node sees it, and read, never stored; what a function writes is said
 * there. Uids and days (YYYY-MM-DD) are texts. A function that names one record is
 * ES_NOT_FOUND where it is not here. Appends one JSON object. Every list has a total
 * order: the same directory gives the same bytes. */
#ifndef DAEMON_SUPPORT_H
#define DAEMON_SUPPORT_H

#include "daemon/directory/directory.h"
#include "daemon/node/node.h"

/* Of a network and all below it, or of a group, on that day: {uid, nom, jour, total, directs,
 * reseaux[{uid, nom, parent_uid, total}], items[{uid, nom, commune, owner, adhesions[]}], assemblees[]}. A
 * structure of several networks, or held by several hubs (identity.h), is one. */
ES_MUST_USE enum es_err network_members(struct reader *r, const char *uid, const char *day, struct buf *json);

/* {uid, titre, version, n, reseaux[], modes[], freins[], leviers[], motifs[], parts[{part, moyenne, n}],
 * biais{n, part, averti}, poles[], autres_versions[]}. A hub's answers that are not here count by what
 * survey_send told of them, never twice. A mean of fewer than three is null. */
ES_MUST_USE enum es_err survey_result(struct reader *r, const char *uid, struct buf *json);
/* The counts of this node's own answers, for the CRESS alone (kind `mesure`, scope cress); how
 * many figures. One that was sent and is nothing now is zero. */
ES_MUST_USE enum es_err survey_send(struct node *n, const char *uid, int64_t *count);
/* The same without anybody's doing, once answers to a survey that is open have changed. */
ES_MUST_USE enum es_err survey_send_due(struct node *n);
/* The same for every survey that this node has answers to. */
ES_MUST_USE enum es_err survey_send_all(struct node *n);

/* {uid, nom, grilles[{grille, diagnostics[{uid, date, notes{}, moyenne}], progres{de, a, themes{}}}], plan[]}: the
 * whole file of a structure, for it to take away. Grids stand apart: progress is between the last
 * two of one grid, and nothing is averaged over several. */
ES_MUST_USE enum es_err diagnostic_file(struct reader *r, const char *structure, struct buf *json);

/* Requests of volunteers that nobody has answered: those for this hub, at the CRESS all.
 * `answered`: JSON list of uids for which this node has proposed an answer that waits.
 * {jour, total, en_retard, items[{uid, sujet, code_insee, recue_le, jours, en_retard, propose, ...}]}. */
#define REQUEST_LATE_DAYS "15"
ES_MUST_USE enum es_err requests_list(struct reader *r, struct slice answered, const char *day, struct buf *json);
struct requests_open {
	int64_t waiting, late; /* waiting: late ones included */
};
void requests_count(struct reader *r, struct slice answered, const char *day, struct requests_open *out);
/* The proposals of this node that nobody has decided, as such a list. */
ES_MUST_USE enum es_err requests_answered(struct node *n, struct buf *json);

/* For each competence a project asks for, the members of consortia who bring it: {uid, nom,
 * competences[{competence, oriente, candidats[{uid, nom, owner, groupement, role, nomme}]}]}. First who names it
 * as their own, then the lead of a consortium that claims it. */
ES_MUST_USE enum es_err referral_candidates(struct reader *r, const char *projet, const char *day, struct buf *json);
/* The competences that nobody has been referred to and somebody brings, and who comes first. */
ES_MUST_USE enum es_err referral_wanted(struct reader *r, const char *projet, const char *day,
					bool (*each)(void *ctx, struct slice competence), void *ctx);
bool referral_first(struct reader *r, const char *projet, const char *day, struct slice competence, struct buf *uid, struct buf *nom);
/* Referrals that this node wrote, or that are addressed to it or to a structure of its:
 * {total, items[{uid, competence, projet_uid, projet, de, vers, etat, le, pour_nous}]}. */
ES_MUST_USE enum es_err referral_list(struct reader *r, struct buf *json);
/* Is this referral, or this request, addressed to this node? */
bool support_is_for_us(struct reader *r, const char *uid);

/* {items[{uid, nom, prenom, annee, heures, interventions, eleves, prevues}]}, `annee` "" for all: without a
 * name where the consent was withdrawn by that day. */
ES_MUST_USE enum es_err ambassador_hours(struct reader *r, const char *annee, const char *day, struct buf *json);

#endif
