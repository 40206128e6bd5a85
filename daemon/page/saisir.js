// SPDX-License-Identifier: Apache-2.0
// The area where things are written: a menu, and beside it an import, a form or an inbox.
import {get, tell} from './api.js';
import {fill, h, icon} from './dom.js';
import {form_area} from './form.js';
import {import_area} from './import.js';
import {erase_area} from './erase.js';
import {terms_area} from './terms.js';
import {conflicts_area, duplicates_area, duplicates_open, handovers_area, is_open, proposals_area} from './inbox.js';
import {many, number, t} from './words.js';

const PARTS = [
	{key: 'importer', picture: 'tableur', words: () => t('Importer un tableur', 'Import a spreadsheet'), draw: import_area, adds: true},
	{key: 'nouvelle', picture: 'plus', words: () => t('Nouvelle fiche', 'New record'), draw: form_area, adds: true},
	{key: 'propositions', picture: 'bulle', words: () => t('Corrections proposées', 'Suggested corrections'), draw: proposals_area},
	{key: 'desaccords', picture: 'agir', words: () => t('Désaccords', 'Disagreements'), draw: conflicts_area},
	{key: 'doublons', picture: 'double', words: () => t('Doublons', 'Duplicates'), draw: duplicates_area},
	{key: 'relais', picture: 'main', words: () => t('Passages de relais', 'Hand-overs'), draw: handovers_area},
	{key: 'effacer', picture: 'gomme', words: () => t('Demande d’une personne', 'A person’s request'), draw: erase_area, privacy: true},
	{key: 'termes', picture: 'attente', words: () => t('Durées de conservation', 'Retention terms'), draw: terms_area, privacy: true},
];

// How many of each wait for a decision here.
async function counts(me) {
	const [inbox, conflicts, duplicates] = await Promise.all([get('proposals'), get('conflicts'), get('duplicates')]);
	const open = inbox.items.filter(is_open);

	return {
		propositions: open.filter(i => i.type === 'proposition').length,
		relais: open.filter(i => i.type === 'cession' && !i.follows).length,
		desaccords: conflicts.items.filter(c => c.ours).length,
		doublons: duplicates_open(duplicates, me).length,
	};
}

function entry(part, current, n) {
	return h('li', h('a', {href: `#/saisir/${part.key}`, 'aria-current': part.key === current ? 'page' : null}, icon(part.picture),
		h('span', part.words()),
		n > 0 && h('span.compte', h('span', {'aria-hidden': 'true'}, number(n)),
			h('span.invisible', many(n, ['décision', 'décisions'], ['decision', 'decisions'])))));
}

function menu(node, current, n = {}) {
	const of = parts => h('ul', parts.map(p => entry(p, current, n[p.key])));

	fill(node, h('h2', t('Ajouter', 'Add')), of(PARTS.filter(p => p.adds)), h('h2', t('À décider', 'To decide')),
		of(PARTS.filter(p => !p.adds && !p.privacy)),
		h('h2', t('Vie privée', 'Privacy')), of(PARTS.filter(p => p.privacy)));
	node.querySelector('[aria-current]')?.scrollIntoView({block: 'nearest', inline: 'center'});
}

export function saisir(place) {
	const side = h('nav.menu', {'aria-label': t('Saisir', 'Enter')}), body = h('div');
	let shown = null;

	const count = () => {
		tell('todo'); // the banner's number is their sum
		return counts(place.me).then(n => side.isConnected && menu(side, shown.key, n), () => {});
	};
	const show = path => {
		shown = PARTS.find(p => p.key === (path[0] === 'fiche' ? 'nouvelle' : path[0])) || PARTS[0];
		place.title(shown.words());
		menu(side, shown.key);
		fill(body, h('p.discret', t('Lecture…', 'Reading…')));
		shown.draw(body, {...place, path: path.slice(1), changes: path[0] === 'fiche', recount: count});
		count();
	};

	fill(place.main, h('div.saisir', side, body));
	show(place.path);
	return {changed: count};
}
