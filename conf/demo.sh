#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# sh conf/demo.sh [--once] [--keep DIR]
#
# Une région entière sur cette machine : la CRESS Bretagne et les pôles d'Auray,
# Fougères, Morlaix et Vitré entrent dans une fédération, importent leurs
# tableurs (données inventées de conf/sample) et s'accordent. Tout est vérifié,
# une ligne par vérification. Sans --once, la région reste ouverte pour essayer.
#
# --keep DIR   y laisse les données ; sinon un dossier temporaire, effacé à la fin
# ESSAIM_BUILD programmes déjà construits (sinon : paquets installés, build/ construit)
#
# Code de sortie : 0 tout est juste, 1 une vérification a échoué.
set -u
root=$(cd "$(dirname "$0")/.." && pwd) || exit 1
sample=$root/conf/sample
hubs="auray fougeres morlaix vitre"
nodes="cress $hubs"
once=no keep=""

while [ $# -gt 0 ]; do
	case $1 in
	--once) once=yes ;;
	--keep)
		[ $# -gt 1 ] || { echo "demo: --keep veut un dossier" >&2; exit 64; }
		keep=$2
		shift ;;
	-h | --help) sed -n '4,15s/^# \{0,1\}//p' "$0"; exit 0 ;;
	*) echo "usage: sh conf/demo.sh [--once] [--keep DIR]" >&2; exit 64 ;;
	esac
	shift
done
# UTF-8 is the only thing asked of a locale, and C.UTF-8 is on every Debian.
export LC_ALL=C.UTF-8
. "$root/conf/nodes.sh"

# Programs.
build=${ESSAIM_BUILD:-}
if [ -z "$build" ]; then
	build=$root/build
	echo "Construction (build/) ..."
	sh "$root/conf/install-deps.sh" build || exit 1
	log=$(mktemp)
	if ! { cd "$root" && cmake --preset default && cmake --build build --target essaimd essaim essaim-scan; } \
		>"$log" 2>&1; then
		tail -n 30 "$log" >&2
		rm -f "$log"
		echo "demo: la construction a échoué" >&2
		exit 1
	fi
	rm -f "$log"
fi
bin=$build/bin

# A folder for the five nodes.
if [ -n "$keep" ]; then
	if [ -e "$keep" ] && [ -n "$(ls -A "$keep" 2>/dev/null)" ]; then
		echo "demo: $keep n'est pas vide ; choisissez un autre dossier" >&2
		exit 64
	fi
	mkdir -p "$keep" || exit 1
	work=$(cd "$keep" && pwd)
else
	work=$(mktemp -d "${TMPDIR:-/tmp}/essaim-demo.XXXXXX") || exit 1
fi
clean() {
	trap '' INT TERM
	[ -z "${sleeper:-}" ] || kill "$sleeper" 2>/dev/null
	for node in $nodes; do
		stop "$node" >/dev/null 2>&1
	done
	if [ -n "$keep" ]; then
		echo "Données laissées dans $work"
	else
		rm -rf "$work"
	fi
}
trap clean EXIT
trap 'exit 1' INT TERM

failed=0
exec 3>&1 # the report, wherever a step's own words go
say() {
	echo
	echo "$*"
}
good() {
	echo "ok - $*"
}
bad() {
	echo "not ok - $*" >&3
	failed=$((failed + 1))
}
# equal WHAT WANTED GOT
equal() {
	if [ "$2" = "$3" ]; then
		good "$1 : $3"
	else
		bad "$1 : attendu $2, trouvé ${3:-rien}"
	fi
}
# A step without which the rest makes no sense.
must() {
	"$@" && return 0
	bad "étape impossible : $*"
	for node in $nodes; do
		[ ! -s "$work/$node/essaimd.log" ] || { echo "--- $node"; tail -n 5 "$work/$node/essaimd.log"; } >&2
	done
	exit 1
}

if [ $once = no ]; then
	for node in $nodes; do
		free_port
		eval "page_$node=$port"
	done
fi

say "1. Fondation : la CRESS Bretagne"
must found_cress
if grep -Eq '([0-9A-Z]{4}-){12}[0-9A-Z]{4}' "$work/cress.init"; then
	good "la fédération est fondée, la clé de secours a été donnée une fois"
else
	bad "init n'a pas donné de clé de secours"
fi
rm -f "$work/cress.init"

say "2. Entrée des quatre pôles"
for hub in auray fougeres morlaix; do
	must enter "$hub"
	good "$(hub_title $hub) est entré (invitation approuvée d'avance)"
done
# Vitré is approved by a person, who compares what both screens show.
code=$(invitation vitre)
must join vitre "$code"
must start vitre
fingerprint=$(grep -Eo '([0-9A-Z]{4}-){3}[0-9A-Z]{4}' "$work/vitre.join" | tail -n 1)
n=0
while ! e cress members | grep -q "${fingerprint:-none}"; do
	n=$((n + 1))
	[ $n -lt 100 ] || break
	sleep 0.1
done
if [ -n "$fingerprint" ] && e cress members | grep -q "$fingerprint"; then
	good "$(hub_title vitre) attend ; les deux écrans montrent la même empreinte $fingerprint"
else
	bad "l'empreinte de Vitré (${fingerprint:-absente}) n'est pas dans les demandes de la CRESS"
fi
must e cress approve vitre >/dev/null
good "$(hub_title vitre) est approuvé par la CRESS"

say "3. Import des tableurs (neuf par pôle, trois dialectes de CSV)"
began=$(date +%s)
for hub in $hubs; do
	import_sample "$hub" &
	eval "import_$hub=$!"
done
for hub in $hubs; do
	eval "pid=\$import_$hub"
	if wait "$pid"; then
		good "$(hub_title $hub) a importé ses neuf tableurs"
	else
		tail -n 3 "$work/$hub.import" >&2
		bad "$(hub_title $hub) : un import a échoué"
	fi
done

say "4. Témoins : une valeur secrète de 32 octets dans chaque champ qui doit rester au pôle"
# One needle file per hub, of what no other node may hold; and what stood there before.
for hub in $hubs; do
	files=$sample/pole-$hub
	needles=$work/$hub.needles
	for table in $sample_tables; do
		local_rows "$files/${table##*:}.csv" | sed 's/^/ulid /'
	done >"$needles"
	: >"$work/$hub.before"
	secret() {
		secret=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
		echo "text $secret" >>"$needles"
	}
	set_secret() { # UID FIELD [suffix [more=...]]
		secret
		before=$(e "$hub" show "$1" --json | sed -n "s/.*\"data\":{[^}]*\"$2\":\"\([^\"]*\)\".*/\1/p")
		printf '%s %s=%s\n' "$1" "$2" "$before" >>"$work/$hub.before"
		must e "$hub" set "$1" ${4:+"$4"} "$2=$secret${3:-}" >/dev/null
	}
	contact=$(local_rows "$files/contacts.csv" | head -n 1)
	set_secret "$contact" prenom
	set_secret "$contact" nom
	set_secret "$contact" fonction
	set_secret "$contact" courriel @canari.example
	set_secret "$(local_rows "$files/offres.csv" | head -n 1)" titre
	set_secret "$(local_rows "$files/besoins.csv" | head -n 1)" titre
	set_secret "$(first_with "$files/structures.csv" statut_diffusion P)" adresse
	set_secret "$(first_with "$files/structures.csv" statut_diffusion O)" description "" champs_locaux=description
done
good "huit témoins par pôle : contact local (prénom, nom, fonction, courriel), titres d'une offre et d'un besoin locaux, adresse d'une structure à diffusion partielle, description gardée par champs_locaux"

say "5. Accord"
if settle $hubs cress && same_digests $nodes; then
	good "les cinq nœuds ont tout reçu ($(($(date +%s) - began)) s depuis le début des imports)"
	good "même empreinte publique sur les cinq : $(digest cress public | cut -c 1-16)..."
	good "même empreinte fédération sur les cinq : $(digest cress federation | cut -c 1-16)..."
else
	bad "les nœuds ne s'accordent pas"
	for node in $nodes; do
		echo "   $node public $(digest $node public) fédération $(digest $node federation) attente $(outbox $node)"
	done
fi

say "6. Ce que la CRESS voit, et ne voit pas"
equal "structures à la CRESS" 2040 "$(records cress structure)"
equal "offres" 1313 "$(records cress offre)"
equal "besoins" 532 "$(records cress besoin)"
equal "partenariats" 195 "$(records cress partenariat)"
equal "événements" 33 "$(records cress evenement)"
equal "contacts partagés" 895 "$(records cress contact)"
equal "inscriptions" 0 "$(records cress inscription)"
equal "suivis" 0 "$(records cress suivi)"
equal "diagnostics" 0 "$(records cress diagnostic)"

say "7. Ce qui est local reste au pôle : recherche octet par octet dans les fichiers des autres"
for hub in $hubs; do
	others=""
	for node in $nodes; do
		[ "$node" = "$hub" ] || others="$others $work/$node"
	done
	uids=$(grep -c '^ulid' "$work/$hub.needles")
	# The same search at home must find all canaries: the search works.
	grep '^text' "$work/$hub.needles" >"$work/$hub.canaries"
	home=$("$bin/essaim-scan" "$work/$hub.canaries" "$work/$hub" | sed -n 's/.*distinct=\([0-9]*\).*/\1/p')
	if out=$("$bin/essaim-scan" "$work/$hub.needles" $others) && [ "$home" = 8 ]; then
		good "$(hub_title $hub) : ni les $uids identifiants locaux (texte, 16 octets) ni les 8 témoins ne sont ailleurs ($(echo "$out" | sed -n 's/.*files=\([0-9]*\) bytes=\([0-9]*\).*/\1 fichiers, \2 octets lus/p'))"
	else
		echo "$out" | tail -n 6
		bad "$(hub_title $hub) : des données locales sont ailleurs, ou les témoins manquent chez lui ($home sur 8)"
	fi
done
# The needles have served: people who look at the region find titles and names again.
for hub in $hubs; do
	while read -r uid text; do
		must e "$hub" set "$uid" "$text" >/dev/null </dev/null
	done <"$work/$hub.before"
	equal "$(hub_title $hub), titres de 32 chiffres qui restent" 0 \
		"$(for kind in offre besoin; do e "$hub" list $kind --limit 1000 --json; done | grep -cE '"titre":"[0-9a-f]{32}"')"
done
must settle $hubs cress

say "En résumé"
# Columns by hand: printf counts bytes, and an accent has two.
printf '  %-10s %-7s %10s %8s %8s %9s %8s   %s\n' "" port structures offres besoins contacts attente empreinte
for node in $nodes; do
	eval "port=\$port_$node"
	printf '  %-10s %-7s %10s %8s %8s %9s %8s   %s\n' "$node" "$port" "$(records $node structure)" \
		"$(records $node offre)" "$(records $node besoin)" "$(records $node contact)" \
		"$(outbox $node)" "$(digest $node public | cut -c 1-12)"
done
if [ $once = yes ]; then
	say "8. Arrêt"
	for node in $nodes; do
		if stop "$node"; then
			good "$node s'arrête proprement"
		else
			tail -n 5 "$work/$node/essaimd.log" >&2
			bad "$node ne s'arrête pas proprement"
		fi
	done
fi
say "$([ $failed = 0 ] && echo "Tout est juste." || echo "$failed vérification(s) en échec.")"

if [ $once = no ]; then
	cat <<END

La région reste ouverte. Dans un navigateur, la page de chacun :

$(for node in $nodes; do
	eval "page=\$page_$node"
	printf '  http://127.0.0.1:%s  %s\n' "$page" "$node"
done)

Dans un autre terminal :

  export PATH=$bin:\$PATH
  essaim --data $work/cress status
  essaim --data $work/cress search "légumes bio" --near Auray --within 30
  essaim --data $work/auray list structure --limit 5
  essaim --data $work/auray add structure nom="L'Atelier du Loch" type_acteur=ess code_insee=56007
  essaim --data $work/cress tail --limit 5
  essaim --data $work/morlaix export csv --kind offre --output offres.csv
  sqlite3 -readonly $work/vitre/directory.db 'select nom from structure limit 3'

Ctrl-C arrête les cinq nœuds$([ -n "$keep" ] || echo " et efface leurs données").
END
	trap 'exit $((failed > 0))' INT TERM
	# `wait` returns at a signal, `sleep` in the foreground would not.
	while :; do
		sleep 3600 >/dev/null 2>&1 3>&1 &
		sleeper=$!
		wait $sleeper
	done
fi
exit $((failed > 0))
