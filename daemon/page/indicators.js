// SPDX-License-Identifier: Apache-2.0
// The indicators that the page shows, and how one figure is written.
import {h} from './dom.js';
import {euros, number, percent, t} from './words.js';

export const ROWS = [
	['nb_structures_ess', ['Structures de l’ESS', 'Social economy organisations'], ['actives, comptées une fois', 'active, counted once']],
	['couverture_communes', ['Communes couvertes', 'Towns covered'], ['au moins une structure', 'at least one organisation']],
	['etp_ess', ['Emplois', 'Jobs'], ['équivalents temps plein', 'full-time equivalents']],
	['offres_actives', ['Offres actives', 'Active offers']],
	['besoins_ouverts', ['Besoins ouverts', 'Open needs'], ['et part des besoins clos pourvus', 'and share of closed needs met'],
		'taux_pourvus'],
	['partenariats', ['Partenariats actifs', 'Active partnerships']],
	['partenariats_inter_pays', ['Partenariats entre deux Pays', 'Partnerships between two Pays']],
	['montants', ['Montants des partenariats', 'Amounts of partnerships']],
	['part_achats_locaux', ['Part d’achats locaux', 'Local purchasing share'], ['moyenne des réponses', 'mean of answers']],
	['qualite_siret', ['Fiches avec SIRET', 'Records with a SIRET'], ['part des structures', 'share of organisations']],
	['doublons', ['Doublons à régler', 'Duplicates to settle'], ['tenues par plusieurs pôles', 'held by several hubs']],
];

export function figure(row) {
	switch (row.unite) {
	case 'pour_dix_mille':
		return percent(row.valeur);
	case 'dixiemes_etp':
		return number(Math.round(row.valeur / 10));
	case 'centimes':
		return euros(Math.round(row.valeur / 100) * 100);
	default:
		return number(row.valeur);
	}
}

export function cell(row, more, code) {
	if (!row)
		return h('span.petit', code === 'partenariats_inter_pays' ? t('compté ensemble', 'counted together') : t('pas de réponse',
			'no answer'));
	if (row.masque)
		return h('span.petit', t('masqué : moins de 3 réponses', 'hidden: fewer than 3 answers'));
	return [figure(row), row.indicateur === 'couverture_communes' && h('small',
		t(`${Math.round(row.valeur * row.n / 10000)} sur ${row.n}`, `${Math.round(row.valeur * row.n / 10000)} of ${row.n}`)),
		more && !more.masque && h('small', t(`${percent(more.valeur)} pourvus`, `${percent(more.valeur)} met`))];
}
