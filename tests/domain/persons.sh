#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# W1, step 7: the sheets that offices keep have people in them. What is theirs goes to a
# local contact and never stands on the structure, which everybody sees.
. "$(dirname "$0")/../e2e/lib.sh"

take() { # HEADER LINE...: a sheet of structures
	printf '%s\n' "$@" >"$work/sheet.csv"
	e morlaix import structure "$work/sheet.csv" --json >"$work/report.json" 2>"$work/take.err"
}
said() { # FILTER: of the last report
	jq -r "$1" "$work/report.json"
}
structure() { # NAME: its telephone and e-mail
	e morlaix list structure --limit 1000 --json |
		jq -r --arg n "$1" '.items[] | select(.data.nom == $n) | .data | "\(.telephone // "-") \(.courriel // "-")"'
}
contact() { # NAME: all that is the contact's
	e morlaix list contact --limit 1000 --json | jq -r --arg n "$1" \
		'.items[] | select(.data.nom == $n) | "\(.data.prenom // "-") \(.data.telephone // "-") \(.data.courriel // "-") \(.scope)"'
}

must found_cress
must enter morlaix
must synced morlaix cress
take 'Nom de la structure;CP;Ville;Contact;Prénom;Mail;Téléphone' \
	"Les Paniers;29600;Morlaix;Lagadec;Nolwenn;paniers-nolwenn@orange.example;06 39 98 12 34" \
	"Chez Yves;29600;Morlaix;Kerbrat;Yves;yk29@orange.example;02 98 88 00 07" \
	"Sans personne;29600;Morlaix;;;accueil@sans.example;02 98 88 00 08"
equal W1-7-a-sheet-with-a-contact-beside-its-addresses "0 3 2" "$? $(said '.counts | "\(.nouveaux) \(.contacts_nouveaux)"')"
equal W1-7-the-columns-are-shown "contact.nom contact.prenom courriel|contact.courriel []" \
	"$(said '"\(.mapping.Contact) \(.mapping["Prénom"]) \(.mapping.Mail) \(.extra)"')"
equal W1-7-the-structure-has-none-of-it "- -" "$(structure 'Les Paniers')"
equal W1-7-the-contact-has-it-all "Nolwenn +33639981234 paniers-nolwenn@orange.example local" "$(contact Lagadec)"
equal W1-7-a-landline-among-the-contact-s-columns-is-the-contact-s "- - Yves +33298880007 yk29@orange.example local" \
	"$(structure 'Chez Yves') $(contact Kerbrat)"
equal W1-7-a-line-without-a-contact-is-the-structure-s "+33298880008 accueil@sans.example" "$(structure 'Sans personne')"
cp "$work/sheet.csv" "$work/first.csv"
e morlaix import structure "$work/first.csv" --json >"$work/report.json" 2>/dev/null
equal W1-8-again-it-changes-nothing "0 0 3 0 0" "$(said '.counts | "\(.nouveaux) \(.modifies) \(.inchanges) \(.contacts_nouveaux) \(.contacts_modifies)"')"

# Addresses before the contact: the switchboard stays, what is a person's does not.
take 'Raison sociale;Tél.;Mail;CP;Ville;Nom;Prénom;Fonction;Portable' \
	"La Halle;02 98 88 00 09;la.halle.29@orange.example;29600;Morlaix;Riou;Anne;Directrice;06 39 98 12 35" \
	"La Criée;06 39 98 12 36;;29600;Morlaix;Tanguy;Loïc;;" \
	"Le Quai;06 39 98 12 37;;29600;Morlaix;Mével;Éric;;06 39 98 12 38"
equal W1-7-a-landline-away-from-them-is-the-structure-s "+33298880009 -" "$(structure 'La Halle')"
equal W1-7-nom-beside-raison-sociale-is-the-person-s "Anne +33639981235 la.halle.29@orange.example local" "$(contact Riou)"
equal W1-7-a-mobile-is-the-person-s "- - Loïc +33639981236 - local" "$(structure 'La Criée') $(contact Tanguy)"
equal W1-7-a-second-mobile-is-kept-at-the-hub "- - 06 39 98 12 37" \
	"$(structure 'Le Quai') $(e morlaix list structure --limit 1000 --json | jq -r '.items[] | select(.data.nom == "Le Quai") | .data.extra | fromjson | .["Tél."]')"

# A sheet that says whose an address is.
take 'Nom;CP;Ville;Président;Mail du président;Tél. portable;Mail de la structure;Standard;Directeur' \
	"La Dune;29600;Morlaix;Paul Abgrall;paul@dune.example;+33 6 39 98 12 39;bonjour@dune.example;02 98 88 00 10;Jeanne Corre"
equal W1-7-what-is-said-to-be-the-structure-s-stays "+33298880010 bonjour@dune.example" "$(structure 'La Dune')"
equal W1-7-the-first-person-is-the-contact "- +33639981239 paul@dune.example local" "$(contact 'Paul Abgrall')"
equal W1-7-the-second-is-kept-at-the-hub '["Directeur"]' "$(said '.extra | tostring')"

# A break in a cell of a column that nobody knows is said, as in those that are known.
printf 'Nom;Code INSEE;Remarques\r\nLa Grève;29151;"un\r\ndeux"\r\n' >"$work/breaks.csv"
e morlaix import structure "$work/breaks.csv" --json >"$work/report.json" 2>/dev/null
equal R18-a-line-break-in-an-unknown-column-is-said "Remarques" "$(said '.lines[0].findings[] | select(.code == "saut_de_ligne_normalise") | .column')"
equal R18-and-normalised "un/deux" "$(e morlaix list structure --limit 1000 --json | jq -r '.items[] | select(.data.nom == "La Grève") | .data.extra | fromjson | .Remarques' | tr '\n' '/' | sed 's|/$||')"

# A column says nothing of whose it is, the address does.
take 'Nom;CP;Ville;Mail' "La Tour;29600;Morlaix;anne.yyqz7@tour.example"
equal W1-7-a-person-s-address-with-a-number-is-said courriel_nominatif_donnee_personnelle \
	"$(said '.lines[0].findings[] | select(.column == "Mail") | .code')"
equal W1-7-and-is-kept-at-the-hub "- anne.yyqz7@tour.example" "$(structure 'La Tour')"

# An earlier sheet had no contact: what it put on the structure is withdrawn, and erased.
take 'Nom;CP;Ville;Mail;Tél.' "La Rade;29600;Morlaix;zoe29@rade.example;06 39 98 12 40" "Le Phare;29600;Morlaix;phare@phare.example;02 98 88 00 11"
must settle morlaix cress
equal W1-7-a-sheet-without-a-contact-is-the-structure-s "+33639981240 zoe29@rade.example" "$(structure 'La Rade')"
check W1-7-and-everybody-sees-it sh -c "grep -aqF zoe29 '$work'/cress/*"
take 'Nom;CP;Ville;Contact;Mail;Téléphone' "La Rade;29600;Morlaix;Zoé Morvan;zoe29@rade.example;06 39 98 12 40" \
	"Le Phare;29600;Morlaix;Yann Floch;yann@phare.example;02 98 88 00 11"
equal W1-7-a-later-sheet-says-it-is-a-person-s "Mail donnee_du_contact, Téléphone donnee_du_contact" \
	"$(said '[.lines[] | select(.line == 2) | .findings[] | select(.code == "donnee_du_contact") | "\(.column) \(.code)"] | join(", ")')"
equal W1-7-it-goes-to-the-contact "- - - +33639981240 zoe29@rade.example local" "$(structure 'La Rade') $(contact 'Zoé Morvan')"
equal W1-7-another-s-address-and-the-switchboard-stay "+33298880011 phare@phare.example" "$(structure 'Le Phare')"
equal W1-7-who-still-has-it-is-named yes "$(said 'if (.encore_chez | length) > 0 then "yes" else "no" end')"
e morlaix import structure "$work/sheet.csv" --json >"$work/report.json" 2>/dev/null
equal W1-8-that-sheet-again-changes-nothing "0 0 2 0" "$(said '.counts | "\(.nouveaux) \(.modifies) \(.inchanges) \(.contacts_modifies)"')"

must settle morlaix cress
nowhere_there() { # TEXT...: in no file of the CRESS
	for text in "$@"; do
		! LC_ALL=C grep -aqF -- "$text" "$work"/cress/* || return 1
	done
}
check W1-7-the-cress-has-none-of-them nowhere_there Lagadec Nolwenn 33639981234 paniers-nolwenn yk29 33298880007 \
	la.halle.29 Riou 339981235 3339981236 639981237 639981238 Abgrall "paul@dune" "Jeanne Corre" yyqz7
within W1-7-what-was-withdrawn-is-erased-there 20 nowhere_there zoe29@ 33639981240
check W1-7-but-it-has-the-structures sh -c "grep -aqF 'bonjour@dune.example' '$work'/cress/*"
finish
