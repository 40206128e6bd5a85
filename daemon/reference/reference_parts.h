/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables in memory, between reading them and asking them. */
#ifndef DAEMON_REFERENCE_PARTS_H
#define DAEMON_REFERENCE_PARTS_H

#include "daemon/reference/reference.h"

#define NAME_BUCKETS 65536U /* power of two */

struct old_code { char code[6]; uint32_t commune; };
struct pays_commune { uint32_t pays, commune; };

struct reference {
	struct commune *communes; /* by code */
	size_t commune_count;
	uint32_t *name_head, *name_next; /* by normalised name: index + 1 */
	struct old_code *old; /* by code */
	size_t old_count;
	char (*naf)[7]; /* sub-classes, by code */
	size_t naf_count;
	struct named { const char *code, *name; } *epci; /* by code */
	size_t epci_count;
	struct named *regions, *departements; /* by code */
	size_t region_count, departement_count;
	struct legal_category *categories; /* by code */
	size_t category_count;
	struct pays *pays; /* in the file's order */
	size_t pays_count;
	struct pays_commune *members; /* by pays, then code */
	size_t member_count;
	uint32_t *pays_of; /* by commune: its Pays + 1, 0 for none */
	char **texts; /* one block per file: what the strings above point into */
	size_t text_count, bytes;
};

/* Every table's struct begins with its code. */
int reference_compare_code(const void *a, const void *b);
int reference_compare_old(const void *a, const void *b);
int reference_compare_naf(const void *a, const void *b);
/* Into out: the folded words, Saint spelled out. */
void reference_normal_name(struct slice name, struct buf *out);
uint32_t reference_name_bucket(struct slice name);

#endif
