/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may do what: the table of roles.def.
 *
 * The owner of the socket has every right of the node. A request that names a role
 * (`essaim --as ROLE`, the header X-Essaim-Role) gives away those that this role has
 * not: a role never adds one, since the rules of records, of the control log and of
 * the node's kind hold for all alike. */
#ifndef DAEMON_ROLES_H
#define DAEMON_ROLES_H

#include "common/bytes.h"
#include "proto/schema.h"

enum action_id {
	ACTION_NONE, /* a route that says nothing is the owner's alone */
#define ROLE(...)
#define ACTION(id, ...) ACTION_##id,
#include "daemon/api/roles.def"
#undef ROLE
#undef ACTION
	ACTION_COUNT
};
enum role_id {
#define ROLE(id, ...) ROLE_ID_##id,
#define ACTION(...)
#include "daemon/api/roles.def"
#undef ROLE
#undef ACTION
	ROLE_ID_COUNT
};
enum cell { CELL_NO, CELL_YES, CELL_OWN, CELL_OUTSIDE, CELL_LOGGED, CELL_COSIGN, CELL_SHOWN };
enum node_kind { NODE_HUB = 1, NODE_CRESS = 2, NODE_ANY = 3 };

struct role_row {
	enum role_id id;
	const char *name; /* "agent_pole" */
	enum node_kind node;
	enum scope within;
	const char *fr, *en;
};
struct action_row {
	const char *name; /* "READ_LOCAL"; NULL: ACTION_NONE */
	enum cell cells[ROLE_ID_COUNT];
	const char *fr, *en;
};
extern const struct role_row role_rows[ROLE_ID_COUNT];
extern const struct action_row action_rows[ACTION_COUNT];

/* NULL: none of that name. */
const struct role_row *role_named(const char *name);
/* "agent_pole, cress, ..." */
void role_names(struct buf *out);
/* The role of a node's staff where nobody said otherwise. */
const struct role_row *role_of_node(bool cress);
const char *cell_name(enum cell c); /* "own" */
/* Does its column let the role do this at all? `cosigns`: the route says yes or no to
 * what another has begun. */
bool role_may(const struct role_row *role, enum action_id action, bool cosigns);
/* ES_NOT_ALLOWED, and in `why` one sentence that says who may. */
ES_MUST_USE enum es_err role_check(const struct role_row *role, bool cress, enum action_id action, bool cosigns, struct buf *why);
/* Are its reads noted in the log? */
bool role_is_logged(const struct role_row *role);
/* JSON {default, roles[{role, here, fr, en}], actions[{action, fr, en, AGENT_POLE: cell...}]}. */
void roles_json(bool cress, struct buf *out);

#endif
