/* SPDX-License-Identifier: Apache-2.0
 *
 * SQLite's view of the simulated disks: the default VFS of this process. One
 * thread, so locks are counters; a connection opened before its disk's last
 * crash is dead: every call fails and closing it changes nothing. */
#ifndef SIM_VFS_H
#define SIM_VFS_H

#include <stdint.h>

/* Once per process, before any other call of SQLite. */
void vfs_start(void);
/* At the beginning of a run: SQLite's own randomness starts from this number. */
void vfs_seed(uint64_t seed);
/* What SQLite reads as the time, UTC milliseconds. */
extern int64_t vfs_utc;
/* Busy waits that SQLite asked for: nobody else can run meanwhile, so each is
 * somebody's lock held too long. */
extern uint64_t vfs_sleeps;

#endif
