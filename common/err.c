/* SPDX-License-Identifier: Apache-2.0 */
#include "common/err.h"

#include <assert.h>
#include <stddef.h>

struct err_row {
	const char *name;
	const char *text;
	enum es_then then;
	unsigned wire;
	int exit;
};

static const struct err_row err_rows[ES_ERR_COUNT] = {
#define ERR(code, wire_, then_, exit_, text_)                                                      \
	[ES_##code] = {.name = #code, .text = text_, .then = ES_##then_, .wire = wire_, .exit = exit_},
#include "common/err.def"
#undef ERR
};

static const struct err_row *err_row(enum es_err err)
{
	assert((unsigned)err < ES_ERR_COUNT);
	return &err_rows[err];
}

const char *es_err_name(enum es_err err)
{
	return err_row(err)->name;
}

const char *es_err_text(enum es_err err)
{
	return err_row(err)->text;
}

enum es_then es_err_then(enum es_err err)
{
	return err_row(err)->then;
}

int es_err_exit(enum es_err err)
{
	return err_row(err)->exit;
}

unsigned es_err_wire(enum es_err err)
{
	return err_row(err)->wire;
}

enum es_err es_err_from_wire(unsigned wire)
{
	/* 0 marks the errors that are never sent, so it names none of them. */
	for (size_t i = 0; wire != 0 && i < ES_ERR_COUNT; i++) {
		if (err_rows[i].wire == wire)
			return (enum es_err)i;
	}
	return ES_MALFORMED;
}
