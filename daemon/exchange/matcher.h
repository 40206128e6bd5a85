/* SPDX-License-Identifier: Apache-2.0
 *
 * Whom an imported line means (see exchange.h): the structures of one pole, as the
 * directory held them when the matcher was opened, by numbers, names and communes.
 *
 * Memory: some 150 bytes a structure. One thread. The reader is borrowed until
 * matcher_open returns. */
#ifndef DAEMON_MATCHER_H
#define DAEMON_MATCHER_H

#include "daemon/directory/directory.h"
#include "daemon/exchange/exchange.h"

struct matcher;
/* A line's texts as they would be stored; empty where it has none. */
struct structure_line {
	struct slice siret, siren, rna, nom, code_insee;
};
ES_MUST_USE enum es_err matcher_open(struct reader *r, const char *pole, struct matcher **out);
void matcher_close(struct matcher *m); /* accepts NULL */
/* By SIRET, earlier SIRET, RNA: the oldest where several match. */
void matcher_find(const struct matcher *m, const struct structure_line *line, struct exchange_match *out);
/* By commune with name or SIREN. */
void matcher_resemble(const struct matcher *m, const struct structure_line *line, struct exchange_match *out);

/* The pole's contact of a structure with this e-mail, else this name, else, where
 * the line has neither, this telephone. */
struct contact_line {
	struct slice courriel, prenom, nom, telephone;
};
bool reader_contact(struct reader *r, const char *pole, const struct id16 *structure, const struct contact_line *line,
		    struct id16 *uid);

#endif
