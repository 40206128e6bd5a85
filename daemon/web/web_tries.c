/* SPDX-License-Identifier: Apache-2.0
 *
 * Failed sign-ins, counted by name and by address: so many at once, then one each while.
 * A leaky bucket is one number, the time when it will be empty. */
#include <sodium/crypto_shorthash.h>
#include <string.h>
#include "daemon/web/web_parts.h"

static const struct {
	es_ms cost; /* of one failure, until it is forgotten */
	unsigned most; /* at once */
} counted[] = {[COUNT_NAME] = {60000, 5}, [COUNT_ADDRESS] = {10000, 30}};

static uint64_t key_of(const struct web *w, enum web_counted what, const char *of)
{
	uint8_t salt[crypto_shorthash_KEYBYTES], out[crypto_shorthash_BYTES];
	_Static_assert(sizeof salt == sizeof w->salt, "one salt");

	memcpy(salt, w->salt, sizeof salt);
	salt[0] ^= (uint8_t)what;
	crypto_shorthash(out, (const uint8_t *)of, strlen(of), salt);
	return be_read(out, 8) | 1;
}

static const struct web_tries *find(const struct web *w, uint64_t key)
{
	for (size_t i = 0; i < WEB_TRIES_MAX; i++)
		if (w->tries[i].key == key)
			return &w->tries[i];
	return NULL;
}

/* Where all places are taken, the one that is forgotten first makes room. */
static struct web_tries *place(struct web *w, uint64_t key)
{
	struct web_tries *t = (struct web_tries *)(uintptr_t)find(w, key);

	for (size_t i = 0; !t && i < WEB_TRIES_MAX; i++)
		if (w->tries[i].key == 0)
			t = &w->tries[i];
	if (t)
		return t;
	t = &w->tries[0];
	for (size_t i = 1; i < WEB_TRIES_MAX; i++)
		if (w->tries[i].full < t->full)
			t = &w->tries[i];
	return t;
}

unsigned web_tries_wait(const struct web *w, enum web_counted what, const char *of)
{
	const struct web_tries *t = find(w, key_of(w, what, of));
	es_ms left = t ? t->full - (es_ms)uv_now(w->api->loop) - counted[what].cost * (counted[what].most - 1) : 0;

	return left > 0 ? (unsigned)((left + 999) / 1000) : 0;
}

void web_tries_count(struct web *w, enum web_counted what, const char *of)
{
	uint64_t key = key_of(w, what, of);
	struct web_tries *t = place(w, key);
	es_ms now = (es_ms)uv_now(w->api->loop);

	if (t->key != key || t->full < now)
		*t = (struct web_tries){.key = key, .full = now};
	t->full += counted[what].cost;
}
