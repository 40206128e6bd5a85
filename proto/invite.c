/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/invite.h"
#include <ctype.h>
#include <string.h>

#define PREFIX "ESSAIM1"
#define FIXED (1 + 32 + 32 + 16 + 5 + 2 + 1)
#define RAW_MAX (FIXED + INVITE_HOST_MAX + 4)

static void checksum(struct slice body, uint8_t out[4])
{
	struct hash h = crypto_hash(HASH_INVITE, body);

	memcpy(out, h.bytes, 4);
}

void invite_encode(const struct invite *i, char *out)
{
	uint8_t raw[RAW_MAX];
	struct buf b;

	buf_init_fixed(&b, raw, sizeof raw);
	buf_add_u8(&b, 1);
	buf_add(&b, i->fed_id.bytes, 32);
	buf_add(&b, i->home.bytes, 32);
	buf_add(&b, i->secret.bytes, 16);
	buf_add_be(&b, (uint64_t)(i->expires / 1000), 5);
	buf_add_be(&b, i->port, 2);
	buf_add_u8(&b, (uint8_t)strlen(i->host));
	buf_add(&b, i->host, strlen(i->host));
	uint8_t sum[4];
	checksum(buf_slice(&b), sum);
	buf_add(&b, sum, 4);
	memcpy(out, PREFIX "-", sizeof PREFIX);
	base32_encode(raw, b.len, out + sizeof PREFIX);
}

/* Drops what people add when they copy: spaces, dashes, line breaks. */
static size_t squeeze(struct slice text, char *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '-' || isspace(text.p[i]))
			continue;
		if (n == max)
			return 0;
		out[n++] = (char)toupper(text.p[i]);
	}
	return n;
}

static void read_fields(const uint8_t *raw, struct invite *out)
{
	const uint8_t *p = raw + 1;

	memset(out, 0, sizeof *out);
	memcpy(out->fed_id.bytes, p, 32);
	memcpy(out->home.bytes, p + 32, 32);
	memcpy(out->secret.bytes, p + 64, 16);
	out->expires = (es_ms)be_read(p + 80, 5) * 1000;
	out->port = (uint16_t)be_read(p + 85, 2);
	memcpy(out->host, p + 88, p[87]);
}

enum es_err invite_decode(struct slice text, struct invite *out)
{
	char flat[INVITE_TEXT_MAX];
	uint8_t raw[RAW_MAX + 8], sum[4];
	size_t prefix = strlen(PREFIX), n = squeeze(text, flat, sizeof flat);

	if (n <= prefix || memcmp(flat, PREFIX, prefix) != 0)
		return ES_MISTYPED;
	size_t len = (n - prefix) * 5 / 8;
	if (len < FIXED + 4 || len > RAW_MAX || !base32_decode(flat + prefix, n - prefix, raw, len))
		return ES_MISTYPED;
	checksum(SLICE(raw, len - 4), sum);
	if (memcmp(sum, raw + len - 4, 4) != 0 || raw[0] != 1 || len != FIXED + (size_t)raw[FIXED - 1] + 4)
		return ES_MISTYPED;
	if (raw[FIXED - 1] > INVITE_HOST_MAX || memchr(raw + FIXED, 0, raw[FIXED - 1]))
		return ES_MISTYPED;
	read_fields(raw, out);
	return ES_OK;
}

struct hash invite_hash(const struct id16 *secret)
{
	return crypto_hash(HASH_INVITE, SLICE(secret->bytes, 16));
}
