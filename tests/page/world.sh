# SPDX-License-Identifier: Apache-2.0
#
# What the tests of the page find beside the sample: read by run.sh. Titles are plain, so
# that a search finds them alone.
world_own=$(new morlaix structure nom="Zinzolin Atelier" type_acteur=ess code_insee=29151 filieres=restauration_traiteur siae_type=ei \
	telephone=+33298000000 adresse="1 quai de Tréguier" code_postal=29600 site_web=zinzolin.example labels=ab)
world_other=$(new auray structure nom="Zinzolin Voisin" type_acteur=ess code_insee=56007 filieres=restauration_traiteur)
world_need=$(new morlaix besoin titre="Repas du zinzolin" structure_uid="$world_own" filiere=restauration_traiteur type_besoin=achat \
	code_insee=29151 rayon_max_km=200 budget_max_cents=90000 prix_unite=forfait)
world_offer=$(new auray offre titre="Plateaux du zinzolin" structure_uid="$world_other" filiere=restauration_traiteur type_offre=service \
	prix_cents=70000 prix_unite=forfait rayon_km=200)
world_hostile=$(new morlaix structure nom='<img src=x onerror=alert(1)> Pelikan' type_acteur=ess code_insee=29151 filieres=numerique \
	description='"><script>alert(2)</script>' site_web='javascript:alert(3)')
new morlaix contact structure_uid="$world_own" nom=Guivarch prenom=Benoît courriel=b@zinzolin.example base_legale=interet_legitime portee=local >/dev/null
world_forgotten=$(new morlaix structure nom="Zinzolin Oublié" type_acteur=ess code_insee=29151)
must e morlaix wait --synced --timeout 60 >/dev/null
must e morlaix forget "$world_forgotten" --yes >/dev/null
for world_uid in "$world_own" "$world_other" "$world_need" "$world_offer" "$world_hostile" "$world_forgotten"; do
	[ ${#world_uid} = 26 ] || must false "a record of world.sh"
done
cat >"$work/facts.json" <<END
{"own": "$world_own", "other": "$world_other", "need": "$world_need", "offer": "$world_offer", "hostile": "$world_hostile",
 "forgotten": "$world_forgotten"}
END
