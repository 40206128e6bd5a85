/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/exchange/exchange_parts.h"
#include "proto/canon.h"
#include "proto/change.h"
#include "proto/fold.h"

#define STATE_MAX (16 * CHANGE_MAX)

static bool says_all(struct slice state, const struct edit *e)
{
	for (size_t i = 0; i < e->kind->field_count; i++) {
		bool asked = e->columns >> i & 1 && e->values[i].len > 0;

		if (asked && !slice_eq(fold_shown(state, e->kind->fields[i].no).value, e->values[i]))
			return false;
	}
	return true;
}

bool exchange_stands(const struct exchange_host *host, const struct edit *e)
{
	struct buf state;
	bool stands = false;

	if (!e->has_uid || host->state == NULL)
		return false;
	buf_init(&state, STATE_MAX);
	if (host->state(host->ctx, e, &state) == ES_OK && state.len > 0)
		stands = !fold_deleted(buf_slice(&state)) && says_all(buf_slice(&state), e);
	buf_done(&state);
	return stands;
}

static void note_latest(void *ctx, unsigned no, const struct fold_value *v)
{
	es_stamp *latest = ctx;

	(void)no;
	*latest = v->edited > *latest ? v->edited : *latest;
}

static bool day_after(struct slice value, es_stamp written)
{
	char text[25];
	struct canon_reader r;

	stamp_text(written, text);
	canon_read_init(&r, value);
	return slice_cmp(canon_read_str(&r, 10), SLICE(text, 10)) > 0;
}

void exchange_forget_day(const struct exchange_host *host, struct edit *e)
{
	struct slice *day = &e->values[structure_date_maj];
	es_stamp latest = 0;
	struct buf state;

	if (!e->listed || !e->has_uid || day->len == 0 || host->state == NULL)
		return;
	buf_init(&state, STATE_MAX);
	if (host->state(host->ctx, e, &state) == ES_OK && state.len > 0 &&
	    fold_shown(buf_slice(&state), e->kind->fields[structure_date_maj].no).value.len == 0) {
		fold_each(buf_slice(&state), note_latest, &latest);
		if (!day_after(*day, latest))
			*day = SLICE_NONE;
	}
	buf_done(&state);
}
