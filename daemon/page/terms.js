// SPDX-License-Identifier: Apache-2.0
// What is past its term, or soon will be: named one by one, with what becomes of it; then
// one decision for all that is past, which is final.
import {get, post} from './api.js';
import {dialog, fill, h, note, say} from './dom.js';
import {kind_name, schema} from './fields.js';
import {dialog_end} from './members.js';
import {day, many, t} from './words.js';

const SHOWN = 200;
const GOES = {fiche: () => t('la fiche est effacée', 'the record is erased'), noms: () => t('ce qui nomme quelqu’un est effacé', 'what names somebody is erased'),
	rien: () => t('à revoir', 'to be looked at')};

const row = i => h('tr', h('td', h('a', {href: `#/saisir/fiche/${encodeURIComponent(i.uid)}`}, i.name || i.uid.slice(-6))), h('td', kind_name(i.kind)),
	h('td', {'data-t': t('dernier échange : ', 'last contact: ')}, day(i.since)), h('td', {'data-t': t('terme : ', 'term: ')}, day(i.due)), h('td', (GOES[i.goes] || GOES.rien)()));

function table(title, id, items) {
	return h('section.bloc.import', {'aria-labelledby': id}, h('header', h('h2', {id}, title)), h('div.corps.defile-x', {tabindex: 0, role: 'group', 'aria-labelledby': id},
		items.length ? h('table.souple', h('caption.invisible', title), h('thead', h('tr', [t('Fiche', 'Record'), t('Sorte', 'Kind'), t('Dernier échange', 'Last contact'),
			t('Terme', 'Term'), t('Ce qui se passe', 'What happens')].map(w => h('th', {scope: 'col'}, w)))), h('tbody', items.slice(0, SHOWN).map(row)))
			: h('p.discret', t('Aucune.', 'None.')),
		items.length > SHOWN && h('p.petit', many(items.length - SHOWN, ['autre', 'autres'], ['more', 'more']))));
}

function purge(past, again) {
	const sure = h('input', {type: 'checkbox', id: 'certain', required: true}), told = h('div', {role: 'alert'});
	const whole = past.filter(i => i.goes === 'fiche').length, names = past.filter(i => i.goes === 'noms').length;
	const d = dialog(t('Effacer ce qui est échu', 'Erase what is past its term'), t('Fermer', 'Close'), h('form.pile', {onsubmit: async e => {
		e.preventDefault();
		try {
			await post('rgpd/purge', {});
			d.close();
			say(t('Effacé.', 'Erased.'));
			again();
		} catch (err) {
			fill(told, note('agir', 'agir', t(`Rien n’est effacé : ${err.message}`, `Nothing is erased: ${err.message}`)));
		}
	}}, h('p', many(whole, ['fiche sera effacée', 'fiches seront effacées'], ['record will be erased', 'records will be erased']), ', ',
		many(names, ['autre perdra ce qui nomme quelqu’un', 'autres perdront ce qui nomme quelqu’un'], ['other will lose what names somebody', 'others will lose what names somebody']),
		t('. C’est définitif.', '. This is final.')),
	h('label.rang.certain', sure, t('J’ai relu la liste : plus personne n’est en contact.', 'I have read the list: nobody is in contact any more.')), told,
	dialog_end(() => d, h('button.bt.fort', t('Effacer', 'Erase')))));
}

export async function terms_area(node, place) {
	const again = () => terms_area(node, place);
	const [{items}] = await Promise.all([get('rgpd/due', {names: 1}), schema()]);
	const past = items.filter(i => i.past), soon = items.filter(i => !i.past), goes = past.filter(i => i.goes !== 'rien');

	fill(node, h('div.tete', h('div', h('h1', t('Durées de conservation', 'Retention terms')), h('p.discret',
		t('Rappelez la personne : un nouvel échange noté sur sa fiche repousse le terme. Sinon, effacez.',
			'Call the person: a new contact noted on the record puts the term off. Otherwise, erase.'))),
	goes.length > 0 && h('button.bt', {type: 'button', id: 'purger', onclick: () => purge(goes, again)}, t('Effacer ce qui est échu…', 'Erase what is past…'))),
	table(many(past.length, ['fiche échue', 'fiches échues'], ['record past its term', 'records past their term']), 'h-echues', past),
	table(t('Bientôt', 'Soon'), 'h-bientot', soon));
}
