/* SPDX-License-Identifier: Apache-2.0
 *
 * An invitation typed or pasted by a person. One that decodes encodes to a
 * string that decodes alike. The input is tried as text, and as the bytes
 * inside, with the checksum that makes them one. */
#include <assert.h>
#include <string.h>

#include "proto/invite.h"
#include "proto/join.h"
#include "tests/fuzz/fuzz.h"

static void try_text(struct slice text)
{
	char again[INVITE_TEXT_MAX];
	struct invite a, b;

	if (invite_decode(text, &a) != ES_OK)
		return;
	assert(memchr(a.host, '\0', sizeof(a.host)) != NULL);
	invite_encode(&a, again);
	assert(invite_decode(slice_str(again), &b) == ES_OK);
	assert(hash_eq(&a.fed_id, &b.fed_id) && id_eq(&a.secret, &b.secret));
	assert(a.expires == b.expires && a.port == b.port && strcmp(a.host, b.host) == 0);
}

/* The bodies that are exchanged about it, too. */
static void try_join(struct slice body)
{
	static struct join_ask ask;
	static struct join_answer answer;
	struct buf out;

	buf_init(&out, 1u << 16);
	if (join_ask_decode(body, &ask) == ES_OK) {
		join_ask_encode(&ask, &out);
		assert(slice_eq(buf_slice(&out), body));
	}
	buf_clear(&out);
	if (join_answer_decode(body, &answer) == ES_OK) {
		join_answer_encode(&answer, &out);
		assert(slice_eq(buf_slice(&out), body));
	}
	buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t raw[400];
	char text[8 + BASE32_LEN(sizeof(raw)) + 1] = "ESSAIM1-";
	struct hash h;

	try_text(SLICE(data, size));
	try_join(SLICE(data, size));
	if (size > sizeof(raw) - 4)
		return 0;
	memcpy(raw, data, size);
	h = crypto_hash(HASH_INVITE, SLICE(raw, size));
	memcpy(raw + size, h.bytes, 4);
	base32_encode(raw, size + 4, text + 8);
	try_text(slice_str(text));
	return 0;
}
