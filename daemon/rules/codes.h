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
/* Those that may, by name, joined by `separator`, appended. */
void codes_known(struct reader *r, const struct schema_field *f, const char *today, const char *separator, struct buf *out);
/* {"lists":[{name, extensible, fields, codes:[{code, libelle, categorie, ferme_le, ajoute}]}]}, by
 * name; `list` NULL: all. ES_NOT_FOUND. */
ES_MUST_USE enum es_err codes_json(struct reader *r, const char *list, struct buf *json);

#endif
