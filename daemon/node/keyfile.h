/* SPDX-License-Identifier: Apache-2.0
 *
 * DIR/node.key: what a node must not lose and nobody else may read (0600; refused
 * when others can). Lines of text, so that it can be kept on paper:
 *
 *   <128 hex digits>           two seeds: signing, transport
 *   suivante <128 hex digits>  new keys, asked for and not yet entered
 *   ancienne <64 hex digits>   the former transport seed (a CRESS: members away for
 *                              weeks still call by it)
 *   epoque N                   of the seeds in use
 *   federation, pole, role, nom, pays, region, home, adresse, ecoute   with this file alone
 *                              `essaim restore` makes the node again */
#ifndef DAEMON_KEYFILE_H
#define DAEMON_KEYFILE_H

#include "daemon/node/node.h"

struct keyfile {
	uint8_t seeds[64], next[64], former[32];
	bool has_next, has_former;
	uint32_t epoch;
	bool has_facts;
	struct hash fed_id;
	struct id16 hub;
	enum role role;
	char name[RIGHTS_NAME_MAX + 1], pays[RIGHTS_PAYS_MAX + 1], region[8];
	struct dh_public home;
	char address[RIGHTS_ADDRESS_MAX + 1]; /* home's */
	char listen[RIGHTS_ADDRESS_MAX + 1]; /* its own */
};
/* ES_NO_NODE, ES_KEY_OPEN, ES_CONFIG, ES_IO. `path` is the file. */
ES_MUST_USE enum es_err keyfile_read(const char *path, struct keyfile *out);
/* Whole or not at all. */
ES_MUST_USE enum es_err keyfile_write(const char *path, const struct keyfile *k);
void keyfile_path(const char *dir, char out[NODE_PATH_MAX + 16]);
void keyfile_wipe(struct keyfile *k);
/* What the node is, into its key file. */
ES_MUST_USE enum es_err keyfile_note(const struct node *n, const char *listen);
void keys_from_seeds(const uint8_t seeds[64], struct node_keys *out);

#endif
