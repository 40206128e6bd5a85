/* SPDX-License-Identifier: Apache-2.0
 *
 * What a service manager is told, and what it asks: sd_notify(3) by hand, the same
 * bytes on the same datagram socket; libsystemd would bring five libraries for it.
 * Started by hand, essaimd finds nobody listening and all of this is nothing. */
#ifndef DAEMON_SERVICE_H
#define DAEMON_SERVICE_H

#include "common/stamp.h"

/* "READY=1", "RELOADING=1", "STOPPING=1", "WATCHDOG=1", "STATUS=..." by lines. */
void service_tell(const char *state);
/* In how many ms it wants to hear WATCHDOG=1; 0: it does not watch. */
es_ms service_watchdog(void);

#endif
