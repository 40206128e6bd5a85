/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/api/roles.h"

#include <string.h>
#include "common/say.h"
#include "proto/value.h"

const struct role_row role_rows[ROLE_ID_COUNT] = {
#define ROLE(id_, node_, within_, fr_, en_) \
	{.id = ROLE_ID_##id_, .name = #id_, .node = node_, .within = within_, .fr = fr_, .en = en_},
#define ACTION(...)
#include "daemon/api/roles.def"
#undef ROLE
#undef ACTION
};

const struct action_row action_rows[ACTION_COUNT] = {
#define ROLE(...)
#define ACTION(id_, a, c, m, f, fr_, en_)                                                              \
	[ACTION_##id_] = {.name = #id_, .cells = {CELL_##a, CELL_##c, CELL_##m, CELL_##f}, .fr = fr_, .en = en_},
#include "daemon/api/roles.def"
#undef ROLE
#undef ACTION
};

const struct role_row *role_named(const char *name)
{
	for (size_t i = 0; i < ROLE_ID_COUNT; i++)
		if (strcmp(role_rows[i].name, name) == 0)
			return &role_rows[i];
	return NULL;
}

void role_names(struct buf *out)
{
	for (size_t i = 0; i < ROLE_ID_COUNT; i++)
		buf_printf(out, "%s%s", i ? ", " : "", role_rows[i].name);
}

const struct role_row *role_of_node(bool cress)
{
	return &role_rows[cress ? ROLE_ID_cress : ROLE_ID_agent_pole];
}

const char *cell_name(enum cell c)
{
	static const char *const names[] = {"no", "yes", "own", "outside", "logged", "cosign", "shown"};

	return names[c];
}

bool role_may(const struct role_row *role, enum action_id action, bool cosigns)
{
	enum cell c = action_rows[action].cells[role->id];

	return c != CELL_NO && (c != CELL_COSIGN || cosigns);
}

static bool is_here(const struct role_row *role, bool cress)
{
	return role->node & (cress ? NODE_CRESS : NODE_HUB);
}

static void add_others(bool cress, enum action_id action, bool cosigns, struct buf *why)
{
	const char *comma = "";

	for (size_t i = 0; i < ROLE_ID_COUNT; i++) {
		if (!is_here(&role_rows[i], cress) || !role_may(&role_rows[i], action, cosigns))
			continue;
		buf_printf(why, "%s%s", comma, role_rows[i].name);
		comma = ", ";
	}
	if (!*comma)
		buf_str(why, _("no role here: it is done at the CRESS"));
}

static const char *action_text(enum action_id action)
{
	return say_language() == SAY_FRENCH ? action_rows[action].fr : action_rows[action].en;
}

enum es_err role_check(const struct role_row *role, bool cress, enum action_id action, bool cosigns, struct buf *why)
{
	if (!is_here(role, cress)) {
		buf_printf(why, cress ? _("%s is no role of a CRESS's node; the roles here: ") : _("%s is no role of a hub's node; the roles here: "),
			   role->name);
		for (size_t i = 0, n = 0; i < ROLE_ID_COUNT; i++)
			if (is_here(&role_rows[i], cress))
				buf_printf(why, "%s%s", n++ ? ", " : "", role_rows[i].name);
		return ES_NOT_ALLOWED;
	}
	if (role_may(role, action, cosigns))
		return ES_OK;
	buf_printf(why, _("%s may not do this (%s); who may: "), role->name,
		   action_rows[action].name ? action_text(action) : _("the owner of the node's socket alone"));
	add_others(cress, action, cosigns, why);
	return ES_NOT_ALLOWED;
}

bool role_is_logged(const struct role_row *role)
{
	return action_rows[ACTION_READ_LOCAL].cells[role->id] == CELL_LOGGED;
}

static void texts_json(const char *fr, const char *en, struct buf *out)
{
	buf_str(out, ",\"fr\":");
	json_quote(slice_str(fr), out);
	buf_str(out, ",\"en\":");
	json_quote(slice_str(en), out);
}

void roles_json(bool cress, struct buf *out)
{
	buf_printf(out, "{\"default\":\"%s\",\"roles\":[", role_of_node(cress)->name);
	for (size_t i = 0; i < ROLE_ID_COUNT; i++) {
		buf_printf(out, "%s{\"role\":\"%s\",\"here\":%s", i ? "," : "", role_rows[i].name, is_here(&role_rows[i], cress) ? "true" : "false");
		texts_json(role_rows[i].fr, role_rows[i].en, out);
		buf_str(out, "}");
	}
	buf_str(out, "],\"actions\":[");
	for (size_t a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
		buf_printf(out, "%s{\"action\":\"%s\"", a > 1 ? "," : "", action_rows[a].name);
		texts_json(action_rows[a].fr, action_rows[a].en, out);
		for (size_t i = 0; i < ROLE_ID_COUNT; i++)
			buf_printf(out, ",\"%s\":\"%s\"", role_rows[i].name, cell_name(action_rows[a].cells[i]));
		buf_str(out, "}");
	}
	buf_str(out, "]}");
}
