/* SPDX-License-Identifier: Apache-2.0
 *
 * Readers of the directory, lent to the requests that read in the pool. A request
 * takes one on the loop's thread, opens or limits it in the pool, and gives it back on
 * the loop's thread, before its answer. */
#include "daemon/api/api_parts.h"

void request_take_reader(struct request *r)
{
	struct api *a = r->api;

	r->reader = a->reader_count > 0 ? a->readers[--a->reader_count] : NULL;
}

enum es_err request_open_reader(struct request *r, enum scope within)
{
	char path[NODE_PATH_MAX + 16];
	enum es_err err = ES_OK;

	snprintf(path, sizeof path, "%.4000s/directory.db", r->api->dir);
	if (!r->reader)
		err = reader_open(path, r->api->ref, &r->reader);
	if (err != ES_OK)
		return err;
	reader_prefer(r->reader, &r->api->swarm->self);
	reader_limit(r->reader, within); /* whoever had it before may have had another */
	return ES_OK;
}

void request_return_reader(struct request *r)
{
	struct api *a = r->api;

	if (r->reader && r->err != ES_PAGE_DAMAGED && r->err != ES_IO && a->reader_count < API_READERS_MAX)
		a->readers[a->reader_count++] = r->reader;
	else if (r->reader)
		reader_close(r->reader);
	r->reader = NULL;
}
