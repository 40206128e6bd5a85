/* SPDX-License-Identifier: Apache-2.0
 *
 * essaim-scan NEEDLES PATH...: do these bytes stand in any of these files?
 *
 * NEEDLES has one needle a line: `text WORD`, `hex DIGITS`, or `ulid UID`, which
 * is two needles: the 26 characters and the 16 bytes. Each is at least 16 bytes
 * long. PATH is a file or a folder, walked through. Files are read as a stream.
 *
 * Prints where the first hits are, then "hits=N distinct=N needles=N files=N
 * bytes=N". Exit 0: no hit, 1: some, 64 usage, 74 a file cannot be read. */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"

#define NEEDLE_MIN 16
#define NEEDLE_MAX 256
#define CHUNK (1u << 20)
#define FILTER_BITS 20
#define SHOWN_MAX 20

struct needle {
	uint8_t bytes[NEEDLE_MAX];
	size_t len;
	bool found;
	size_t next; /* in its bucket, 1-based; 0: none */
};

static struct needle *needles;
static size_t needle_count, needle_room;
static size_t buckets[1u << FILTER_BITS]; /* by the needle's bytes 8..15 */
static uint64_t hits, files, bytes_read;

static size_t bucket_of(const uint8_t *p)
{
	return (size_t)((be_read(p + 8, 8) * 0x9e3779b97f4a7c15u) >> (64 - FILTER_BITS));
}

static void add_needle(const uint8_t *p, size_t len)
{
	struct needle *n;

	if (len < NEEDLE_MIN || len > NEEDLE_MAX) {
		fprintf(stderr, "essaim-scan: a needle has %d to %d bytes\n", NEEDLE_MIN, NEEDLE_MAX);
		exit(64);
	}
	if (needle_count == needle_room) {
		needle_room = needle_room ? needle_room * 2 : 1024;
		needles = realloc(needles, needle_room * sizeof(*needles));
		if (needles == NULL)
			abort();
	}
	n = &needles[needle_count++];
	memcpy(n->bytes, p, len);
	n->len = len;
	n->found = false;
	n->next = buckets[bucket_of(p)];
	buckets[bucket_of(p)] = needle_count;
}

static void read_needles(const char *path)
{
	char line[1024];
	FILE *f = fopen(path, "r");

	if (f == NULL) {
		fprintf(stderr, "essaim-scan: %s: %s\n", path, strerror(errno));
		exit(74);
	}
	while (fgets(line, sizeof(line), f) != NULL) {
		char *value = strchr(line, ' ');
		uint8_t raw[NEEDLE_MAX];
		size_t len;

		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] == '\0')
			continue;
		if (value == NULL)
			goto bad;
		*value++ = '\0';
		len = strlen(value);
		if (strcmp(line, "text") == 0) {
			add_needle((const uint8_t *)value, len);
		} else if (strcmp(line, "hex") == 0 && len <= 2 * NEEDLE_MAX &&
			   hex_decode(value, len, raw, len / 2)) {
			add_needle(raw, len / 2);
		} else if (strcmp(line, "ulid") == 0 && ulid_decode(value, len, raw)) {
			add_needle((const uint8_t *)value, len);
			add_needle(raw, 16);
		} else {
			goto bad;
		}
	}
	fclose(f);
	return;
bad:
	fprintf(stderr, "essaim-scan: %s: a line is not `text WORD`, `hex DIGITS` or `ulid UID`\n", path);
	exit(64);
}

static void look(const char *path, const uint8_t *p, size_t len, uint64_t offset, size_t starts)
{
	for (size_t i = 0; i < starts && i + NEEDLE_MIN <= len; i++) {
		for (size_t at = buckets[bucket_of(p + i)]; at != 0; at = needles[at - 1].next) {
			struct needle *n = &needles[at - 1];

			if (i + n->len > len || memcmp(p + i, n->bytes, n->len) != 0)
				continue;
			n->found = true;
			if (hits++ < SHOWN_MAX)
				printf("%s: needle %zu at byte %llu\n", path, at,
				       (unsigned long long)(offset + i));
		}
	}
}

static int scan_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	static uint8_t data[CHUNK + NEEDLE_MAX];
	uint64_t offset = 0; /* of data[0] */
	size_t have = 0;
	FILE *f;

	(void)ftw;
	if (type != FTW_F || !S_ISREG(st->st_mode))
		return 0;
	f = fopen(path, "rb");
	if (f == NULL) {
		if (errno == ENOENT) /* a journal that its node has just removed */
			return 0;
		fprintf(stderr, "essaim-scan: %s: %s\n", path, strerror(errno));
		exit(74);
	}
	files++;
	for (;;) {
		size_t got = fread(data + have, 1, CHUNK + NEEDLE_MAX - have, f);
		bool last = got == 0;
		size_t starts;

		have += got;
		bytes_read += got;
		/* Until the end, a needle that starts in the last bytes may go on beyond them. */
		starts = last ? have : have < NEEDLE_MAX ? 0 : have - NEEDLE_MAX;
		look(path, data, have, offset, starts);
		if (last)
			break;
		memmove(data, data + starts, have - starts);
		offset += starts;
		have -= starts;
	}
	fclose(f);
	return 0;
}

int main(int argc, char **argv)
{
	size_t distinct = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: essaim-scan NEEDLES PATH...\n");
		return 64;
	}
	read_needles(argv[1]);
	for (int i = 2; i < argc; i++) {
		if (nftw(argv[i], scan_file, 16, FTW_PHYS) != 0) {
			fprintf(stderr, "essaim-scan: %s: %s\n", argv[i], strerror(errno));
			return 74;
		}
	}
	for (size_t i = 0; i < needle_count; i++)
		distinct += needles[i].found;
	printf("hits=%llu distinct=%zu needles=%zu files=%llu bytes=%llu\n", (unsigned long long)hits, distinct,
	       needle_count, (unsigned long long)files, (unsigned long long)bytes_read);
	free(needles);
	return hits > 0;
}
