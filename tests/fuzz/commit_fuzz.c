/* SPDX-License-Identifier: Apache-2.0
 *
 * A packed commit that is taken packs to the same bytes again, its header too;
 * no verdict on a stranger's commit crashes. */
#include <assert.h>
#include <string.h>

#include "proto/admit.h"
#include "proto/commit.h"
#include "tests/fuzz/fuzz.h"

static struct packed packed;
static struct commit commit;

/* A fuzzer finds no hash: give the header the digests of the changes that came. */
static bool digest_all(void)
{
	commit.count = packed.count;
	for (uint32_t i = 0; i < packed.count; i++) {
		const struct payload *y = &packed.payload[i];

		if (!y->present)
			return false;
		commit.digests[i].digest = crypto_hash_salted(HASH_CHANGE, &y->salt, y->change);
		commit.digests[i].length = (uint32_t)y->change.len;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sign_public key;
	struct head head = {.scope = SCOPE_LOCAL};
	struct rights rights;
	struct admit_input in = {.rights = &rights, .head = &head, .local_key = &key, .now = 1800000000000};
	struct buf out;

	if (size > COMMIT_PACKED_MAX || commit_unpack(SLICE(data, size), &packed) != ES_OK)
		return 0;
	buf_init(&out, COMMIT_PACKED_MAX);
	commit_pack(packed.header, &packed.sig, packed.payload, packed.count, &out);
	assert(slice_eq(buf_slice(&out), SLICE(data, size)));
	if (commit_decode(packed.header, &commit) == ES_OK) {
		buf_clear(&out);
		commit_encode(&commit, &out);
		assert(slice_eq(buf_slice(&out), packed.header));
		(void)!commit_check_payload(&commit, &packed);
		(void)!commit_verify(packed.header, &packed.sig, &key);

		rights_init(&rights, &commit.fed_id);
		head.log = commit.log_id;
		head.seq = commit.seq - 1;
		head.id = commit.prev_id;
		(void)!admit_commit(&in, &commit, &packed);
		/* As a control commit whose digests are right: what its entries say. */
		if (digest_all() && commit_check_payload(&commit, &packed) == ES_OK)
			(void)!rights_apply(&rights, &commit, &packed);
		rights_done(&rights);
	}
	buf_done(&out);
	return 0;
}
