/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/ledger.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

void ledger_init(struct ledger *l)
{
	memset(l, 0, sizeof *l);
}

void ledger_done(struct ledger *l)
{
	for (size_t i = 0; i < l->commit_count; i++)
		free(l->commits[i].bytes);
	free(l->units);
	free(l->canaries);
	free(l->commits);
	free(l->by_salt);
	free(l->by_word);
	free(l->by_id);
	free(l->by_seq);
}

static uint64_t word_of(const void *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v * 0x9e3779b97f4a7c15ull;
}

static uint64_t seq_hash(const struct id16 *log, uint64_t seq)
{
	return word_of(log->bytes) ^ (seq + 1) * 0xd6e8feb86659fd93ull;
}

/* Puts index + 1 where `hash` leads. */
static void place(uint32_t *table, size_t cap, uint64_t hash, uint32_t index)
{
	size_t i = (size_t)(hash >> 20) & (cap - 1);

	while (table[i])
		i = (i + 1) & (cap - 1);
	table[i] = index + 1;
}

static void *widen(void *items, size_t count, size_t *cap, size_t size)
{
	if (count < *cap)
		return items;
	*cap = *cap ? 2 * *cap : 256;
	items = realloc(items, *cap * size);
	assert(items);
	return items;
}

#define REHASH(table, cap, count, hash_of) \
	do { \
		if (2 * ((count) + 1) > (cap)) { \
			free(table); \
			(cap) = (cap) ? 2 * (cap) : 1024; \
			(table) = calloc((cap), sizeof *(table)); \
			assert(table); \
			for (size_t rehash_i = 0; rehash_i < (count); rehash_i++) \
				place((table), (cap), hash_of(rehash_i), (uint32_t)rehash_i); \
		} \
	} while (0)

/* --- units --- */

struct unit *ledger_unit(struct ledger *l, const struct id16 *salt)
{
	if (l->salt_cap == 0)
		return NULL;
	for (size_t i = (size_t)(word_of(salt->bytes) >> 20) & (l->salt_cap - 1); l->by_salt[i]; i = (i + 1) & (l->salt_cap - 1))
		if (id_eq(&l->units[l->by_salt[i] - 1].salt, salt))
			return &l->units[l->by_salt[i] - 1];
	return NULL;
}

struct unit *ledger_add_unit(struct ledger *l, const struct id16 *salt)
{
	struct unit *u = ledger_unit(l, salt);

	if (u)
		return u;
	l->units = widen(l->units, l->unit_count, &l->unit_cap, sizeof *l->units);
#define HASH_OF(i) word_of(l->units[i].salt.bytes)
	REHASH(l->by_salt, l->salt_cap, l->unit_count, HASH_OF);
#undef HASH_OF
	u = &l->units[l->unit_count];
	memset(u, 0, sizeof *u);
	u->salt = *salt;
	place(l->by_salt, l->salt_cap, word_of(salt->bytes), (uint32_t)l->unit_count++);
	return u;
}

/* --- canaries --- */

struct canary *ledger_add_canary(struct ledger *l, struct rng *r)
{
	static const char letters[] = "0123456789abcdefghijkmnpqrstuvwy"; /* 32, no x, z: "zqx" ends a word only */
	uint64_t bits = rng_u64(r);

	l->canaries = widen(l->canaries, l->canary_count, &l->canary_cap, sizeof *l->canaries);
#define HASH_OF(i) word_of(l->canaries[i].text + 12 - CANARY_TAIL)
	REHASH(l->by_word, l->word_cap, l->canary_count, HASH_OF);
#undef HASH_OF
	struct canary *c = &l->canaries[l->canary_count];
	memset(c, 0, sizeof *c);
	for (int i = 0; i < 12; i++, bits >>= 5)
		c->text[i] = letters[bits & 31];
	memcpy(c->text + 12, "zqx", 4);
	place(l->by_word, l->word_cap, word_of(c->text + 12 - CANARY_TAIL), (uint32_t)l->canary_count++);
	return c;
}

struct canary *ledger_canary(struct ledger *l, const uint8_t tail[CANARY_TAIL])
{
	if (l->word_cap == 0)
		return NULL;
	for (size_t i = (size_t)(word_of(tail) >> 20) & (l->word_cap - 1); l->by_word[i]; i = (i + 1) & (l->word_cap - 1)) {
		struct canary *c = &l->canaries[l->by_word[i] - 1];

		if (memcmp(c->text + 12 - CANARY_TAIL, tail, CANARY_TAIL) == 0)
			return c;
	}
	return NULL;
}

void ledger_read(struct ledger *l, struct slice bytes, struct unit *u)
{
	const uint8_t *p = bytes.p, *end = bytes.p + bytes.len;

	u->canary_count = 0;
	while (p && p < end && (p = memmem(p, (size_t)(end - p), "zqx", 3))) {
		struct canary *c = p - bytes.p >= CANARY_TAIL ? ledger_canary(l, p - CANARY_TAIL) : NULL;

		if (c && u->canary_count < CANARIES_A_UNIT)
			u->canaries[u->canary_count++] = (uint32_t)(c - l->canaries);
		p += 3;
	}
}

/* --- commits --- */

struct seen_commit *ledger_commit(struct ledger *l, const struct hash *id)
{
	if (l->id_cap == 0)
		return NULL;
	for (size_t i = (size_t)(word_of(id->bytes) >> 20) & (l->id_cap - 1); l->by_id[i]; i = (i + 1) & (l->id_cap - 1))
		if (hash_eq(&l->commits[l->by_id[i] - 1].id, id))
			return &l->commits[l->by_id[i] - 1];
	return NULL;
}

struct seen_commit *ledger_at(struct ledger *l, const struct id16 *log, uint64_t seq)
{
	if (l->seq_cap == 0)
		return NULL;
	for (size_t i = (size_t)(seq_hash(log, seq) >> 20) & (l->seq_cap - 1); l->by_seq[i]; i = (i + 1) & (l->seq_cap - 1)) {
		struct seen_commit *c = &l->commits[l->by_seq[i] - 1];

		if (c->seq == seq && id_eq(&c->log, log))
			return c;
	}
	return NULL;
}

struct seen_commit *ledger_add_commit(struct ledger *l, const struct id16 *log, uint64_t seq, const struct hash *id,
				      struct slice packed)
{
	struct seen_commit *c, *first;

	l->commits = widen(l->commits, l->commit_count, &l->commit_cap, sizeof *l->commits);
#define HASH_OF(i) word_of(l->commits[i].id.bytes)
	REHASH(l->by_id, l->id_cap, l->commit_count, HASH_OF);
#undef HASH_OF
#define HASH_OF(i) seq_hash(&l->commits[i].log, l->commits[i].seq)
	REHASH(l->by_seq, l->seq_cap, l->commit_count, HASH_OF);
#undef HASH_OF
	c = &l->commits[l->commit_count];
	memset(c, 0, sizeof *c);
	c->log = *log;
	c->seq = seq;
	c->id = *id;
	c->bytes = malloc(packed.len + 1);
	assert(c->bytes);
	memcpy(c->bytes, packed.p, packed.len);
	c->len = packed.len;
	first = ledger_at(l, log, seq);
	if (first) {
		c->twin = first->twin;
		first->twin = (uint32_t)l->commit_count + 1;
	}
	place(l->by_id, l->id_cap, word_of(id->bytes), (uint32_t)l->commit_count);
	place(l->by_seq, l->seq_cap, seq_hash(log, seq), (uint32_t)l->commit_count++);
	return c;
}
