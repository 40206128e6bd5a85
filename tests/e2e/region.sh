#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The demo is the first end-to-end test: each of its own checks counts.
root=$(cd "$(dirname "$0")/../.." && pwd)
ESSAIM_BUILD=${ESSAIM_BUILD:-$root/build} sh "$root/conf/demo.sh" --once | sed -E 's/^(ok|not ok) - /\1 /'
