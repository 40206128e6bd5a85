// SPDX-License-Identifier: Apache-2.0
// The shell: the banner, the areas by the hash (#/area/part?filter=...), the account and
// the pill. An area is a module that exports one function,
//
//     export function annuaire(place) -> {leave(), turn(path, params), changed()} or nothing
//
// place: {main, path, params, me, go(hash, params), say, title(text)}. `turn`
// answers true when it has drawn the new address itself; `leave` lets go of timers;
// `changed` hears that the directory has moved.
import {cut, get, hear, me as who, query} from './api.js';
import {STAFF, dress, is_staff, menu, sign_in} from './account.js';
import {$, fill, h, icon, note, say} from './dom.js';
import {live} from './live.js';
import {last_status, pill, records, redraw_pill, watch} from './pill.js';
import {many, number, t} from './words.js';

const AREAS = [
	{key: 'annuaire', fr: 'Annuaire', en: 'Directory', roles: [...STAFF, 'financeur_lecture', null], load: () => import('./annuaire.js')},
	{key: 'saisir', fr: 'Saisir', en: 'Enter', roles: ['agent_pole', 'cress'], load: () => import('./saisir.js'), counts: true},
	{key: 'rapprocher', fr: 'Rapprocher', en: 'Match', roles: STAFF, load: () => import('./rapprocher.js')},
	{key: 'territoire', fr: 'Territoire', en: 'Territory', roles: [...STAFF, 'financeur_lecture'], load: () => import('./territoire.js')},
	{key: 'federation', fr: 'Fédération', en: 'Federation', roles: STAFF, load: () => import('./federation.js')},
];
const LANDING = {cress: 'territoire', admin: 'federation'};

let me = null, here = null, shown = null, turn_no = 0, decisions = 0, ending;

// Sees nothing but the form to sign in.
const stranger = () => me.mode === 'accounts' && !me.account;
const areas = () => AREAS.filter(a => a.roles.includes(me.role));
const main = () => $('#contenu');

function address() {
	const [way, search = ''] = location.hash.replace(/^#\/?/, '').split('?');
	const [key, ...path] = way.split('/').map(decodeURIComponent);
	const area = areas().find(a => a.key === key) || areas().find(a => a.key === LANDING[me.role]) || areas()[0];

	return {area, path: area.key === key ? path.filter(Boolean) : [], params: new URLSearchParams(search)};
}

function count_of(area) {
	if (!area.counts || decisions === 0)
		return null;
	return h('span.compte', h('span', {'aria-hidden': 'true'}, number(decisions)),
		h('span.invisible', many(decisions, ['décision à prendre', 'décisions à prendre'], ['decision to take', 'decisions to take'])));
}

function nav() {
	const current = here?.area.key;

	return h('nav.areas', {'aria-label': t('Espaces', 'Areas')}, h('ul', areas().map(a => h('li',
		h('a', {href: `#/${a.key}`, 'aria-current': a.key === current ? 'page' : null}, icon(a.key), h('span', t(a.fr, a.en)), count_of(a))))));
}

function banner() {
	const name = me.node?.name || 'essaim';

	fill($('#bandeau'), h('div.bandeau',
		h('a.marque', {href: '#/annuaire'}, h('img', {src: 'essaim.svg', alt: ''}), h('span', h('b', 'essaim'), h('span', name))),
		nav(),
		h('div.bandeau-fin',
			is_staff(me) && pill(),
			!me.role && h('button.bt', {type: 'button', onclick: () => ask_in()}, t('Se connecter', 'Sign in')),
			menu(me, again))));
	redraw_pill();
}

function foot() {
	fill($('#pied'), h('div', h('span', t('essaim, au service des pôles de l’ESS. Sources : INSEE, DGCL, La Poste, GeoNames.',
		'essaim, for social economy hubs. Sources: INSEE, DGCL, La Poste, GeoNames.'))));
	$('#evitement').textContent = t('Aller au contenu', 'Skip to content');
}

// What is said above every area: the page has lost its hub, or the hub has lost the network.
function weather() {
	const s = last_status();
	let line = null;

	if (cut())
		line = note('agir', 'agir', t('La page ne joint plus le pôle. Ce que vous tapez reste gardé dans ce navigateur et sera enregistré dès le retour.',
			'The page cannot reach the hub. What you type is kept in this browser and will be saved when it returns.'));
	else if (is_staff(me) && s && (s.state === 'offline' || s.state === 'connecting'))
		line = note('attente', 'attente', t('Vous travaillez hors ligne. Tout fonctionne ; ', 'You are offline. Everything works; '),
			s.outbox > 0 ? t(`${records(s.outbox)} ${s.outbox > 1 ? 'partiront' : 'partira'} quand la liaison reviendra.`,
				`${records(s.outbox)} will leave when the link is back.`)
				: t('rien n’attend l’envoi.', 'nothing waits to be sent.'));
	line?.classList.add('bandeau-note');
	fill($('#meteo'), line);
}

function place_of({area, path, params}) {
	return {
		main: $('#espace'), path, params, me, say,
		title: text => { document.title = `${text ? `${text} · ` : ''}${t(area.fr, area.en)} · essaim`; },
		go: (hash, p = {}) => { location.hash = `#/${hash}${query(p)}`; },
	};
}

async function show(focus) {
	const next = address(), no = ++turn_no;

	if (here && shown?.turn && here.area === next.area && shown.turn(next.path, next.params)) {
		here = next;
		return;
	}
	shown?.leave?.();
	shown = null;
	here = next;
	banner();
	fill(main(), h('div', {id: 'meteo'}), h('div', {id: 'espace'}));
	weather();
	const place = place_of(next);

	place.title('');
	const module = await next.area.load();

	if (no !== turn_no)
		return;
	shown = module[next.area.key](place) || {};
	if (focus) {
		main().focus({preventScroll: true});
		scrollTo(0, 0);
	}
}

// The same address anew: another language, other colours, another person.
function again() {
	dress();
	foot();
	here = null;
	show(false).then(() => $('.compte-menu summary')?.focus());
}

function ask_in(why) {
	shown?.leave?.();
	shown = here = null;
	sign_in(main(), why, m => { me = m; enter(); }, () => {
		dress();
		foot();
		stranger() ? banner_alone() : banner();
	});
}

// Two minutes before the session ends it is said, and what was typed stays.
function mind_the_end() {
	clearTimeout(ending);
	if (!me.ends)
		return;
	ending = setTimeout(() => say(t('Votre session se termine dans deux minutes. Ce que vous tapez reste gardé.',
		'Your session ends in two minutes. What you type is kept.')), Math.max(0, new Date(me.ends) - Date.now() - 120000));
}

function enter() {
	dress();
	foot();
	mind_the_end();
	if (stranger()) {
		banner_alone();
		return ask_in();
	}
	if (is_staff(me))
		live();
	return show(false);
}

function banner_alone() {
	fill($('#bandeau'), h('div.bandeau', h('span.marque', h('img', {src: 'essaim.svg', alt: ''}), h('span', h('b', 'essaim'), h('span', me.node?.name || '')))));
}

async function start() {
	dress();
	try {
		me = await who();
	} catch {
		fill(main(), note('agir', 'agir', t('La page ne joint plus le pôle.', 'The page cannot reach the hub.'), ' ',
			h('button.bt.mini', {type: 'button', onclick: () => location.reload()}, t('Réessayer', 'Try again'))));
		return;
	}
	watch();
	enter();
}

addEventListener('hashchange', () => me && here && show(true));
hear('status', weather);
hear('cut', weather);
hear('back', weather);
hear('changed', detail => shown?.changed?.(detail));
hear('todo', async () => {
	let todo;

	try {
		todo = await get('todo');
	} catch {
		return;
	}
	if (todo.decisions === decisions)
		return;
	decisions = todo.decisions;
	for (const a of areas().filter(x => x.counts))
		$(`.areas a[href="#/${a.key}"] .compte`)?.remove();
	for (const a of areas().filter(x => x.counts && decisions > 0))
		$(`.areas a[href="#/${a.key}"]`)?.append(count_of(a));
});
hear('signed-out', async () => {
	if (!me?.account) // nobody was signed in: where a form stands, it stays with what is typed
		return;
	me.account = null;
	me = await who();
	if (stranger())
		banner_alone();
	ask_in(() => t('Votre session est terminée. Ce que vous aviez tapé est gardé.', 'Your session has ended. What you typed is kept.'));
});
start();
