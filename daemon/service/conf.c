/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/service/conf.h"
#include <dirent.h>
#include <errno.h>
#include <libconfig.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "common/log.h"
#include "common/say.h"
#include "daemon/node/node.h"
#include "daemon/service/spelling.h"
#include "daemon/swarm/swarm.h"

#define DEFAULT_PORT "4446"
#define PAGE_PORT "4447"
#define REST_MAX_S 43200 /* of a session on the page */

enum setting_type { TYPE_ADDRESS, TYPE_DIALLED, TYPE_LEVEL, TYPE_PAGE, TYPE_HOSTS, TYPE_YES_NO, TYPE_SECONDS };

static const struct setting {
	const char *name;
	enum setting_type type;
	const char *otherwise;
	size_t at; /* in struct conf */
} settings[] = {
#define SETTING(name, type, otherwise, member) {#name, TYPE_##type, otherwise, offsetof(struct conf, member)},
#include "daemon/service/conf.def"
#undef SETTING
};
#define SETTING_COUNT (sizeof settings / sizeof *settings)

static const char *const levels[] = {"error", "warning", "notice", "info", "debug"};

static bool complete(const char *text, const char *port, char out[RIGHTS_ADDRESS_MAX + 1])
{
	char host[RIGHTS_ADDRESS_MAX + 1], given[16], full[RIGHTS_ADDRESS_MAX + 1] = "";
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

/* Empty is said, too: nothing. */
static bool take_address(const char *text, const char *port, char out[RIGHTS_ADDRESS_MAX + 1])
{
	if (text[0])
		return complete(text, port, out);
	memset(out, 0, RIGHTS_ADDRESS_MAX + 1);
	return true;
}

bool conf_page_address(const char *text, char out[RIGHTS_ADDRESS_MAX + 1])
{
	return take_address(text, PAGE_PORT, out);
}

/* --- one value --- */

static bool take_level(const char *text, int *out)
{
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		if (strcmp(text, levels[i]) == 0) {
			*out = LOG_ERR_ + (int)i;
			return true;
		}
	return false;
}

/* Names, without a port: what a browser has in its address. */
static bool take_hosts(const char *text, char out[CONF_HOSTS_MAX])
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789.-[]: ";

	if (strlen(text) >= CONF_HOSTS_MAX || strspn(text, allowed) != strlen(text))
		return false;
	strncpy(out, text, CONF_HOSTS_MAX);
	return true;
}

static bool take_yes_no(const char *text, bool *out)
{
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return false;
	*out = text[0] == 'y';
	return true;
}

static bool take_seconds(const char *text, int *out)
{
	size_t len = strspn(text, "0123456789");
	long n = len > 0 && len < 8 && text[len] == 0 ? strtol(text, NULL, 10) : 0;

	if (n < 1 || n > REST_MAX_S)
		return false;
	*out = (int)n;
	return true;
}

static bool take(const struct setting *s, const char *text, struct conf *out)
{
	void *at = (char *)out + s->at;

	switch (s->type) {
	case TYPE_ADDRESS:
		return take_address(text, DEFAULT_PORT, at);
	case TYPE_DIALLED:
		return take_address(text, DEFAULT_PORT, at) && !(text[0] && address_is_wildcard(at));
	case TYPE_LEVEL:
		return take_level(text, at);
	case TYPE_PAGE:
		out->page_given = true;
		return take_address(text, PAGE_PORT, at);
	case TYPE_HOSTS:
		return take_hosts(text, at);
	case TYPE_YES_NO:
		return take_yes_no(text, at);
	case TYPE_SECONDS:
		return take_seconds(text, at);
	}
	return false;
}

static const char *wanted(enum setting_type type)
{
	switch (type) {
	case TYPE_ADDRESS:
		return _("expected \"host:port\", in quotes");
	case TYPE_DIALLED:
		return _("\"host:port\" that others can dial, not a wildcard");
	case TYPE_LEVEL:
		return _("one of \"error\", \"warning\", \"notice\", \"info\", \"debug\"");
	case TYPE_PAGE:
		return _("expected \"host:port\", or \"\" for no page");
	case TYPE_HOSTS:
		return _("expected names in lower case, separated by spaces: \"essaim.pole.example\"");
	case TYPE_YES_NO:
		return _("one of \"yes\", \"no\"");
	case TYPE_SECONDS:
		return _("expected seconds, from 1 to 43200, without quotes");
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

	buf_printf(f->why, _("%s:%d: %.64s: unknown key; "), path ? path : f->path, line, name);
	for (size_t i = 0; i < SETTING_COUNT; i++)
		spelling_nearer(name, settings[i].name, &best, &near);
	if (near) {
		buf_printf(f->why, _("did you mean '%s'?"), near);
		return ES_CONFIG;
	}
	buf_str(f->why, _("known:"));
	for (size_t i = 0; i < SETTING_COUNT; i++)
		buf_printf(f->why, "%s %s", i > 0 ? "," : "", settings[i].name);
	return ES_CONFIG;
}

static enum es_err read_setting(struct file *f, const config_setting_t *s)
{
	const char *name = config_setting_name(s), *text = config_setting_get_string(s), *path = config_setting_source_file(s);
	int line = (int)config_setting_source_line(s);
	char number[16];

	for (size_t i = 0; i < SETTING_COUNT; i++) {
		if (strcmp(settings[i].name, name) != 0)
			continue;
		if (settings[i].type == TYPE_SECONDS)
			text = config_setting_type(s) == CONFIG_TYPE_INT ? number : NULL;
		snprintf(number, sizeof number, "%d", config_setting_get_int(s));
		return text && take(&settings[i], text, f->out) ? ES_OK
								: complain(f, path, line, name, wanted(settings[i].type));
	}
	return unknown(f, path, line, name);
}

static enum es_err read_file(const char *path, struct conf *out, struct buf *why)
{
	struct file f = {.path = path, .out = out, .why = why};
	FILE *in = fopen(path, "re");
	enum es_err err = ES_OK;
	config_t cfg;

	if (!in)
		return errno == ENOENT || errno == ENOTDIR ? ES_OK : complain(&f, path, 0, "file", _(strerror(errno)));
	config_init(&cfg);
	if (config_read(&cfg, in) != CONFIG_TRUE) {
		err = complain(&f, config_error_file(&cfg), config_error_line(&cfg), "syntax", _(config_error_text(&cfg)));
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
	struct conf c = {0};
	enum es_err err = ES_OK;

	for (size_t i = 0; i < SETTING_COUNT; i++)
		(void)take(&settings[i], settings[i].otherwise, &c);
	c.page_given = false;
	if (written)
		err = read_file(written, &c, why);
	if (err == ES_OK)
		err = read_file(path, &c, why);
	if (err == ES_OK)
		err = read_folder(path, &c, why);
	if (err == ES_OK && !c.advertise[0] && c.listen[0] && !address_is_wildcard(c.listen))
		memcpy(c.advertise, c.listen, sizeof c.advertise);
	if (err == ES_OK)
		*out = c;
	return err;
}

void conf_show(const struct conf *c, struct buf *out)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const void *at = (const char *)c + settings[i].at;

		buf_printf(out, "%s = ", settings[i].name);
		switch (settings[i].type) {
		case TYPE_ADDRESS:
		case TYPE_DIALLED:
		case TYPE_PAGE:
		case TYPE_HOSTS:
			buf_printf(out, "\"%s\";\n", (const char *)at);
			break;
		case TYPE_LEVEL:
			buf_printf(out, "\"%s\";\n", levels[*(const int *)at - LOG_ERR_]);
			break;
		case TYPE_YES_NO:
			buf_printf(out, "\"%s\";\n", *(const bool *)at ? "yes" : "no");
			break;
		case TYPE_SECONDS:
			buf_printf(out, "%d;\n", *(const int *)at);
			break;
		}
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
