/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/vfs.h"
#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/sim/disk.h"
#include "tests/sim/trace.h"

#define SHM_REGIONS_MAX 64

int64_t vfs_utc;
uint64_t vfs_sleeps;

struct vfs_locks {
	unsigned shared; /* handles at SHARED or more */
	struct handle *reserved, *pending, *exclusive;
};
struct vfs_shm {
	unsigned refs;
	struct disk_file *file; /* NULL once it has crashed */
	void *regions[SHM_REGIONS_MAX];
	unsigned shared[SQLITE_SHM_NLOCK];
	struct handle *exclusive[SQLITE_SHM_NLOCK];
};
struct handle {
	sqlite3_file base;
	struct disk_file *file;
	unsigned epoch;
	int lock;
	bool delete_on_close, readonly;
	struct vfs_shm *shm;
	unsigned shm_shared, shm_exclusive; /* masks */
};

static bool dead(const struct handle *h)
{
	return h->epoch != h->file->disk->epoch;
}

/* Is this the call that fails? */
static bool fails(struct disk *d, enum disk_fault kind)
{
	if (d->fail_in[kind] < 0 || d->fail_in[kind]-- > 0)
		return false;
	d->failed[kind]++;
	trace_mix(0xfa11 + (uint64_t)kind);
	return true;
}

/* The machine goes down in the middle of what it does. */
static bool crashes(struct disk *d)
{
	if (d->crash_in < 0 || d->crash_in-- > 0)
		return false;
	trace_mix(0xc4a54);
	if (d->crash_kills)
		disk_kill(d);
	else
		disk_power_loss(d, d->crash_how);
	return true;
}

/* --- locks --- */

static struct vfs_locks *locks_of(struct handle *h)
{
	if (!h->file->locks)
		h->file->locks = calloc(1, sizeof *h->file->locks);
	assert(h->file->locks);
	return h->file->locks;
}

static int vfs_unlock(sqlite3_file *f, int level)
{
	struct handle *h = (struct handle *)f;

	if (dead(h) || h->lock <= level) {
		h->lock = h->lock < level ? h->lock : level;
		return SQLITE_OK;
	}
	struct vfs_locks *l = locks_of(h);
	if (l->reserved == h)
		l->reserved = NULL;
	if (l->pending == h)
		l->pending = NULL;
	if (l->exclusive == h)
		l->exclusive = NULL;
	if (level == SQLITE_LOCK_NONE)
		l->shared--;
	h->lock = level;
	return SQLITE_OK;
}

static int vfs_lock(sqlite3_file *f, int level)
{
	struct handle *h = (struct handle *)f;

	if (dead(h))
		return SQLITE_IOERR_LOCK;
	if (h->lock >= level)
		return SQLITE_OK;
	struct vfs_locks *l = locks_of(h);
	if (level == SQLITE_LOCK_SHARED) {
		if (l->pending || l->exclusive)
			return SQLITE_BUSY;
		l->shared++;
	} else if (level == SQLITE_LOCK_RESERVED) {
		if (l->reserved && l->reserved != h)
			return SQLITE_BUSY;
		l->reserved = h;
	} else {
		if ((l->reserved && l->reserved != h) || (l->pending && l->pending != h))
			return SQLITE_BUSY;
		l->pending = h;
		if (l->shared > 1) {
			h->lock = SQLITE_LOCK_PENDING;
			return SQLITE_BUSY;
		}
		l->reserved = l->exclusive = h;
	}
	h->lock = level;
	return SQLITE_OK;
}

static int vfs_check_reserved(sqlite3_file *f, int *out)
{
	struct handle *h = (struct handle *)f;

	if (dead(h))
		return SQLITE_IOERR_CHECKRESERVEDLOCK;
	*out = locks_of(h)->reserved != NULL;
	return SQLITE_OK;
}

/* --- bytes --- */

static int vfs_read(sqlite3_file *f, void *out, int len, sqlite3_int64 at)
{
	struct handle *h = (struct handle *)f;

	if (dead(h) || fails(h->file->disk, FAULT_READ))
		return SQLITE_IOERR_READ;
	h->file->disk->reads++;
	return disk_read(h->file, (uint64_t)at, out, (size_t)len) == (size_t)len ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static void trace_file(const struct handle *h, uint64_t what, uint64_t at)
{
	uint64_t word = (uint64_t)h->file->disk->no << 8 | what;

	for (const char *c = h->file->name; *c; c++)
		word = word * 131 + (uint8_t)*c;
	trace_mix(word);
	trace_mix(at);
}

static int vfs_write(sqlite3_file *f, const void *p, int len, sqlite3_int64 at)
{
	struct handle *h = (struct handle *)f;
	struct disk *d = h->file->disk;

	if (dead(h) || fails(d, FAULT_WRITE))
		return SQLITE_IOERR_WRITE;
	if (!disk_write(h->file, (uint64_t)at, p, (size_t)len))
		return SQLITE_FULL;
	d->writes++;
	d->bytes_written += (uint64_t)len;
	trace_file(h, 1, (uint64_t)at);
	trace_bytes(p, (size_t)len);
	return crashes(d) ? SQLITE_IOERR_WRITE : SQLITE_OK;
}

static int vfs_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	struct handle *h = (struct handle *)f;

	if (dead(h) || fails(h->file->disk, FAULT_WRITE))
		return SQLITE_IOERR_TRUNCATE;
	trace_file(h, 2, (uint64_t)size);
	if (!disk_truncate(h->file, (uint64_t)size))
		return SQLITE_FULL;
	return crashes(h->file->disk) ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
}

static int vfs_sync(sqlite3_file *f, int flags)
{
	struct handle *h = (struct handle *)f;

	(void)flags;
	if (dead(h))
		return SQLITE_IOERR_FSYNC;
	if (fails(h->file->disk, FAULT_SYNC)) {
		disk_sync_failed(h->file);
		return SQLITE_IOERR_FSYNC;
	}
	h->file->disk->syncs++;
	trace_file(h, 3, h->file->size);
	if (crashes(h->file->disk)) /* before anything of it was durable, as far as anybody knows */
		return SQLITE_IOERR_FSYNC;
	disk_sync(h->file);
	return SQLITE_OK;
}

static int vfs_size(sqlite3_file *f, sqlite3_int64 *out)
{
	struct handle *h = (struct handle *)f;

	if (dead(h))
		return SQLITE_IOERR_FSTAT;
	*out = (sqlite3_int64)h->file->size;
	return SQLITE_OK;
}

static int vfs_control(sqlite3_file *f, int op, void *arg)
{
	(void)f;
	(void)op;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int vfs_sector(sqlite3_file *f)
{
	(void)f;
	return 4096; /* as the unix VFS says */
}

static int vfs_device(sqlite3_file *f)
{
	(void)f;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* --- the WAL index --- */

static void shm_release(struct handle *h)
{
	struct vfs_shm *s = h->shm;

	for (int i = 0; i < SQLITE_SHM_NLOCK; i++) {
		if (h->shm_shared >> i & 1)
			s->shared[i]--;
		if (s->exclusive[i] == h)
			s->exclusive[i] = NULL;
	}
	h->shm_shared = h->shm_exclusive = 0;
	h->shm = NULL;
	if (--s->refs > 0)
		return;
	if (s->file && s->file->shm == s)
		s->file->shm = NULL;
	for (int i = 0; i < SHM_REGIONS_MAX; i++)
		free(s->regions[i]);
	free(s);
}

static int shm_open(struct handle *h)
{
	if (h->shm)
		return SQLITE_OK;
	if (!h->file->shm) {
		h->file->shm = calloc(1, sizeof *h->file->shm);
		if (!h->file->shm)
			return SQLITE_NOMEM;
		h->file->shm->file = h->file;
	}
	h->shm = h->file->shm;
	h->shm->refs++;
	return SQLITE_OK;
}

static int vfs_shm_map(sqlite3_file *f, int region, int size, int extend, void volatile **out)
{
	struct handle *h = (struct handle *)f;

	*out = NULL;
	if (dead(h) || region >= SHM_REGIONS_MAX)
		return SQLITE_IOERR_SHMMAP;
	int rc = shm_open(h);
	if (rc != SQLITE_OK)
		return rc;
	if (!h->shm->regions[region] && extend) {
		h->shm->regions[region] = calloc(1, (size_t)size);
		if (!h->shm->regions[region])
			return SQLITE_NOMEM;
	}
	*out = h->shm->regions[region];
	return SQLITE_OK;
}

static int vfs_shm_lock(sqlite3_file *f, int first, int n, int flags)
{
	struct handle *h = (struct handle *)f;

	if (dead(h) || !h->shm)
		return SQLITE_IOERR_SHMLOCK;
	struct vfs_shm *s = h->shm;
	unsigned mask = ((1u << n) - 1) << first;
	if (flags & SQLITE_SHM_UNLOCK) {
		for (int i = first; i < first + n; i++) {
			if (h->shm_shared >> i & 1)
				s->shared[i]--;
			if (s->exclusive[i] == h)
				s->exclusive[i] = NULL;
		}
		h->shm_shared &= ~mask;
		h->shm_exclusive &= ~mask;
		return SQLITE_OK;
	}
	for (int i = first; i < first + n; i++) {
		if (s->exclusive[i] && s->exclusive[i] != h)
			return SQLITE_BUSY;
		if ((flags & SQLITE_SHM_EXCLUSIVE) && s->shared[i] > (h->shm_shared >> i & 1))
			return SQLITE_BUSY;
	}
	for (int i = first; i < first + n; i++) {
		if (flags & SQLITE_SHM_EXCLUSIVE) {
			s->exclusive[i] = h;
			h->shm_exclusive |= 1u << i;
		} else if (!(h->shm_shared >> i & 1)) {
			s->shared[i]++;
			h->shm_shared |= 1u << i;
		}
	}
	return SQLITE_OK;
}

static void vfs_shm_barrier(sqlite3_file *f)
{
	(void)f;
}

static int vfs_shm_unmap(sqlite3_file *f, int delete)
{
	struct handle *h = (struct handle *)f;

	(void)delete; /* the last handle frees it: there is no file behind it */
	if (h->shm)
		shm_release(h);
	return SQLITE_OK;
}

/* --- files --- */

static int vfs_close(sqlite3_file *f)
{
	struct handle *h = (struct handle *)f;
	struct disk_file *file = h->file;

	vfs_shm_unmap(f, 0);
	vfs_unlock(f, SQLITE_LOCK_NONE);
	file->handles--;
	if (h->delete_on_close && file->exists && !dead(h)) {
		file->exists = false;
		file->name[0] = 0;
	}
	if (!file->exists && file->handles == 0)
		disk_file_free(file);
	return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
	.iVersion = 2, .xClose = vfs_close, .xRead = vfs_read, .xWrite = vfs_write, .xTruncate = vfs_truncate,
	.xSync = vfs_sync, .xFileSize = vfs_size, .xLock = vfs_lock, .xUnlock = vfs_unlock,
	.xCheckReservedLock = vfs_check_reserved, .xFileControl = vfs_control, .xSectorSize = vfs_sector,
	.xDeviceCharacteristics = vfs_device, .xShmMap = vfs_shm_map, .xShmLock = vfs_shm_lock,
	.xShmBarrier = vfs_shm_barrier, .xShmUnmap = vfs_shm_unmap,
};

/* "/sim/12/journal.db" -> disk 12 and "journal.db". */
static struct disk *parse(const char *path, const char **name)
{
	char *end;

	if (strncmp(path, "/sim/", 5) != 0)
		return NULL;
	long no = strtol(path + 5, &end, 10);
	if (end == path + 5 || *end != '/' || !end[1] || strlen(end + 1) >= DISK_NAME)
		return NULL;
	*name = end + 1;
	return disk_no((int)no);
}

static struct disk *scratch; /* of anonymous files */

static int vfs_open(sqlite3_vfs *v, const char *path, sqlite3_file *f, int flags, int *out_flags)
{
	struct handle *h = (struct handle *)f;
	const char *name = "";
	struct disk *d = path ? parse(path, &name) : scratch;
	struct disk_file *file;

	(void)v;
	memset(h, 0, sizeof *h);
	if (!d || d->off)
		return SQLITE_CANTOPEN;
	file = path ? disk_find(d, name) : NULL;
	if (file && (flags & SQLITE_OPEN_EXCLUSIVE))
		return SQLITE_CANTOPEN;
	if (!file && !(flags & SQLITE_OPEN_CREATE) && path)
		return SQLITE_CANTOPEN;
	if (!file) {
		if (path && fails(d, FAULT_WRITE))
			return SQLITE_CANTOPEN;
		file = disk_create(d, name);
	}
	h->file = file;
	h->epoch = d->epoch;
	h->delete_on_close = !path || (flags & SQLITE_OPEN_DELETEONCLOSE);
	file->handles++;
	h->base.pMethods = &methods;
	if (out_flags)
		*out_flags = flags;
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *v, const char *path, int sync)
{
	const char *name;
	struct disk *d = parse(path, &name);
	struct disk_file *f = d ? disk_find(d, name) : NULL;

	(void)v;
	(void)sync;
	if (d && d->off)
		return SQLITE_IOERR_DELETE;
	if (!f)
		return SQLITE_IOERR_DELETE_NOENT;
	trace_mix(0xde1e7e);
	disk_remove(f);
	return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *v, const char *path, int flags, int *out)
{
	const char *name;
	struct disk *d = parse(path, &name);
	struct disk_file *f = d ? disk_find(d, name) : NULL;

	(void)v;
	/* As the unix VFS: an empty file does not "exist" when asked so. */
	*out = f && (flags != SQLITE_ACCESS_EXISTS || f->size > 0);
	return SQLITE_OK;
}

static int vfs_full(sqlite3_vfs *v, const char *path, int size, char *out)
{
	(void)v;
	if ((int)strlen(path) >= size)
		return SQLITE_CANTOPEN;
	strcpy(out, path);
	return SQLITE_OK;
}

static struct rng randomness;

static int vfs_random(sqlite3_vfs *v, int len, char *out)
{
	(void)v;
	rng_fill(&randomness, out, (size_t)len);
	return len;
}

static int vfs_sleep(sqlite3_vfs *v, int us)
{
	(void)v;
	vfs_sleeps++;
	return us;
}

static int vfs_time64(sqlite3_vfs *v, sqlite3_int64 *out)
{
	(void)v;
	*out = vfs_utc + 210866760000000ll; /* Julian day in milliseconds */
	return SQLITE_OK;
}

static int vfs_time(sqlite3_vfs *v, double *out)
{
	sqlite3_int64 now;

	vfs_time64(v, &now);
	*out = (double)now / 86400000.0;
	return SQLITE_OK;
}

static int vfs_error(sqlite3_vfs *v, int size, char *out)
{
	(void)v;
	if (size > 0)
		*out = 0;
	return 0;
}

void vfs_start(void)
{
	static sqlite3_vfs vfs = {
		.iVersion = 2, .szOsFile = sizeof(struct handle), .mxPathname = 512, .zName = "sim",
		.xOpen = vfs_open, .xDelete = vfs_delete, .xAccess = vfs_access, .xFullPathname = vfs_full,
		.xRandomness = vfs_random, .xSleep = vfs_sleep, .xCurrentTime = vfs_time,
		.xGetLastError = vfs_error, .xCurrentTimeInt64 = vfs_time64,
	};

	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 512, 32);
	sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0); /* pages are allocated as they are needed */
	sqlite3_initialize();
	sqlite3_vfs_register(&vfs, 1);
}

void vfs_seed(uint64_t seed)
{
	rng_seed_number(&randomness, seed);
	sqlite3_randomness(0, NULL);
	if (!disk_no(0))
		disk_new(0, seed);
	scratch = disk_no(0);
	vfs_sleeps = 0;
}
