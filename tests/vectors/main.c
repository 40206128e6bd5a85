/* SPDX-License-Identifier: Apache-2.0
 *
 * essaim-vectors KIND FILE: public test vectors against essaim's own code.
 *
 * One line on stderr for each vector that fails, then "N passed, N failed" on
 * stdout. Exit codes are those of sysexits.h: 64 usage, 65 a file that is not
 * of this kind or holds no vector for us, 74 one that cannot be read; 1 where a
 * vector failed. */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto.h"
#include "tests/vectors/vectors.h"

#define FILE_MAX_BYTES (64u << 20)

static const struct kind {
	const char *name;
	void (*json)(json_t *root, struct tally *t);
	void (*text)(char *text, struct tally *t); /* CSV, or a JSON object a line */
} kinds[] = {
	{"noise", noise_vectors, NULL},
	{"ed25519", ed25519_vectors, NULL},
	{"x25519", x25519_vectors, NULL},
	{"chacha20poly1305", chacha_vectors, NULL},
	{"blake2b", blake2b_vectors, NULL},
	{"msgpack", msgpack_vectors, NULL},
	{"siret", NULL, siret_vectors},
	{"distance", NULL, distance_vectors},
	{"score", NULL, score_vectors},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

void vector_check(struct tally *t, bool good, const char *fmt, ...)
{
	va_list args;

	if (good) {
		t->passed++;
		return;
	}
	t->failed++;
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

void vector_skip(struct tally *t, const char *why, const char *name)
{
	t->skipped++;
	fprintf(stderr, "skipped (%s): %s\n", why, name);
}

json_t *vectors_of(json_t *root, struct tally *t)
{
	json_t *vectors = json_is_array(root) ? root : json_object_get(root, "vectors");

	if (!json_is_array(vectors))
		t->unparsable = true;
	return vectors;
}

const char *vector_text(const json_t *vector, const char *name)
{
	return json_string_value(json_object_get(vector, name));
}

struct buf vector_hex_text(const char *text, struct tally *t)
{
	struct buf b;

	buf_init(&b, FILE_MAX_BYTES);
	while (text[0] != '\0') {
		uint8_t byte;

		if (text[0] == '-') {
			text++;
			continue;
		}
		if (!hex_decode(text, strnlen(text, 2), &byte, 1)) {
			t->unparsable = true;
			break;
		}
		buf_add_u8(&b, byte);
		text += 2;
	}
	(void)buf_cstr(&b); /* an empty one has memory too */
	return b;
}

struct buf vector_hex(const json_t *vector, const char *name, struct tally *t)
{
	const char *text = vector_text(vector, name);

	if (text == NULL)
		t->unparsable = true;
	return vector_hex_text(text ? text : "", t);
}

bool vector_valid(const json_t *vector, struct tally *t)
{
	const char *result = vector_text(vector, "result");

	if (result != NULL && strcmp(result, "invalid") == 0)
		return false;
	if (result == NULL || (strcmp(result, "valid") != 0 && strcmp(result, "acceptable") != 0))
		t->unparsable = true;
	return true;
}

static const struct kind *kind_named(const char *name)
{
	for (size_t i = 0; i < KINDS; i++) {
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	}
	return NULL;
}

static bool file_read(const char *path, struct buf *content)
{
	FILE *f = fopen(path, "rb");
	uint8_t *p = NULL;
	size_t n = 0;
	bool good;

	if (f == NULL)
		return false;
	do {
		content->len += n;
		p = buf_reserve(content, 65536);
		n = p ? fread(p, 1, 65536, f) : 0;
	} while (n > 0);
	good = p != NULL && !ferror(f); /* a folder opens but does not read */
	fclose(f);
	return good;
}

static void file_check(const struct kind *kind, struct buf *content, struct tally *t)
{
	json_error_t error;
	json_t *root;

	if (kind->text != NULL) {
		kind->text((char *)(uintptr_t)buf_cstr(content), t);
		return;
	}
	root = json_loadb((const char *)content->p, content->len, 0, &error);
	if (root != NULL)
		kind->json(root, t);
	else
		t->unparsable = true;
	json_decref(root);
}

static int usage(void)
{
	fputs("usage: essaim-vectors KIND FILE\nkinds:", stderr);
	for (size_t i = 0; i < KINDS; i++)
		fprintf(stderr, " %s", kinds[i].name);
	fputc('\n', stderr);
	return 64;
}

static int tally_print(const struct tally *t, const char *path)
{
	if (t->unparsable) {
		fprintf(stderr, "%s: not a file of this kind\n", path);
		return 65;
	}
	if (t->passed + t->failed == 0) {
		fprintf(stderr, "%s: no vectors\n", path);
		return 65;
	}
	printf("%u passed, %u failed\n", t->passed, t->failed);
	return t->failed > 0;
}

int main(int argc, char **argv)
{
	const struct kind *kind = argc == 3 ? kind_named(argv[1]) : NULL;
	struct tally t = {0};
	struct buf content;
	enum es_err err;
	int status;

	if (kind == NULL)
		return usage();
	err = crypto_start();
	if (err != ES_OK) {
		fprintf(stderr, "%s\n", es_err_text(err));
		return es_err_exit(err);
	}
	buf_init(&content, FILE_MAX_BYTES);
	if (file_read(argv[2], &content)) {
		file_check(kind, &content, &t);
		status = tally_print(&t, argv[2]);
	} else {
		fprintf(stderr, "%s: cannot be read\n", argv[2]);
		status = 74;
	}
	buf_done(&content);
	return status;
}
