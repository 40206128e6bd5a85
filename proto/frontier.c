/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/frontier.h"
#include <stdlib.h>
#include <string.h>

struct head *frontier_find(const struct frontier *f, const struct id16 *log)
{
	for (size_t i = 0; i < f->count; i++)
		if (id_eq(&f->heads[i].log, log))
			return &f->heads[i];
	return NULL;
}

struct head *frontier_add(struct frontier *f, const struct id16 *log, const struct id16 *hub,
			  enum scope scope, uint32_t generation)
{
	struct head *more = realloc(f->heads, (f->count + 1) * sizeof *more);

	if (!more)
		return NULL;
	f->heads = more;
	struct head *h = &more[f->count++];
	memset(h, 0, sizeof *h);
	h->log = *log;
	h->hub = *hub;
	h->scope = scope;
	h->generation = generation;
	return h;
}

void frontier_done(struct frontier *f)
{
	free(f->heads);
	f->heads = NULL;
	f->count = 0;
}
