// SPDX-License-Identifier: Apache-2.0
// A region at a glance: indicators by Pays with the age of each hub's word, where there are
// structures, how partnerships went, who is to be called, who meets.
import {fetch_raw, get} from './api.js';
import {officer} from './account.js';
import {$, chip, fill, h, say} from './dom.js';
import {ROWS, cell} from './indicators.js';
import {make_map} from './map.js';
import {owner_of} from './members.js';
import {plot} from './plot.js';
import {freeze_area, late_words} from './report.js';
import {hub_name, load_towns, short_pays, towns} from './towns.js';
import {MONTH, SHORT, day, hour, many, number, sector, t, when} from './words.js';

const LATE_MS = 2 * 86400000; // a hub that has said nothing for so long

/* --- indicators --- */

// By indicator and Pays, 'region' for all of them.
function by_place(reports) {
	const rows = new Map();

	for (const report of reports)
		for (const r of report.items) {
			const place = r.territoire_type === 'pays' ? r.territoire_code : r.territoire_type === 'region' ? 'region' : null;

			if (place)
				rows.set(`${r.indicateur} ${place}`, r);
		}
	return rows;
}

const late = word => Date.now() - new Date(word) > LATE_MS;

function column_head(pole) {
	const old = pole.derniere_maj && late(pole.derniere_maj);

	return h('th.d', {scope: 'col', class: old ? 'retard' : ''}, h('b', short_pays(pole.pole.slice(5))),
		pole.derniere_maj ? t(`dernier mot : ${when(pole.derniere_maj)}`, `last word: ${when(pole.derniere_maj)}`)
			: t('rien encore', 'nothing yet'));
}

function indicators(node, reports) {
	const rows = by_place(reports), poles = reports[0].poles.filter(p => p.pole.startsWith('pole-'));
	const has = code => [...poles.map(p => p.pole.slice(5)), 'region'].some(p => rows.has(`${code} ${p}`));
	const line = ([code, words, small, more]) => h('tr', h('th', {scope: 'row'}, t(...words), small && h('small', t(...small))),
		h('td.d.region.valeur', cell(rows.get(`${code} region`), more && rows.get(`${more} region`))),
		poles.map(p => h('td.d', cell(rows.get(`${code} ${p.pole.slice(5)}`), more && rows.get(`${more} ${p.pole.slice(5)}`), code))));

	fill(node, h('table.indic', h('thead', h('tr', h('th', {scope: 'col'}, t('Indicateur', 'Indicator')),
		h('th.d.region', {scope: 'col'}, h('b', t('La région', 'The region')), t(`dont ${poles.length} Pays`, `with ${poles.length} Pays`)),
		poles.map(column_head))), h('tbody', ROWS.filter(([code]) => has(code)).map(line))));
}

async function download(month) {
	const answer = await fetch_raw('export', {format: 'indicateurs', month});
	const link = h('a', {href: URL.createObjectURL(await answer.blob()), download: `indicateurs-${month}.csv`});

	document.body.append(link);
	link.click();
	link.remove();
}

/* --- coverage --- */

const SMALL = 900;

function coverage(place, of_today) {
	const node = h('div'), list = h('div');
	const pick = h('select', {id: 'pays-couverture', onchange: () => draw()});
	const frame = h('div.carte.couverture');
	const map = make_map(frame);
	let items = [];

	const legend = h('ul.carte-legende', h('li', h('span.puce-avec', {'aria-hidden': 'true'}),
		t('avec au moins une structure (plus grand : plus de structures)', 'at least one organisation (larger: more)')),
		h('li', h('span.puce-sans', {'aria-hidden': 'true'}), t('sans structure connue', 'none known')));

	function draw() {
		const pays = pick.value, shown = items.filter(c => !pays || c.pays === pays);
		const points = shown.filter(c => c.lat !== null).map(c => ({lat: c.lat, lon: c.lon, look: c.structures ? 'avec' : 'sans',
			title: `${c.nom} : ${c.structures}`,
			r: c.structures ? (pays ? Math.min(22,
				3 + Math.sqrt(c.structures) * 2.1) : 1.6 + Math.sqrt(c.structures) * 1.15) : pays ? 5 : 3.4})).sort((a, b) => b.r - a.r);
		const none = shown.filter(c => !c.structures), some = shown.length - none.length,
			where = pays ? pays_name(pays) : t('tous les Pays', 'all Pays');

		map.draw(points, {towns: towns().list, rings: towns().rings, names: pays ? 12 : 6, height: innerWidth <= SMALL ? 289 : 0,
			alt: t(`Carte (${where}) : ${some} communes avec au moins une structure, ${none.length} sans. La liste est au-dessous.`,
				`Map (${where}): ${some} towns with at least one organisation, ${none.length} without. The list is below.`)});
		fill(list, h('details', h('summary', none.length > 1 ? t(`Les ${none.length} communes sans structure connue`,
			`The ${none.length} towns with none known`) : none.length ? t('La commune sans structure connue', 'The town with none known')
			: t('Aucune commune sans structure connue', 'No town with none known')), h('p.discret', by_pays(none))),
			shown.length > points.length && h('p.petit', many(shown.length - points.length, ['commune n’a pas de position sûre : elle compte, mais n’est pas dessinée.',
				'communes n’ont pas de position sûre : elles comptent, mais ne sont pas dessinées.'],
			['town has no certain position: it counts, but is not drawn.', 'towns have no certain position: they count, but are not drawn.'])));
	}

	const by_pays = none => [...new Set(none.map(c => c.pays))].map((p, i) => [i ? h('br') : null, h('b', short_pays(p)), t(' : ', ': '),
		none.filter(c => c.pays === p).map(c => c.nom).join(', ')]);
	const pays_name = p => towns().pays[p] || p;

	async function load() {
		items = (await get('coverage')).items;
		const known = [...new Set(items.map(c => c.pays))], now = pick.value || (place.me.node.role === 'hub' ? place.me.node.pays : '');

		fill(pick, h('option', {value: ''}, t('Tous les Pays', 'All Pays')),
			known.map(p => h('option', {value: p, selected: p === now}, pays_name(p))));
		draw();
	}

	frame.append(legend);
	fill(node, h('section.bloc', {'aria-labelledby': 'h-couverture'}, h('header',
		h('h2', {id: 'h-couverture'}, t('Où l’ESS est présente, commune par commune', 'Where the social economy is present, town by town')),
		of_today, h('div.rang', h('label.invisible', {for: 'pays-couverture'}, t('Pays', 'Pays')), pick)), h('div.corps', frame, list)));
	return {node, load, draw: () => items.length && draw()};
}

/* --- partnerships --- */

async function partnerships(node) {
	const {items} = await get('series', {months: 24}), months = items.map(i => i.mois);
	const poles = [...new Set(items.flatMap(i => Object.keys(i.poles)))].filter(p => p.startsWith('pole-'));
	const series = poles.map(p => ({pole: p, name: short_pays(p.slice(5)), values: items.map(i => i.poles[p] || 0)})).sort((a,
		b) => b.values.at(-1) - a.values.at(-1)).slice(0, 6);
	const from_to = series.map(x => t(`${x.name} de ${x.values[0]} à ${x.values.at(-1)}`,
		`${x.name} ${x.values[0]} to ${x.values.at(-1)}`)).join(', ');

	if (!series.length)
		return fill(node, h('p.discret', t('Aucun partenariat daté pour l’instant.', 'No dated partnership yet.')));
	return fill(node, plot(series, months,
		t(`Partenariats actifs de ${day(`${months[0]}-15`, MONTH)} à ${day(`${months.at(-1)}-15`, MONTH)} : ${from_to}. Le tableau suit.`,
		`Active partnerships ${day(`${months[0]}-15`, MONTH)} to ${day(`${months.at(-1)}-15`, MONTH)}: ${from_to}. Table follows.`)),
	h('details', h('summary', t('Voir le tableau', 'Show the table')), h('table',
		h('thead', h('tr', h('th', {scope: 'col'}, t('Mois', 'Month')), series.map(x => h('th.d', {scope: 'col'}, x.name)))),
		h('tbody', months.map((m, i) => h('tr', h('th', {scope: 'row'}, day(`${m}-15`, MONTH)),
			series.map(x => h('td.d', number(x.values[i])))))))));
}

/* --- follow-ups, meetings --- */

function followup(x) {
	const due = x.jours >= 0 ? chip('attente', 'attente', t(`dû le ${day(x.date, SHORT)}`,
		`due ${day(x.date, SHORT)}`)) : h('span.petit.num', day(x.date, SHORT));

	return h('li', h('span', x.structure_a?.nom || t('(non partagé)', '(not shared)'),
		h('span.discret', t(' et ', ' and '), x.structure_b?.nom || t('(non partagé)', '(not shared)'), ', ',
		t(`suivi à ${x.echeance_mois} mois`, `${x.echeance_mois}-month follow-up`))), due);
}

const RISKS = {objectifs: ['objectifs', 'goals'], mesure_impact: ['mesure d’impact', 'impact measure'], desequilibre: ['déséquilibre', 'imbalance'],
	legitimite: ['légitimité', 'legitimacy']};
const side = s => s?.nom ? h('a', {href: `#/annuaire/${encodeURIComponent(s.uid)}`}, s.nom) : t('(non partagé)', '(not shared)');

// Which risk, by its last follow-up.
function at_risk(x) {
	const worst = Object.entries(x.risques).filter(([, v]) => v >= 2).map(([k]) => t(...RISKS[k]));

	return h('li', h('span', side(x.structure_a), h('span.discret', t(' et ', ' and ')), side(x.structure_b), h('br'),
		h('span.discret', worst.length ? t(`risque : ${worst.join(', ')}`, `risk: ${worst.join(', ')}`) : t('les risques montent', 'risks are rising'))),
	h('span.petit.num', t(`suivi du ${day(x.date, SHORT)}`, `follow-up of ${day(x.date, SHORT)}`)));
}

const closed_one = x => h('li', h('span', side(x.structure_a), h('span.discret', t(' et ', ' and ')), side(x.structure_b)),
	chip('attente', 'attente', t('une structure est fermée', 'an organisation is closed')));

async function followups(node) {
	const d = await get('due');
	const part = (id, title, items, line) => items.length > 0 && [h('h3.sous-titre', {id, tabindex: '-1'}, title, ' ', h('span.num', number(items.length))),
		h('ul.sous-liste', items.map(line))];

	fill(node, h('h3.sous-titre', {id: 'h-suivis', tabindex: '-1'}, t('Suivis à faire', 'Follow-ups due')),
		d.suivis.length ? h('ul.sous-liste', d.suivis.slice(0, 8).map(followup))
		: h('p.discret', t('Aucun suivi dû cette semaine.', 'No follow-up due this week.')),
	part('h-risque', t('Partenariats à risque', 'Partnerships at risk'), d.alertes, at_risk),
	part('h-clore', t('Partenariats à clore', 'Partnerships to close'), d.a_clore, closed_one));
}

// Once all that stands above has its height.
function go_to_followups() {
	const title = $('#h-risque') || $('#h-suivis');

	title?.focus({preventScroll: true});
	title?.scrollIntoView({block: 'center'});
}

// Who came in without asking, by an import say, the organiser alone knows.
function seats(e, own) {
	const known = e.owner === own;

	if (e.capacity !== null && !known)
		return h('span.num', many(e.capacity, ['place', 'places'], ['seat', 'seats']), e.granted > 0 && t(`, ${e.granted} accordées à qui l’a demandé`,
			`, ${e.granted} granted to who asked`));
	if (e.capacity === null)
		return h('span.num', many(e.granted || 0, ['inscrit', 'inscrits'], ['registered', 'registered']));
	const full = e.granted >= e.capacity;

	return h('span.rang', h('span.places', {'aria-hidden': 'true', class: full ? 'plein' : ''},
		h('i', {percent: Math.min(100, (e.granted || 0) * 100 / e.capacity)})),
		h('span.num', full ? e.waiting ? t('complet, liste d’attente', 'full, waiting list') : t('complet',
			'full') : t(`${e.granted || 0} sur ${e.capacity}`, `${e.granted || 0} of ${e.capacity}`)));
}

function meeting(e, own) {
	return h('tr', h('td.num', day(e.debut, {weekday: 'short', ...SHORT}), ', ', hour(e.debut)),
		h('td', e.titre, ' ', e.filiere && h('span.petit', sector(e.filiere))),
		h('td', hub_name(e.owner)), h('td', seats(e, own)));
}

async function meetings(node, own) {
	const {items} = await get('meetings');

	fill(node, items.length ? h('table.souple', h('caption.invisible', t('Rencontres à venir', 'Coming events')),
		h('thead', h('tr', [t('Date', 'Date'), t('Rencontre', 'Event'), t('Organisée par', 'Organised by'), t('Places', 'Seats')]
		.map(w => h('th', {scope: 'col'}, w)))), h('tbody', items.slice(0, 12).map(e => meeting(e, own)))) : h('p.discret',
			t('Aucune rencontre à venir.', 'No event to come.')));
}

/* --- the area --- */

// Of the current month and the eleven before, 'AAAA-MM'.
function last_months() {
	const now = new Date(), months = [];

	for (let i = 0; i < 12; i++) {
		const d = new Date(Date.UTC(now.getFullYear(), now.getMonth() - i, 15));

		months.push(d.toISOString().slice(0, 7));
	}
	return months;
}
const month_name = m => day(`${m}-15`, {month: 'long', year: 'numeric'}).replace(/^./, c => c.toUpperCase());

// A month that nobody has signed is counted in the directory as it is now, and says so.
function intro(report, past) {
	const old = report.poles.filter(p => p.pole.startsWith('pole-') && p.derniere_maj && late(p.derniere_maj));

	if (report.etat === 'fige')
		return [t(`Rapport signé, empreinte ${report.empreinte.slice(0, 8)}… ; rejoué, il donne les mêmes octets.`,
			`Signed report, digest ${report.empreinte.slice(0, 8)}…; the same bytes when run again.`), late_words(report.note)];
	const on = past ? t(`${month_name(report.mois)} n’est pas signé : ces chiffres sont ceux de l’annuaire d’aujourd’hui, ${day(Date.now())}.`,
		`${month_name(report.mois)} is not signed: these figures are those of the directory of today, ${day(Date.now())}.`)
		: t(`Chiffres au ${day(Date.now())}.`, `Figures at ${day(Date.now())}.`);

	return old.length ? `${on} ${old.map(p => t(`${short_pays(p.pole.slice(5))} n’a rien envoyé depuis ${when(p.derniere_maj)} : ses chiffres datent de là.`,
		`${short_pays(p.pole.slice(5))} has sent nothing since ${when(p.derniere_maj)}: its figures are from then.`)).join(' ')}` : on;
}

// A hub sees its Pays and the others'; whoever may read the public only sees the masked cells.
async function reports_of(month) {
	const region = await get('report', {month, territory: 'region'});
	const codes = region.poles.filter(p => p.pole.startsWith('pole-')).map(p => p.pole.slice(5));

	return [region, ...await Promise.all(codes.map(pays => get('report', {month, pays}).catch(() => ({items: [], poles: []}))))];
}

const section = (look, id, title, more, ...body) => h('section.bloc', {class: look, 'aria-labelledby': id},
	h('header', h('h2', {id}, title), more), h('div.corps', body));

export function territoire(place) {
	const staff = ['agent_pole', 'cress', 'admin'].includes(place.me.role), signs = place.me.role === 'cress';
	const words = h('p.discret', t('Lecture des chiffres…', 'Reading the figures…')),
		table = h('div.corps.defile-x', {tabindex: 0, role: 'group', 'aria-labelledby': 'h-ind'});
	const series = h('div'), due = h('div'), events = h('div');
	const months = last_months();
	// Beside another month's figures: the map and what follows are not of that month.
	const todays = [0, 1].map(() => h('span.petit.du-jour', {hidden: true}, t(`au ${day(Date.now())}, non au mois choisi`,
		`at ${day(Date.now())}, not of the month chosen`)));
	const map = coverage(place, todays[0]);
	let month = months[0], size;

	if (signs && place.path[0] === 'rapport')
		return freeze_area(place);
	const load = async () => {
		await load_towns();
		const reports = await reports_of(month);

		fill(words, intro(reports[0], month !== months[0]));
		indicators(table, reports);
		for (const node of todays)
			node.hidden = month === months[0];
	};
	const all = () => Promise.allSettled([load(), load_towns().then(map.load), staff && load_towns().then(() => partnerships(series)),
		staff && place.me.node.role === 'hub' && followups(due), staff && load_towns().then(() => meetings(events, owner_of(place.me.node)))])
		.then(results => {
			const failed = results.find(r => r.status === 'rejected');

			if (!led)
				go_to_followups();
			led = true;
			if (failed)
				fill(words, t(`Les chiffres ne sont pas tous arrivés : ${failed.reason.message}`,
					`Not all figures came: ${failed.reason.message}`));
		});

	let led = place.path[0] !== 'suivis';

	map.node.classList.add('c7');
	fill(table, h('div.os', {'aria-hidden': 'true'}), h('div.os', {'aria-hidden': 'true'}), h('div.os', {'aria-hidden': 'true'}));
	fill(place.main, h('div.tete', h('div', h('h1', t('Territoire', 'Territory')), words),
		h('div.rang', h('div.champ', h('label.invisible', {for: 'mois'}, t('Mois', 'Month')),
		h('select', {id: 'mois', onchange: e => { month = e.target.value; load().then(() => say(month_name(month))); }},
			months.map((m, i) => h('option', {value: m}, i ? month_name(m) : t(`${month_name(m)} (en cours)`,
			`${month_name(m)} (current)`))))),
	signs ? h('a.bt.fort', {href: '#/territoire/rapport'}, t('Préparer le rapport', 'Prepare the report'))
		: place.me.role === 'admin' && place.me.node.role === 'cress' && h('p.petit', t(`${officer(place.me)} prépare et signe le rapport.`,
			`${officer(place.me)} prepares and signs the report.`)))),
	h('div.grille.territoire', section('c12', 'h-ind', t('Vue d’ensemble', 'At a glance'),
		staff && h('button.bt.nu.mini', {type: 'button', onclick: () => download(month).catch(err => fill(words, err.message))},
		t('Télécharger (CSV)', 'Download (CSV)'))),
		map.node, staff && section('c5', 'h-par', t('Partenariats actifs, mois par mois', 'Active partnerships, month by month'), todays[1],
			series, due),
		staff && section('c12', 'h-ev', t('Rencontres à venir', 'Coming events'), null, events)));
	$('#h-ind').closest('section').querySelector('.corps').replaceWith(table);
	all();
	const resized = () => { clearTimeout(size); size = setTimeout(map.draw, 150); };

	addEventListener('resize', resized);
	return {leave: () => removeEventListener('resize', resized), changed: () => { clearTimeout(size); size = setTimeout(all, 1500); }};
}
