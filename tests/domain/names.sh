#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# R2: what stays at its hub is named to nobody else. A record that others see may name one
# that they must not: its reference stays home, and follows when that one leaves or returns.
. "$(dirname "$0")/../e2e/lib.sh"

named_to() { # NODE UID...: how many of them stand there, as text or bytes
	named_node=$1
	shift
	printf 'ulid %s\n' "$@" >"$work/needles"
	"$bin/essaim-scan" "$work/needles" "$work/$named_node" | sed -n 's/.*distinct=\([0-9]*\).*/\1/p'
}
nowhere() { # UID...: in no file of the others
	for nowhere_node in cress vitre; do
		[ "$(named_to $nowhere_node "$@")" = 0 ] || return 1
	done
}
sends() {
	synced morlaix vitre cress && settle morlaix vitre cress
}
scope_of() { # NODE UID
	e "$1" show "$2" --json | jq -r .scope
}

must found_cress
must enter morlaix
must enter vitre
must synced morlaix vitre cress
home=$(new morlaix structure nom=Gardée type_acteur=ess code_insee=29151 portee=local)
offer=$(new morlaix offre structure=$home "titre=Ménage à domicile" filiere=proprete type_offre=service)
plan=$(new morlaix projet "nom=Un tiers-lieu" phase=ideation)
asked=$(new morlaix orientation projet=$plan "vers=Chambre Secrete29" competence=gestion)
seen=$(new morlaix orientation projet=$plan "vers=Chambre connue" competence=achats portee=federation)
must [ ${#offer} = 26 ] && must [ ${#seen} = 26 ]
must sends
equal R2-the-offer-is-public "public Ménage à domicile" "$(scope_of vitre "$offer") $(value vitre "$offer" titre)"
equal R2-whole-at-home "$home" "$(value morlaix "$offer" structure_uid)"
check R2-elsewhere-it-names-nobody sh -c "case '$(value vitre "$offer" structure_uid)' in null|'(non partagé)') ;; *) exit 1 ;; esac"
equal R2-an-orientation-is-local local "$(scope_of morlaix "$asked")"
equal R2-with-consent-it-leaves "Chambre connue" "$(value cress "$seen" vers)"
check R2-byte-search-of-local-uids-0 nowhere "$home" "$plan" "$asked"
check R2-nor-whom-it-is-sent-to sh -c "! grep -aqF Secrete29 '$work'/cress/* '$work'/vitre/*"
equal R2-the-search-finds-what-is-there 4 "$(named_to morlaix "$home" "$plan")"

# What others have of it goes out and comes in again as it is.
check R2-elsewhere-it-is-exported e vitre export csv --output "$work/out"
e vitre import all "$work/out" --json >"$work/again.json" 2>/dev/null
equal R2-and-imported-again "0 0 0 0" "$? $(jq -r '.counts | "\(.nouveaux) \(.modifies) \(.rejete)"' "$work/again.json")"

# Nobody proposes to another hub that its record names one of ours that stays here.
other=$(new vitre offre structure="$(new vitre structure nom=Vitréenne type_acteur=ess code_insee=35360)" titre=Autre filiere=proprete type_offre=service)
must sends
exits R2-not-proposed-either 77 e morlaix propose "$other" structure="$home"

# A table, in one transaction: a structure that stays, and an offer that names it.
table=01J0000000000000000000TAB1
mkdir "$work/folder"
printf 'uid,nom,type_acteur,code_insee,portee\n%s,Importée,ess,29151,local\n' $table >"$work/folder/structures.csv"
printf 'uid,structure_uid,titre,filiere,type_offre\n01J0000000000000000000TAB2,%s,Taille de haies,proprete,service\n' $table >"$work/folder/offres.csv"
check R2-a-folder-is-imported e morlaix import all "$work/folder"
must sends
equal R2-its-offer-is-there "Taille de haies" "$(value vitre 01J0000000000000000000TAB2 titre)"
check R2-its-structure-is-not-named nowhere $table

# It leaves: the records that name it say so.
must e morlaix set "$home" portee=public >/dev/null
must sends
equal R2-widened-it-is-named "$home Gardée" "$(value vitre "$offer" structure_uid) $(value vitre "$home" nom)"
sed 's/,local$/,public/' "$work/folder/structures.csv" >"$work/wider.csv"
must e morlaix import structure "$work/wider.csv" >/dev/null
must sends
equal R2-widened-by-an-import-too $table "$(value vitre 01J0000000000000000000TAB2 structure_uid)"

# It returns: what names it is withdrawn, and erased.
must e morlaix set "$home" portee=local >/dev/null
must e morlaix import structure "$work/folder/structures.csv" >/dev/null
must sends
unnamed() { # UID: no row at vitre has it
	! grep -aqF -- "$1" "$work"/vitre/directory.db*
}
within R2-narrowed-it-is-not-named 20 unnamed "$home"
within R2-nor-by-an-import 20 unnamed $table
equal R2-the-offer-stays "Ménage à domicile Taille de haies" "$(value vitre "$offer" titre) $(value vitre 01J0000000000000000000TAB2 titre)"
equal R2-and-is-whole-at-home "$home $table" "$(value morlaix "$offer" structure_uid) $(value morlaix 01J0000000000000000000TAB2 structure_uid)"
check R2-the-directory-agrees same_digests cress vitre morlaix
finish
