/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files behind support.h share. */
#ifndef DAEMON_SUPPORT_PARTS_H
#define DAEMON_SUPPORT_PARTS_H

#include "daemon/support.h"

/* The items of a list of the directory, which joins them by '|', as rows of `value`. */
#define ITEMS(list) "json_each('[\"' || replace(replace(coalesce(" list ", ''), '\"', ''), '|', '\",\"') || '\"]')"

#endif
