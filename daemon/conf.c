/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/conf.h"
#include <dirent.h>
#include <errno.h>
#include <libconfig.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "common/log.h"
#include "daemon/node.h"
#include "daemon/spelling.h"
#include "daemon/swarm.h"

#define DEFAULT_PORT "4446"

enum setting_type { TYPE_ADDRESS, TYPE_LEVEL };

static const struct setting {
	const char *name;
	enum setting_type type;
	const char *otherwise;
	size_t at; /* in struct conf */
} settings[] = {
#define SETTING(name, type, otherwise) {#name, TYPE_##type, otherwise, offsetof(struct conf, name)},
#include "daemon/conf.def"
#undef SETTING
};
#define SETTING_COUNT (sizeof settings / sizeof *settings)

static const char *const levels[] = {"error", "warning", "notice", "info", "debug"};

bool conf_address(const char *text, char out[RIGHTS_ADDRESS_MAX + 1])
{
	char host[RIGHTS_ADDRESS_MAX + 1], port[16], full[RIGHTS_ADDRESS_MAX + 1] = "";
	bool bare = !strchr(text, ':') || text[strlen(text) - 1] == ']';

	if (text[0] == 0 || strlen(text) + sizeof DEFAULT_PORT + 1 > RIGHTS_ADDRESS_MAX)
		return false;
	snprintf(full, sizeof full, "%s%s", text, bare ? ":" DEFAULT_PORT : "");
	if (!address_split(full, host, sizeof host, port, sizeof port))
		return false;
	memcpy(out, full, sizeof full);
	return true;
}

/* --- one value --- */

/* Empty is the default: nothing. */
static bool take_address(const char *text, char *out)
{
	if (text[0] == 0) {
		out[0] = 0;
		return true;
	}
	return conf_address(text, out);
}

static bool take_level(const char *text, int *out)
{
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		if (strcmp(text, levels[i]) == 0) {
			*out = LOG_ERR_ + (int)i;
			return true;
		}
	return false;
}

static bool take(const struct setting *s, const char *text, struct conf *out)
{
	void *at = (char *)out + s->at;

	switch (s->type) {
	case TYPE_ADDRESS:
		return take_address(text, at);
	case TYPE_LEVEL:
		return take_level(text, at);
	}
	return false;
}

static const char *wanted(enum setting_type type)
{
	switch (type) {
	case TYPE_ADDRESS:
		return "expected \"host:port\", in quotes";
	case TYPE_LEVEL:
		return "one of \"error\", \"warning\", \"notice\", \"info\", \"debug\"";
	}
	return "";
}

/* --- one file --- */

struct file {
	const char *path;
	struct conf *out;
	struct buf *why;
};

static enum es_err complain(struct file *f, const char *path, int line, const char *key, const char *reason)
{
	buf_printf(f->why, "%s:%d: %s: %s", path ? path : f->path, line, key, reason);
	return ES_CONFIG;
}

static enum es_err unknown(struct file *f, const char *path, int line, const char *name)
{
	const char *near = NULL;
	size_t best = SIZE_MAX;

	buf_printf(f->why, "%s:%d: %.64s: unknown key; ", path ? path : f->path, line, name);
	for (size_t i = 0; i < SETTING_COUNT; i++)
		spelling_nearer(name, settings[i].name, &best, &near);
	if (near) {
		buf_printf(f->why, "did you mean '%s'?", near);
		return ES_CONFIG;
	}
	buf_str(f->why, "known:");
	for (size_t i = 0; i < SETTING_COUNT; i++)
		buf_printf(f->why, "%s %s", i > 0 ? "," : "", settings[i].name);
	return ES_CONFIG;
}

static enum es_err read_setting(struct file *f, const config_setting_t *s)
{
	const char *name = config_setting_name(s), *text = config_setting_get_string(s), *path = config_setting_source_file(s);
	int line = (int)config_setting_source_line(s);

	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (strcmp(settings[i].name, name) == 0)
			return text && take(&settings[i], text, f->out) ? ES_OK
									: complain(f, path, line, name, wanted(settings[i].type));
	return unknown(f, path, line, name);
}

static enum es_err read_file(const char *path, struct conf *out, struct buf *why)
{
	struct file f = {.path = path, .out = out, .why = why};
	FILE *in = fopen(path, "re");
	enum es_err err = ES_OK;
	config_t cfg;

	if (!in)
		return errno == ENOENT || errno == ENOTDIR ? ES_OK : complain(&f, path, 0, "file", strerror(errno));
	config_init(&cfg);
	if (config_read(&cfg, in) != CONFIG_TRUE) {
		err = complain(&f, config_error_file(&cfg), config_error_line(&cfg), "syntax", config_error_text(&cfg));
	} else {
		const config_setting_t *root = config_root_setting(&cfg);

		for (int i = 0; i < config_setting_length(root) && err == ES_OK; i++)
			err = read_setting(&f, config_setting_get_elem(root, (unsigned)i));
	}
	config_destroy(&cfg);
	fclose(in);
	return err;
}

/* --- all of them --- */

static int is_conf(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return e->d_name[0] != '.' && len > 5 && strcmp(e->d_name + len - 5, ".conf") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static enum es_err read_folder(const char *path, struct conf *out, struct buf *why)
{
	const char *slash = strrchr(path, '/');
	char folder[NODE_PATH_MAX + 32], file[NODE_PATH_MAX + 32 + 256];
	struct dirent **list = NULL;
	enum es_err err = ES_OK;

	snprintf(folder, sizeof folder, "%.*sconf.d", slash ? (int)(slash - path) + 1 : 0, path);
	int count = scandir(folder, &list, is_conf, by_name);
	for (int i = 0; i < count; i++) {
		snprintf(file, sizeof file, "%s/%s", folder, list[i]->d_name);
		if (err == ES_OK)
			err = read_file(file, out, why);
		free(list[i]);
	}
	free(list);
	return err;
}

enum es_err conf_load(const char *written, const char *path, struct conf *out, struct buf *why)
{
	struct file f = {.path = path, .why = why};
	struct conf c = {0};
	enum es_err err = ES_OK;

	for (size_t i = 0; i < SETTING_COUNT; i++)
		(void)take(&settings[i], settings[i].otherwise, &c);
	if (written)
		err = read_file(written, &c, why);
	if (err == ES_OK)
		err = read_file(path, &c, why);
	if (err == ES_OK)
		err = read_folder(path, &c, why);
	if (err == ES_OK && !c.advertise[0] && c.listen[0] && !address_is_wildcard(c.listen))
		memcpy(c.advertise, c.listen, sizeof c.advertise);
	if (err == ES_OK && c.advertise[0] && address_is_wildcard(c.advertise))
		err = complain(&f, path, 0, "advertise", "an address that others can dial, not a wildcard");
	if (err == ES_OK)
		*out = c;
	return err;
}

void conf_show(const struct conf *c, struct buf *out)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const void *at = (const char *)c + settings[i].at;
		const char *text = settings[i].type == TYPE_LEVEL ? levels[*(const int *)at - LOG_ERR_] : at;

		buf_printf(out, "%s = \"%s\";\n", settings[i].name, text);
	}
}

enum es_err conf_write(const char *path, const char *listen, const char *advertise)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return errno == ENOSPC ? ES_DISK_FULL : ES_IO;
	fputs("# Written when this node was made; essaim.conf(5) has every key. In the service's\n"
	      "# /var/lib/essaim, what /etc/essaim says counts more.\n", f);
	if (listen)
		fprintf(f, "listen = \"%s\";\n", listen);
	if (advertise)
		fprintf(f, "advertise = \"%s\";\n", advertise);
	/* No secret is in it, and who asks what is in force may read it. */
	bool good = fchmod(fileno(f), 0644) == 0 && fflush(f) == 0 && fsync(fileno(f)) == 0;
	int why = errno;
	fclose(f);
	return good ? ES_OK : why == ENOSPC ? ES_DISK_FULL : ES_IO;
}
