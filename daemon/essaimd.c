/* SPDX-License-Identifier: Apache-2.0
 *
 * essaimd [--data DIR] [--config FILE] [--page HOST:PORT]: one node, in the foreground.
 * SIGHUP reads the configuration again: peers stay connected, a bad file changes nothing. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/log.h"
#include "daemon/api/api.h"
#include "daemon/node/keyfile.h"
#include "daemon/service/conf.h"
#include "daemon/service/language.h"
#include "daemon/service/pulse.h"
#include "daemon/service/service.h"
#include "daemon/web/web.h"

struct program {
	uv_loop_t loop;
	char dir[NODE_PATH_MAX], config[NODE_PATH_MAX + 16], socket_path[NODE_PATH_MAX + 16];
	char written[NODE_PATH_MAX + 16]; /* what init or join wrote, where that is not `config` */
	bool check; /* the configuration only */
	char page[RIGHTS_ADDRESS_MAX + 1];
	bool page_asked, alone; /* alone: --data, a node beside others on its machine */
	struct conf conf;
	struct reference *ref;
	struct node *node; /* until the worker takes it */
	struct node_keys keys;
	struct swarm swarm;
	struct api *api;
	struct pulse pulse;
	uv_signal_t signals[3];
};

static int fail(enum es_err err, const char *where, const char *what)
{
	fprintf(stderr, "essaimd: %s: %s\n", where, what);
	return es_err_exit(err);
}

static void usage(FILE *f)
{
	fputs(_("usage: essaimd [--data DIR] [--config FILE] [--socket PATH] [--page HOST:PORT] [--check]\n"
	      "Runs one essaim node in the foreground. 'essaim init' or 'essaim join' makes the node.\n"
	      "  --data DIR     everything under DIR (essaim.sock journal.db directory.db node.key essaim.conf)\n"
	      "  --config FILE  another configuration file\n"
	      "  --socket PATH  another place for the control socket\n"
	      "  --page HOST:PORT  where browsers find the page (default: the configuration's; with\n"
	      "                 --data and without one: nowhere)\n"
	      "  --check        read the configuration, show what is in force, and stop; what the start would\n"
	      "                 refuse of it is refused (78)\n"
	      "  --version      print the version\n"), f);
}

static const char *env_or(const char *name, const char *otherwise)
{
	const char *v = getenv(name);

	return v && v[0] ? v : otherwise;
}

/* With --data everything is in one folder. Else it is where Debian wants it, or systemd says. */
static void choose_places(struct program *p, const char *data, const char *config, const char *sock)
{
	snprintf(p->dir, sizeof p->dir, "%s", data ? data : env_or("STATE_DIRECTORY", "/var/lib/essaim"));
	if (config)
		snprintf(p->config, sizeof p->config, "%s", config);
	else
		snprintf(p->config, sizeof p->config, "%s/essaim.conf", data ? data : env_or("CONFIGURATION_DIRECTORY", "/etc/essaim"));
	if (!config && !data)
		snprintf(p->written, sizeof p->written, "%s/essaim.conf", p->dir);
	if (sock)
		snprintf(p->socket_path, sizeof p->socket_path, "%s", sock);
	else
		snprintf(p->socket_path, sizeof p->socket_path, "%s/essaim.sock", data ? data : env_or("RUNTIME_DIRECTORY", "/run/essaim"));
}

/* 0: go on; else an exit code plus one. */
static int read_options(struct program *p, int argc, char **argv)
{
	static const struct option options[] = {
		{"data", required_argument, NULL, 'd'}, {"config", required_argument, NULL, 'c'},
		{"socket", required_argument, NULL, 's'}, {"page", required_argument, NULL, 'p'},
		{"check", no_argument, NULL, 'k'}, {"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'}, {0}};
	const char *data = NULL, *config = NULL, *sock = NULL;
	int c;

	opterr = 0; /* one line, ours */
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			data = optarg;
			break;
		case 'c':
			config = optarg;
			break;
		case 's':
			sock = optarg;
			break;
		case 'p':
			if (!conf_page_address(optarg, p->page))
				return fail(ES_USAGE, "--page", _("expected HOST:PORT")) + 1;
			p->page_asked = true;
			break;
		case 'k':
			p->check = true;
			break;
		case 'h':
			usage(stdout);
			return 1;
		case 'v':
			puts("essaimd " ESSAIM_VERSION);
			return 1;
		default:
			return fail(ES_USAGE, argv[optind - 1], _("unknown option, or a value is missing. Try 'essaimd --help'.")) + 1;
		}
	}
	if (optind < argc)
		return fail(ES_USAGE, argv[optind], _("unexpected argument. Try 'essaimd --help'.")) + 1;
	if (config && access(config, F_OK) != 0)
		return fail(ES_CONFIG, config, _(strerror(errno))) + 1;
	p->alone = data != NULL;
	choose_places(p, data, config, sock);
	return 0;
}

/* --- stopping --- */

static void stop(struct program *p, int number)
{
	if (p->swarm.stopping)
		return;
	service_tell("STOPPING=1");
	log_event(LOG_NOTE, "stopping", "signal=%d", number);
	pulse_stop(&p->pulse);
	swarm_stop(&p->swarm);
	api_stop(p->api);
	for (int i = 0; i < 3; i++)
		uv_close((uv_handle_t *)&p->signals[i], NULL);
	worker_stop(p->swarm.worker);
}

/* --page, else the file, else the usual place, unless others may have taken it (--data). */
static void settle_page(const struct program *p, struct conf *c)
{
	if (p->page_asked)
		memcpy(c->page.listen, p->page, sizeof c->page.listen);
	else if (!c->page_given && p->alone)
		c->page.listen[0] = 0;
}

static bool same_page(const struct page_conf *a, const struct page_conf *b)
{
	return strcmp(a->listen, b->listen) == 0 && strcmp(a->hosts, b->hosts) == 0 && a->open_to_all == b->open_to_all &&
	       a->rest_s == b->rest_s;
}

/* ES_CONFIG, and why: all is as before. */
static enum es_err reload(struct program *p, struct buf *why)
{
	struct conf new;
	enum es_err err = conf_load(p->written[0] ? p->written : NULL, p->config, &new, why);

	if (err != ES_OK)
		return err;
	err = swarm_readdress(&p->swarm, new.listen, new.advertise);
	if (err != ES_OK) {
		buf_printf(why, _("%s: listen: cannot listen at %s"), p->config, new.listen);
		return err;
	}
	log_set_level((enum log_level)new.log);
	settle_page(p, &new);
	if (!same_page(&p->conf.page, &new.page))
		log_event(LOG_WARN, "reload.page", "needs=restart"); /* its sockets and sessions began with the old ones */
	p->conf = new;
	return ES_OK;
}

/* What reload refused, for the alert's French half. */
static void refused_in_french(struct program *p, struct buf *why)
{
	struct conf new;

	say_set(SAY_FRENCH);
	if (conf_load(p->written[0] ? p->written : NULL, p->config, &new, why) == ES_OK)
		buf_printf(why, _("%s: listen: cannot listen at %s"), p->config, new.listen);
	say_set(SAY_ENGLISH);
}

static void on_hangup(struct program *p)
{
	struct buf why, french, told;

	service_tell("RELOADING=1");
	api_reload(p->api);
	buf_init(&why, 4096);
	buf_init(&french, 4096);
	buf_init(&told, 8192);
	if (reload(p, &why) == ES_OK) {
		log_event(LOG_NOTE, "reloaded", "config=%s listen=%s", p->config, p->swarm.listen);
		buf_str(&told, "READY=1\nSTATUS=");
	} else {
		log_event(LOG_ERR_, "reload.refused", "why=\"%s\"", buf_cstr(&why));
		buf_printf(&told, "READY=1\nSTATUS=the settings are still the old ones: %s", buf_cstr(&why));
	}
	if (why.len > 0)
		refused_in_french(p, &french);
	api_reload_ended(p->api, why.len > 0 ? buf_cstr(&why) : "", french.len > 0 ? buf_cstr(&french) : "");
	service_tell(buf_cstr(&told));
	buf_done(&told);
	buf_done(&french);
	buf_done(&why);
}

static void on_signal(uv_signal_t *signal, int number)
{
	struct program *p = signal->data;

	if (number == SIGHUP)
		on_hangup(p);
	else
		stop(p, number);
}

static void watch_signals(struct program *p)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

	for (int i = 0; i < 3; i++) {
		uv_signal_init(&p->loop, &p->signals[i]);
		p->signals[i].data = p;
		uv_signal_start(&p->signals[i], on_signal, numbers[i]);
	}
}

/* --- starting --- */

static void hook_grew(void *ctx)
{
	swarm_grew(ctx);
}

static void hook_control(void *ctx, struct slice packed)
{
	swarm_control(ctx, packed);
}

static void hook_control_anew(void *ctx)
{
	swarm_control_anew(ctx);
}

static void hook_keys(void *ctx, const struct node_keys *keys)
{
	swarm_keys(ctx, keys);
}

static void hook_close(void *ctx, uint64_t session, enum es_err why)
{
	swarm_close(ctx, session, why);
}

static void hook_proof(void *ctx, const struct id16 *log, struct slice body)
{
	swarm_proof(ctx, log, body);
}

static void fill_swarm(struct program *p)
{
	struct swarm *s = &p->swarm;
	struct node *n = p->node;
	struct buf secret, charter;

	s->loop = &p->loop;
	p->keys = n->keys;
	s->keys = &p->keys;
	s->self = n->hub;
	s->role = n->role;
	snprintf(s->name, sizeof s->name, "%s", n->name);
	memcpy(s->listen, p->conf.listen, sizeof s->listen);
	memcpy(s->advertise, p->conf.advertise, sizeof s->advertise);
	rights_init(&s->rights, &n->rights.fed_id);
	rng_seed_system(&s->rng);
	s->join_epoch = (uint32_t)node_join_epoch(n);
	/* A member whose keys are newer than its copy of the control log need not ask. */
	s->joining = n->role != ROLE_CRESS && !node_member(n) && (s->join_epoch > 0 || !rights_member(&n->rights, &n->hub));
	s->join_denied = n->denied;
	buf_init_fixed(&secret, s->join_secret.bytes, 16);
	buf_init_fixed(&charter, s->join_charter.bytes, 32);
	if (s->joining && n->key_replaced)
		s->joining = false; /* our place was given to another key */
	/* Without a secret it was made again from its key: home knows it. */
	if (s->joining && (!journal_get(n->journal, "join_secret", &secret) || !journal_get(n->journal, "join_charter", &charter)))
		s->joining = false;
}

/* Everything that was started is stopped, in this order. */
static void wind_down(struct program *p)
{
	uv_run(&p->loop, UV_RUN_DEFAULT);
	if (p->api)
		api_free(p->api);
	worker_free(p->swarm.worker);
	rights_done(&p->swarm.rights);
	crypto_wipe(&p->keys, sizeof p->keys);
	uv_loop_close(&p->loop);
}

static enum es_err start_api(struct program *p)
{
	const struct page_conf *page = &p->conf.page;
	struct buf why;
	enum es_err err;

	settle_page(p, &p->conf);
	buf_init(&why, 4096);
	err = api_start(&p->loop, p->dir, p->socket_path, &p->swarm, p->ref, &why, &p->api);
	if (err == ES_OK && page->listen[0])
		err = api_start_page(p->api, page, &why);
	if (err != ES_OK)
		fprintf(stderr, "essaimd: %s\n", why.len ? buf_cstr(&why) : _(es_err_text(err)));
	buf_done(&why);
	return err;
}

static int start(struct program *p)
{
	struct worker_hooks hooks = {.ctx = &p->swarm, .grew = hook_grew, .control = hook_control,
				     .control_anew = hook_control_anew, .keys = hook_keys, .close = hook_close,
				     .proof = hook_proof};
	char home[RIGHTS_ADDRESS_MAX + 1];
	struct dh_public home_key = p->node->home;
	struct node *n = p->node;
	enum es_err err;

	snprintf(home, sizeof home, "%s", n->home_address);
	err = worker_start(&p->loop, n, &hooks, &p->swarm.worker);
	if (err != ES_OK) {
		p->swarm.worker = NULL;
		return fail(err, p->dir, _(es_err_text(err)));
	}
	if (keyfile_note(n, p->conf.listen) != ES_OK)
		log_event(LOG_WARN, "key.unwritable", "dir=%s", p->dir);
	p->node = NULL;
	err = swarm_start(&p->swarm, home, &home_key);
	if (err != ES_OK)
		fail(err, p->swarm.listen, _("cannot listen there; change 'listen' in essaim.conf"));
	if (err == ES_OK)
		err = start_api(p);
	if (err != ES_OK) {
		if (p->api)
			api_stop(p->api);
		swarm_stop(&p->swarm);
		worker_stop(p->swarm.worker);
	}
	return es_err_exit(err);
}

static int run(struct program *p)
{
	int code;

	uv_loop_init(&p->loop);
	fill_swarm(p);
	code = start(p);
	say_set(SAY_ENGLISH); /* of the log; requests say theirs */
	if (code == 0) {
		watch_signals(p);
		pulse_start(&p->pulse, &p->loop, p->swarm.worker);
		log_event(LOG_NOTE, "started", "dir=%s listen=%s role=%s", p->dir, p->swarm.listen,
			  p->swarm.role == ROLE_CRESS ? "cress" : "hub");
		service_tell("READY=1");
	}
	wind_down(p);
	return code;
}

static const char *what_to_do(enum es_err err)
{
	if (err == ES_NO_NODE)
		return _("there is no node here; make one with 'essaim init' or 'essaim join'");
	if (err == ES_LOCKED)
		return _("another program (essaimd?) holds this data directory");
	if (err == ES_DAMAGED || err == ES_PAGE_DAMAGED)
		return _("the journal is damaged; run 'essaim verify'");
	return _(es_err_text(err));
}

static int read_conf(struct program *p)
{
	struct buf why;
	enum es_err err;

	buf_init(&why, 4096);
	err = conf_load(p->written[0] ? p->written : NULL, p->config, &p->conf, &why);
	if (err != ES_OK)
		fprintf(stderr, "essaimd: %s\n", buf_cstr(&why));
	buf_done(&why);
	return es_err_exit(err);
}

static int check(struct program *p)
{
	struct buf text;
	enum es_err err;
	int code = read_conf(p);

	if (code != 0)
		return code;
	buf_init(&text, 4096);
	settle_page(p, &p->conf);
	err = web_check(p->dir, &p->conf.page, &text);
	if (err == ES_OK)
		conf_show(&p->conf, &text);
	else if (text.len == 0)
		buf_str(&text, _(es_err_text(err)));
	if (err == ES_OK)
		fputs(buf_cstr(&text), stdout);
	else
		fprintf(stderr, "essaimd: %s\n", buf_cstr(&text));
	buf_done(&text);
	return es_err_exit(err);
}

static int prepare(struct program *p)
{
	enum es_err err = crypto_start();
	int code = err == ES_OK ? read_conf(p) : fail(err, "libsodium", _(es_err_text(err)));

	if (code != 0)
		return code;
	log_set_level((enum log_level)p->conf.log);
	log_set_plain(isatty(STDERR_FILENO));
	err = reference_load(reference_default_dir(), &p->ref);
	if (err != ES_OK)
		return fail(err, reference_default_dir(), _("the reference tables cannot be read"));
	err = node_open(p->dir, p->ref, &p->node);
	return err != ES_OK ? fail(err, p->dir, what_to_do(err)) : 0;
}

int main(int argc, char **argv)
{
	struct program *p = calloc(1, sizeof *p);
	int code;

	if (!p)
		return 74;
	signal(SIGPIPE, SIG_IGN);
	language_start();
	umask(0027);
	code = read_options(p, argc, argv);
	if (code != 0) {
		free(p);
		return code - 1;
	}
	code = p->check ? check(p) : prepare(p);
	if (code == 0 && !p->check)
		code = run(p);
	node_close(p->node);
	if (p->ref)
		reference_free(p->ref);
	free(p);
	return code;
}
