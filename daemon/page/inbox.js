// SPDX-License-Identifier: Apache-2.0
// What others ask of this hub: corrections, disagreements, duplicates, hand-overs. One
// decision a card; what can be undone says so and does it, what is final says that.
import {get, post} from './api.js';
import {$, chip, dialog, fill, h, note, say} from './dom.js';
import {as_text, field_name, kind_name, schema, value_text} from './fields.js';
import {owner_of} from './members.js';
import {hub_name, load_towns} from './towns.js';
import {siret, t, when, within} from './words.js';

export const is_open = i => i.state === 'open' && i.for_us && !i.waits;
const UNDO_MS = 10000;

const head = (title, intro) => h('div.tete', h('div', h('h1', title), h('p.discret', intro)));
const empty = () => h('div.bloc', h('p.vide', t('Rien à décider. Bonne journée.', 'Nothing to decide. Have a good day.')));

async function record(uid) {
	return get(`records/${uid}`).catch(() => ({kind: '', data: {}}));
}
const title_of = r => r.data.nom || r.data.titre || r.data.objet || t('Fiche', 'Record');

// An area whose cards come from `load`, each drawn by `card`.
async function list(node, place, title, intro, load, card) {
	await schema();
	const items = await load();

	fill(node, head(title, intro), items.length ? h('div.bloc', items.map(i => card(i, place))) : empty());
}

/* --- what a decision leaves --- */

function next_card(card) {
	const next = card.nextElementSibling || card.previousElementSibling;

	(next?.querySelector('h2') || $('#contenu'))?.focus();
}

// The card says what was decided; `undo` takes it back while it is offered.
function settle(card, words, place, undo) {
	const title = card.querySelector('h2').textContent;
	const back = undo && h('button.bt.nu.mini', {type: 'button', onclick: async () => {
		back.disabled = true;
		await act(card, async () => { await undo(); });
		fill(card, h('h2', {tabindex: '-1'}, title), h('p.rang', chip('', 'attente', t('Défait', 'Undone'))));
		say(t('Défait.', 'Undone.'));
		place.recount();
	}}, t('Défaire', 'Undo'));

	fill(card, h('h2', {tabindex: '-1'}, title), h('p.rang', chip('ok', 'ok', words), back || h('span.petit', t('définitif', 'final'))));
	if (back)
		setTimeout(() => back.isConnected && back.replaceWith(h('span.petit',
			t('L’historique de la fiche le garde.', 'The record’s history keeps it.'))), UNDO_MS);
	say(words);
	next_card(card);
	place.recount();
}

// Runs `f`; a refusal is said in the card, the choice stays open.
async function act(card, f) {
	card.querySelector('.refus')?.remove();
	card.querySelectorAll('button').forEach(b => { b.disabled = true; });
	try {
		return await f();
	} catch (err) {
		card.querySelectorAll('button').forEach(b => { b.disabled = false; });
		card.append(h('div.refus', {role: 'alert'}, note('agir', 'agir', t(`Pas encore : ${err.message}`, `Not yet: ${err.message}`))));
		throw err;
	}
}

const button = (words, f, look = '') => h(`button.bt${look}`, {type: 'button', onclick: f}, words);

// A dialog that wants a reason.
function ask_why(title, label, done) {
	const text = h('textarea', {id: 'motif', rows: 3, required: true});
	const d = dialog(title, t('Fermer', 'Close'), h('form', {onsubmit: e => { e.preventDefault(); d.close(); done(text.value.trim()); }},
		h('div.champ', h('label', {for: 'motif'}, label), text), h('div.rang.fin-dialogue', button(t('Annuler', 'Cancel'), () => d.close()),
			h('button.bt.fort', t('Refuser', 'Refuse')))));

	text.focus();
}

/* --- corrections --- */

function compare(kind, rows, left, right) {
	return h('div.versus', h('span.t.cle.vide-tete'), h('span.t', left), h('span.t', right),
		rows.map(([name, a, b]) => [h('span.cle', field_name(kind, name)), a, b]));
}

function proposal_card(i, place) {
	const names = Object.keys(i.fields || {}).filter(n => !['portee', 'champs_locaux'].includes(n) || i.fields[n] !== null);
	const before = Object.fromEntries(names.map(n => [n, i.record.data[n] ?? null]));
	const card = h('article.decision', h('h2', {tabindex: '-1'}, title_of(i.record)),
		h('p.discret', i.from.name),
		compare(i.kind, names.map(n => [n, h('span', before[n] === null ? h('span.petit', t('(vide)', '(empty)')) : h('del', value_text(i.kind, n, before[n]))),
			h('span.autre', h('ins', value_text(i.kind, n, i.fields[n])))]),
			t('Chez vous', 'Yours'), t('Proposé', 'Suggested')),
		h('div.rang', button(t('Accepter', 'Accept'), () => accept(), '.fort'), button(t('Refuser…', 'Refuse…'), () => refuse())));
	const accept = () => act(card, async () => {
		await post('accept', {no: i.no});
		settle(card, t('Acceptée', 'Accepted'), place, () => post(`records/${i.uid}`,
			{kind: i.kind, values: Object.fromEntries(names.map(n => [n, as_text(before[n])]))}));
	});
	const refuse = () => ask_why(t('Refuser cette correction', 'Refuse this correction'),
		t('Pourquoi ? L’autre pôle le lira.', 'Why? The other hub will read it.'),
		why => act(card, async () => { await post('refuse', {no: i.no, why}); settle(card, t('Refusée', 'Refused'), place); }));

	return card;
}

export const proposals_area = (node, place) => list(node, place, t('Corrections proposées', 'Suggested corrections'),
	t('D’autres ont vu une erreur dans vos fiches. Vous seuls décidez.', 'Others saw an error in your records. Only you decide.'),
	async () => Promise.all((await get('proposals')).items.filter(i => is_open(i) && i.type === 'proposition').map(async i => ({...i,
		record: await record(i.uid)}))),
	proposal_card);

/* --- disagreements --- */

// Two texts of one hub: a copy of it came back, and did not know of the other.
function side(s, other) {
	const generation = s.by.id !== other.by.id || !s.generation || !other.generation ? 0 : s.generation - other.generation;
	const which = generation < 0 ? t(', avant la reprise', ', before the restart') : generation > 0 ? t(', depuis la reprise',
		', since the restart') : '';

	return [s.by.name || t('Ici', 'Here'), which, h('br'), h('span.petit', when(s.when))];
}

function conflict_card(c, place) {
	const shown = value_text(c.kind, c.field, c.shown.value), other = value_text(c.kind, c.field, c.other.value);
	const keep = (value, words) => act(card, async () => {
		await post(`records/${c.uid}`, {kind: c.kind, values: {[c.field]: value}});
		settle(card, t(`Gardé : ${words}`, `Kept: ${words}`), place, () => post(`records/${c.uid}`,
			{kind: c.kind, values: {[c.field]: as_text(c.shown.value)}}));
	});
	const otherwise = () => {
		const input = h('input', {id: 'autre', required: true, autocomplete: 'off'});
		const d = dialog(t('Écrire autre chose', 'Write something else'), t('Fermer', 'Close'),
			h('form', {onsubmit: e => { e.preventDefault(); d.close(); keep(input.value.trim(), input.value.trim()); }},
			h('div.champ', h('label', {for: 'autre'}, field_name(c.kind, c.field)), input),
				h('div.rang.fin-dialogue', h('button.bt.fort', t('Enregistrer', 'Save')))));

		input.focus();
	};
	const card = h('article.decision', h('h2', {tabindex: '-1'}, title_of(c.record),
		c.kind !== 'structure' && `, ${within(kind_name(c.kind))}`),
		h('p.discret', t('Montré en attendant : le plus récent.', 'Shown meanwhile: the most recent.')),
		compare(c.kind, [[c.field, h('span.autre', shown), h('span.autre', other)]], side(c.shown, c.other), side(c.other, c.shown)),
		h('div.rang', button(t(`Garder ${shown}`, `Keep ${shown}`), () => keep(as_text(c.shown.value), shown)),
			button(t(`Garder ${other}`, `Keep ${other}`), () => keep(as_text(c.other.value), other)),
			button(t('Écrire autre chose…', 'Write something else…'), otherwise, '.nu')));

	return card;
}

export const conflicts_area = (node, place) => list(node, place, t('Désaccords', 'Disagreements'),
	t('Deux collègues ont changé le même champ, chacun sans voir l’autre. Rien n’est perdu : choisissez.',
		'Two colleagues changed the same field without seeing each other. Nothing is lost: choose.'),
	async () => Promise.all((await get('conflicts')).items.filter(c => c.ours).map(async c => ({...c, record: await record(c.uid)}))), conflict_card);

/* --- duplicates --- */

const answered = i => ['accepte', 'refuse', 'annule'].includes(i.answer);

// Pairs (canonical, other) about which we have a word to say and have not said it.
export function duplicates_open(d, me) {
	const cress = me.node.role === 'cress', own_pole = owner_of(me.node), open = [];

	for (const family of d.items) {
		const reference = family.items.find(i => i.uid === family.canonical) || family.items[0];

		for (const i of family.items)
			if (i !== reference && ['detecte', 'propose'].includes(i.state) && asks_us(reference, i, cress, own_pole))
				open.push({...family, reference, other: i});
	}
	return open;
}

// The CRESS opens it; each hub that holds one of the two answers once.
function asks_us(a, b, cress, own_pole) {
	const ours = [a, b].filter(i => i.owner === own_pole);

	return cress ? b.state === 'detecte' : ours.length > 0 && !ours.every(answered);
}

const COMPARED = ['nom', 'sigle', 'siret', 'rna', 'adresse', 'code_postal', 'commune', 'telephone', 'courriel', 'site_web', 'date_maj'];

function differences(a, b) {
	const both = COMPARED.filter(n => a.data[n] || b.data[n]);

	return {differ: both.filter(n => a.data[n] !== b.data[n]), same: both.filter(n => a.data[n] === b.data[n] && n !== 'siret')};
}

function duplicate_card(d, place) {
	const {differ, same} = differences(d.a, d.b), name = hub_name;
	const cell = (r, n) => h('span.autre', n === 'siret' && r.data[n] ? h('span.code', siret(r.data[n])) : value_text('structure', n,
		r.data[n]));
	const pair = {a: d.reference.uid, b: d.other.uid};
	const card = h('article.decision', h('h2', {tabindex: '-1'}, d.reference.nom),
		h('p.discret', d.siret && [t('Même SIRET', 'Same SIRET'), ' (', h('span.code', siret(d.siret)), '). '],
			t('Fiche de référence proposée : ', 'Suggested reference record: '), h('b', name(d.reference.owner)),
			d.a.data.commune ? t(`, car l’établissement est à ${d.a.data.commune}.`,
				`, since the establishment is in ${d.a.data.commune}.`) : '.'),
		compare('structure', differ.map(n => [n, cell(d.a, n), cell(d.b, n)]), name(d.reference.owner), name(d.other.owner)),
		same.length > 0 && h('p.pareil', t('Identiques : ', 'Identical: '),
			same.map(n => within(field_name('structure', n))).join(', '), '.'),
		h('div.rang', button(t('Relier les deux fiches', 'Link the two records'), () => link(), '.fort'),
			button(t('Ce sont deux structures', 'They are different'), () => part())));
	const link = () => act(card, async () => {
		await post('link', pair);
		settle(card, place.me.node.role === 'cress' ? t('Demandé aux deux pôles', 'Asked of both hubs') : t('Reliées de votre côté',
			'Linked on your side'), place, () => post('unlink', pair));
	});
	const part = () => act(card, async () => {
		await post('unlink', pair);
		settle(card, t('Deux structures distinctes', 'Two different organisations'), place,
			place.me.node.role === 'cress' ? null : () => post('link', pair));
	});

	return card;
}

async function duplicates(place) {
	await load_towns();
	const open = duplicates_open(await get('duplicates'), place.me).slice(0, 20);

	return Promise.all(open.map(async d => ({...d, a: await record(d.reference.uid), b: await record(d.other.uid)})));
}

export const duplicates_area = (node, place) => list(node, place, t('Doublons', 'Duplicates'),
	t('La même structure tenue par deux pôles. Relier ne supprime rien : elle compte une fois, et vous pouvez défaire.',
		'The same organisation held by two hubs. Linking deletes nothing: it counts once, and you can undo.'), () => duplicates(place),
			duplicate_card);

/* --- hand-overs --- */

const WITH = {offre: ['offre', 'offres', 'offer', 'offers'], besoin: ['besoin', 'besoins', 'need', 'needs'],
	partenariat: ['partenariat', 'partenariats', 'partnership', 'partnerships']};

function with_it(items) {
	const parts = Object.entries(WITH).map(([kind, w]) => [items.filter(i => i.kind === kind).length, w]).filter(([n]) => n > 0)
		.map(([n, w]) => `${n} ${t(w[n > 1 ? 1 : 0], w[n > 1 ? 3 : 2])}`);

	return parts.length ? t(`Avec elle : ${parts.join(' et ')}. `, `With it: ${parts.join(' and ')}. `) : '';
}

function handover_card(i, place) {
	const card = h('article.decision', h('h2', {tabindex: '-1'}, title_of(i.record)),
		h('p', t(`${i.from.name} vous la confie. `, `${i.from.name} hands it to you. `), with_it(i.followers),
			t('Les notes et les contacts restent là-bas.', 'Notes and contacts stay there.')),
		i.record.data.commune && h('p.discret', t(`Elle est à ${i.record.data.commune}.`, `It is in ${i.record.data.commune}.`)),
		h('p.discret', t('Une fois prise, elle est à vous ; pour la rendre, vous la confierez à votre tour.',
			'Once taken it is yours; to give it back you hand it over in turn.')),
		h('div.rang', button(t('Prendre le relais', 'Take it over'), () => act(card,
			async () => { await post('accept', {no: i.no}); settle(card, t('Relais pris', 'Taken over'), place); }), '.fort'),
			button(t('Refuser…', 'Refuse…'), () => ask_why(t('Refuser le relais', 'Refuse the hand-over'),
				t('Pourquoi ? L’autre pôle le lira.', 'Why? The other hub will read it.'),
				why => act(card, async () => { await post('refuse', {no: i.no, why}); settle(card, t('Refusé', 'Refused'), place); })))));

	return card;
}

export const handovers_area = (node, place) => list(node, place, t('Passages de relais', 'Hand-overs'),
	t('Une structure change de Pays. Elle vous revient si vous acceptez ; d’ici là, l’autre pôle la garde.',
		'An organisation moves to another Pays. It becomes yours if you accept; until then the other hub keeps it.'),
	async () => {
		const open = (await get('proposals')).items.filter(i => is_open(i) && i.type === 'cession');

		return Promise.all(open.filter(i => !i.follows).map(async i => ({...i, record: await record(i.uid),
			followers: open.filter(f => f.follows === i.uid)})));
	}, handover_card);
