// SPDX-License-Identifier: Apache-2.0
// The CRESS's month (W7), as a list of steps: each says what stands in its way.
import {get, post} from './api.js';
import {chip, fill, h, icon, note, say} from './dom.js';
import {load_towns, short_pays} from './towns.js';
import {day, hour, many, of_town, t, when} from './words.js';

const month_name = m => day(`${m}-15`, {month: 'long', year: 'numeric'});
const of_month = m => of_town(month_name(m));

function last_month() {
	const now = new Date();

	return new Date(Date.UTC(now.getFullYear(), now.getMonth() - 1, 15)).toISOString().slice(0, 7);
}

// Who has said nothing since the month ended: what they wrote in it may still be on its way.
function silent(report) {
	const end = new Date(report.arrete);

	return report.poles.filter(p => p.pole.startsWith('pole-') && (!p.derniere_maj || new Date(p.derniere_maj) < end));
}

const step = (n, look, title, ...body) => h('li.etape-rapport', {class: look},
	h('h2', h('span.rond', {'aria-hidden': 'true'}, look === 'fait' ? icon('ok') : String(n)), title), body);

async function facts(month) {
	const [report, duplicates] = await Promise.all([get('report', {month}), get('duplicates')]);
	const check = report.etat === 'fige' ? await get('report/check', {month}) : {};

	return {report, duplicates: duplicates.items.filter(d => d.items.some(i => i.state === 'propose' || i.state === 'detecte')).length,
		check,
		masked: report.items.filter(r => r.masque).length, late: silent(report)};
}

function signed_words(f, month) {
	return t(`Rapport ${of_month(month)} signé, empreinte ${f.report.empreinte.slice(0, 12)}… ; rejoué, il donne les mêmes octets.`,
		`Report of ${month_name(month)} signed, digest ${f.report.empreinte.slice(0, 12)}…; the same bytes when run again.`);
}

function steps(f, month, sign, state) {
	const frozen = f.report.etat === 'fige', over = Date.now() > new Date(f.report.arrete);
	const look = done => done ? 'fait' : '';

	return h('ol.pile.rapport-etapes',
		step(1, look(over), t('Arrêter les comptes', 'Close the accounts'),
			h('p', over ? t(`Arrêtés au ${day(f.report.arrete)}, ${hour(f.report.arrete)}.`,
			`Closed at ${day(f.report.arrete)}, ${hour(f.report.arrete)}.`)
			: t(`Le mois court jusqu’au ${day(f.report.arrete)}. Choisissez un mois passé.`,
				`The month runs until ${day(f.report.arrete)}. Choose a past month.`))),
		step(2, look(f.late.length === 0), t('Pôles en retard', 'Late hubs'),
			f.late.length ? h('p', t('Leur dernier mot est d’avant la fin du mois : ',
			'Their last word is from before the end of the month: '),
			f.late.map((p, i) => [i ? ', ' : '', h('b', short_pays(p.pole.slice(5))), p.derniere_maj ? ` (${when(p.derniere_maj)})` : '']),
				'. ', t('Ils seront nommés dans le rapport.', 'They will be named in the report.'))
			: h('p', t('Tous les pôles ont parlé depuis la fin du mois.', 'All hubs have spoken since the month ended.'))),
		step(3, look(f.duplicates === 0), t('Doublons et codes changés', 'Duplicates and changed codes'),
			f.duplicates ? h('p', many(f.duplicates, ['doublon reste à régler', 'doublons restent à régler'],
			['duplicate is to be settled', 'duplicates are to be settled']),
			t(' : chacun compte deux fois tant qu’il n’est pas relié. ', ': each counts twice until it is linked. '),
			h('a', {href: '#/saisir/doublons'}, t('Les voir', 'See them')))
			: h('p', t('Aucun doublon à régler.', 'No duplicate to settle.'))),
		step(4, 'fait', t('Masques', 'Masks'), h('p', f.masked === 0 ? t('Aucune case masquée', 'No hidden cell') : many(f.masked,
			['case masquée : moins de 3 réponses',
			'cases masquées : moins de 3 réponses'], ['hidden cell: fewer than 3 answers', 'hidden cells: fewer than 3 answers']), '.')),
		step(5, look(frozen), t('Signer', 'Sign'), frozen ? h('p',
			f.check.ok === false ? t('Signé, mais il ne se rejoue pas à l’identique : voyez l’administrateur.',
			'Signed, but it does not run again the same: see the administrator.') : signed_words(f, month)) : h('p',
			t('Le rapport signé ne change plus. Il se rejoue à l’identique.',
			'A signed report no longer changes. It can be run again, identical.')),
			!frozen && state.error && h('div', {role: 'alert'}, note('agir', 'agir', state.error)),
			!frozen && h('button.bt.fort', {type: 'button', disabled: !over, onclick: sign},
				t(`Signer le rapport ${of_month(month)}`, `Sign the report of ${month_name(month)}`))),
		step(6, look(frozen), t('Publier', 'Publish'), frozen ? h('p', chip('ok', 'ok',
			t('reçu par les pôles à leur prochaine liaison', 'received by the hubs at their next link')))
			: h('p.discret', t('Après la signature, tous les pôles le reçoivent.', 'Once signed, all hubs receive it.'))));
}

export function freeze_area(place) {
	const body = h('div'), state = {error: null};
	let month = last_month();

	async function load() {
		await load_towns();
		fill(body, h('p.discret', t('Lecture des chiffres…', 'Reading the figures…')));
		const f = await facts(month);

		fill(body, steps(f, month, e => sign(e.target), state));
	}
	async function sign(button) {
		button.disabled = true;
		state.error = null;
		try {
			await post('report/freeze', {month});
			say(t('Rapport signé.', 'Report signed.'));
		} catch (err) {
			state.error = t(`Pas signé : ${err.message}`, `Not signed: ${err.message}`);
		}
		return load();
	}

	const months = [...Array(12).keys()].map(i => {
		const now = new Date();

		return new Date(Date.UTC(now.getFullYear(), now.getMonth() - 1 - i, 15)).toISOString().slice(0, 7);
	});

	place.title(t('Rapport', 'Report'));
	fill(place.main, h('div.tete', h('div', h('h1', t('Rapport du mois', 'Report of the month')),
		h('p.discret', h('a', {href: '#/territoire'}, t('Retour au territoire', 'Back to the territory')))),
		h('div.champ', h('label.invisible', {for: 'mois'}, t('Mois', 'Month')),
			h('select', {id: 'mois', onchange: e => { month = e.target.value; state.error = null; load().catch(failed); }},
			months.map(m => h('option', {value: m}, month_name(m)))))), body);
	const failed = err => fill(body, note('agir', 'agir', t(`Pas encore de chiffres pour ce mois. ${err.message}`,
		`No figures for this month yet. ${err.message}`)));

	load().catch(failed);
	return {};
}
