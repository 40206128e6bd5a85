/* SPDX-License-Identifier: Apache-2.0
 *
 * What SQLite leaves behind when it moves a row to another page: bytes between the
 * cell pointers and the cells, which no table shows (file format, 1.6). Moving rows
 * until that happens takes thousands; here a closed file is given such bytes. */
#ifndef TESTS_DAEMON_SLACK_H
#define TESTS_DAEMON_SLACK_H

#include <stdio.h>
#include <string.h>

#include "common/bytes.h"

#define SLACK_PAGE 4096

/* The word lies in the gap of a table's leaf from now on. */
static inline void leave_in_a_gap(const char *path, const char *word)
{
	uint8_t page[SLACK_PAGE];
	FILE *f = fopen(path, "r+b");
	bool left = false;

	assert_non_null(f);
	for (long at = SLACK_PAGE; !left && fseek(f, at, SEEK_SET) == 0 && fread(page, 1, SLACK_PAGE, f) == SLACK_PAGE; at += SLACK_PAGE) {
		size_t gap = 8 + 2 * be_read(page + 3, 2), end = be_read(page + 5, 2);

		left = page[0] == 0x0d && gap + strlen(word) < end;
		if (left) {
			assert_int_equal(fseek(f, at + (long)gap, SEEK_SET), 0);
			assert_int_equal(fwrite(word, 1, strlen(word), f), strlen(word));
		}
	}
	assert_true(left);
	assert_int_equal(fclose(f), 0);
}

#endif
