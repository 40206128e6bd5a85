/* SPDX-License-Identifier: Apache-2.0
 *
 * Ed25519: essaim's verdict is "the key is one we admit, and the signature
 * verifies", stricter than libsodium's alone. Two of the public files say what
 * is expected of essaim in a field of their head. */
#include <jansson.h>
#include <string.h>

#include "common/crypto.h"
#include "tests/vectors/vectors.h"

struct ed25519_case {
	struct buf key, message, signature;
	bool expected;
	long long number;
};

static bool ed25519_accepts(const struct ed25519_case *c)
{
	struct sign_public pk;
	struct signature sig;

	if (c->key.len != sizeof(pk.bytes) || c->signature.len != sizeof(sig.bytes))
		return false;
	memcpy(pk.bytes, c->key.p, sizeof(pk.bytes));
	memcpy(sig.bytes, c->signature.p, sizeof(sig.bytes));
	return crypto_sign_public_valid(&pk) &&
	       crypto_verify_plain(&pk, &sig, buf_slice(&c->message));
}

/* The head's field that starts with this name, NULL where there is none. */
static json_t *ed25519_head(json_t *root, const char *start)
{
	const char *name;
	json_t *value;

	json_object_foreach(root, name, value) {
		if (strncmp(name, start, strlen(start)) == 0)
			return value;
	}
	return NULL;
}

static bool ed25519_listed(const json_t *numbers, long long number)
{
	size_t i;
	json_t *n;

	json_array_foreach(numbers, i, n) {
		if (json_integer_value(n) == number)
			return true;
	}
	return false;
}

/* C2SP/CCTV: key, sig, flags; the message is text. */
static struct ed25519_case ed25519_cctv(json_t *root, json_t *v, size_t i, struct tally *t)
{
	json_t *accepts = ed25519_head(root, "essaim_expected_accepts");
	json_t *number = json_object_get(v, "number");
	const char *msg = vector_text(v, "msg");
	struct ed25519_case c = {
		.key = vector_hex(v, "key", t),
		.signature = vector_hex(v, "sig", t),
		.number = json_is_integer(number) ? json_integer_value(number) : (long long)i,
	};

	t->unparsable = t->unparsable || msg == NULL;
	buf_init(&c.message, 65536);
	buf_str(&c.message, msg ? msg : "");
	c.expected = json_is_array(accepts) ? ed25519_listed(accepts, c.number)
					    : json_array_size(json_object_get(v, "flags")) == 0;
	return c;
}

/* novifinancial/ed25519-speccheck: each a point of the paper's table. */
static struct ed25519_case ed25519_speccheck(json_t *root, json_t *v, size_t i, struct tally *t)
{
	const char *verdict =
		json_string_value(json_array_get(ed25519_head(root, "essaim_expected"), i));

	return (struct ed25519_case){
		.key = vector_hex(v, "pub_key", t),
		.message = vector_hex(v, "message", t),
		.signature = vector_hex(v, "signature", t),
		.expected = verdict != NULL && strcmp(verdict, "V") == 0,
		.number = (long long)i,
	};
}

static struct ed25519_case ed25519_plain(json_t *v, size_t i, struct tally *t)
{
	return (struct ed25519_case){
		.key = vector_hex(v, "pk", t),
		.message = vector_hex(v, "msg", t),
		.signature = vector_hex(v, "sig", t),
		.expected = vector_valid(v, t),
		.number = (long long)i,
	};
}

static struct ed25519_case ed25519_case(json_t *root, json_t *v, size_t i, struct tally *t)
{
	if (json_object_get(v, "pub_key") != NULL)
		return ed25519_speccheck(root, v, i, t);
	if (json_object_get(v, "key") != NULL)
		return ed25519_cctv(root, v, i, t);
	return ed25519_plain(v, i, t);
}

void ed25519_vectors(json_t *root, struct tally *t)
{
	json_t *vectors = vectors_of(root, t), *v;
	size_t i;

	json_array_foreach(vectors, i, v) {
		struct ed25519_case c = ed25519_case(root, v, i, t);

		vector_check(t, ed25519_accepts(&c) == c.expected, "ed25519 %lld: must be %s",
			     c.number, c.expected ? "accepted" : "refused");
		buf_done(&c.key);
		buf_done(&c.message);
		buf_done(&c.signature);
	}
}
