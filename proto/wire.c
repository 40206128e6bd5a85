/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire.h"
#include <string.h>
#include <zstd.h>

#define ZSTD_LEVEL 1
#define COMPRESS_FROM 512 /* bytes; below it the zstd frame costs more than it saves */

void wire_preamble(uint8_t out[WIRE_PREAMBLE_LEN])
{
	memset(out, 0, WIRE_PREAMBLE_LEN);
	memcpy(out, "ESSAIM\r\n", 8);
	out[8] = WIRE_VERSION;
	out[9] = WIRE_VERSION;
}

enum es_err wire_preamble_check(const uint8_t in[WIRE_PREAMBLE_LEN])
{
	if (memcmp(in, "ESSAIM\r\n", 8) != 0)
		return ES_HANDSHAKE;
	return in[8] <= WIRE_VERSION && in[9] >= WIRE_VERSION ? ES_OK : ES_VERSION;
}

void wire_init(struct wire *w, const struct noise_cipher *in, const struct noise_cipher *out)
{
	memset(w, 0, sizeof *w);
	w->in.cipher = *in;
	w->out.cipher = *out;
	buf_init(&w->frame, WIRE_FRAME_MAX + 2);
	buf_init(&w->message, WIRE_MESSAGE_MAX);
}

void wire_done(struct wire *w)
{
	buf_done(&w->frame);
	buf_done(&w->message);
	crypto_wipe(&w->in, sizeof w->in);
	crypto_wipe(&w->out, sizeof w->out);
}

/* Both ends count the same frames, so they rekey at the same one. */
static void count(struct wire_half *half, size_t len)
{
	half->frames++;
	half->bytes += len;
	if (half->frames < WIRE_REKEY_FRAMES && half->bytes < WIRE_REKEY_BYTES)
		return;
	noise_rekey(&half->cipher);
	half->frames = 0;
	half->bytes = 0;
}

static enum es_err send_frame(struct wire *w, uint8_t type, uint8_t flags, struct slice body, struct buf *out)
{
	static _Thread_local uint8_t plain[WIRE_BODY_MAX + 2];

	plain[0] = type;
	plain[1] = flags;
	memcpy(plain + 2, body.p, body.len);
	buf_add_be(out, body.len + 2 + 16, 2);
	enum es_err err = noise_seal(&w->out.cipher, SLICE_NONE, SLICE(plain, body.len + 2), out);
	count(&w->out, body.len + 2 + 16);
	return err;
}

/* The compressed body, or the body itself where that is no smaller. */
static struct slice squeeze(struct slice body, struct buf *room, uint8_t *flags)
{
	uint8_t *p = buf_reserve(room, body.len);
	size_t n = p ? ZSTD_compress(p, body.len, body.p, body.len, ZSTD_LEVEL) : 0;

	if (!p || ZSTD_isError(n) || n >= body.len)
		return body;
	*flags |= WIRE_ZSTD;
	return SLICE(p, n);
}

enum es_err wire_send(struct wire *w, enum wire_type type, struct slice body, bool compress, struct buf *out)
{
	struct buf room;
	uint8_t flags = 0;
	enum es_err err = ES_OK;

	if (body.len > WIRE_MESSAGE_MAX)
		return ES_TOO_LARGE;
	buf_init(&room, WIRE_MESSAGE_MAX);
	if (compress && body.len >= COMPRESS_FROM)
		body = squeeze(body, &room, &flags);
	do {
		size_t n = body.len < WIRE_BODY_MAX ? body.len : WIRE_BODY_MAX;
		uint8_t more = n < body.len ? WIRE_MORE : 0;

		err = send_frame(w, (uint8_t)type, flags | more, SLICE(body.p, n), out);
		body = SLICE(body.p + n, body.len - n);
	} while (err == ES_OK && body.len > 0);
	buf_done(&room);
	return err != ES_OK ? err : buf_err(out);
}

/* Moves bytes from `in` to the frame until it is whole. */
static bool fill_frame(struct wire *w, struct slice *in)
{
	while (in->len > 0) {
		size_t want = 2;

		if (w->frame.len >= 2)
			want = 2 + (size_t)be_read(w->frame.p, 2);
		if (w->frame.len >= 2 && w->frame.len == want)
			return true;
		size_t n = want - w->frame.len;
		if (n > in->len)
			n = in->len;
		buf_add(&w->frame, in->p, n);
		*in = SLICE(in->p + n, in->len - n);
	}
	return w->frame.len >= 2 && w->frame.len == 2 + (size_t)be_read(w->frame.p, 2);
}

static enum es_err expand(struct slice packed, struct buf *body)
{
	unsigned long long size = ZSTD_getFrameContentSize(packed.p, packed.len);

	if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN)
		return ES_MALFORMED;
	if (size > WIRE_MESSAGE_MAX)
		return ES_TOO_LARGE;
	if (ZSTD_findFrameCompressedSize(packed.p, packed.len) != packed.len)
		return ES_MALFORMED; /* one zstd frame, and nothing behind it */
	uint8_t *p = buf_reserve(body, size ? size : 1);
	if (!p)
		return ES_NOMEM;
	size_t n = ZSTD_decompress(p, size, packed.p, packed.len);
	if (ZSTD_isError(n) || n != size)
		return ES_MALFORMED;
	body->len += n;
	return ES_OK;
}

static enum es_err check_frame(const struct wire *w, uint8_t type, uint8_t flags, size_t len, unsigned allowed)
{
	if (type == 0 || type >= WIRE_TYPES || (flags & ~(WIRE_ZSTD | WIRE_MORE)))
		return ES_MALFORMED;
	if (!(allowed & (1u << type)))
		return ES_STATE;
	if (w->message_type && (w->message_type != type || (w->message_flags & WIRE_ZSTD) != (flags & WIRE_ZSTD)))
		return ES_MALFORMED;
	bool commits = type == WIRE_COMMITS || type == WIRE_RETURN;
	if ((flags & WIRE_ZSTD) && !commits && type != WIRE_FORK && type != WIRE_DIGEST)
		return ES_MALFORMED; /* HELLO, JOIN and FRONTIER are never compressed */
	size_t most = commits || type == WIRE_FRONTIER ? WIRE_MESSAGE_MAX : WIRE_SMALL_MAX;
	return w->message.len + len > most ? ES_TOO_LARGE : ES_OK;
}

/* The message's last frame is in: hand it over and forget it. */
static enum es_err finish(struct wire *w, enum wire_type *type, struct buf *body)
{
	enum es_err err = ES_OK;

	*type = (enum wire_type)w->message_type;
	if (w->message_flags & WIRE_ZSTD)
		err = expand(buf_slice(&w->message), body);
	else
		buf_add(body, w->message.p, w->message.len);
	w->message_type = 0;
	buf_drop(&w->message);
	return err != ES_OK ? err : buf_err(body);
}

static enum es_err take_frame(struct wire *w, unsigned allowed, bool *whole)
{
	static _Thread_local uint8_t memory[WIRE_FRAME_MAX];
	struct buf plain;
	enum es_err err;

	buf_init_fixed(&plain, memory, sizeof memory);
	size_t len = w->frame.len;
	err = noise_open(&w->in.cipher, SLICE_NONE, SLICE(w->frame.p + 2, len - 2), &plain);
	buf_drop(&w->frame);
	if (err != ES_OK || plain.len < 2)
		return ES_MALFORMED;
	count(&w->in, len - 2);
	err = check_frame(w, plain.p[0], plain.p[1], plain.len - 2, allowed);
	if (err != ES_OK)
		return err;
	w->message_type = plain.p[0];
	w->message_flags = plain.p[1];
	buf_add(&w->message, plain.p + 2, plain.len - 2);
	*whole = !(plain.p[1] & WIRE_MORE);
	return buf_err(&w->message);
}

enum es_err wire_receive(struct wire *w, struct slice *in, unsigned allowed, enum wire_type *type, struct buf *body)
{
	enum es_err err = ES_OK;
	bool whole = false;

	*type = (enum wire_type)0;
	buf_clear(body);
	while (err == ES_OK && !whole && fill_frame(w, in))
		err = take_frame(w, allowed, &whole);
	if (err == ES_OK && whole)
		err = finish(w, type, body);
	return err;
}

bool wire_partial(const struct wire *w)
{
	return w->frame.len > 0 || w->message_type != 0;
}
