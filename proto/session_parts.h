/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the session share among themselves. */
#ifndef PROTO_SESSION_PARTS_H
#define PROTO_SESSION_PARTS_H

#include "proto/session.h"

/* One call of session_step(). */
struct step {
	struct session *s;
	const struct session_env *env;
	struct session_effects *fx;
};

/* BYE where the ciphers are agreed, then nothing more. */
void session_close(struct step *t, enum es_err why);
void session_hello(struct step *t);
/* The transport is up. */
void session_start(struct step *t);
/* Takes bytes off `in` while the handshake lasts. */
void session_shake(struct step *t, struct slice *in);

#endif
