/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables that the page draws its forms from: the kinds with what is said of their
 * values, and the roles. */
#include "daemon/api/api_parts.h"
#include "daemon/rules/sentences.h"

static void field_bounds(const struct schema_field *f, struct buf *out)
{
	buf_printf(out, ",\"cap\":\"%s\",\"max\":%lld,\"required\":%s,\"personal\":%s", scope_name(f->cap), (long long)f->max,
		   f->flags & FIELD_REQUIRED ? "true" : "false", f->flags & FIELD_PERSONAL ? "true" : "false");
	if (f->refers)
		buf_printf(out, ",\"refers\":\"%s\"", f->refers);
	if (f->codes) {
		buf_str(out, ",\"codes\":");
		json_quote(slice_str(f->codes), out);
	}
}

void api_kinds(struct request *r)
{
	static const char *const types[] = {"text", "code", "date", "time", "list", "int", "cents", "tenth", "coord", "bool", "ref"};

	buf_str(&r->out, "{\"kinds\":[");
	for (size_t i = 0; i < schema_kind_count; i++) {
		const struct schema_kind *k = &schema_kinds[i];

		buf_printf(&r->out, "%s{\"name\":\"%s\",\"plural\":\"%s\",\"label\":", i ? "," : "", k->name, k->plural);
		json_quote(slice_str(k->label), &r->out);
		buf_printf(&r->out, ",\"cap\":\"%s\",\"portee\":\"%s\"", scope_name(k->cap), scope_name(k->portee_default));
		buf_str(&r->out, ",\"fields\":[");
		for (size_t f = 0; f < k->field_count; f++) {
			buf_printf(&r->out, "%s{\"name\":\"%s\",\"type\":\"%s\",\"label\":", f ? "," : "", k->fields[f].name,
				   types[k->fields[f].type]);
			json_quote(slice_str(k->fields[f].label ? k->fields[f].label : ""), &r->out);
			field_bounds(&k->fields[f], &r->out);
			buf_str(&r->out, "}");
		}
		buf_str(&r->out, "]}");
	}
	buf_str(&r->out, "],\"findings\":");
	sentences_json(&r->out);
	buf_str(&r->out, "}");
	request_answer(r, ES_OK);
}

void kinds_known(struct buf *out)
{
	buf_str(out, _("; known: "));
	for (size_t i = 0; i < schema_kind_count; i++)
		buf_printf(out, "%s%s", i ? ", " : "", schema_kinds[i].name);
}

void api_roles(struct request *r)
{
	roles_json(r->api->swarm->role == ROLE_CRESS, &r->out);
	request_answer(r, ES_OK);
}
