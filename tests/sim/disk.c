/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/disk.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/sim/trace.h"

struct chunk {
	uint32_t refs;
	bool listed; /* among the known ones */
	uint64_t hash; /* then */
	struct chunk *next; /* then, of the same slot */
	uint8_t bytes[DISK_CHUNK];
};
struct image_file {
	char name[DISK_NAME];
	struct chunk **chunks;
	size_t count;
	uint64_t size;
};
struct disk_image {
	struct image_file *files;
	size_t count;
};

static struct disk **disks; /* by number */
static int disk_count;
static uint64_t alive;

/* Synced chunks by content: a thousand nodes hold much the same. */
static struct {
	struct chunk **slots; /* a power of two of them */
	size_t slot_count, count;
} known;

/* --- chunks --- */

static void *must(void *p)
{
	assert(p); /* the simulator itself is out of memory */
	return p;
}

static struct chunk *chunk_ref(struct chunk *c)
{
	if (c)
		c->refs++;
	return c;
}

static struct chunk **slot_of(uint64_t hash)
{
	return &known.slots[hash & (known.slot_count - 1)];
}

static void chunk_unlist(struct chunk *c)
{
	struct chunk **at = slot_of(c->hash);

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->listed = false;
	known.count--;
}

static void chunk_unref(struct chunk *c)
{
	if (!c || --c->refs > 0)
		return;
	if (c->listed)
		chunk_unlist(c);
	alive--;
	free(c);
}

static struct chunk *chunk_new(const struct chunk *from)
{
	struct chunk *c = must(malloc(sizeof *c));

	alive++;
	if (from)
		memcpy(c->bytes, from->bytes, DISK_CHUNK);
	else
		memset(c->bytes, 0, DISK_CHUNK);
	c->refs = 1;
	c->listed = false;
	return c;
}

/* To be written: nobody else's, and not among the known ones. */
static struct chunk *chunk_own(struct chunk **at)
{
	if (*at && (*at)->refs == 1) {
		if ((*at)->listed)
			chunk_unlist(*at);
		return *at;
	}
	struct chunk *c = chunk_new(*at);
	chunk_unref(*at);
	*at = c;
	return c;
}

static uint64_t hash_of(const struct chunk *c)
{
	uint64_t h[4] = {1, 2, 3, 4}, word;

	for (size_t i = 0; i < DISK_CHUNK / sizeof word; i++) {
		memcpy(&word, c->bytes + i * sizeof word, sizeof word);
		h[i & 3] = (h[i & 3] ^ word) * 0x9e3779b97f4a7c15u;
		h[i & 3] ^= h[i & 3] >> 32;
	}
	return ((h[0] * 31 + h[1]) * 31 + h[2]) * 31 + h[3];
}

static void widen_known(void)
{
	size_t old_count = known.slot_count;
	struct chunk **old = known.slots;

	known.slot_count = old_count ? 2 * old_count : 1024;
	known.slots = must(calloc(known.slot_count, sizeof(struct chunk *)));
	for (size_t i = 0; i < old_count; i++)
		for (struct chunk *c = old[i], *next; c; c = next) {
			next = c->next;
			c->next = *slot_of(c->hash);
			*slot_of(c->hash) = c;
		}
	free(old);
}

/* The known chunk of the same content takes its place; else it is known from now on. */
static void chunk_share(struct chunk **at)
{
	struct chunk *c = *at, *same;

	if (!c || c->listed)
		return;
	if (known.count == known.slot_count)
		widen_known();
	c->hash = hash_of(c);
	same = *slot_of(c->hash);
	while (same && (same->hash != c->hash || memcmp(same->bytes, c->bytes, DISK_CHUNK) != 0))
		same = same->next;
	if (same) {
		*at = chunk_ref(same);
		chunk_unref(c);
		return;
	}
	c->listed = true;
	c->next = *slot_of(c->hash);
	*slot_of(c->hash) = c;
	known.count++;
}

uint64_t disk_chunks_alive(void)
{
	return alive;
}

static size_t chunks_of(uint64_t size)
{
	return (size_t)((size + DISK_CHUNK - 1) / DISK_CHUNK);
}

/* --- disks --- */

struct disk *disk_new(int no, uint64_t seed)
{
	struct disk *d = must(calloc(1, sizeof *d));

	if (no >= disk_count) {
		disks = must(realloc(disks, (size_t)(no + 1) * sizeof *disks));
		while (disk_count <= no)
			disks[disk_count++] = NULL;
	}
	assert(!disks[no]);
	disks[no] = d;
	d->no = no;
	rng_seed_number(&d->rng, seed);
	for (int i = 0; i < FAULT_KINDS; i++)
		d->fail_in[i] = -1;
	d->crash_in = -1;
	return d;
}

struct disk *disk_no(int no)
{
	return no >= 0 && no < disk_count ? disks[no] : NULL;
}

static void drop_content(struct disk_file *f)
{
	for (size_t i = 0; i < f->chunks; i++) {
		chunk_unref(f->now[i]);
		chunk_unref(f->kept[i]);
	}
	free(f->now);
	free(f->kept);
	free(f->soiled);
	free(f->soil);
	f->now = f->kept = NULL;
	f->soiled = NULL;
	f->soil = NULL;
	f->chunks = f->soil_count = f->soil_cap = 0;
	f->disk->used -= f->size;
	f->size = f->kept_size = 0;
	f->ever_synced = false;
}

void disk_file_free(struct disk_file *f)
{
	struct disk_file **at = &f->disk->files;

	while (*at && *at != f)
		at = &(*at)->next;
	if (*at)
		*at = f->next;
	drop_content(f);
	free(f->locks);
	free(f);
}

/* A file with handles lives on, nameless, as on unix. */
void disk_remove(struct disk_file *f)
{
	f->exists = false;
	f->name[0] = 0;
	if (f->handles == 0)
		disk_file_free(f);
}

void disk_wipe(struct disk *d)
{
	for (struct disk_file *f = d->files, *next; f; f = next) {
		next = f->next;
		if (f->exists)
			disk_remove(f);
	}
}

void disk_free(struct disk *d)
{
	disk_wipe(d);
	while (d->files)
		disk_file_free(d->files);
	disks[d->no] = NULL;
	free(d);
}

void disk_free_all(void)
{
	for (int i = 0; i < disk_count; i++)
		if (disks[i])
			disk_free(disks[i]);
	free(disks);
	disks = NULL;
	disk_count = 0;
}

struct disk_file *disk_find(struct disk *d, const char *name)
{
	for (struct disk_file *f = d->files; f; f = f->next)
		if (f->exists && strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

struct disk_file *disk_create(struct disk *d, const char *name)
{
	struct disk_file *f = must(calloc(1, sizeof *f)), **at = &d->files;

	assert(strlen(name) < DISK_NAME);
	f->disk = d;
	strcpy(f->name, name);
	f->exists = true;
	while (*at) /* in order of creation, so that nothing depends on addresses */
		at = &(*at)->next;
	*at = f;
	return f;
}

/* --- bytes --- */

static void grow(struct disk_file *f, size_t chunks)
{
	if (chunks <= f->chunks)
		return;
	size_t cap = f->chunks * 3 / 2 > chunks ? f->chunks * 3 / 2 : chunks;
	f->now = must(realloc(f->now, cap * sizeof *f->now));
	f->kept = must(realloc(f->kept, cap * sizeof *f->kept));
	f->soiled = must(realloc(f->soiled, cap));
	memset(f->now + f->chunks, 0, (cap - f->chunks) * sizeof *f->now);
	memset(f->kept + f->chunks, 0, (cap - f->chunks) * sizeof *f->kept);
	memset(f->soiled + f->chunks, 0, cap - f->chunks);
	f->chunks = cap;
}

static void soil(struct disk_file *f, size_t i)
{
	if (f->soiled[i])
		return;
	if (f->soil_count == f->soil_cap) {
		f->soil_cap = f->soil_cap ? 2 * f->soil_cap : 16;
		f->soil = must(realloc(f->soil, f->soil_cap * sizeof *f->soil));
	}
	f->soiled[i] = 1;
	f->soil[f->soil_count++] = (uint32_t)i;
}

static void clean(struct disk_file *f)
{
	for (size_t i = 0; i < f->soil_count; i++)
		f->soiled[f->soil[i]] = 0;
	f->soil_count = 0;
}

size_t disk_read(const struct disk_file *f, uint64_t at, void *out, size_t len)
{
	uint8_t *to = out;
	size_t have = at >= f->size ? 0 : f->size - at < len ? (size_t)(f->size - at) : len, done = 0;

	while (done < have) {
		size_t i = (size_t)((at + done) / DISK_CHUNK), off = (size_t)((at + done) % DISK_CHUNK);
		size_t n = DISK_CHUNK - off < have - done ? DISK_CHUNK - off : have - done;

		if (f->now[i])
			memcpy(to + done, f->now[i]->bytes + off, n);
		else
			memset(to + done, 0, n);
		done += n;
	}
	memset(to + have, 0, len - have);
	return have;
}

static bool room(struct disk_file *f, uint64_t size)
{
	struct disk *d = f->disk;

	if (size <= f->size)
		return true;
	if (d->quota && d->used + (size - f->size) > d->quota) {
		d->full++;
		return false;
	}
	d->used += size - f->size;
	f->size = size;
	return true;
}

bool disk_write(struct disk_file *f, uint64_t at, const void *p, size_t len)
{
	const uint8_t *from = p;

	if (!room(f, at + len))
		return false;
	grow(f, chunks_of(at + len));
	while (len > 0) {
		size_t i = (size_t)(at / DISK_CHUNK), off = (size_t)(at % DISK_CHUNK);
		size_t n = DISK_CHUNK - off < len ? DISK_CHUNK - off : len;

		memcpy(chunk_own(&f->now[i])->bytes + off, from, n);
		soil(f, i);
		at += n;
		from += n;
		len -= n;
	}
	return true;
}

bool disk_truncate(struct disk_file *f, uint64_t size)
{
	if (size > f->size) {
		if (!room(f, size))
			return false;
		grow(f, chunks_of(size));
		return true;
	}
	for (size_t i = chunks_of(size); i < chunks_of(f->size); i++) {
		chunk_unref(f->now[i]);
		f->now[i] = NULL;
		soil(f, i);
	}
	if (size % DISK_CHUNK && size < f->size) {
		size_t i = (size_t)(size / DISK_CHUNK), off = (size_t)(size % DISK_CHUNK);

		memset(chunk_own(&f->now[i])->bytes + off, 0, DISK_CHUNK - off);
		soil(f, i);
	}
	f->disk->used -= f->size - size;
	f->size = size;
	return true;
}

void disk_sync(struct disk_file *f)
{
	for (size_t n = 0; n < f->soil_count; n++) {
		size_t i = f->soil[n];

		if (f->kept[i] == f->now[i])
			continue;
		chunk_share(&f->now[i]);
		chunk_unref(f->kept[i]);
		f->kept[i] = chunk_ref(f->now[i]);
	}
	clean(f);
	f->kept_size = f->size;
	f->ever_synced = true;
}

static const uint8_t zeros[DISK_CHUNK];

/* Each sector of a soiled chunk is what was written or what was there. */
static void mix_chunk(struct disk_file *f, size_t i, struct chunk **to, struct rng *rng)
{
	const uint8_t *now = f->now[i] ? f->now[i]->bytes : zeros, *kept = f->kept[i] ? f->kept[i]->bytes : zeros;
	uint64_t coins = rng_u64(rng);
	struct chunk *c = chunk_new(NULL);

	for (size_t s = 0; s < DISK_CHUNK / DISK_SECTOR; s++)
		memcpy(c->bytes + s * DISK_SECTOR, (coins >> s & 1 ? now : kept) + s * DISK_SECTOR, DISK_SECTOR);
	chunk_unref(*to);
	*to = c;
}

static uint64_t mix_size(const struct disk_file *f, struct rng *rng)
{
	uint64_t low = f->size < f->kept_size ? f->size : f->kept_size;
	uint64_t high = f->size < f->kept_size ? f->kept_size : f->size;
	uint64_t how = rng_below(rng, 3);

	if (how == 0 || low == high)
		return f->kept_size;
	if (how == 1 || f->size < f->kept_size) /* a truncation happened or it did not */
		return f->size;
	uint64_t cut = low + rng_below(rng, high - low);
	cut -= cut % DISK_SECTOR;
	return cut < low ? low : cut;
}

static void set_kept_size(struct disk_file *f, uint64_t size)
{
	for (size_t i = chunks_of(size); i < f->chunks; i++) {
		chunk_unref(f->kept[i]);
		f->kept[i] = NULL;
	}
	if (size % DISK_CHUNK && f->kept[size / DISK_CHUNK]) {
		size_t off = (size_t)(size % DISK_CHUNK);

		memset(chunk_own(&f->kept[size / DISK_CHUNK])->bytes + off, 0, DISK_CHUNK - off);
	}
	f->kept_size = size;
}

static void keep_some(struct disk_file *f)
{
	struct rng *rng = &f->disk->rng;
	uint64_t size = mix_size(f, rng);

	for (size_t n = 0; n < f->soil_count; n++)
		mix_chunk(f, f->soil[n], &f->kept[f->soil[n]], rng);
	set_kept_size(f, size);
	f->ever_synced = true;
}

void disk_sync_failed(struct disk_file *f)
{
	keep_some(f);
	clean(f); /* Linux marks the pages clean: no later sync writes them */
}

/* --- crashes --- */

void disk_kill(struct disk *d)
{
	d->epoch++;
	d->off = true;
	d->crash_in = -1;
	for (struct disk_file *f = d->files, *next; f; f = next) {
		next = f->next;
		f->shm = NULL; /* its dead handles hold and free it */
		free(f->locks);
		f->locks = NULL;
		if (f->exists && !f->name[0])
			disk_remove(f); /* anonymous */
	}
}

static void back_to_kept(struct disk_file *f)
{
	for (size_t n = 0; n < f->soil_count; n++) {
		size_t i = f->soil[n];

		chunk_unref(f->now[i]);
		f->now[i] = chunk_ref(f->kept[i]);
	}
	clean(f);
	/* A failed sync leaves pages that are neither kept nor to be written. */
	for (size_t i = 0; i < f->chunks; i++)
		if (f->now[i] != f->kept[i]) {
			chunk_unref(f->now[i]);
			f->now[i] = chunk_ref(f->kept[i]);
		}
	f->disk->used = f->disk->used - f->size + f->kept_size;
	f->size = f->kept_size;
}

void disk_power_loss(struct disk *d, enum disk_power how)
{
	disk_kill(d);
	for (struct disk_file *f = d->files, *next; f; f = next) {
		next = f->next;
		if (!f->exists)
			continue;
		if (how == POWER_ALL)
			disk_sync(f);
		else if (how == POWER_RANDOM)
			keep_some(f);
		back_to_kept(f);
		trace_mix(f->size);
	}
}

/* --- images --- */

struct disk_image *disk_snapshot_of(const struct disk *d, const char *prefix)
{
	struct disk_image *im = must(calloc(1, sizeof *im));

	for (const struct disk_file *f = d->files; f; f = f->next) {
		size_t count = chunks_of(f->size);

		if (!f->exists || !f->name[0] || strncmp(f->name, prefix, strlen(prefix)) != 0)
			continue;
		im->files = must(realloc(im->files, (im->count + 1) * sizeof *im->files));
		struct image_file *to = &im->files[im->count++];
		strcpy(to->name, f->name);
		to->size = f->size;
		to->count = count;
		to->chunks = must(malloc((count + 1) * sizeof *to->chunks));
		for (size_t i = 0; i < count; i++)
			to->chunks[i] = chunk_ref(f->now[i]);
	}
	return im;
}

struct disk_image *disk_snapshot(const struct disk *d)
{
	return disk_snapshot_of(d, "");
}

void disk_image_free(struct disk_image *im)
{
	if (!im)
		return;
	for (size_t i = 0; i < im->count; i++) {
		for (size_t c = 0; c < im->files[i].count; c++)
			chunk_unref(im->files[i].chunks[c]);
		free(im->files[i].chunks);
	}
	free(im->files);
	free(im);
}

void disk_restore(struct disk *d, const struct disk_image *im)
{
	disk_wipe(d);
	disk_add(d, im);
}

void disk_add(struct disk *d, const struct disk_image *im)
{
	for (size_t i = 0; i < im->count; i++) {
		const struct image_file *from = &im->files[i];
		struct disk_file *f = disk_create(d, from->name);

		grow(f, from->count);
		for (size_t c = 0; c < from->count; c++) {
			f->now[c] = chunk_ref(from->chunks[c]);
			f->kept[c] = chunk_ref(from->chunks[c]);
		}
		f->size = f->kept_size = from->size;
		f->ever_synced = true;
		d->used += f->size;
	}
}

/* --- rot, and what lies about --- */

bool disk_flip(struct disk *d, const char *name, uint64_t *at)
{
	struct disk_file *f = disk_find(d, name);

	if (!f || f->size == 0)
		return false;
	*at = rng_below(&d->rng, f->size);
	uint8_t bit = (uint8_t)(1u << rng_below(&d->rng, 8));
	size_t i = (size_t)(*at / DISK_CHUNK);
	chunk_own(&f->now[i])->bytes[*at % DISK_CHUNK] ^= bit;
	if (*at < f->kept_size)
		chunk_own(&f->kept[i])->bytes[*at % DISK_CHUNK] ^= bit;
	return true;
}

#define WINDOW 256 /* longest text and context that cross a chunk */

static size_t search_chunks(const struct disk_file *f, struct chunk *const *chunks, uint64_t size, const void *text, size_t len,
			    size_t context, void (*each)(void *, const struct disk_file *, uint64_t, const uint8_t *, size_t),
			    void *ctx)
{
	uint8_t window[WINDOW + DISK_CHUNK];
	size_t have = 0, hits = 0;
	uint64_t base = 0; /* file offset of window[0] */

	assert(len + context <= WINDOW);
	for (size_t i = 0; i < chunks_of(size); i++) {
		memcpy(window + have, chunks[i] ? chunks[i]->bytes : zeros, DISK_CHUNK);
		size_t end = have + DISK_CHUNK, from = have > len - 1 ? have - (len - 1) : 0;
		for (uint8_t *p; from + len <= end && (p = memmem(window + from, end - from, text, len)); from = (size_t)(p - window) + 1) {
			size_t before = (size_t)(p - window) < context ? (size_t)(p - window) : context;

			hits++;
			if (each)
				each(ctx, f, base + (uint64_t)(p - window), p - before, before);
		}
		size_t keep = end < WINDOW ? end : WINDOW;
		memmove(window, window + end - keep, keep);
		base += end - keep;
		have = keep;
	}
	return hits;
}

size_t disk_search(const struct disk *d, const void *text, size_t len, size_t context,
		   void (*each)(void *ctx, const struct disk_file *f, uint64_t at, const uint8_t *before, size_t n), void *ctx)
{
	size_t hits = 0;

	for (const struct disk_file *f = d->files; f; f = f->next)
		if (f->exists)
			hits += search_chunks(f, f->now, f->size, text, len, context, each, ctx);
	return hits;
}

void disk_dump(const struct disk *d, const char *folder)
{
	for (const struct disk_file *f = d->files; f; f = f->next) {
		char path[512];
		FILE *out;

		if (!f->exists || !f->name[0])
			continue;
		snprintf(path, sizeof path, "%s/%d-%s", folder, d->no, f->name);
		out = fopen(path, "we");
		for (uint64_t at = 0; out && at < f->size; at += DISK_CHUNK) {
			uint8_t bytes[DISK_CHUNK];
			size_t n = disk_read(f, at, bytes, DISK_CHUNK);

			if (fwrite(bytes, 1, n, out) != n)
				break;
		}
		if (out)
			fclose(out);
	}
}
