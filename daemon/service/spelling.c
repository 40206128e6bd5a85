/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/service/spelling.h"
#include <stdint.h>
#include <string.h>

#define DISTANCE_MAX 32 /* longer words are not compared */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t edit_distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	size_t d[DISTANCE_MAX + 1][DISTANCE_MAX + 1];

	if (n > DISTANCE_MAX || m > DISTANCE_MAX)
		return SIZE_MAX;
	for (size_t i = 0; i <= n; i++) {
		for (size_t j = 0; j <= m; j++) {
			if (i == 0 || j == 0) {
				d[i][j] = i + j;
				continue;
			}
			d[i][j] = least(d[i - 1][j - 1] + (a[i - 1] != b[j - 1]),
					least(d[i - 1][j], d[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[n][m];
}

void spelling_nearer(const char *name, const char *candidate, size_t *best, const char **found)
{
	size_t far = edit_distance(name, candidate), allowed = strlen(name) / 3;

	if (strlen(name) >= 3 && strncmp(candidate, name, strlen(name)) == 0)
		far = 1;
	if (far <= (allowed > 0 ? allowed : 1) && far < *best) {
		*best = far;
		*found = candidate;
	}
}
