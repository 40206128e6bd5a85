/* SPDX-License-Identifier: Apache-2.0
 *
 * The code lists (domain.md part 3): those of schema.def, some of which the CRESS
 * extends and closes by records of kind code_liste. A list that it may extend bears the
 * name its fields refer to ("forme"); any other is its field's, "partenariat.etat". A
 * code that is closed stays readable and is not entered again. */
#ifndef DAEMON_CODES_H
#define DAEMON_CODES_H

#include "daemon/directory/directory.h"

/* May the code be entered on that day? `r` may be NULL: as the table has it. */
bool codes_allow(struct reader *r, const struct schema_field *f, const char *today, struct slice code);
/* The field whose list of that name the CRESS extends; NULL: there is none. */
const struct schema_field *codes_list(struct slice name);
/* Their names, joined by `separator`, appended. */
void codes_lists(const char *separator, struct buf *out);
/* Does the program have it, whatever the CRESS says? */
bool codes_built_in(const struct schema_field *f, struct slice code);
/* Is it in the list, open or closed? Built in and with no record of its own, or taken: by a
 * record, or by another spelling (case, accents, '_' apart). */
enum code_known { CODE_UNKNOWN, CODE_BUILT_IN, CODE_TAKEN };
enum code_known codes_find(struct reader *r, const struct schema_field *f, struct slice code);
/* Those that may, by name, joined by `separator`, appended. */
void codes_known(struct reader *r, const struct schema_field *f, const char *today, const char *separator, struct buf *out);
/* {"lists":[{name, extensible, fields, codes:[{code, libelle, categorie, ferme_le, ajoute}]}]}, by
 * name; `list` NULL: all. ES_NOT_FOUND. */
ES_MUST_USE enum es_err codes_json(struct reader *r, const char *list, struct buf *json);

#endif
