/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a corpus through a fuzz target without libFuzzer: replay FILE|FOLDER...
 * A folder without any input is a failure: a corpus was lost. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX (1u << 20)

static unsigned count;

static int replay(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	uint8_t *data;
	size_t size;
	FILE *f;

	(void)ftw;
	if (type != FTW_F || !S_ISREG(st->st_mode))
		return 0;
	f = fopen(path, "rb");
	/* Exactly the input's size, so that a sanitizer sees a read beyond it. */
	data = malloc(st->st_size > 0 ? (size_t)st->st_size : 1);
	if (f == NULL || data == NULL || (size_t)st->st_size > INPUT_MAX) {
		fprintf(stderr, "replay: cannot read %s\n", path);
		return 1;
	}
	size = fread(data, 1, (size_t)st->st_size, f);
	fclose(f);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	count++;
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (nftw(argv[i], replay, 16, FTW_PHYS) != 0)
			return 1;
	printf("%u inputs\n", count);
	return count == 0;
}
