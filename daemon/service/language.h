/* SPDX-License-Identifier: Apache-2.0
 *
 * Which language is spoken (common/say.h), and where its sentences lie: $ESSAIM_CATALOGUE,
 * else the installed /usr/share/locale/fr/LC_MESSAGES/essaim.mo, else the build's own. */
#ifndef DAEMON_LANGUAGE_H
#define DAEMON_LANGUAGE_H

#include "common/say.h"

/* Reads the sentences and makes this thread speak the environment's language; once, at the
 * start. A file that is missing or not sound leaves everybody with English. */
void language_start(void);
/* As gettext does: LC_ALL, else LC_MESSAGES, else LANG; LANGUAGE goes before, unless that
 * is C or nothing. The locale need not be installed. */
enum say_language language_of_environment(void);
/* Of a request's Accept-Language (RFC 9110, 12.5.4), which may be NULL: the one of ours with
 * the greatest weight, the first of equals; English where none is named. */
enum say_language language_accepted(const char *header);

#endif
