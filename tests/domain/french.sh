#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What people read is in their language: errors of the command line, of the daemon and of
# its start, warnings, help; each asked for in French, then in English.
. "$(dirname "$0")/../e2e/lib.sh"
unset LANGUAGE LC_MESSAGES LANG
wrong=01ARZ3NDEKTSV4RRFFQ69G5FAV

must found_cress
must enter auray
must settle auray cress
own=$(new auray structure type_acteur=ess "nom=Les Jardins" code_insee=56007)
theirs=$(new cress evenement type_evenement=atelier titre=Atelier debut=2099-12-01T10:00:00+01:00 fin=2099-12-01T12:00:00+01:00 capacite=5)
must settle auray cress
printf 'nom;nom;commune\nA;B;C\n' >"$work/twice.csv"
printf 'nom\n\303(\n' >"$work/utf8.csv"
printf 'Nom;SIRET\nCafÃ©;8,12346E+13\n' >"$work/lines.csv"
: >"$work/empty.csv"
echo x >"$work/no.backup"
chmod 600 "$work/no.backup"

# What stands in « » is typed as it is, in any language, as are a command's name and options and
# files; the rest of a French line has none of these words.
english='the|hub|is|are|not|of|only|no|this|that|has|have|see|which|known|unknown|expected|and|or|to|here|by|for|with|without|it|its|an|be|must|cannot|try|record|already|day|error|found|file|failed|there|who|you|your|at|from|one|two|another|other|missing|given|value|last'
foreign() { # FILE: its English words
	sed -e 's/« [^»]*»//g' -e 's/^Usage : essaim [a-z-]*//' -e 's/^  [a-z-]*//' -e 's/--[a-z-]*//g' -e 's|[^ ]*/[^ ]*||g' "$1" |
		grep -oE '[[:alnum:]_]+' | grep -xE "$english" | sort -u | tr '\n' ' '
}
# said NAME CODE WORD COMMAND...: ends with CODE in both languages; the French has WORD and no English.
said() {
	said_name=$1 said_code=$2 said_word=$3
	shift 3
	LC_ALL=fr_FR.UTF-8 "$@" >"$work/fr" 2>&1 </dev/null
	said_got=$?
	LC_ALL=en_GB.UTF-8 "$@" >"$work/en" 2>&1 </dev/null
	[ $said_got != $? ] && said_got="$said_got in French"
	if [ "$said_got" != "$said_code" ]; then
		not_ok "$said_name" "exit $said_got, not $said_code: $(head -n 1 "$work/fr")"
	elif ! grep -qF -- "$said_word" "$work/fr"; then
		not_ok "$said_name" "no '$said_word' in: $(head -c 200 "$work/fr")"
	elif [ -n "$(foreign "$work/fr")" ]; then
		not_ok "$said_name" "English: $(foreign "$work/fr")in: $(head -c 200 "$work/fr")"
	elif cmp -s "$work/fr" "$work/en"; then
		not_ok "$said_name" "the same in English: $(head -c 200 "$work/fr")"
	else
		ok "$said_name"
	fi
}

# The command line alone.
said "cli-an-unknown-command" 64 "commande inconnue" e auray serach
said "cli-a-missing-argument" 64 "il manque quelque chose : « essaim show UID|SIRET ». Essayez" e auray show
said "cli-no-node" 69 "il n'y a pas encore de nœud" e nobody status
said "cli-a-node-exists" 78 "existe déjà" e auray init --cress --name C --region 53
said "cli-a-region-of-two-digits" 65 "deux chiffres" e nobody init --cress --name C --region X
said "cli-an-address" 64 "HOST:PORT" e nobody init --cress --name C --region 53 --listen :::
said "cli-a-mistyped-invitation" 65 "mal recopiée" e nobody join ESSAIM1-ABCD --accept-charter
said "cli-no-backup" 65 "ni une sauvegarde" e nobody restore "$work/no.backup"
said "cli-a-file-that-is-not-there" 74 "n'existe pas" e nobody restore "$work/nowhere"
said "cli-a-file-to-import" 74 "n'existe pas" e auray import structure "$work/nowhere"

# The daemon at its start.
said "start-no-node" 78 "il n'y a pas de nœud" "$bin/essaimd" --data "$work/nobody"
said "start-twice" 75 "un autre programme" "$bin/essaimd" --data "$work/auray"
said "start-an-option" 64 "option inconnue" "$bin/essaimd" --wings
said "start-help" 0 "au premier plan" "$bin/essaimd" --help
printf 'port = 4\n' >"$work/wrong.conf"
said "start-a-key" 78 "clé inconnue" "$bin/essaimd" --data "$work/auray" --config "$work/wrong.conf"
printf 'listen = = 4\n' >"$work/syntax.conf"
said "start-a-syntax" 78 "syntaxe" "$bin/essaimd" --data "$work/auray" --config "$work/syntax.conf"

# The daemon, asked: on the loop, on a reader, on the writer.
said "ask-an-unknown-record" 65 "n'est pas ici" e auray show $wrong
said "ask-an-unknown-kind" 65 "genre inconnu" e auray add licorne nom=x
said "ask-an-unknown-field" 65 "champ inconnu" e auray add structure licorne=x
said "ask-an-unknown-code" 65 "connus :" e auray add structure type_acteur=licorne
said "ask-a-name-too-short" 65 "nom: hors_limites (X): Ce nom est trop court ou trop long" e auray add structure nom=X code_insee=56007
said "ask-a-remark" 0 "code_insee: commune_deduite: Commune trouvée." e auray add structure type_acteur=ess "nom=Les Prés" \
	code_postal=56400 commune=Auray
said "ask-a-line-of-a-file" 65 'Nom: double_encodage_suspect "Café": Des accents semblent abîmés.' \
	e auray import structure "$work/lines.csv" --dry-run
said "ask-another-hubs-record" 77 "c'est la fiche d'un autre pôle" e auray set "$theirs" titre=x
said "ask-our-own" 77 "est d'ici" e auray propose "$own" "nom=Les Champs"
said "ask-a-uid" 65 "26 caractères" e auray set abc nom=x
said "ask-a-commune" 65 "ne porte ce nom" e auray search --near Atlantis
said "ask-a-filter" 65 "n'est pas connu" e auray search --label licorne
said "ask-only-the-cress-invites" 77 "la CRESS seule invite" e auray invite --pays vitre --name x
said "ask-only-the-cress-suspends" 77 "la CRESS seule suspend un membre" e auray suspend vitre
said "ask-a-member" 65 "parmi les membres" e cress suspend licorne
said "ask-the-cress-itself" 77 "la CRESS elle-même" e cress suspend "CRESS Bretagne"
said "ask-a-pays" 65 "Pays inconnu" e cress invite --pays licorne --name x
said "ask-a-role" 77 "n'a pas ce droit (écrire une fiche)" e auray --as financeur_lecture add structure nom=x
said "ask-a-role-of-elsewhere" 77 "n'est pas un rôle" e auray --as cress list structure
said "ask-a-number" 65 "rien n'est en attente" e auray accept 99
said "ask-too-many-seats" 65 "demandez-en autant au plus" e auray register "$theirs" structure="$own" nb_personnes=9
said "ask-an-event" 65 "cet événement n'est pas ici" e auray seats $wrong
said "ask-a-month" 65 "n'est ni un mois" e auray report --month 2026-13
said "ask-to-freeze" 77 "la CRESS seule fige" e auray report freeze
said "ask-to-freeze-nothing" 65 "aucun chiffre à figer" e cress report freeze --month 2026-09
said "ask-a-code-list" 65 "cette liste de codes" e auray codes licorne
said "ask-a-survey" 65 "(enquête)" e auray survey $wrong
said "ask-a-person" 65 "prénom et nom" e auray rgpd person x
said "import-twice-a-column" 65 "le même champ" e auray import structure "$work/twice.csv"
said "import-an-empty-file" 65 "le fichier est vide" e auray import structure "$work/empty.csv"
said "import-an-encoding" 65 "n'est pas en UTF-8" e auray import structure --encoding utf-8 "$work/utf8.csv"

# Warnings, help, the ordinary answers.
said "status" 0 "en ligne" e auray status
said "members" 0 "actif" e auray members
said "a-record" 0 "propriétaire" e auray show "$own"
said "roles" 0 "écrire une fiche" e auray roles
said "help" 0 "Options de toutes les commandes" e auray --help
for command in $("$bin/essaim" --help | sed -n 's/^  \([a-z][a-z-]*\).*/\1/p'); do
	said "help-$command" 0 "Usage :" e auray help "$command"
done

# The language is the request's: one daemon, two people at once; nothing asked for is English.
answered() { # HEADER
	curl -s --unix-socket "$work/auray/essaim.sock" -H "$1" "http://x/api/v1/records/$wrong" | jq -r .error.text
}
equal "api-french-by-weight" "$wrong : cette fiche n'est pas ici" "$(answered "Accept-Language: en;q=0.3, fr-FR;q=0.9")"
equal "api-english-when-nothing-is-said" "$wrong: no such record here" "$(answered "X-Nothing: 1")"
mixed() {
	mixed_pids=
	for mixed_n in 1 2 3 4 5 6 7 8 9 10; do
		answered "Accept-Language: fr" >>"$work/mixed.fr" &
		mixed_pids="$mixed_pids $!"
		answered "Accept-Language: en" >>"$work/mixed.en" &
		mixed_pids="$mixed_pids $!"
	done
	wait $mixed_pids
	[ "$(sort -u "$work/mixed.fr")" = "$wrong : cette fiche n'est pas ici" ] && [ "$(grep -c . "$work/mixed.fr")" = 10 ] &&
		[ "$(sort -u "$work/mixed.en")" = "$wrong: no such record here" ] && [ "$(grep -c . "$work/mixed.en")" = 10 ]
}
check "api-each-is-answered-in-its-own" mixed

# A catalogue that is not one leaves English, and all else as it is.
head -c 5000 "$build/locale/fr/LC_MESSAGES/essaim.mo" >"$work/cut.mo"
for mo in "$work/cut.mo" "$work/nowhere.mo" /dev/zero; do
	equal "a-bad-catalogue-$(basename "$mo")" "essaimd: $work/nobody: there is no node here; make one with 'essaim init' or 'essaim join'" \
		"$(ESSAIM_CATALOGUE=$mo LC_ALL=fr_FR.UTF-8 "$bin/essaimd" --data "$work/nobody" 2>&1)"
done
# The log is for programs and stays English whoever asked.
check "the-log-is-english" sh -c "! grep -E 'cette fiche|n.est pas|la CRESS seule' '$work/auray/essaimd.log'"
finish
