/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames of a peer that holds the right key and sends what it likes. The input
 * is a list of `type, flags, length u16, body`, sealed here as frames, and cut
 * into pieces on the way; or, where its first byte is odd, the raw stream. */
#include <assert.h>
#include <string.h>

#include "proto/wire.h"
#include "tests/fuzz/fuzz.h"

static const struct noise_cipher cipher = {.key = {7}, .has_key = true};

static void feed(struct wire *w, struct slice stream, size_t piece)
{
	struct buf body;
	enum wire_type type;

	buf_init(&body, WIRE_MESSAGE_MAX);
	while (stream.len > 0) {
		struct slice part = SLICE(stream.p, piece < stream.len ? piece : stream.len);

		stream = SLICE(stream.p + part.len, stream.len - part.len);
		while (part.len > 0) {
			if (wire_receive(w, &part, ~0u, &type, &body) != ES_OK)
				goto done;
			assert(body.len <= WIRE_MESSAGE_MAX && w->message.len <= WIRE_MESSAGE_MAX);
			assert(type != 0 || part.len == 0);
		}
	}
done:
	buf_done(&body);
}

/* What we send arrives as it was, compressed or not. */
static void round_trip(struct slice body)
{
	struct wire a, b;
	struct buf stream, got;
	enum wire_type type;

	wire_init(&a, &cipher, &cipher);
	wire_init(&b, &cipher, &cipher);
	buf_init(&stream, 2 * WIRE_MESSAGE_MAX);
	buf_init(&got, WIRE_MESSAGE_MAX);
	for (int compress = 0; compress < 2; compress++) {
		assert(wire_send(&a, WIRE_COMMITS, body, compress, &stream) == ES_OK);
		struct slice in = buf_slice(&stream);

		assert(wire_receive(&b, &in, ~0u, &type, &got) == ES_OK);
		assert(type == WIRE_COMMITS && in.len == 0 && slice_eq(body, buf_slice(&got)));
		assert(!wire_partial(&b));
		buf_clear(&stream);
	}
	buf_done(&stream);
	buf_done(&got);
	wire_done(&a);
	wire_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct noise_cipher seal = cipher;
	struct buf stream, plain;
	struct wire w;
	size_t piece;

	if (size < 2)
		return 0;
	piece = data[1] ? (size_t)data[1] * data[1] : SIZE_MAX;
	buf_init(&stream, 1u << 22);
	buf_init(&plain, WIRE_FRAME_MAX);
	if (data[0] & 1) {
		buf_add(&stream, data + 2, size - 2);
	} else {
		for (size_t at = 2; at + 4 <= size;) {
			size_t len = (size_t)be_read(data + at + 2, 2);

			if (len > size - at - 4)
				len = size - at - 4;
			if (len > WIRE_BODY_MAX)
				len = WIRE_BODY_MAX;
			buf_clear(&plain);
			buf_add(&plain, data + at, 2);
			buf_add(&plain, data + at + 4, len);
			buf_add_be(&stream, plain.len + 16, 2);
			assert(noise_seal(&seal, SLICE_NONE, buf_slice(&plain), &stream) == ES_OK);
			at += 4 + len;
		}
	}
	wire_init(&w, &cipher, &cipher);
	feed(&w, buf_slice(&stream), piece);
	wire_done(&w);
	buf_done(&stream);
	buf_done(&plain);
	if (size <= WIRE_MESSAGE_MAX)
		round_trip(SLICE(data, size));
	return 0;
}
