/* SPDX-License-Identifier: Apache-2.0
 *
 * The session's first part: preambles, then the three messages of Noise XK, until
 * both ends hold the transport ciphers. */
#include <string.h>
#include "proto/session_parts.h"

static void send_handshake(struct step *t)
{
	uint8_t e[32];
	struct buf message;

	rng_fill(t->env->rng, e, sizeof e);
	buf_init(&message, NOISE_MESSAGE_MAX);
	if (noise_write(&t->s->noise, e, SLICE_NONE, &message) != ES_OK)
		session_close(t, ES_HANDSHAKE);
	buf_add_be(t->fx->send, message.len, 2);
	buf_add(t->fx->send, message.p, message.len);
	buf_done(&message);
	crypto_wipe(e, sizeof e);
}

static void start_noise(struct step *t, const struct dh_secret *own)
{
	uint8_t preamble[WIRE_PREAMBLE_LEN];

	wire_preamble(preamble);
	struct noise_config c = {
		.pattern = &noise_xk, .initiator = t->s->initiator, .prologue = SLICE(preamble, sizeof preamble),
		.s = own, .rs = t->s->initiator ? &t->s->peer_key : NULL,
	};
	noise_init(&t->s->noise, &c);
}

void session_start(struct step *t)
{
	uint8_t preamble[WIRE_PREAMBLE_LEN];

	t->s->started = t->s->heard = t->s->spoke = t->env->now;
	start_noise(t, t->env->dh);
	if (!t->s->initiator)
		return;
	wire_preamble(preamble);
	buf_add(t->fx->send, preamble, sizeof preamble);
	send_handshake(t);
}

/* Keys are agreed: the initiator greets, the responder waits to be told who. */
static void begin_frames(struct step *t)
{
	struct session *s = t->s;
	struct noise_cipher in, out;

	if (!s->initiator)
		s->peer_key = s->noise.rs;
	memcpy(s->handshake, noise_hash(&s->noise), 64);
	noise_split(&s->noise, &out, &in);
	wire_init(&s->wire, &in, &out);
	s->wired = true;
	s->state = SESSION_GREETING;
	if (s->initiator && !s->join_only)
		session_hello(t);
}

/* Takes bytes until `want` of them are in raw. */
static bool gather(struct session *s, struct slice *in, size_t want)
{
	size_t n = want > s->raw.len ? want - s->raw.len : 0;

	if (n > in->len)
		n = in->len;
	buf_add(&s->raw, in->p, n);
	*in = SLICE(in->p + n, in->len - n);
	return s->raw.len >= want;
}

static void take_preamble(struct step *t)
{
	enum es_err err = wire_preamble_check(t->s->raw.p);

	buf_clear(&t->s->raw);
	t->s->preamble_seen = true;
	if (err != ES_OK) {
		session_close(t, err);
		return;
	}
	if (!t->s->initiator) {
		uint8_t mine[WIRE_PREAMBLE_LEN];

		wire_preamble(mine);
		buf_add(t->fx->send, mine, sizeof mine);
	}
}

static void take_handshake(struct step *t)
{
	struct session *s = t->s;
	uint8_t memory[256];
	struct buf payload;

	buf_init_fixed(&payload, memory, sizeof memory);
	bool first = !s->initiator && s->noise.message == 0;
	enum es_err err = noise_read(&s->noise, SLICE(s->raw.p + 2, s->raw.len - 2), &payload);
	if (err != ES_OK && first && t->env->dh_former) { /* it calls by the key we had before */
		noise_wipe(&s->noise);
		start_noise(t, t->env->dh_former);
		buf_clear(&payload);
		err = noise_read(&s->noise, SLICE(s->raw.p + 2, s->raw.len - 2), &payload);
	}
	buf_clear(&s->raw);
	if (err != ES_OK || payload.len != 0) {
		session_close(t, ES_HANDSHAKE);
		return;
	}
	if (!noise_finished(&s->noise))
		send_handshake(t);
	if (noise_finished(&s->noise) && s->state == SESSION_HANDSHAKE)
		begin_frames(t);
}

void session_shake(struct step *t, struct slice *in)
{
	struct session *s = t->s;

	while (in->len > 0 && s->state == SESSION_HANDSHAKE) {
		if (!s->preamble_seen) {
			if (gather(s, in, WIRE_PREAMBLE_LEN))
				take_preamble(t);
			continue;
		}
		if (!gather(s, in, 2))
			continue;
		size_t len = (size_t)be_read(s->raw.p, 2);
		if (len < 48 || len > 256) {
			session_close(t, ES_HANDSHAKE); /* no message of XK is that long */
			return;
		}
		if (gather(s, in, 2 + len))
			take_handshake(t);
	}
}
