/* SPDX-License-Identifier: Apache-2.0
 *
 * What the system says of this process, and of a node's files. What cannot be read
 * is 0. Blocking: for the pool, or for a command. */
#ifndef DAEMON_PROCESS_H
#define DAEMON_PROCESS_H

#include <stdint.h>

struct process_facts {
	double cpu_s, start_s; /* start: seconds since 1970 */
	int64_t open_fds, max_fds, virtual_bytes, resident_bytes;
};
void process_look(struct process_facts *p);

struct node_files {
	int64_t journal, journal_wal, directory, directory_wal; /* bytes */
	int64_t disk_free; /* to this user, where they are */
};
void node_files_look(const char *dir, struct node_files *f);

#endif
