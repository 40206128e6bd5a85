/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/exchange_parts.h"
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
