// SPDX-License-Identifier: Apache-2.0
// The towns of the region, the names of the Pays and the shapes of the land where the
// operator gives any, asked for once (the browser keeps them by their ETag), and how a hub
// is called.
import {get} from './api.js';
import {of_town, t} from './words.js';

let loading, known = {pays: {}, departements: {}, list: [], by_code: {}, rings: []};

export const towns = () => known;

export function load_towns() {
	const no_shapes = {rings: []}; // the silhouette of the towns does as well

	loading ||= Promise.all([get('communes'), get('shapes').catch(() => no_shapes)]).then(([answer, shapes]) => {
		const list = answer.communes.map(([code, nom, lat, lon, pays, pop]) => ({code, nom, lat, lon, pays, pop}));

		known = {pays: answer.pays, departements: answer.departements, list, by_code: Object.fromEntries(list.map(c => [c.code, c])), rings: shapes.rings};
		return known;
	}).catch(err => { loading = null; throw err; });
	return loading;
}

// « Pays d’Auray » : « Auray ».
export const short_pays = code => (known.pays[code] || code).replace(/^Pays (de |d['’])/, '').replace(/ - .*/, '');

// "pole-auray", as the directory has it.
export function hub_name(owner) {
	const [what, ...rest] = String(owner || '').split('-');
	const place = short_pays(rest.join('-')).replace(/^./, c => c.toUpperCase());

	if (what === 'cress')
		return t('la CRESS', 'the CRESS');
	return what === 'pole' ? t(`Pôle ${of_town(place)}`, `${place} hub`) : String(owner || '');
}
export const hub_town = owner => short_pays(String(owner || '').replace(/^(pole|cress)-/, '')).replace(/^./, c => c.toUpperCase());

// « Saint-Martin-des-Champs (Finistère) »: one of several towns. Outside the region only what was
// typed is known of its name.
export function town_option(code, typed) {
	const departement = known.departements[code.slice(0, /^9[78]/.test(code) ? 3 : 2)];

	return `${known.by_code[code]?.nom || typed} (${departement || code})`;
}

// In kilometres; flat enough within a region.
export function distance(a, b) {
	const r = Math.PI / 180, x = (b.lon - a.lon) * r * Math.cos((a.lat + b.lat) / 2 * r), y = (b.lat - a.lat) * r;

	return Math.round(6371 * Math.hypot(x, y));
}
