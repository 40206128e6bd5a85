/* SPDX-License-Identifier: Apache-2.0
 *
 * The disks of the simulated machines: files of 4 KiB chunks in memory, each with
 * what is there now and what would be there after a power loss (what the last
 * xSync made durable). Chunks are shared, synced ones of the same content too, and
 * copied on write.
 *
 *     write      now
 *     sync       durable := now
 *     power loss now := durable, or some 512-byte sectors of what was not synced
 *     kill       nothing happens to the files
 *
 * What is created, deleted or renamed is durable at once (a journalling file
 * system keeps the order of such operations); the content of a file that was
 * never synced is not. Files are "/sim/DISK/name". */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/rng.h"

#define DISK_CHUNK 4096
#define DISK_SECTOR 512
#define DISK_NAME 32

struct chunk;
struct disk;
struct disk_image;

struct disk_file {
	struct disk *disk;
	char name[DISK_NAME]; /* "journal.db-wal"; "": anonymous */
	bool exists;
	struct chunk **now, **kept; /* NULL: a hole of zeros */
	size_t chunks; /* allocated length of both arrays */
	uint64_t size, kept_size;
	bool ever_synced;
	uint8_t *soiled; /* per chunk: differs from what is kept */
	uint32_t *soil;
	size_t soil_count, soil_cap;
	unsigned handles; /* open ones, dead ones included */
	struct vfs_locks *locks; /* vfs.c's */
	struct vfs_shm *shm;
	struct disk_file *next;
};

enum disk_fault { FAULT_READ, FAULT_WRITE, FAULT_SYNC, FAULT_KINDS };
enum disk_power { POWER_NONE, POWER_ALL, POWER_RANDOM }; /* of what was not synced, kept */

struct disk {
	int no;
	unsigned epoch; /* +1 at each crash: handles of an older one are dead */
	bool off; /* nothing can be opened or removed */
	struct disk_file *files;
	struct rng rng;
	uint64_t quota, used; /* bytes; quota 0: none */
	int64_t fail_in[FAULT_KINDS]; /* calls until one fails, -1: none does */
	unsigned failed[FAULT_KINDS], full; /* how often it happened */
	int64_t crash_in; /* writes and syncs until it crashes there, -1: not */
	bool crash_kills; /* a kill, not a power loss */
	enum disk_power crash_how;
	uint64_t writes, syncs, reads, bytes_written;
};

struct disk *disk_new(int no, uint64_t seed);
void disk_free(struct disk *d);
void disk_free_all(void);
struct disk *disk_no(int no); /* NULL: none */

struct disk_file *disk_find(struct disk *d, const char *name);
struct disk_file *disk_create(struct disk *d, const char *name);
/* An anonymous one goes with its last handle. */
void disk_remove(struct disk_file *f);
void disk_file_free(struct disk_file *f);
/* Bytes beyond the end are zeros; returns how many were there. */
size_t disk_read(const struct disk_file *f, uint64_t at, void *out, size_t len);
bool disk_write(struct disk_file *f, uint64_t at, const void *p, size_t len); /* false: full */
bool disk_truncate(struct disk_file *f, uint64_t size);
void disk_sync(struct disk_file *f);
/* A sync that failed: some sectors are durable, and no later sync writes the others. */
void disk_sync_failed(struct disk_file *f);

/* Crashes. Every handle is dead afterwards. */
void disk_kill(struct disk *d);
void disk_power_loss(struct disk *d, enum disk_power how);

/* All files as they are now. */
struct disk_image *disk_snapshot(const struct disk *d);
struct disk_image *disk_snapshot_of(const struct disk *d, const char *prefix); /* "journal.db" and its WAL */
void disk_restore(struct disk *d, const struct disk_image *i); /* all files become those; durable */
void disk_add(struct disk *d, const struct disk_image *i); /* beside what is there */
void disk_image_free(struct disk_image *i);
void disk_wipe(struct disk *d);

/* Flips one stored bit of a file; false where there is no byte. */
bool disk_flip(struct disk *d, const char *name, uint64_t *at);
/* Counts where `text` stands in any file, now or durable; calls each with up to
 * `context` bytes before it. */
size_t disk_search(const struct disk *d, const void *text, size_t len, size_t context,
		   void (*each)(void *ctx, const struct disk_file *f, uint64_t at, const uint8_t *before, size_t n), void *ctx);
/* Writes every file to FOLDER/NO-NAME, to be looked at. */
void disk_dump(const struct disk *d, const char *folder);
uint64_t disk_chunks_alive(void);

#endif
