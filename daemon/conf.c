/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/conf.h"
#include <errno.h>
#include <libconfig.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "common/log.h"
#include "daemon/swarm.h"

#define DEFAULT_PORT "4446"
#define PAGE_PORT "4447"
#define REST_S 1800 /* of a session on the page */
#define REST_MAX_S 43200

static const char *const levels[] = {"error", "warning", "notice", "info", "debug"};

static bool complete(const char *text, const char *port, char out[RIGHTS_ADDRESS_MAX + 1])
{
	char host[RIGHTS_ADDRESS_MAX + 1], given[16], full[RIGHTS_ADDRESS_MAX + 1];
	bool bare = !strchr(text, ':') || text[strlen(text) - 1] == ']';

	if (text[0] == 0)
		return false;
	if (snprintf(full, sizeof full, "%s%s%s", text, bare ? ":" : "", bare ? port : "") >= (int)sizeof full ||
	    !address_split(full, host, sizeof host, given, sizeof given))
		return false;
	memcpy(out, full, sizeof full);
	return true;
}

bool conf_address(const char *text, char out[RIGHTS_ADDRESS_MAX + 1])
{
	return complete(text, DEFAULT_PORT, out);
}

bool conf_page_address(const char *text, char out[RIGHTS_ADDRESS_MAX + 1])
{
	out[0] = 0;
	return text[0] == 0 || complete(text, PAGE_PORT, out);
}

static enum es_err complain(struct buf *why, const char *path, int line, const char *key, const char *reason)
{
	buf_printf(why, "%s:%d: %s: %s", path, line, key, reason);
	return ES_CONFIG;
}

static enum es_err read_level(const config_setting_t *s, struct conf *out, const char *path, struct buf *why)
{
	const char *text = config_setting_get_string(s);

	for (int i = 0; text && i < 5; i++)
		if (strcmp(text, levels[i]) == 0) {
			out->log_level = LOG_ERR_ + i;
			return ES_OK;
		}
	return complain(why, path, (int)config_setting_source_line(s), "log", "one of error, warning, notice, info, debug");
}

static enum es_err read_listen(const config_setting_t *s, struct conf *out, const char *path, struct buf *why)
{
	const char *text = config_setting_get_string(s);

	if (text && conf_address(text, out->listen))
		return ES_OK;
	return complain(why, path, (int)config_setting_source_line(s), "listen", "expected \"host:port\"");
}

static enum es_err read_advertise(const config_setting_t *s, struct conf *out, const char *path, struct buf *why)
{
	const char *text = config_setting_get_string(s);

	if (text && conf_address(text, out->advertise))
		return ES_OK;
	return complain(why, path, (int)config_setting_source_line(s), "advertise", "expected \"host:port\"");
}

static enum es_err read_page(const config_setting_t *s, struct conf *out, const char *path, struct buf *why)
{
	const char *text = config_setting_get_string(s);

	out->page_given = true;
	if (text && conf_page_address(text, out->page.listen))
		return ES_OK;
	return complain(why, path, (int)config_setting_source_line(s), "page", "expected \"host:port\", or \"\" for no page");
}

/* Names, without a port: what a browser has in its address. */
static enum es_err read_page_host(const config_setting_t *s, struct conf *out, const char *path, struct buf *why)
{
	const char *text = config_setting_get_string(s);
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789.-[]: ";

	if (text && strlen(text) < sizeof out->page.hosts && strspn(text, allowed) == strlen(text)) {
		snprintf(out->page.hosts, sizeof out->page.hosts, "%s", text);
		return ES_OK;
	}
	return complain(why, path, (int)config_setting_source_line(s), "page_host",
			"expected names in lower case, separated by spaces: \"essaim.pole.example\"");
}

static enum es_err read_page_public(const config_setting_t *s, struct conf *out, const char *path, struct buf *why)
{
	const char *text = config_setting_get_string(s);
	bool yes = text && strcmp(text, "yes") == 0;

	out->page.open_to_all = yes;
	if (yes || (text && strcmp(text, "no") == 0))
		return ES_OK;
	return complain(why, path, (int)config_setting_source_line(s), "page_public", "one of \"yes\", \"no\"");
}

static enum es_err read_page_session(const config_setting_t *s, struct conf *out, const char *path, struct buf *why)
{
	int seconds = config_setting_get_int(s);

	if (config_setting_type(s) == CONFIG_TYPE_INT && seconds > 0 && seconds <= REST_MAX_S) {
		out->page.rest_s = seconds;
		return ES_OK;
	}
	return complain(why, path, (int)config_setting_source_line(s), "page_session", "seconds, from 1 to 43200");
}

static const struct {
	const char *key;
	enum es_err (*read)(const config_setting_t *s, struct conf *out, const char *path, struct buf *why);
} keys[] = {{"listen", read_listen}, {"advertise", read_advertise}, {"log", read_level}, {"page", read_page},
	    {"page_host", read_page_host}, {"page_public", read_page_public}, {"page_session", read_page_session}};

static enum es_err read_setting(const config_setting_t *s, struct conf *out, const char *path, struct buf *why)
{
	const char *name = config_setting_name(s);

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (strcmp(name, keys[i].key) == 0)
			return keys[i].read(s, out, path, why);
	buf_printf(why, "%s:%d: %s: unknown key; known:", path, (int)config_setting_source_line(s), name);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		buf_printf(why, "%s %s", i ? "," : "", keys[i].key);
	return ES_CONFIG;
}

enum es_err conf_load(const char *path, struct conf *out, struct buf *why)
{
	config_t cfg;
	enum es_err err = ES_OK;

	memset(out, 0, sizeof *out);
	out->log_level = LOG_NOTE;
	out->page.rest_s = REST_S;
	if (access(path, F_OK) != 0)
		return ES_OK;
	config_init(&cfg);
	if (config_read_file(&cfg, path) != CONFIG_TRUE) {
		err = complain(why, path, config_error_line(&cfg), "syntax", config_error_text(&cfg));
	} else {
		const config_setting_t *root = config_root_setting(&cfg);

		for (int i = 0; i < config_setting_length(root) && err == ES_OK; i++)
			err = read_setting(config_setting_get_elem(root, (unsigned)i), out, path, why);
	}
	config_destroy(&cfg);
	if (err == ES_OK && !out->advertise[0] && out->listen[0] && !address_is_wildcard(out->listen))
		memcpy(out->advertise, out->listen, sizeof out->advertise);
	if (err == ES_OK && out->advertise[0] && address_is_wildcard(out->advertise))
		err = complain(why, path, 1, "advertise", "an address that others can dial, not a wildcard");
	return err;
}

enum es_err conf_write(const char *path, const char *listen, const char *advertise)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return errno == ENOSPC ? ES_DISK_FULL : ES_IO;
	fputs("# essaim: see essaim.conf in the documentation for every key.\n", f);
	if (listen)
		fprintf(f, "listen = \"%s\";\n", listen);
	if (advertise)
		fprintf(f, "advertise = \"%s\";\n", advertise);
	bool good = fflush(f) == 0 && fsync(fileno(f)) == 0;
	int why = errno;
	fclose(f);
	return good ? ES_OK : why == ENOSPC ? ES_DISK_FULL : ES_IO;
}
