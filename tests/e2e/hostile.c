/* SPDX-License-Identifier: Apache-2.0
 *
 * essaim-hostile MODE CODE [N]: what a stranger can do to a node. CODE is one of
 * its invitations, for its address, key and federation.
 *
 *   stranger     a valid key of no member greets with HELLO
 *   federation   ... and names another federation
 *   replay       a handshake that was recorded is sent again
 *   key          a handshake against another static key than the node's
 *   noise        bytes without any preamble
 *   frame        after the handshake, a frame of 65,535 random bytes
 *   early        after the handshake, a frame type that a greeting does not list
 *   slow         one byte a second, from the first
 *   slowframe    the same, after the handshake
 *   halfopen N   N connections at once from many loopback addresses, silent
 *
 * Prints one line, "closed after=MS bye=CODE" (0: no BYE), or for halfopen
 * "opened=N turned_away=N closed=N kept=N". Exit 0 when the node ended it all
 * within a minute, 1 when it did not. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/rng.h"
#include "proto/canon.h"
#include "proto/invite.h"
#include "proto/join.h"
#include "proto/wire.h"

#define PATIENCE_MS 60000

static struct rng rng;
static struct invite invite;

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void die(const char *what)
{
	fprintf(stderr, "essaim-hostile: %s: %s\n", what, strerror(errno));
	exit(74);
}

static struct sockaddr_in node_address(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(invite.port)};

	if (inet_pton(AF_INET, invite.host, &a.sin_addr) != 1) {
		fprintf(stderr, "essaim-hostile: %s is not an IPv4 address\n", invite.host);
		exit(64);
	}
	return a;
}

/* `from` is the last two bytes of 127.0.x.y; 0: any. */
static int dial(unsigned from)
{
	struct sockaddr_in there = node_address(), here = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	here.sin_addr.s_addr = htonl(0x7f000000u + from);
	if (from != 0 && bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0)
		die("bind");
	if (connect(fd, (struct sockaddr *)&there, sizeof(there)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The node may hang up at any moment: that is its answer, not a failure. */
static bool put(int fd, const void *p, size_t len)
{
	const uint8_t *at = p;

	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static bool get(int fd, void *p, size_t len)
{
	uint8_t *at = p;

	while (len > 0) {
		struct pollfd pfd = {.fd = fd, .events = POLLIN};
		ssize_t n = poll(&pfd, 1, 10000) == 1 ? recv(fd, at, len, 0) : -1;

		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

struct link {
	int fd;
	struct wire wire;
	bool greeted; /* the handshake is done */
	struct buf sent; /* by us, for a replay */
};

static bool put_handshake(struct link *l, struct noise *n)
{
	uint8_t e[32];
	struct buf m;
	bool done;

	buf_init(&m, 1024);
	rng_fill(&rng, e, sizeof(e));
	if (noise_write(n, e, SLICE_NONE, &m) != ES_OK)
		abort();
	buf_add_be(&l->sent, m.len, 2);
	buf_add(&l->sent, m.p, m.len);
	done = put(l->fd, l->sent.p + l->sent.len - m.len - 2, m.len + 2);
	buf_done(&m);
	return done;
}

static bool shake(struct link *l, const struct dh_public *home)
{
	uint8_t preamble[WIRE_PREAMBLE_LEN], theirs[WIRE_PREAMBLE_LEN], seed[32], message[256], length[2];
	struct noise_cipher in, out;
	struct dh_public pub;
	struct dh_secret secret;
	struct noise n;
	struct buf none;

	rng_fill(&rng, seed, sizeof(seed));
	crypto_dh_keys(seed, &pub, &secret);
	wire_preamble(preamble);
	noise_init(&n, &(struct noise_config){.pattern = &noise_xk, .initiator = true,
					      .prologue = SLICE(preamble, sizeof(preamble)),
					      .s = &secret, .rs = home});
	buf_init(&none, 256);
	buf_init(&l->sent, 4096);
	buf_add(&l->sent, preamble, sizeof(preamble));
	if (!put(l->fd, preamble, sizeof(preamble)) || !put_handshake(l, &n) ||
	    !get(l->fd, theirs, sizeof(theirs)) || !get(l->fd, length, 2))
		return false;
	size_t len = (size_t)be_read(length, 2);

	if (len > sizeof(message) || !get(l->fd, message, len) ||
	    noise_read(&n, SLICE(message, len), &none) != ES_OK || !put_handshake(l, &n))
		return false;
	noise_split(&n, &out, &in);
	wire_init(&l->wire, &in, &out);
	l->greeted = true;
	buf_done(&none);
	return true;
}

static void say(struct link *l, enum wire_type type, const struct buf *body)
{
	struct buf out;

	buf_init(&out, 2 * WIRE_MESSAGE_MAX);
	if (wire_send(&l->wire, type, buf_slice(body), false, &out) != ES_OK)
		abort();
	put(l->fd, out.p, out.len);
	buf_done(&out);
}

static void say_hello(struct link *l, struct hash fed)
{
	uint8_t id[16];
	struct buf b;

	rng_fill(&rng, id, sizeof(id));
	buf_init(&b, 512);
	canon_array(&b, 8);
	canon_u64(&b, WIRE_VERSION);
	canon_bin(&b, fed.bytes, 32);
	canon_bin(&b, id, 16);
	canon_bin(&b, id, 16);
	canon_u64(&b, 1);
	canon_u64(&b, ROLE_HUB);
	canon_int(&b, (int64_t)time(NULL) * 1000);
	canon_str(&b, slice_str("hostile"));
	say(l, WIRE_HELLO, &b);
	buf_done(&b);
}

/* Reads until the node hangs up; the BYE it says, if any. */
static int see_end(struct link *l, int64_t began, bool drip)
{
	struct buf body;
	unsigned bye = 0;
	uint8_t data[4096];

	buf_init(&body, WIRE_MESSAGE_MAX);
	for (;;) {
		struct pollfd pfd = {.fd = l->fd, .events = POLLIN};
		int ready = poll(&pfd, 1, drip ? 1000 : 5000);
		ssize_t n;
		struct slice in;

		if (now_ms() - began > PATIENCE_MS) {
			printf("open after=%lld bye=%u\n", (long long)(now_ms() - began), bye);
			return 1;
		}
		if (ready == 0) {
			if (drip && !put(l->fd, "E", 1))
				break;
			continue;
		}
		n = recv(l->fd, data, sizeof(data), 0);
		if (n <= 0)
			break;
		in = SLICE(data, n);
		while (l->greeted && in.len > 0) {
			enum wire_type type;
			struct canon_reader r;

			if (wire_receive(&l->wire, &in, ~0u, &type, &body) != ES_OK)
				break;
			if (type != WIRE_BYE)
				continue;
			canon_read_init(&r, buf_slice(&body));
			canon_read_array(&r, 1);
			bye = (unsigned)canon_read_u64(&r, 65535);
		}
	}
	printf("closed after=%lld bye=%u\n", (long long)(now_ms() - began), bye);
	buf_done(&body);
	return 0;
}

static int half_open(unsigned count)
{
	struct pollfd *all = calloc(count, sizeof(*all));
	unsigned opened = 0, away = 0, closed = 0, kept = 0;
	int64_t began = now_ms();
	struct rlimit many = {4096, 4096};

	setrlimit(RLIMIT_NOFILE, &many);
	if (all == NULL)
		abort();
	for (unsigned i = 0; i < count; i++) {
		all[i].fd = dial(2 + i / 2); /* two from each address */
		all[i].events = POLLIN;
		if (all[i].fd < 0)
			away++;
		else
			opened++;
	}
	/* Those beyond the bound are closed at once, the others at the deadline. */
	while (now_ms() - began < 20000) {
		char byte;

		kept = 0;
		for (unsigned i = 0; i < count; i++)
			kept += all[i].fd >= 0;
		if (kept == 0 || poll(all, count, 500) < 0)
			break;
		for (unsigned i = 0; i < count; i++) {
			if (all[i].fd < 0 || all[i].revents == 0 || recv(all[i].fd, &byte, 1, 0) > 0)
				continue;
			if (now_ms() - began < 2000)
				away++;
			else
				closed++;
			close(all[i].fd);
			all[i].fd = -1;
		}
	}
	printf("opened=%u turned_away=%u closed=%u kept=%u\n", opened, away, closed, kept);
	free(all);
	return kept > 0;
}

static int act(const char *mode, struct link *l)
{
	static uint8_t junk[65535 + 2];
	struct dh_public home = invite.home;
	struct hash fed = invite.fed_id;
	int64_t began = now_ms();
	struct buf body;

	rng_fill(&rng, junk, sizeof(junk));
	junk[0] = junk[1] = 0xff; /* as a frame: a length of 65,535 */
	if (strcmp(mode, "noise") == 0) {
		put(l->fd, junk, sizeof(junk));
		return see_end(l, began, false);
	}
	if (strcmp(mode, "slow") == 0)
		return see_end(l, began, true);
	if (strcmp(mode, "key") == 0)
		crypto_dh_keys(junk, &home, &(struct dh_secret){0});
	if (!shake(l, &home))
		return see_end(l, began, false);

	if (strcmp(mode, "stranger") == 0) {
		say_hello(l, fed);
	} else if (strcmp(mode, "federation") == 0) {
		fed.bytes[0] ^= 1;
		say_hello(l, fed);
	} else if (strcmp(mode, "replay") == 0) {
		struct link again = {.fd = dial(0)};

		close(l->fd);
		if (again.fd < 0)
			die("connect");
		put(again.fd, l->sent.p, l->sent.len);
		return see_end(&again, began, false);
	} else if (strcmp(mode, "frame") == 0) {
		put(l->fd, junk, sizeof(junk));
	} else if (strcmp(mode, "early") == 0) {
		buf_init(&body, 16);
		canon_array(&body, 0);
		say(l, WIRE_WANT, &body);
		buf_done(&body);
	} else if (strcmp(mode, "slowframe") == 0) {
		put(l->fd, "\x40", 1); /* a frame of 16 KiB is announced */
		return see_end(l, began, true);
	} else if (strcmp(mode, "key") != 0) {
		fprintf(stderr, "essaim-hostile: no mode %s\n", mode);
		return 64;
	}
	return see_end(l, began, false);
}

int main(int argc, char **argv)
{
	const char *mode = argc >= 3 ? argv[1] : "";
	struct link l = {0};
	int code;

	if (argc < 3 || invite_decode(slice_str(argv[2]), &invite) != ES_OK) {
		fprintf(stderr, "usage: essaim-hostile MODE INVITATION [N]\n");
		return 64;
	}
	if (crypto_start() != ES_OK)
		return 1;
	rng_seed_system(&rng);
	if (strcmp(mode, "halfopen") == 0)
		return half_open(argc > 3 ? (unsigned)atoi(argv[3]) : 500);
	l.fd = dial(0);
	if (l.fd < 0)
		die("connect");
	code = act(mode, &l);
	buf_done(&l.sent);
	if (l.greeted)
		wire_done(&l.wire);
	return code;
}
