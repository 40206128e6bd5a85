/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/trace.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define KEPT 120
#define LINE 200

bool trace_on, trace_keep;
static uint64_t state[2];
static char kept[KEPT][LINE];
static unsigned long long kept_count;

/* Two multiplications a word: a disk writes many bytes. Not cryptographic; a
 * difference anywhere changes the result with all the certainty we need. */
static uint64_t mum(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

void trace_start(void)
{
	state[0] = 0x9e3779b97f4a7c15ull;
	state[1] = 0xd6e8feb86659fd93ull;
	kept_count = 0;
}

uint64_t trace_hash(void)
{
	return mum(state[0] ^ 0xa0761d6478bd642full, state[1] ^ 0xe7037ed1a0b428dbull);
}

void trace_mix(uint64_t v)
{
	state[0] = mum(state[0] ^ v, 0xa0761d6478bd642full);
	state[1] += state[0] ^ (v << 1);
}

void trace_bytes(const void *p, size_t len)
{
	const uint8_t *at = p;
	uint64_t a = len * 0x9e3779b97f4a7c15ull ^ 1, v, w;

	for (; len >= 16; len -= 16, at += 16) {
		memcpy(&v, at, 8);
		memcpy(&w, at + 8, 8);
		a = mum(a ^ v, w ^ 0xe7037ed1a0b428dbull);
	}
	uint8_t rest[16] = {0};
	if (len > 0)
		memcpy(rest, at, len);
	memcpy(&v, rest, 8);
	memcpy(&w, rest + 8, 8);
	trace_mix(mum(a ^ v, w ^ 0x8ebc6af09c88c6e3ull));
}

void trace_act(int64_t at, int node, const char *verb, uint64_t a, uint64_t b)
{
	uint64_t word = 0;

	for (const char *c = verb; *c; c++)
		word = word * 131 + (uint8_t)*c;
	trace_mix((uint64_t)at);
	trace_mix(word ^ (uint64_t)(int64_t)node << 40);
	trace_mix(a);
	trace_mix(b);
	if (!trace_on && !trace_keep)
		return;
	char *line = kept[kept_count++ % KEPT];
	snprintf(line, LINE, "%9lld.%03lld n%-3d %-12s %llu %llu", (long long)(at / 1000), (long long)(at % 1000), node, verb,
		 (unsigned long long)a, (unsigned long long)b);
	if (trace_on)
		puts(line);
}

void trace_say(const char *fmt, ...)
{
	va_list ap;

	if (!trace_on && !trace_keep)
		return;
	char *line = kept[kept_count++ % KEPT];
	snprintf(line, LINE, "%18s| ", "");
	va_start(ap, fmt);
	vsnprintf(line + 20, LINE - 20, fmt, ap);
	va_end(ap);
	if (trace_on)
		puts(line);
}

void trace_tail(void)
{
	unsigned long long from = kept_count > KEPT ? kept_count - KEPT : 0;

	for (; from < kept_count; from++)
		puts(kept[from % KEPT]);
}
