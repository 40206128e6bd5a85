/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_PARTS_H
#define SIM_PARTS_H

/* --self-test of the disks and the VFS; 0: they hold. */
int vfs_check(void);

#endif
