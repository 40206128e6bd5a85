# SPDX-License-Identifier: Apache-2.0
#
# What the tests of the page find beside the sample: read by run.sh. Titles are plain, so
# that a search finds them alone.
world_own=$(new morlaix structure nom="Zinzolin Atelier" type_acteur=ess code_insee=29151 filieres=restauration_traiteur siae_type=ei \
	telephone=+33298000000 adresse="1 quai de Tréguier" code_postal=29600 site_web=zinzolin.example labels=ab)
world_other=$(new auray structure nom="Zinzolin Voisin" type_acteur=ess code_insee=56007 filieres=restauration_traiteur)
world_at=$(date +%s)
world_need=$(new morlaix besoin titre="Repas du zinzolin" structure_uid="$world_own" filiere=restauration_traiteur type_besoin=achat \
	code_insee=29151 rayon_max_km=200 budget_max_cents=90000 prix_unite=forfait)
world_offer=$(new auray offre titre="Plateaux du zinzolin" structure_uid="$world_other" filiere=restauration_traiteur type_offre=service \
	prix_cents=70000 prix_unite=forfait rayon_km=200)
world_hostile=$(new morlaix structure nom='<img src=x onerror=alert(1)> Pelikan' type_acteur=ess code_insee=29151 filieres=numerique \
	description='"><script>alert(2)</script>' site_web='javascript:alert(3)')
new morlaix contact structure_uid="$world_own" nom=Guivarch prenom=Benoît courriel=benoit.guivarch-lavanant-de-kermorvan@zinzolin-atelier.example telephone=+33298000002 base_legale=interet_legitime portee=local >/dev/null
world_forgotten=$(new morlaix structure nom="Zinzolin Oublié" type_acteur=ess code_insee=29151)
must e morlaix wait --synced --timeout 60 >/dev/null
must e morlaix forget "$world_forgotten" --yes >/dev/null
# Decisions that wait at Morlaix: three corrections and a structure offered by Auray ...
world_asked=$(new morlaix structure nom="Cormoran Services" type_acteur=ess code_insee=29151 telephone=+33298111111 adresse="3 rue du Port")
world_moved=$(new auray structure nom="Goéland Mobile" type_acteur=ess code_insee=29151)
world_goes=$(new auray offre titre="Vélos du goéland" structure_uid="$world_moved" filiere=espaces_verts type_offre=service)
world_torn=$(new_event morlaix "Pétrel")
must settle morlaix auray cress
must e auray propose "$world_asked" telephone=+33298222222 >/dev/null
must e auray propose "$world_asked" sigle=CS >/dev/null
must e auray propose "$world_asked" "adresse=5 rue du Port" >/dev/null
must e auray hand-over "$world_moved" morlaix >/dev/null
# ... and a disagreement: it comes back from an old copy, and writes unseen what the lost
# one had written.
must e morlaix backup "$work/morlaix.old" --with-key >/dev/null
must e morlaix set "$world_torn" "titre=Pétrel du matin" >/dev/null
must settle morlaix auray cress
crash morlaix
rm -rf "${work:?}/morlaix"
must stop cress
must e morlaix restore "$work/morlaix.old" --listen "127.0.0.1:$port_morlaix" >/dev/null
must start morlaix
must e morlaix set "$world_torn" "titre=Pétrel du soir" >/dev/null
must start cress
must settle morlaix auray cress
for world_uid in "$world_asked" "$world_moved" "$world_goes" "$world_torn" "$world_own" "$world_other" "$world_need" "$world_offer" "$world_hostile" "$world_forgotten"; do
	[ ${#world_uid} = 26 ] || must false "a record of world.sh"
done
cat >"$work/facts.json" <<END
{"own": "$world_own", "other": "$world_other", "need": "$world_need", "offer": "$world_offer", "hostile": "$world_hostile",
 "forgotten": "$world_forgotten", "asked": "$world_asked", "moved": "$world_moved", "goes": "$world_goes", "torn": "$world_torn"}
END
