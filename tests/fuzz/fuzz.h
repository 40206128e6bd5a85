/* SPDX-License-Identifier: Apache-2.0
 *
 * One entry for each fuzz target, called by libFuzzer or by replay.c. A finding
 * is a crash, a sanitizer's report or an assert: each target states what holds
 * for every input. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
