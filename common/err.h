/* SPDX-License-Identifier: Apache-2.0
 *
 * One enum for every failure, from one table (err.def): the number on the
 * wire, what to do about it, the command line's exit code, a sentence. */
#ifndef COMMON_ERR_H
#define COMMON_ERR_H

#define ES_MUST_USE __attribute__((warn_unused_result))

enum es_err {
#define ERR(code, wire, then, exit, text) ES_##code,
#include "common/err.def"
#undef ERR
	ES_ERR_COUNT
};

enum es_then { ES_TELL, ES_RETRY, ES_CLOSE, ES_BLOCK, ES_STOP };

const char *es_err_name(enum es_err err); /* "BAD_SIG" */
const char *es_err_text(enum es_err err);
enum es_then es_err_then(enum es_err err);
int es_err_exit(enum es_err err);
unsigned es_err_wire(enum es_err err);
/* The code a peer sent; ES_MALFORMED for a number we do not know. */
enum es_err es_err_from_wire(unsigned wire);

#endif
