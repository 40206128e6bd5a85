/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the node share among themselves, and nobody else. */
#ifndef DAEMON_NODE_PARTS_H
#define DAEMON_NODE_PARTS_H

#include "daemon/node.h"

/* Admit and append one commit; a control commit changes the rights at once. */
ES_MUST_USE enum es_err node_admit(struct node *n, uint32_t index, const struct commit *c, const struct packed *p);
/* An `open` entry with a nonce drawn now. */
void node_open_entry(struct node *n, const struct id16 *hub, enum scope scope, uint32_t generation, struct buf *out);

#endif
