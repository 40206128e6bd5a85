// SPDX-License-Identifier: Apache-2.0
// The pill: where is what I wrote? One answer on every screen, and behind it the panel
// with the journey and the last records written here.
import {cut, get, hear} from './api.js';
import {$, chip, dialog, fill, h, icon, note, say} from './dom.js';
import {day, hour, many, t, when} from './words.js';

let status = null;
let at = null;
export const last_status = () => status;

const paused = {
	CLOCK_SKEW: () => t('En pause : horloge à régler', 'Paused: set the clock'),
	charter_due: () => t('En pause : charte à lire', 'Paused: read the charter'),
};

// Commits of ours that were cut off and came back.
const REFUSED = ['VOID_COMMITS'];

function pause_of(s) {
	const codes = (s.alerts || []).map(a => a.code);

	if (codes.includes('CLOCK_SKEW'))
		return paused.CLOCK_SKEW();
	return s.life?.charter_due ? paused.charter_due() : null;
}

export const records = n => many(n, ['fiche', 'fiches'], ['record', 'records']);

// [look, picture, words] of a status; red is kept for what a person must decide.
export function state_of(s, is_cut) {
	if (is_cut)
		return ['agir', 'agir', t('La page ne joint plus le pôle', 'The page cannot reach the hub')];
	if (!s)
		return ['', 'attente', t('Lecture de l’état…', 'Reading the state…')];
	if (s.state === 'fenced')
		return ['agir', 'agir', t('Une autre machine parle au nom du pôle', 'Another machine speaks for this hub')];
	if (s.life?.refusals > 0)
		return ['agir', 'agir', many(s.life.refusals, ['fiche refusée', 'fiches refusées'], ['record refused', 'records refused'])];
	if ((s.alerts || []).some(a => REFUSED.includes(a.code)))
		return ['agir', 'agir', t('Des fiches sont refusées', 'Records are refused')];
	const pause = pause_of(s);

	if (pause)
		return ['agir', 'agir', pause];
	if (s.state === 'recovering')
		return ['attente', 'attente', t('Remise à niveau en cours', 'Catching up')];
	if (s.state === 'offline' || s.state === 'connecting')
		return ['attente', 'attente', s.outbox > 0
			? t(`Hors ligne · ${records(s.outbox)} ${s.outbox > 1 ? 'attendent' : 'attend'}`, `Offline · ${records(s.outbox)} waiting`)
			: t('Hors ligne', 'Offline')];
	if (s.outbox > 0)
		return ['attente', 'attente', t(`${records(s.outbox)} ${s.outbox > 1 ? 'partent' : 'part'}`, `${records(s.outbox)} leaving`)];
	return ['ok', 'ok', t(`Tout est transmis · ${hour(at)}`, `All sent · ${hour(at)}`)];
}

export const pill = () => h('button.etat', {type: 'button', 'aria-haspopup': 'dialog', onclick: open});

function draw() {
	const button = $('.etat');

	if (!button)
		return;
	const [look, picture, words] = state_of(status, cut());

	button.className = `etat ${look}`;
	fill(button, icon(picture), h('span', words));
}

// The one journey: steps [look, where, when or why]; 'vers' dots the way on, 'a-venir' is to come.
export function journey(steps) {
	return h('ol.trajet', {'aria-label': t('Trajet de la fiche', 'Journey of the record')},
		steps.map(([look, where, why]) => h('li', {class: look}, h('b', where), h('span', why))));
}

function home_step(j) {
	if (j.place === 'refused')
		return ['bloque vers', t('Refusé par la CRESS', 'Refused by the CRESS'), t('texte conservé ici', 'text kept here')];
	if (j.home)
		return ['vers', t('À la CRESS', 'At the CRESS'), j.home_at ? when(j.home_at) : j.home_before ? t(`avant ${when(j.home_before)}`, `before ${when(j.home_before)}`) : ''];
	return ['a-venir vers', t('CRESS', 'CRESS'), !status || ['offline', 'connecting'].includes(status.state)
		? t('dès que la liaison revient', 'when the link is back') : t('en chemin', 'on its way')];
}

const names = list => list.map(o => `${o.name} (${when(o.linked)})`).join(', ');

// What a hub holds it tells the CRESS alone: from another one it is not known, unless its own
// words show that it was in touch since. The CRESS gives it to whoever is connected.
const given = one => status?.node?.role === 'cress'
	? one ? t('dès qu’il est en liaison', 'as soon as it is connected') : t('chacun dès qu’il est en liaison', 'each as soon as it is connected')
	: one ? t('la CRESS la lui transmet ; d’ici on ne voit pas s’il l’a reçue', 'the CRESS passes it on; whether it has it cannot be seen from here')
		: t('la CRESS la leur transmet ; d’ici on ne voit pas qui l’a reçue', 'the CRESS passes it on; who has it cannot be seen from here');

function others_step(j) {
	const n = j.others.length;

	if (n === 0 || j.scope === 'cress')
		return null;
	const linked = j.others.filter(o => o.linked);
	const who = n === 1 ? j.others[0].name : t(`Les ${n} autres pôles`, `The ${n} other hubs`);

	if (linked.length === n) {
		const last = when(linked.map(o => o.linked).sort().at(-1));

		return ['', who, n === 1 ? t(`en liaison depuis : ${last}`, `in touch since: ${last}`) : t(`tous en liaison depuis : ${last}`, `all in touch since: ${last}`)];
	}
	if (linked.length > 0)
		return ['a-venir', who, t(`en liaison depuis : ${names(linked)} ; les autres, ${given(false)}`,
			`in touch since: ${names(linked)}; the others, ${given(false)}`)];
	return ['a-venir', who, j.place === 'refused' ? t('pas encore', 'not yet')
		: j.home ? given(n === 1) : t('ensuite', 'then')];
}

// Of what GET journey answers: {saved, place, scope, home, home_at, home_before, others[{name, linked}]}.
export function journey_of(j) {
	const saved = [j.home || j.place === 'local' ? '' : 'vers', t('Enregistré ici', 'Saved here'), when(j.saved)];

	if (j.place === 'local')
		return h('div', journey([saved]), h('p.petit', t('Ne quitte pas ce pôle : nous seuls la voyons.', 'Never leaves this hub: only we can see it.')));
	return journey([saved, home_step(j), others_step(j)].filter(Boolean));
}

function sentence() {
	const s = status;

	if (cut())
		return note('agir', 'agir', t('La page ne joint plus le pôle. Ce que vous tapez reste gardé dans ce navigateur et sera enregistré dès le retour.',
			'The page cannot reach the hub. What you type is kept in this browser and will be saved when it returns.'));
	if (!s || s.state === 'offline' || s.state === 'connecting')
		return note('attente', 'attente', t('Vous travaillez hors ligne. Tout est enregistré au pôle ; rien ne se perd. L’envoi reprendra tout seul.',
			'You are offline. Everything is saved at the hub; nothing is lost. Sending will resume by itself.'));
	if (s.outbox > 0)
		return note('attente', 'attente', t('Ce que vous avez écrit part vers la CRESS.', 'What you wrote is on its way to the CRESS.'));
	return note('ok', 'ok', t(`Tout ce qui devait partir est parti. Dernier mot de la CRESS à ${hour(at)}.`,
		`Everything due to go has gone. Last word from the CRESS at ${hour(at)}.`));
}

const PLACES = {
	local: ['', 'cadenas', () => t('reste ici : nous seuls', 'stays here: only us')],
	saved: ['attente', 'attente', i => t(`enregistrée ici : ${when(i.saved)}`, `saved here: ${when(i.saved)}`)],
	home: ['ok', 'ok', i => i.home_at ? t(`à la CRESS : ${when(i.home_at)}`, `at the CRESS: ${when(i.home_at)}`) : t(`à la CRESS ; écrite ici : ${when(i.saved)}`, `at the CRESS; written here: ${when(i.saved)}`)],
	refused: ['agir', 'agir', () => t('refusée', 'refused')],
};

// A record's title is a date or a code where its kind has no better one.
const KINDS = {
	structure: ['', ''], offre: ['Offre : ', 'Offer: '], besoin: ['Besoin : ', 'Need: '], contact: ['Contact : ', 'Contact: '],
	suivi: ['Suivi du ', 'Follow-up of '], interaction: ['Note d’appel du ', 'Call note of '], inscription: ['Inscription du ', 'Registration of '],
	partenariat: ['Partenariat : ', 'Partnership: '], evenement: ['Rencontre : ', 'Event: '], diagnostic: ['Diagnostic : ', 'Assessment: '],
};

function name_of(i) {
	const text = /^\d{4}-\d\d-\d\d$/.test(i.nom) ? day(i.nom) : (i.nom || '').replace('Recherche : ', '').replace(/^[a-z]+(_[a-z]+)+$/, c => c.replace(/_/g, ' '));

	return (KINDS[i.kind] ? t(...KINDS[i.kind]) : `${i.kind.replace(/_/g, ' ')} : `) + (text || t('sans titre', 'untitled'));
}

function item(i) {
	const [look, picture, word] = PLACES[i.place] || PLACES.saved;

	return h('li', h('span', name_of(i)), chip(look, picture, word(i)));
}

function backup_line() {
	const age = status?.life?.backup_age_s;

	return h('p.petit', age === null || age === undefined
		? t('Aucune copie de sauvegarde de ce qui n’est qu’ici.', 'No backup of what exists only here.')
		: t(`Copie de sauvegarde de ce qui n’est qu’ici : ${when(Date.now() - age * 1000)}.`, `Backup of what exists only here: ${when(Date.now() - age * 1000)}.`));
}

async function open() {
	const list = h('ul.sous-liste'), way = h('div'), proposed = h('div');

	dialog(t('Ce que vous avez écrit, et où c’est arrivé', 'What you wrote, and where it has reached'), t('Fermer', 'Close'),
		sentence(), proposed, way, list, backup_line());
	import('./refusals.js').then(m => m.what_we_proposed(status?.node?.id)).then(section => fill(proposed, section), () => {});
	try {
		const sent = await get('sent');

		fill(list, sent.items.map(item));
		if (sent.items.length && sent.items[0].place !== 'local')
			fill(way, journey_of(await get(`journey/${sent.items[0].uid}`)));
	} catch {
		fill(list, h('li', t('La liste n’est pas arrivée. Rien n’est perdu.', 'The list did not come. Nothing is lost.')));
	}
}

export function watch() {
	hear('status', s => {
		const before = state_of(status, false)[0];

		status = s ? {...status, ...s} : status;
		at = new Date();
		draw();
		if (status && before && before !== state_of(status, false)[0])
			say(state_of(status, false)[2]);
	});
	hear('cut', draw);
	hear('back', draw);
	draw();
}
export {draw as redraw_pill};
