// SPDX-License-Identifier: Apache-2.0
// What a person may ask of us (GDPR): the file of all that is said of her, and to be
// erased. First what is found, nothing yet; then one decision, which is final.
//
//     #/saisir/effacer?uid=CONTACT   from the sheet of a contact
import {get, post} from './api.js';
import {$, chip, dialog, fill, h, icon, note, say} from './dom.js';
import {kind_name, schema} from './fields.js';
import {hub_name, load_towns} from './towns.js';
import {day, many, t} from './words.js';

let where;

const GOES = {
	fiche: ['attente', 'gomme', () => t('la fiche entière', 'the whole record')],
	noms: ['attente', 'gomme', () => t('ce qui la nomme', 'what names the person')],
	rien: ['', 'attente', () => t('rien', 'nothing')],
};

function fate(i) {
	const [look, picture, words] = GOES[i.goes] || GOES.rien;

	if (!i.ours)
		return chip('', 'reseau', t('à demander à ce pôle', 'to ask of that hub'));
	return i.perhaps ? chip('', 'bulle', t('peut-être une autre personne', 'perhaps somebody else')) : chip(look, picture, words());
}

const found_row = i => h('tr', h('td', kind_name(i.kind), i.deleted && h('span.petit', ' ', t('(supprimée)', '(deleted)'))),
	h('td', hub_name(i.owner)), h('td.code', i.uid.slice(-6)), h('td', fate(i)));

function found_table(r) {
	return h('table.souple', h('caption.invisible', t('Fiches qui la nomment', 'Records that name the person')),
		h('thead', h('tr', [t('Fiche', 'Record'), t('Tenue par', 'Kept by'), t('Repère', 'Mark'),
		t('Ce qui serait effacé', 'What would be erased')].map(w => h('th', {scope: 'col'}, w)))), h('tbody', r.items.map(found_row)));
}

function confirm(text, r) {
	const sure = h('input', {type: 'checkbox', id: 'certain', required: true});
	const go = h('button.bt.fort', t('Effacer', 'Erase'));
	const d = dialog(t('Effacer cette personne', 'Erase this person'), t('Fermer', 'Close'),
		h('form', {onsubmit: async e => { e.preventDefault(); go.disabled = true; d.close(); await erase(text); }},
			h('p', many(r.forgotten, ['fiche sera effacée', 'fiches seront effacées'], ['record will be erased', 'records will be erased']),
				r.cleared > 0 && [', ', many(r.cleared, ['autre perdra ce qui la nomme', 'autres perdront ce qui la nomme'],
					['other will lose what names the person', 'others will lose what names the person'])],
				t('. C’est définitif : ni vous ni la CRESS ne pourrez revenir en arrière.',
					'. This is final: neither you nor the CRESS can go back.')),
			h('label.rang.certain', sure, t('J’ai vérifié que c’est bien elle qui le demande.',
				'I have checked that it is the person who asks.')),
			h('div.rang.fin-dialogue', h('button.bt', {type: 'button', onclick: () => d.close()}, t('Annuler', 'Cancel')), go)));
}

async function erase(text) {
	try {
		const r = await post('rgpd/erase', {text});

		fill($('#trouve'), h('div.bloc', h('div.corps.pile', h('h2', {tabindex: '-1', id: 'efface'}, t('Effacé ici', 'Erased here')),
			note('ok', 'ok', t(`Demande ${r.reference}. Les autres pôles effacent à leur tour ; vous verrez qui l’a fait. Réponse à donner au plus tard le ${day(r.due)}.`,
				`Request ${r.reference}. The other hubs erase in turn; you will see who has. Answer due by ${day(r.due)}.`)),
			r.others > 0 && note('attente', 'attente', t(`${r.others} fiches d’autres pôles la nomment : demandez-leur.`,
				`${r.others} records of other hubs name the person: ask them.`)),
			r.exports?.length > 0 && note('attente', 'tableur',
				t(`${r.exports.length} fichiers remis depuis peuvent la contenir : prévenez ceux qui les ont.`,
				`${r.exports.length} files given out since may hold the person: warn those who have them.`)),
			h('div.rang', h('a.bt', {href: '#/federation'}, t('Suivre l’effacement', 'Follow the erasure'))))));
		$('#texte').value = '';
		$('#efface').focus();
		say(t('Effacé ici.', 'Erased here.'));
	} catch (err) {
		fill($('#trouve'), h('div', {role: 'alert'}, note('agir', 'agir',
			t(`Rien n’est effacé : ${err.message}`, `Nothing is erased: ${err.message}`))));
	}
}

// Her file, as she may ask for it; the request is logged.
async function hand_over(text) {
	const r = await post('rgpd/person', {text});
	const link = h('a', {href: URL.createObjectURL(new Blob([JSON.stringify(r, null, '\t')], {type: 'application/json'})),
		download: `${r.reference || 'dossier'}.json`});

	document.body.append(link);
	link.click();
	link.remove();
	say(t(`Dossier remis, demande ${r.reference}.`, `File handed over, request ${r.reference}.`));
	requests();
}

async function look(text) {
	const r = await post('rgpd/erase', {text, dry_run: 'oui'});

	if (r.total === 0)
		return fill($('#trouve'), h('div.bloc', h('p.vide', h('b', t('Personne de ce nom ici.', 'Nobody of that name here.')), ' ',
			t('Essayez son adresse ou son numéro.', 'Try an address or a number.'))));
	fill($('#trouve'), h('div.bloc', h('header', h('h2', {tabindex: '-1', id: 'resultat'},
		many(r.total, ['fiche la nomme', 'fiches la nomment'], ['record names the person', 'records name the person']))),
		h('div.corps', found_table(r)),
		h('div.barre-fin', h('span.discret', t('Rien n’est encore effacé.', 'Nothing is erased yet.')),
			h('span.rang', h('button.bt', {type: 'button', onclick: () => hand_over(text)},
			t('Lui remettre son dossier', 'Hand over the file')), h('button.bt.fort', {type: 'button', onclick: () => confirm(text, r)},
				t('Effacer…', 'Erase…'))))));
	return $('#resultat').focus();
}

const TYPES = {effacement: ['effacement', 'erasure'], acces: ['accès', 'access'], rectification: ['rectification', 'correction'],
	opposition: ['opposition', 'objection']};

function request_row(q) {
	const silent = q.silent.length ? chip('attente', 'attente', t(`on attend ${q.silent.join(', ')}`, `waiting for ${q.silent.join(', ')}`))
		: q.closed ? chip('ok', 'ok', t(`close le ${day(q.closed)}`, `closed ${day(q.closed)}`)) : q.type === 'effacement' ? chip('ok',
			'ok', t('effacé partout', 'erased everywhere')) : chip('', 'attente', t('à répondre', 'to answer'));

	return h('tr', h('td.code', q.reference || '—'), h('td', TYPES[q.type] ? t(...TYPES[q.type]) : q.type), h('td', silent),
		h('td.d', q.due ? day(q.due) : '—'));
}

async function requests() {
	const r = await get('rgpd/requests').catch(() => null), at = $('#demandes');

	if (!r || !at)
		return;
	fill(at, r.items.length ? h('table.souple', h('caption.invisible', t('Demandes', 'Requests')),
		h('thead', h('tr', [t('Référence', 'Reference'), t('Demande', 'Request'), t('Où en est-elle', 'Where it is')]
		.map(w => h('th', {scope: 'col'}, w)), h('th.d', {scope: 'col'}, t('Au plus tard', 'Deadline')))),
			h('tbody', r.items.map(request_row))) : h('p.discret', t('Aucune demande.', 'No request.')));
}

export async function erase_area(node, place) {
	where = node;
	await Promise.all([schema(), load_towns()]);
	const text = h('input', {id: 'texte', type: 'search', autocomplete: 'off', required: true, 'aria-describedby': 'texte-aide'});
	const uid = place.params.get('uid');

	fill(where, h('div.tete', h('div', h('h1', t('Demande d’une personne', 'A person’s request')), h('p.discret',
		t('Elle peut demander ce que nous savons d’elle, et que nous l’effacions. Nous avons un mois pour répondre.',
			'A person may ask what we know about them, and that we erase it. We have one month to answer.')))),
	h('form.bloc.pile.recherche-personne', {role: 'search',
		onsubmit: e => { e.preventDefault(); look(text.value.trim()).catch(err => fill($('#trouve'),
		note('agir', 'agir', err.message))); }},
		h('div.corps', h('div.champ', h('label', {for: 'texte'}, t('Adresse, numéro, ou prénom et nom',
			'E-mail, number, or first and last name')), text,
			h('span.aide', {id: 'texte-aide'}, t('L’adresse est le plus sûr. Ce que vous tapez n’est gardé nulle part.',
				'An e-mail is safest. What you type is kept nowhere.'))),
		h('div.rang.fin-dialogue', h('button.bt.fort', icon('annuaire'), t('Chercher', 'Search'))))),
	h('div.import', {id: 'trouve'}), h('section.bloc.import', {'aria-labelledby': 'h-dem'},
		h('header', h('h2', {id: 'h-dem'}, t('Demandes reçues', 'Requests received'))), h('div.corps', {id: 'demandes'})));
	requests();
	if (uid) {
		const r = await get(`records/${encodeURIComponent(uid)}`).catch(() => null);

		text.value = r?.data.courriel || r?.data.telephone || [r?.data.prenom, r?.data.nom].filter(Boolean).join(' ');
	}
}
