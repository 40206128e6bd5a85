/* SPDX-License-Identifier: Apache-2.0
 *
 * essaim.conf (libconfig): where to listen, what address to give, how much to
 * log, how the page is served. Its keys are those of conf.def; conf/essaim.conf is the commented example.
 *
 * Read in this order, the last word counting:
 *
 *   what `init`, `join` and `restore` wrote into the data directory
 *   essaim.conf
 *   conf.d/ beside it, its *.conf files by name */
#ifndef DAEMON_CONF_H
#define DAEMON_CONF_H

#include "proto/rights.h"

#define CONF_PAGE_DEFAULT "127.0.0.1:4447"
#define CONF_HOSTS_MAX 512

/* The page (web.h). */
struct page_conf {
	char listen[RIGHTS_ADDRESS_MAX + 1]; /* "host:port"; empty: none is served */
	char hosts[CONF_HOSTS_MAX]; /* other names it is called by, separated by spaces */
	bool open_to_all; /* page_public: without an account what is public is read */
	int rest_s; /* a session ends after that without a request */
};
struct conf {
	char listen[RIGHTS_ADDRESS_MAX + 1]; /* "host:port"; empty: accept nobody */
	char advertise[RIGHTS_ADDRESS_MAX + 1]; /* default: listen, unless a wildcard */
	int log; /* enum log_level */
	struct page_conf page;
	bool page_given; /* `page` stands in a file */
};

/* `written` may be NULL: the data directory's file, where that is another. A missing
 * file says nothing. ES_CONFIG: `why` gets "file:line: key: reason", *out is as before. */
ES_MUST_USE enum es_err conf_load(const char *written, const char *path, struct conf *out, struct buf *why);
/* Every key with its value, as the file would say it. */
void conf_show(const struct conf *c, struct buf *out);
/* NULL: left out. ES_IO, ES_DISK_FULL. */
ES_MUST_USE enum es_err conf_write(const char *path, const char *listen, const char *advertise);
/* "host:port" or "host" (port 4446 added) checked and copied; false: neither. */
bool conf_address(const char *text, char out[RIGHTS_ADDRESS_MAX + 1]);
/* The same for the page: port 4447; empty stays empty. */
bool conf_page_address(const char *text, char out[RIGHTS_ADDRESS_MAX + 1]);

#endif
