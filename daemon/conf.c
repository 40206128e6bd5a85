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

static const char *const known[] = {"listen", "advertise", "log"};
static const char *const levels[] = {"error", "warning", "notice", "info", "debug"};

bool conf_address(const char *text, char out[RIGHTS_ADDRESS_MAX + 1])
{
	char host[RIGHTS_ADDRESS_MAX + 1], port[16], full[RIGHTS_ADDRESS_MAX + 1];
	bool bare = !strchr(text, ':') || text[strlen(text) - 1] == ']';

	if (text[0] == 0 || strlen(text) + sizeof DEFAULT_PORT + 1 > RIGHTS_ADDRESS_MAX)
		return false;
	snprintf(full, sizeof full, "%s%s", text, bare ? ":" DEFAULT_PORT : "");
	if (!address_split(full, host, sizeof host, port, sizeof port))
		return false;
	memcpy(out, full, sizeof full);
	return true;
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

static enum es_err read_setting(const config_setting_t *s, struct conf *out, const char *path, struct buf *why)
{
	const char *name = config_setting_name(s), *text = config_setting_get_string(s);
	int line = (int)config_setting_source_line(s);

	if (strcmp(name, "log") == 0)
		return read_level(s, out, path, why);
	if (strcmp(name, known[0]) != 0 && strcmp(name, known[1]) != 0)
		return complain(why, path, line, name, "unknown key; known: listen, advertise, log");
	if (!text || !conf_address(text, strcmp(name, "listen") == 0 ? out->listen : out->advertise))
		return complain(why, path, line, name, "expected \"host:port\"");
	return ES_OK;
}

enum es_err conf_load(const char *path, struct conf *out, struct buf *why)
{
	config_t cfg;
	enum es_err err = ES_OK;

	memset(out, 0, sizeof *out);
	out->log_level = LOG_NOTE;
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
