#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What follows from an answer follows at once, also where nobody is in session: the
# CRESS accepts a hand-over while its only hub is away, and the record is its own.
. "$(dirname "$0")/lib.sh"

region 1 auray
uid=$(e auray add structure type_acteur=ess nom=Essai code_insee=56007 2>/dev/null | tail -n 1)
must settle auray cress
must e auray hand-over "$uid" bretagne >/dev/null
must settle auray cress
stop auray
own() {
	[ "$(e cress show "$uid" --json | jq -r .owner)" = cress-bretagne ]
}
check "alone-accepted" e cress accept "$(e cress proposals --json | jq -r '.items[0].no')" >/dev/null
within "alone-it-counts-at-once" 10 own
finish
