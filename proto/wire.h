/* SPDX-License-Identifier: Apache-2.0
 *
 * From a byte stream to messages and back (protocol.md part 4).
 *
 *     preamble    "ESSAIM\r\n" version-min u8 version-max u8 features u16 reserved u32
 *     handshake   u16 length, Noise message                (three of them)
 *     frame       u16 length, ciphertext of [type u8, flags u8, body]
 *
 * A message is one frame, or several of one type with MORE on all but the
 * last. With ZSTD its whole body is one zstd frame of known content size. The
 * cipher is rekeyed after WIRE_REKEY_FRAMES frames or WIRE_REKEY_BYTES bytes
 * in a direction.
 *
 * A wire holds memory only for what has arrived of an unfinished frame and
 * message, never for what a length claims. */
#ifndef PROTO_WIRE_H
#define PROTO_WIRE_H

#include "proto/commit.h"
#include "proto/noise.h"

#define WIRE_PREAMBLE_LEN 16
#define WIRE_VERSION 1
#define WIRE_FRAME_MAX 65535
#define WIRE_BODY_MAX (WIRE_FRAME_MAX - 16 - 2)
#define WIRE_MESSAGE_MAX (320 * 1024) /* plain, and compressed */
#define WIRE_SMALL_MAX 65536 /* every type but COMMITS, RETURN and FRONTIER */
#define WIRE_REKEY_FRAMES 65536
#define WIRE_REKEY_BYTES (1ull << 30)

enum wire_type {
	WIRE_HELLO = 1, WIRE_FRONTIER, WIRE_CREDIT, WIRE_WANT, WIRE_COMMITS, WIRE_ACK, WIRE_NACK,
	WIRE_FORK, WIRE_JOIN, WIRE_JOINED, WIRE_PING, WIRE_PONG, WIRE_DIGEST, WIRE_BYE, WIRE_RETURN,
	WIRE_RETURNED, WIRE_TYPES
};
enum { WIRE_ZSTD = 1, WIRE_MORE = 2 };

struct wire_half {
	struct noise_cipher cipher;
	uint64_t frames, bytes;
};
struct wire {
	struct wire_half in, out;
	struct buf frame; /* what has arrived of an unfinished frame */
	struct buf message; /* what has arrived of an unfinished message */
	unsigned message_type; /* 0: none under way */
	unsigned message_flags;
};

void wire_preamble(uint8_t out[WIRE_PREAMBLE_LEN]);
ES_MUST_USE enum es_err wire_preamble_check(const uint8_t in[WIRE_PREAMBLE_LEN]);

void wire_init(struct wire *w, const struct noise_cipher *in, const struct noise_cipher *out);
void wire_done(struct wire *w);
/* Encrypts a message to `out`, in as many frames as it takes; `compress` is a
 * wish, kept where it makes the body smaller. */
ES_MUST_USE enum es_err wire_send(struct wire *w, enum wire_type type, struct slice body, bool compress,
				  struct buf *out);
/* Takes bytes off the front of `in` until one message is whole: `type` is then
 * set and `body` (cleared first, at most WIRE_MESSAGE_MAX) holds it, decompressed;
 * type 0: all bytes were taken, none is whole. `allowed` has bit 1 << type for
 * each type the receiver's state lists: any other is ES_STATE before a byte of
 * its body is kept. */
ES_MUST_USE enum es_err wire_receive(struct wire *w, struct slice *in, unsigned allowed,
				     enum wire_type *type, struct buf *body);
/* Is a frame or message begun and not finished? */
bool wire_partial(const struct wire *w);

#endif
