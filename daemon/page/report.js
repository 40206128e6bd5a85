// SPDX-License-Identifier: Apache-2.0
// The CRESS's month (W7), as a list of steps: each says what stands in its way.
import {get, post} from './api.js';
import {chip, dialog, fill, h, icon, note, say} from './dom.js';
import {ROWS, cell} from './indicators.js';
import {dialog_end} from './members.js';
import {load_towns, short_pays} from './towns.js';
import {day, hour, many, of_town, t, when} from './words.js';

const month_name = m => day(`${m}-15`, {month: 'long', year: 'numeric'});
const of_month = m => of_town(month_name(m));

// Who was late, as the signed report has it: [{pole, dernier_envoi}].
export const late_of = text => [...text.matchAll(/^(\S+) est en retard .*\(dernier envoi : ([^)]*)\)/gm)]
	.map(([, pole, at]) => ({pole, dernier_envoi: at === 'aucun' ? '' : at}));

const name_of = p => p.pole.startsWith('pole-') ? short_pays(p.pole.slice(5)) : p.pole;
const sent_at = at => at.length === 10 ? day(at) : when(at);
const late_names = late => late.map((p, i) => [i ? ', ' : '', h('b', name_of(p)), p.dernier_envoi
	? t(` (dernier envoi : ${sent_at(p.dernier_envoi)})`, ` (last sent: ${sent_at(p.dernier_envoi)})`) : t(' (aucun envoi)', ' (nothing sent)')]);

// Behind the signed month's line, nothing where nobody was late.
export const late_words = text => late_of(text).length > 0 && [t(' Sans les comptes de : ', ' Without the counts of: '), late_names(late_of(text)), '.'];

const step = (n, look, title, ...body) => h('li.etape-rapport', {class: look},
	h('h2', h('span.rond', {'aria-hidden': 'true'}, look === 'fait' ? icon('ok') : String(n)), title), body);

// Of a signed month what it says; else what would be signed, or why nothing can be.
async function facts(month) {
	const [report, duplicates] = await Promise.all([get('report', {month, territory: 'region'}), get('duplicates')]);
	const frozen = report.etat === 'fige';
	const f = {report, frozen, refused: null, check: {}, late: late_of(report.note), items: report.items,
		duplicates: duplicates.items.filter(d => d.items.some(i => i.state === 'propose' || i.state === 'detecte')).length};

	if (frozen) {
		f.check = await get('report/check', {month});
		f.masked = report.items.filter(r => r.masque).length;
		return f;
	}
	if (Date.now() <= new Date(report.arrete))
		return {...f, refused: 'runs', items: [], masked: 0, late: []};
	const draft = await post('report/freeze', {month, dry_run: true});

	return {...f, refused: draft.vide ? 'empty' : null, late: draft.retards, items: draft.rapport.items, masked: draft.masquees, closed: draft.arrete};
}

function signed_words(f, month) {
	return t(`Rapport ${of_month(month)} signé, empreinte ${f.report.empreinte.slice(0, 12)}… ; rejoué, il donne les mêmes octets.`,
		`Report of ${month_name(month)} signed, digest ${f.report.empreinte.slice(0, 12)}…; the same bytes when run again.`);
}

// The region's figures of that month: what is, or would be, signed.
function figures(items) {
	const row = code => items.find(r => r.indicateur === code);
	const shown = ROWS.filter(([code]) => row(code));

	return h('table.du-rapport', h('caption.invisible', t('Chiffres de la région', 'Figures of the region')),
		h('tbody', shown.map(([code, words, , more]) => h('tr', h('th', {scope: 'row'}, t(...words)),
			h('td.d.valeur', cell(row(code), more && row(more)))))));
}

function late_step(f, month) {
	if (f.refused)
		return h('p', t('Rien à signer : personne n’est en retard.', 'Nothing to sign: nobody is late.'));
	return f.late.length ? h('p', t(`Leurs comptes ${of_month(month)} ne sont pas arrivés : `, `Their counts of ${month_name(month)} have not come: `),
		late_names(f.late), '. ', f.frozen ? t('Le rapport les nomme.', 'The report names them.')
			: t('Ils seront nommés dans le rapport.', 'They will be named in the report.'))
		: h('p', t(`Tous les pôles ont envoyé leurs comptes ${of_month(month)}.`, `All hubs have sent their counts of ${month_name(month)}.`));
}

const refused_words = (f, month) => f.refused === 'runs'
	? t(`Le mois court jusqu’au ${day(f.report.arrete)}. Choisissez un mois passé.`,
		`The month runs until ${day(f.report.arrete)}. Choose a past month.`)
	: t(`Rien à signer : la CRESS ne connaissait rien au ${day(f.report.arrete)}, ${hour(f.report.arrete)}. Un rapport vide le resterait. Choisissez un autre mois.`,
		`Nothing to sign: the CRESS knew nothing at ${day(f.report.arrete)}, ${hour(f.report.arrete)}. An empty report would stay empty. Choose another month.`);

function masks(f) {
	return h('p', f.masked === 0 ? t('Aucune case masquée', 'No hidden cell') : many(f.masked,
		['case masquée : moins de 3 réponses', 'cases masquées : moins de 3 réponses'],
		['hidden cell: fewer than 3 answers', 'hidden cells: fewer than 3 answers']), '.');
}

function sign_step(f, month, sign, state) {
	if (f.frozen)
		return h('p', f.check.ok === false ? t('Signé, mais il ne se rejoue pas à l’identique : voyez l’administrateur.',
			'Signed, but it does not run again the same: see the administrator.') : signed_words(f, month));
	if (f.refused)
		return note('attente', 'attente', refused_words(f, month));
	return [h('p', t('Le rapport signé ne change plus. Il se rejoue à l’identique.', 'A signed report no longer changes. It can be run again, identical.')),
		state.error && h('div', {role: 'alert'}, note('agir', 'agir', state.error)),
		h('button.bt.fort', {type: 'button', onclick: () => sign(f)}, t(`Signer le rapport ${of_month(month)}…`, `Sign the report of ${month_name(month)}…`))];
}

function steps(f, month, sign, state) {
	const look = done => done ? 'fait' : '', over = f.frozen || f.refused !== 'runs';

	return h('ol.pile.rapport-etapes',
		step(1, look(over), t('Arrêter les comptes', 'Close the accounts'), h('p', over ? t(`Arrêtés au ${day(f.report.arrete)}, ${hour(f.report.arrete)}.`,
			`Closed at ${day(f.report.arrete)}, ${hour(f.report.arrete)}.`) : refused_words(f, month))),
		step(2, look(!f.refused && f.late.length === 0), t('Pôles en retard', 'Late hubs'), late_step(f, month)),
		step(3, look(f.duplicates === 0), t('Doublons et codes changés', 'Duplicates and changed codes'),
			f.duplicates ? h('p', many(f.duplicates, ['doublon reste à régler', 'doublons restent à régler'],
			['duplicate is to be settled', 'duplicates are to be settled']),
			t(' : chacun compte deux fois tant qu’il n’est pas relié. ', ': each counts twice until it is linked. '),
			h('a', {href: '#/saisir/doublons'}, t('Les voir', 'See them')))
			: h('p', t('Aucun doublon à régler.', 'No duplicate to settle.'))),
		step(4, look(!f.refused), t('Chiffres et masques', 'Figures and masks'), f.refused ? h('p', t('Aucun chiffre pour ce mois.', 'No figure for this month.'))
			: [figures(f.items), masks(f)]),
		step(5, look(f.frozen), t('Signer', 'Sign'), sign_step(f, month, sign, state)),
		step(6, look(f.frozen), t('Publier', 'Publish'), f.frozen ? h('p', chip('ok', 'ok',
			t('envoyé à chaque pôle dès qu’il est en liaison', 'sent to each hub as soon as it is connected')))
			: h('p.discret', t('Après la signature, tous les pôles le reçoivent.', 'Once signed, all hubs receive it.'))));
}

// What is signed, of when, without whom; and that it is for good.
function ask(f, month, go) {
	const d = dialog(t(`Signer le rapport ${of_month(month)}`, `Sign the report of ${month_name(month)}`), t('Fermer', 'Close'),
		h('p', t(`Les comptes arrêtés au ${day(f.closed)}, ${hour(f.closed)} :`, `The accounts closed at ${day(f.closed)}, ${hour(f.closed)}:`)), figures(f.items),
		f.late.length > 0 && h('p.note.attente', icon('attente'), h('span', t('Sans les comptes de : ', 'Without the counts of: '), late_names(f.late), '.')),
		h('p', h('b', t('C’est définitif. ', 'This is final. ')), t('Un rapport signé ne change plus ; tous les pôles le reçoivent.',
			'A signed report no longer changes; all hubs receive it.')),
		dialog_end(() => d, h('button.bt.fort', {type: 'button', onclick: e => { e.target.disabled = true; go().finally(() => d.close()); }},
			t('Signer', 'Sign'))));
}

export function freeze_area(place) {
	const body = h('div'), state = {error: null}, now = new Date();
	const months = [...Array(12).keys()].map(i => new Date(Date.UTC(now.getFullYear(), now.getMonth() - 1 - i, 15)).toISOString().slice(0, 7));
	let month = months[0];

	async function load() {
		await load_towns();
		fill(body, h('p.discret', t('Lecture des chiffres…', 'Reading the figures…')));
		const f = await facts(month);

		fill(body, steps(f, month, () => ask(f, month, sign), state));
	}
	async function sign() {
		state.error = null;
		try {
			await post('report/freeze', {month});
			say(t('Rapport signé.', 'Report signed.'));
		} catch (err) {
			state.error = t(`Pas signé : ${err.message}`, `Not signed: ${err.message}`);
		}
		return load();
	}

	place.title(t('Rapport', 'Report'));
	fill(place.main, h('div.tete', h('div', h('h1', t('Rapport du mois', 'Report of the month')),
		h('p.discret', h('a', {href: '#/territoire'}, t('Retour au territoire', 'Back to the territory')))),
		h('div.champ', h('label.invisible', {for: 'mois'}, t('Mois', 'Month')),
			h('select', {id: 'mois', onchange: e => { month = e.target.value; state.error = null; load().catch(failed); }},
			months.map(m => h('option', {value: m}, month_name(m)))))), body);
	const failed = err => fill(body, note('agir', 'agir', t(`Les chiffres de ce mois n’ont pas pu être lus : ${err.message}`,
		`The figures of this month could not be read: ${err.message}`)));

	load().catch(failed);
	return {};
}
