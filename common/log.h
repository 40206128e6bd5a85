/* SPDX-License-Identifier: Apache-2.0
 *
 * One event a line on stderr: the event's name, then key=value; the journald
 * priority in front ("<4>"). Only daemon/ calls it. A value with a space is
 * quoted. Nothing private is ever passed here. */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>

enum log_level { LOG_ERR_ = 3, LOG_WARN = 4, LOG_NOTE = 5, LOG_INFO = 6, LOG_DEBUG_ = 7 };

void log_set_level(enum log_level most);
/* Without the priority: a person reads along. */
void log_set_plain(bool plain);
/* log_event(LOG_WARN, "log.blocked", "hub=%s seq=%llu", ...) */
void log_event(enum log_level level, const char *event, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
