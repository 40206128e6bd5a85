/* SPDX-License-Identifier: Apache-2.0
 *
 * Noise: both sides of each vector's handshake, then its transport messages.
 * The product knows XK alone; the other patterns live here. */
#include "proto/noise.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "tests/vectors/vectors.h"

#define SUITE "25519_ChaChaPoly_BLAKE2b"

#define PRE_I .pre_i = true
#define PRE_R .pre_r = true
static const struct noise_pattern patterns[] = {
	{.name = "NN", .messages = 2, .tokens = {{NOISE_E}, {NOISE_E, NOISE_EE}}},
	{.name = "NK", PRE_R, .messages = 2,
	 .tokens = {{NOISE_E, NOISE_ES}, {NOISE_E, NOISE_EE}}},
	{.name = "NX", .messages = 2,
	 .tokens = {{NOISE_E}, {NOISE_E, NOISE_EE, NOISE_S, NOISE_ES}}},
	{.name = "XN", .messages = 3,
	 .tokens = {{NOISE_E}, {NOISE_E, NOISE_EE}, {NOISE_S, NOISE_SE}}},
	{.name = "XK", PRE_R, .messages = 3,
	 .tokens = {{NOISE_E, NOISE_ES}, {NOISE_E, NOISE_EE}, {NOISE_S, NOISE_SE}}},
	{.name = "XX", .messages = 3,
	 .tokens = {{NOISE_E}, {NOISE_E, NOISE_EE, NOISE_S, NOISE_ES}, {NOISE_S, NOISE_SE}}},
	{.name = "KK", PRE_I, PRE_R, .messages = 2,
	 .tokens = {{NOISE_E, NOISE_ES, NOISE_SS}, {NOISE_E, NOISE_EE, NOISE_SE}}},
	{.name = "IK", PRE_R, .messages = 2,
	 .tokens = {{NOISE_E, NOISE_ES, NOISE_S, NOISE_SS}, {NOISE_E, NOISE_EE, NOISE_SE}}},
	{.name = "IX", .messages = 2,
	 .tokens = {{NOISE_E, NOISE_S}, {NOISE_E, NOISE_EE, NOISE_SE, NOISE_S, NOISE_ES}}},
};

/* psk0 comes before the first message's tokens, pskN after those of the N-th. */
static bool pattern_add_psk(struct noise_pattern *p, unsigned where)
{
	enum noise_token *tokens = p->tokens[where > 0 ? where - 1 : 0];
	size_t len = 0;

	if (where > p->messages)
		return false;
	while (tokens[len] != NOISE_END)
		len++;
	if (len + 2 > NOISE_TOKENS_MAX)
		return false;
	if (where == 0)
		memmove(tokens + 1, tokens, len * sizeof(*tokens));
	tokens[where == 0 ? 0 : len] = NOISE_PSK;
	tokens[len + 1] = NOISE_END;
	p->psk = true;
	return true;
}

/* "psk0+psk3" */
static bool pattern_modify(struct noise_pattern *p, const char *text, size_t len)
{
	while (len >= 4 && strncmp(text, "psk", 3) == 0 && text[3] >= '0' && text[3] <= '9') {
		if (!pattern_add_psk(p, (unsigned)(text[3] - '0')))
			return false;
		if (len == 4)
			return true;
		if (text[4] != '+')
			return false;
		text += 5;
		len -= 5;
	}
	return len == 0;
}

/* From "Noise_XKpsk3_25519_...", which the pattern then keeps as its name. */
static bool pattern_parse(struct noise_pattern *p, const char *name)
{
	const char *start = name + strlen("Noise_");
	size_t len = strcspn(start, "_");

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		if (len < 2 || strncmp(patterns[i].name, start, 2) != 0)
			continue;
		*p = patterns[i];
		p->name = name;
		return pattern_modify(p, start + 2, len - 2);
	}
	return false;
}

struct side {
	struct noise noise;
	struct noise_cipher send, receive;
	uint8_t ephemeral[32];
};

/* A key of the vector; true where it has one and it is 32 bytes. */
static bool side_key(const json_t *v, const char *role, const char *what, uint8_t key[32],
		     struct tally *t)
{
	char name[32];
	struct buf b;
	bool have;

	snprintf(name, sizeof(name), "%s_%s", role, what);
	if (vector_text(v, name) == NULL)
		return false;
	b = vector_hex(v, name, t);
	have = b.len == 32;
	if (have)
		memcpy(key, b.p, 32);
	else
		t->unparsable = true;
	buf_done(&b);
	return have;
}

static unsigned side_psks(const json_t *v, const char *role, uint8_t psk[NOISE_PSKS_MAX][32],
			  struct tally *t)
{
	char name[32];
	json_t *list, *item;
	size_t i;

	snprintf(name, sizeof(name), "%s_psks", role);
	list = json_object_get(v, name);
	json_array_foreach(list, i, item) {
		const char *text = json_string_value(item);

		if (i == NOISE_PSKS_MAX || text == NULL ||
		    !hex_decode(text, strlen(text), psk[i], 32)) {
			t->unparsable = true;
			return 0;
		}
	}
	return (unsigned)json_array_size(list);
}

static unsigned pattern_psks(const struct noise_pattern *p)
{
	unsigned count = 0;

	for (unsigned m = 0; m < p->messages; m++) {
		for (const enum noise_token *k = p->tokens[m]; *k != NOISE_END; k++)
			count += *k == NOISE_PSK;
	}
	return count;
}

static bool pattern_sends_s(const struct noise_pattern *p, bool initiator)
{
	for (unsigned m = initiator ? 0 : 1; m < p->messages; m += 2) {
		for (const enum noise_token *k = p->tokens[m]; *k != NOISE_END; k++) {
			if (*k == NOISE_S)
				return true;
		}
	}
	return false;
}

/* What noise_init() and the walk would assert, a file can get wrong. */
static bool side_complete(const struct noise_config *c)
{
	const struct noise_pattern *p = c->pattern;
	bool own = c->initiator ? p->pre_i : p->pre_r;
	bool other = c->initiator ? p->pre_r : p->pre_i;

	return (c->s != NULL || !(own || pattern_sends_s(p, c->initiator))) &&
	       (c->rs != NULL || !other) && c->psk_count == pattern_psks(p);
}

static bool side_init(struct side *s, const struct noise_pattern *p, bool initiator,
		      const json_t *v, struct tally *t)
{
	const char *role = initiator ? "init" : "resp";
	const char *text = vector_text(v, initiator ? "init_prologue" : "resp_prologue");
	struct buf prologue = vector_hex_text(text ? text : "", t);
	uint8_t psk[NOISE_PSKS_MAX][32] = {0};
	struct dh_secret secret;
	struct dh_public remote;
	struct noise_config c = {
		.pattern = p, .initiator = initiator, .prologue = buf_slice(&prologue), .psk = psk
	};
	bool complete;

	if (side_key(v, role, "static", secret.bytes, t))
		c.s = &secret;
	if (side_key(v, role, "remote_static", remote.bytes, t))
		c.rs = &remote;
	c.psk_count = side_psks(v, role, psk, t);
	complete = side_key(v, role, "ephemeral", s->ephemeral, t) && side_complete(&c);
	if (complete)
		noise_init(&s->noise, &c);
	buf_done(&prologue);
	return complete;
}

static enum es_err side_write(struct side *s, bool handshake, struct slice payload,
			      struct buf *wire)
{
	return handshake ? noise_write(&s->noise, s->ephemeral, payload, wire)
			 : noise_seal(&s->send, SLICE_NONE, payload, wire);
}

static enum es_err side_read(struct side *s, bool handshake, struct slice wire,
			     struct buf *payload)
{
	return handshake ? noise_read(&s->noise, wire, payload)
			 : noise_open(&s->receive, SLICE_NONE, wire, payload);
}

/* One message from one side to the other, both ends compared with the file. */
static bool message_good(struct side *from, struct side *to, bool handshake, const json_t *m,
			 struct tally *t)
{
	struct buf payload = vector_hex(m, "payload", t);
	struct buf expected = vector_hex(m, "ciphertext", t);
	struct buf wire, read;
	bool good;

	buf_init(&wire, 1 << 17);
	buf_init(&read, 1 << 17);
	good = side_write(from, handshake, buf_slice(&payload), &wire) == ES_OK &&
	       slice_eq(buf_slice(&wire), buf_slice(&expected)) &&
	       side_read(to, handshake, buf_slice(&wire), &read) == ES_OK &&
	       slice_eq(buf_slice(&read), buf_slice(&payload));
	buf_done(&payload);
	buf_done(&expected);
	buf_done(&wire);
	buf_done(&read);
	return good;
}

static bool hash_good(const struct side *s, const json_t *v, struct tally *t)
{
	struct buf expected;
	bool good;

	if (vector_text(v, "handshake_hash") == NULL)
		return true;
	expected = vector_hex(v, "handshake_hash", t);
	good = slice_eq(buf_slice(&expected), SLICE(noise_hash(&s->noise), 64));
	buf_done(&expected);
	return good;
}

static bool conversation_good(struct side side[2], const json_t *v, struct tally *t)
{
	json_t *messages = json_object_get(v, "messages"), *m;
	bool handshake = true;
	size_t i;

	json_array_foreach(messages, i, m) {
		if (!message_good(&side[i % 2], &side[1 - i % 2], handshake, m, t))
			return false;
		if (!handshake || !noise_finished(&side[0].noise))
			continue;
		handshake = false;
		for (int s = 0; s < 2; s++)
			noise_split(&side[s].noise, &side[s].send, &side[s].receive);
	}
	return !handshake && hash_good(&side[0], v, t) && hash_good(&side[1], v, t);
}

static bool vector_good(const char *name, const json_t *v, struct tally *t)
{
	struct noise_pattern pattern;
	struct side side[2];

	return pattern_parse(&pattern, name) && side_init(&side[0], &pattern, true, v, t) &&
	       side_init(&side[1], &pattern, false, v, t) && conversation_good(side, v, t);
}

/* "Noise_pattern_suite": is it the one suite we speak? */
static bool name_is_ours(const char *name)
{
	const char *suite = strncmp(name, "Noise_", 6) == 0 ? strchr(name + 6, '_') : NULL;

	return suite != NULL && strcmp(suite + 1, SUITE) == 0;
}

void noise_vectors(json_t *root, struct tally *t)
{
	json_t *vectors = vectors_of(root, t), *v;
	size_t i;

	json_array_foreach(vectors, i, v) {
		const char *name = vector_text(v, "protocol_name");

		if (name == NULL)
			name = vector_text(v, "name");
		if (name == NULL)
			t->unparsable = true;
		else if (!name_is_ours(name))
			vector_skip(t, "another suite", name);
		else
			vector_check(t, vector_good(name, v, t), "noise %zu: %s", i, name);
	}
}
