/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/bench/bench.h"

static const struct {
	const char *name, *option;
	int64_t standard;
	int (*run)(int64_t n);
	const char *what;
} measures[] = {
	{"bulk-sync", "--records", 100000, bench_bulk, "a hub's outbox to a CRESS that holds nothing, beside a plain load"},
	{"idle-resync", "--records", 1000000, bench_idle, "reconnecting with nothing to do, with no history and with N changes"},
	{"edit-latency", "--edits", 200, bench_latency, "edit on hub A, durable at the CRESS, shown on hub B"},
	{"search", "--records", 100000, bench_search, "searches of a directory, beside the word index alone"},
	{"import", "--records", 100000, bench_import, "a hub's import to the journal and the directory, beside a plain SQLite load"},
	{"wire", "--records", 20000, bench_wire, "bytes on the wire beside the msgpack size"},
};

static int usage(FILE *f)
{
	fputs("usage: essaim-bench MEASURE [--records N | --edits N]\n", f);
	for (size_t i = 0; i < sizeof measures / sizeof *measures; i++)
		fprintf(f, "  %-13s %s N (%lld)  %s\n", measures[i].name, measures[i].option, (long long)measures[i].standard,
			measures[i].what);
	fputs("  import        --dir DIR          the same with a folder's tables\n", f);
	return f == stderr ? 64 : 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout);
	if (argc == 4 && strcmp(argv[1], "import") == 0 && strcmp(argv[2], "--dir") == 0) {
		bench_begin(argv[0]);
		return bench_import_dir(argv[3]);
	}
	for (size_t i = 0; argc >= 2 && i < sizeof measures / sizeof *measures; i++) {
		int64_t n = measures[i].standard;

		if (strcmp(argv[1], measures[i].name) != 0)
			continue;
		if (argc == 4 && strcmp(argv[2], measures[i].option) == 0)
			n = strtoll(argv[3], NULL, 10);
		else if (argc != 2)
			return usage(stderr);
		if (n < 1 || n > 10000000)
			return usage(stderr);
		bench_begin(argv[0]);
		return measures[i].run(n);
	}
	return usage(stderr);
}
