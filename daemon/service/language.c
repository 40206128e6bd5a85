/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/service/language.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/places.h"
#include "common/say.h"

#define CATALOGUE_MAX (4 << 20)

/* What libraries say of a file or a connection, so that xgettext finds it: _(strerror(errno)). */
static const char *const others_say[] __attribute__((unused)) = {
	N_("Operation not permitted"), N_("No such file or directory"), N_("Input/output error"), N_("Permission denied"),
	N_("Device or resource busy"), N_("File exists"), N_("Not a directory"), N_("Is a directory"), N_("Invalid argument"),
	N_("Too many open files"), N_("File too large"), N_("No space left on device"), N_("Read-only file system"),
	N_("Broken pipe"), N_("File name too long"), N_("Directory not empty"), N_("Too many levels of symbolic links"),
	N_("Disk quota exceeded"), N_("Cannot allocate memory"), N_("Bad file descriptor"), N_("Text file busy"),
	N_("Name or service not known"), N_("Temporary failure in name resolution"), N_("Servname not supported for ai_socktype"),
	N_("Address already in use"), N_("Cannot assign requested address"), N_("Connection refused"), N_("Connection reset by peer"), N_("Connection timed out"), N_("syntax error"),
	N_("Server returned nothing (no headers, no data)"), N_("Failure when receiving data from the peer"),
	N_("Failed sending data to the peer"), N_("Transferred a partial file"), N_("Timeout was reached"),
	N_("Operation was aborted by an application callback"),
};

static bool load(const char *path)
{
	FILE *f = fopen(path, "re");
	struct buf mo;
	size_t n;
	bool good;

	if (!f)
		return false;
	buf_init(&mo, CATALOGUE_MAX);
	do {
		uint8_t *room = buf_reserve(&mo, 65536);

		n = room ? fread(room, 1, 65536, f) : 0;
		mo.len += n;
	} while (n > 0);
	good = !ferror(f) && buf_err(&mo) == ES_OK && say_load(buf_slice(&mo));
	fclose(f);
	if (!good)
		buf_done(&mo);
	return good;
}

void language_start(void)
{
	const char *asked = getenv("ESSAIM_CATALOGUE");

	if (asked && *asked ? !load(asked) : !load(ESSAIM_CATALOGUE) && !load(ESSAIM_BINARY_DIR "/locale/fr/LC_MESSAGES/essaim.mo"))
		return;
	say_set(language_of_environment());
}

/* "fr", "fr_FR.UTF-8", "fr-CH", but not "frp". */
static bool is_tag(const char *text, const char *tag)
{
	size_t len = strlen(tag);

	return strncasecmp(text, tag, len) == 0 && !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", text[len] ? text[len] : '_');
}

static const char *locale_of_environment(void)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return value;
	}
	return "C";
}

enum say_language language_of_environment(void)
{
	const char *locale = locale_of_environment(), *list = getenv("LANGUAGE");

	if (is_tag(locale, "C") || is_tag(locale, "POSIX"))
		return SAY_ENGLISH;
	for (const char *p = list && *list ? list : locale; *p; p += strcspn(p, ":"), p += *p == ':') {
		if (is_tag(p, "fr"))
			return SAY_FRENCH;
		if (is_tag(p, "en") || is_tag(p, "C"))
			return SAY_ENGLISH;
	}
	return SAY_ENGLISH;
}

/* What follows ";q=" within one range, in thousandths; 1000 where nothing does. */
static int weight(const char *range)
{
	size_t len = strcspn(range, ",");
	const char *q = memchr(range, ';', len);
	double value = 1;

	if (q && sscanf(q, "; %*1[qQ]=%lf", &value) == 1)
		return value >= 0 && value <= 1 ? (int)(value * 1000) : 0;
	return 1000;
}

enum say_language language_accepted(const char *header)
{
	enum say_language best = SAY_ENGLISH;
	int most = 0;

	for (const char *p = header ? header : ""; *p; p += strcspn(p, ","), p += *p == ',') {
		p += strspn(p, " \t");
		if ((is_tag(p, "fr") || is_tag(p, "en")) && weight(p) > most) {
			best = is_tag(p, "fr") ? SAY_FRENCH : SAY_ENGLISH;
			most = weight(p);
		}
	}
	return best;
}
