/* SPDX-License-Identifier: Apache-2.0
 *
 * Pooled purchases (domain.md C13): the commitments of all hubs together pick the
 * tier; below the first one at the deadline the purchase is abandoned.
 *
 *      ouvert --deadline passed, first tier reached--> conclu, at the tier's price
 *             \--deadline passed, below it-----------> abandonne
 *
 * The deadline, the tiers and the commitments are facts that all hubs share, so each
 * node works out the same end by itself, and a commitment made in time that arrives
 * late still counts. Its lead hub's node writes that end into the record, without
 * anybody's doing, and again where late ones change it (node_purchase.c). What a person
 * decided before the deadline (`regle_le` not after it) stands.
 *
 * Texts are as directory.db has them: dates ISO, lists joined by '|'. */
#ifndef DAEMON_PURCHASE_H
#define DAEMON_PURCHASE_H

#include "daemon/directory/directory.h"

/* "quantite:prix_cents": from that quantity on, that price for one. */
struct purchase_tier {
	int64_t quantity, cents;
};
ES_MUST_USE bool purchase_tier_read(struct slice item, struct purchase_tier *out);
/* Quantities rise from tier to tier and prices fall; false: *bad is the first item that
 * breaks this (all of the list, where it is empty). */
bool purchase_tiers_valid(struct slice list, struct slice *bad);
/* The highest tier that `total` reaches, and the next one above; false where none is. */
bool purchase_reached(struct slice list, int64_t total, struct purchase_tier *out);
bool purchase_next(struct slice list, int64_t total, struct purchase_tier *out);

/* What all hubs have committed to it in time. */
int64_t purchase_total(struct reader *r, const char *uid);
/* JSON {uid, titre, owner, famille, unite, echeance, statut, total, engagements, prix_cents,
 * palier, suivant{quantite, prix_cents, manque}, paliers[], poles[{pole, engagements, total}]}; statut is the end
 * as of `today`. ES_NOT_FOUND. */
ES_MUST_USE enum es_err purchase_show(struct reader *r, const char *uid, struct slice today, struct buf *json);

/* Purchases that this node's hub leads or takes part in, ended at a deadline of the last
 * PURCHASE_TOLD_DAYS days: how many, and their titles. */
#define PURCHASE_TOLD_DAYS 30
struct purchases_ended {
	int64_t concluded, abandoned;
	char concluded_titles[240], abandoned_titles[240];
};
ES_MUST_USE enum es_err purchases_ended(struct reader *r, struct slice today, struct purchases_ended *out);

/* Purchases that this hub leads whose deadline has passed and whose record does not say
 * how they end: calls each, by uid. `cents` -1: none. */
struct purchase_due {
	const char *statut;
	int64_t cents;
};
ES_MUST_USE enum es_err purchases_due(struct reader *r, const char *pole, struct slice today,
				      bool (*each)(void *ctx, struct slice uid, struct purchase_due due), void *ctx);

#endif
