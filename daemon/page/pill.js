// SPDX-License-Identifier: Apache-2.0
// The pill: where is what I wrote? One answer on every screen, and behind it the panel
// with the journey and the last records written here.
import {cut, get, hear} from './api.js';
import {$, chip, dialog, fill, h, icon, note, say} from './dom.js';
import {hour, many, t, when} from './words.js';

let status = null;
let at = null;
export const last_status = () => status;

const paused = {
	CLOCK_SKEW: () => t('En pause : horloge à régler', 'Paused: set the clock'),
	charter_due: () => t('En pause : charte à lire', 'Paused: read the charter'),
};

function pause_of(s) {
	const codes = (s.alerts || []).map(a => a.code);

	if (codes.includes('clock_ahead') || codes.includes('CLOCK_SKEW'))
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
	if (s.rejected > 0)
		return ['agir', 'agir', many(s.rejected, ['fiche refusée', 'fiches refusées'], ['record refused', 'records refused'])];
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
	if (j.refused)
		return ['bloque vers', t('Refusé par la CRESS', 'Refused by the CRESS'), j.refused.at ? when(j.refused.at) : ''];
	if (j.home_at)
		return [j.members.every(m => m.at) ? '' : 'vers', t('À la CRESS', 'At the CRESS'), j.home_at === true ? '' : when(j.home_at)];
	return ['a-venir vers', t('CRESS', 'CRESS'), j.offline ? t('dès que la liaison revient', 'when the link is back') : t('en chemin', 'on its way')];
}

function member_steps(j) {
	const there = j.members.filter(m => m.at), away = j.members.filter(m => !m.at);

	if (!j.home_at || j.members.length === 0)
		return j.members.length ? [['a-venir', t('Les autres pôles', 'Other hubs'), j.refused ? t('pas encore', 'not yet') : t('ensuite', 'then')]] : [];
	const steps = [];

	if (there.length)
		steps.push([away.length ? 'vers' : '', t(`${there.length} ${j.members.length > 1 ? 'pôles' : 'pôle'} sur ${j.members.length}`,
			`${there.length} of ${j.members.length} hubs`), there.map(m => m.name).join(', ')]);
	if (away.length)
		steps.push(['a-venir', away.length > 2 ? t('Les autres pôles', 'Other hubs') : away.map(m => m.name).join(', '),
			away[0].last_seen ? t(`vu ${when(away[0].last_seen)}`, `seen ${when(away[0].last_seen)}`) : t('pas encore', 'not yet')]);
	return steps;
}

// Of what GET journey answers: {saved, home_at, members[{name, at, last_seen}], refused, scope}.
export function journey_of(j) {
	const saved = [j.home_at ? '' : 'vers', t('Enregistré ici', 'Saved here'), j.saved ? when(j.saved) : ''];

	if (j.scope === 'local')
		return journey([['', t('Enregistré ici', 'Saved here'), j.saved ? when(j.saved) : ''],]);
	return journey([saved, home_step(j), ...member_steps(j)]);
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
	saved: ['attente', 'attente', i => t(`enregistrée ici à ${when(i.saved)}`, `saved here at ${when(i.saved)}`)],
	home: ['ok', 'ok', i => t(`à la CRESS, écrite à ${when(i.saved)}`, `at the CRESS, written at ${when(i.saved)}`)],
	refused: ['agir', 'agir', () => t('refusée', 'refused')],
};

function item(i) {
	const [look, picture, word] = PLACES[i.place] || PLACES.saved;

	return h('li', h('span', i.nom || t('Fiche', 'Record')), chip(look, picture, word(i)));
}

function backup_line() {
	const age = status?.life?.backup_age_s;

	return h('p.petit', age === null || age === undefined
		? t('Aucune copie de sauvegarde de ce qui n’est qu’ici.', 'No backup of what exists only here.')
		: t(`Copie de sauvegarde de ce qui n’est qu’ici : ${when(Date.now() - age * 1000)}.`, `Backup of what exists only here: ${when(Date.now() - age * 1000)}.`));
}

async function open() {
	const list = h('ul.sous-liste'), way = h('div');

	dialog(t('Ce que vous avez écrit, et où c’est arrivé', 'What you wrote, and where it has reached'), t('Fermer', 'Close'),
		sentence(), way, list, backup_line());
	try {
		const sent = await get('sent');

		fill(list, sent.items.map(item));
		if (sent.items.length && sent.items[0].place !== 'local')
			fill(way, journey_of(await get(`records/${sent.items[0].uid}/journey`)));
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
