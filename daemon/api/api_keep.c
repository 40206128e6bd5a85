/* SPDX-License-Identifier: Apache-2.0
 *
 * What is kept against a bad day: backups, and the evidence of forks.
 *
 * Evidence: one object for each proof (proto/fork.h), its canonical bytes in hex
 * and a signature by the node that exports it (SIGN_EVIDENCE over those bytes). */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "daemon/api/api_parts.h"
#include "daemon/node/backup.h"
#include "proto/fork.h"

/* --- backup --- */

/* Who asks, on this machine; false over TCP, where nobody knows. */
static bool asked_by(struct request *r, uid_t *out)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct sockaddr at = {.sa_family = AF_UNSPEC};
	socklen_t at_len = sizeof at, len = sizeof(struct ucred);
	struct ucred peer;

	if (!info || getsockname(info->connect_fd, &at, &at_len) != 0 || at.sa_family != AF_UNIX ||
	    getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return false;
	*out = peer.uid;
	return true;
}

static bool wants_key(struct request *r)
{
	char with_key[8];

	return strcmp(body_text(r, "with_key", with_key, sizeof with_key), "oui") == 0;
}

/* The file is the answer: the daemon's sandbox lets it write nowhere else than at home, and
 * what it would write belongs to it, not to who asked. */
enum es_err api_backup(struct request *r, struct node *n)
{
	char path[NODE_PATH_MAX + 16];
	enum es_err err;
	uid_t uid;

	if (!asked_by(r, &uid)) {
		buf_str(&r->why, _("backup: a whole journal leaves by the node's own socket only; run 'essaim backup' on its machine"));
		return ES_NOT_ALLOWED;
	}
	/* Who has the key is the node. The group that may use the socket is not given it. */
	if (wants_key(r) && uid != 0 && uid != geteuid()) {
		buf_str(&r->why, _("backup: the node's key is given to root or to the service's user only; run it as root"));
		return ES_NOT_ALLOWED;
	}
	snprintf(path, sizeof path, "%s/.sauvegarde", n->dir);
	unlink(path); /* of a backup that was interrupted */
	err = backup_make(n, path, wants_key(r), &r->why);
	r->out_file = err == ES_OK ? fopen(path, "re") : NULL;
	unlink(path);
	if (err == ES_OK && (!r->out_file || fseeko(r->out_file, 0, SEEK_END) != 0))
		err = ES_IO;
	r->type = err == ES_OK ? "application/vnd.sqlite3" : NULL;
	return err;
}

enum es_err api_backup_kept(struct request *r, struct node *n)
{
	char iso[25];

	stamp_text(stamp_at(n->utc), iso);
	buf_printf(&r->out, "{\"with_key\":%s,\"date\":\"%s\"}", wants_key(r) ? "true" : "false", iso);
	return backup_kept(n);
}

/* --- evidence --- */

struct evidence {
	struct node *n;
	struct buf *out;
	size_t count;
};

static void hex_json(const char *key, const void *p, size_t len, struct buf *out)
{
	char pair[3];

	buf_printf(out, "\"%s\":\"", key);
	for (size_t i = 0; i < len; i++) {
		hex_encode((const uint8_t *)p + i, 1, pair);
		buf_str(out, pair);
	}
	buf_str(out, "\"");
}

static bool proof_json(void *ctx, const struct id16 *log, uint64_t seq, struct slice proof)
{
	struct evidence *v = ctx;
	const struct head *h = frontier_find(&v->n->frontier, log);
	const struct member *m = h ? rights_member(&v->n->rights, &h->hub) : NULL;
	struct signature sig = crypto_sign_as(SIGN_EVIDENCE, &v->n->keys.sign_secret, proof);
	char id[BASE32_LEN(16) + 1], author[NODE_OWNER_MAX] = "";
	struct fork_proof f;

	if (m)
		rights_owner_text(m, author, sizeof author);
	base32_encode(log->bytes, 16, id);
	buf_printf(v->out, "%s{\"log\":\"%s\",\"author\":\"%s\",\"seq\":%llu", v->count++ ? "," : "", id, author,
		   (unsigned long long)seq);
	if (fork_decode(proof, &f) == ES_OK) {
		buf_str(v->out, ",");
		hex_json("id_a", f.side[0].id.bytes, 32, v->out);
		buf_str(v->out, ",");
		hex_json("id_b", f.side[1].id.bytes, 32, v->out);
	}
	buf_str(v->out, ",");
	hex_json("proof", proof.p, proof.len, v->out);
	base32_encode(v->n->hub.bytes, 16, id);
	buf_printf(v->out, ",\"signer\":\"%s\",\"epoch\":%u,", id, v->n->epoch);
	hex_json("signature", sig.bytes, 64, v->out);
	buf_str(v->out, "}");
	return true;
}

enum es_err api_evidence(struct request *r, struct node *n)
{
	struct buf items;
	struct evidence v = {.n = n, .out = &items};
	char fed[BASE32_LEN(32) + 1];

	buf_init(&items, 32 * 1024 * 1024);
	enum es_err err = node_proofs(n, proof_json, &v);
	if (err == ES_OK)
		err = buf_err(&items);
	base32_encode(n->rights.fed_id.bytes, 32, fed);
	buf_printf(&r->out, "{\"federation\":\"%s\",\"total\":%zu,\"items\":[", fed, v.count);
	buf_add(&r->out, items.p, items.len);
	buf_str(&r->out, "]}");
	buf_done(&items);
	return err;
}

static enum es_err hex_param(struct request *r, const char *name, struct buf *out)
{
	char *text = malloc(API_BODY_MAX);

	if (!text)
		return ES_NOMEM;
	body_text(r, name, text, API_BODY_MAX);
	size_t len = strlen(text);
	uint8_t *room = buf_reserve(out, len / 2 + 1);
	bool good = room && len % 2 == 0 && hex_decode(text, len, room, len / 2);
	if (good)
		out->len += len / 2;
	free(text);
	return good ? ES_OK : ES_MALFORMED;
}

/* One item of the export: both signatures of the fork, and the exporter's. */
static enum es_err check_item(struct request *r, struct node *n, struct buf *proof, struct buf *sig)
{
	char signer[64], epoch[16];
	const struct key_age *age = NULL;
	struct signature by;
	struct fork_proof f;
	struct id16 hub;
	enum es_err err = hex_param(r, "proof", proof);

	if (err == ES_OK)
		err = hex_param(r, "signature", sig);
	if (err == ES_OK && sig->len != 64)
		err = ES_MALFORMED;
	if (err == ES_OK)
		err = fork_decode(buf_slice(proof), &f);
	if (err == ES_OK)
		err = fork_verify(&f, &n->rights);
	body_text(r, "signer", signer, sizeof signer);
	body_text(r, "epoch", epoch, sizeof epoch);
	if (err == ES_OK && base32_decode(signer, strlen(signer), hub.bytes, 16))
		age = rights_key_age(&n->rights, &hub, (uint32_t)strtoul(epoch, NULL, 10));
	if (err != ES_OK)
		return err;
	memcpy(by.bytes, sig->p, 64);
	return age && crypto_verify_as(SIGN_EVIDENCE, &age->sign, &by, buf_slice(proof)) ? ES_OK : ES_BAD_SIG;
}

enum es_err api_evidence_check(struct request *r, struct node *n)
{
	struct buf proof, sig;
	enum es_err err;

	buf_init(&proof, API_BODY_MAX);
	buf_init(&sig, 128);
	err = check_item(r, n, &proof, &sig);
	buf_printf(&r->out, "{\"ok\":%s,\"why\":\"%s\"}", err == ES_OK ? "true" : "false", err == ES_OK ? "" : es_err_name(err));
	buf_done(&proof);
	buf_done(&sig);
	return ES_OK;
}
