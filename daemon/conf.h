/* SPDX-License-Identifier: Apache-2.0
 *
 * essaim.conf (libconfig): where to listen, what address to give, how much to
 * log, how the page is served. Written by `init` and `join`, commented example in conf/essaim.conf. */
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
	int log_level; /* 3..7 */
	struct page_conf page;
	bool page_given; /* `page` stands in the file */
};

/* A missing file is the defaults. ES_CONFIG: `why` gets "file:line: key: reason". */
ES_MUST_USE enum es_err conf_load(const char *path, struct conf *out, struct buf *why);
/* NULL: left out. ES_IO, ES_DISK_FULL. */
ES_MUST_USE enum es_err conf_write(const char *path, const char *listen, const char *advertise);
/* "host:port" or "host" (port 4446 added) checked and copied; false: neither. */
bool conf_address(const char *text, char out[RIGHTS_ADDRESS_MAX + 1]);
/* The same for the page: port 4447; empty stays empty. */
bool conf_page_address(const char *text, char out[RIGHTS_ADDRESS_MAX + 1]);

#endif
