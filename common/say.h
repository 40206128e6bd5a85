/* SPDX-License-Identifier: Apache-2.0
 *
 * English in the code, French for people: the sentences of conf/po/fr.po.
 *
 *     buf_printf(why, _("%s: no such record here"), uid);
 *
 * _( ) answers in the language of the thread, N_( ) only marks a sentence that a table
 * holds, for xgettext. libc's gettext() has one language for the whole process, taken from
 * a locale that a small Debian does not have installed; a daemon answers each request in
 * its own. The file format (.mo) and the tools are gettext's.
 *
 * A sentence without a translation is said in English, as are all without a catalogue.
 * Logs stay English: they are made with the sentences themselves. */
#ifndef COMMON_SAY_H
#define COMMON_SAY_H

#include <stdarg.h>
#include <stdbool.h>
#include "common/bytes.h"

enum say_language { SAY_ENGLISH, SAY_FRENCH };

#define _(text) say_text(text)
#define N_(text) text

/* Takes the bytes of a .mo file for the program's life; once, before other threads speak.
 * False, and nothing is taken, unless all of it is sound: in bounds, sorted, in UTF-8, and
 * every translation takes the arguments of its sentence in the same order. */
ES_MUST_USE bool say_load(struct slice mo);
/* The language of this thread from now on; English at first. */
void say_set(enum say_language language);
enum say_language say_language(void);
const char *say_text(const char *english) __attribute__((format_arg(1)));
const char *say_in(enum say_language language, const char *english) __attribute__((format_arg(2)));
/* A sentence of a table that has both languages: %s is the next of `texts`, {one|many} goes
 * by the last %s before it, a number: "%s fiche{|s} attend{|ent}". One is 0 and 1 in French, 1 in
 * English. */
void say_counted(struct buf *out, enum say_language language, const char *format, va_list texts);

#endif
