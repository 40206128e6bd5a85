// SPDX-License-Identifier: Apache-2.0
// Annuaire: search as you type, filters, list and map side by side, one record's sheet.
// The address holds what is asked (#/annuaire/UID?q=...&pays=...), so that back works and
// a link can be sent. The list is the truth, the map illustrates it.
import {is_staff} from './account.js';
import {get} from './api.js';
import {$, chip, fill, h, icon, note, say, shape} from './dom.js';
import {make_map} from './map.js';
import {sheet} from './sheet.js';
import {distance, hub_name, load_towns, short_pays, towns} from './towns.js';
import {MONTH, SHORT, day, fold, label, many, number, of_town, price, scope, sector, sectors, siae, sort, t} from './words.js';

const PAGE = 60;
const PAUSE = 60; // ms after the last key
const REST = 250; // ms before the map is told of the rest
const SLOW = 150; // ms before "reading" is said
const KINDS = {structure: ['Structures', 'Organisations'], offre: ['Offres', 'Offers'], besoin: ['Besoins', 'Needs']};
const ONE = {structure: ['Structure', 'Organisation'], offre: ['Offre', 'Offer'], besoin: ['Besoin', 'Need']};
const LABELS = ['ab', 'demeter', 'nature_progres', 'imprim_vert', 'rge', 'emas', 'iso14001', 'ecolabel_europeen', 'ecodefis'];
const FILTERS = ['pays', 'filiere', 'type', 'label', 'pres', 'rayon'];

const needs_title = text => text.replace('Recherche : ', '').replace(/^./, c => c.toUpperCase());
export const title_of = i => i.kind === 'besoin' ? needs_title(i.titre || '') : i.titre || t('(sans nom)', '(no name)');

// The hit, marked; what folds to another length is left alone.
function marked(text, query) {
	for (const word of fold(query).split(/\s+/).filter(w => w.length > 1)) {
		const folded = fold(text), at = folded.indexOf(word);

		if (at >= 0 && folded.length === text.length)
			return [text.slice(0, at), h('mark', text.slice(at, at + word.length)), text.slice(at + word.length)];
	}
	return text;
}

const list_of = v => Array.isArray(v) ? v : v ? [v] : [];

const LINES = {
	structure: (i, own) => ({
		where: [i.commune, list_of(i.data.filieres).map(sector).join(', ')].filter(Boolean).join(' · '),
		tags: [i.data.siae_type && chip('info', '', siae(i.data.siae_type)), list_of(i.data.labels).length > 0 && chip('', '', list_of(i.data.labels).map(label).join(', ')),
			i.owner !== own && chip('', 'reseau', hub_name(i.owner))],
		end: i.data.date_maj && `${t('revue', 'reviewed')} ${day(i.data.date_maj, MONTH)}`,
	}),
	offre: i => ({
		where: [i.structure?.nom, i.structure?.commune].filter(Boolean).join(', '),
		tags: [i.data.type_offre && chip('', '', sort(i.data.type_offre)), i.data.prix_cents && chip('', '', price(i.data.prix_cents, i.data.prix_unite))],
		end: i.data.rayon_km && t(`rayon ${i.data.rayon_km} km`, `${i.data.rayon_km} km radius`),
	}),
	besoin: i => ({
		where: [i.structure?.nom || t('(non partagé)', '(not shared)'), i.commune || i.structure?.commune].filter(Boolean).join(', '),
		tags: [i.data.type_besoin && chip('', '', sort(i.data.type_besoin)), i.scope === 'local' && chip('', 'cadenas', scope('local').word)],
		end: i.data.date_limite && t(`avant le ${day(i.data.date_limite, SHORT)}`, `by ${day(i.data.date_limite, SHORT)}`),
	}),
};

export function annuaire(place) {
	const own_pays = place.me.node?.pays || '';
	const own = `pole-${own_pays}`;
	const asked = {q: '', genre: 'structure', pays: '', filiere: '', type: '', label: '', pres: '', rayon: '20', carte: ''};
	let uid = '', found = null, opened = null, all_points = [], pointing, drawing, map, waiting, flying, told, slow, todo = null;

	function read(params) {
		for (const k of Object.keys(asked))
			asked[k] = params.get(k) ?? (k === 'genre' ? 'structure' : k === 'rayon' ? '20' : '');
		if (!KINDS[asked.genre])
			asked.genre = 'structure';
	}

	function written() {
		const p = {};

		for (const [k, v] of Object.entries(asked))
			if (v && !(k === 'genre' && v === 'structure') && !(k === 'rayon' && !asked.pres))
				p[k] = v;
		const text = new URLSearchParams(p).toString();

		return text ? `?${text}` : '';
	}
	const href = id => `#/annuaire${id ? `/${id}` : ''}${written()}`;

	/* --- asking --- */

	const filtered = () => FILTERS.some(f => f !== 'rayon' && asked[f]);
	const question = offset => ({
		kind: asked.genre, text: asked.q.trim(), pays: asked.pays, filiere: asked.filiere, label: asked.label, cards: 1,
		famille: asked.type && asked.type !== 'siae' ? asked.type : '', siae: asked.type === 'siae' ? 1 : '',
		near: asked.pres, within: asked.pres ? asked.rayon : '', limit: PAGE, offset: offset || '',
	});

	async function search(quietly) {
		flying?.abort();
		const mine = flying = new AbortController();

		clearTimeout(slow);
		slow = setTimeout(() => mine === flying && show_reading(), SLOW);
		if (await opened_by_siret())
			return;
		try {
			found = await get('search', question(0), mine.signal);
			all_points = [];
			clearTimeout(slow);
			draw_results(quietly);
			look_points(mine);
		} catch (err) {
			clearTimeout(slow);
			if (err.name !== 'AbortError')
				show_failure();
		}
	}

	// More than the list shows: where all of it lies, once nobody types any more.
	function look_points(mine) {
		clearTimeout(pointing);
		if (found.total <= found.items.length)
			return;
		pointing = setTimeout(async () => {
			try {
				const {cards, limit, ...q} = question(0), answer = await get('search', {...q, points: 1}, mine.signal);

				all_points = answer.points.map(([lat, lon, n]) => ({lat, lon, n}));
				draw_map();
			} catch { /* the list is the truth: the map does without */ }
		}, REST);
	}

	// Fourteen figures, with or without spaces, are a sheet.
	async function opened_by_siret() {
		const digits = asked.q.replace(/\s/g, '');

		if (!/^\d{14}$/.test(digits))
			return false;
		try {
			const r = await get(`records/${digits}`, {facts: 1});

			if (r.missing)
				return false;
			clearTimeout(slow);
			place.go(`annuaire/${r.uid}`);
			return true;
		} catch {
			return false;
		}
	}

	async function more() {
		const button = $('#suite');

		button.disabled = true;
		try {
			const next = await get('search', question(found.items.length));
			const first = found.items.length;

			found.items.push(...next.items);
			draw_results(true);
			$$lines()[first]?.focus();
		} catch {
			button.disabled = false;
			say(t('La suite n’est pas arrivée. Réessayez.', 'The rest did not come. Try again.'));
		}
	}
	const $$lines = () => [...document.querySelectorAll('#resultats a.ligne')];

	/* --- the column --- */

	function select(id, name, options, disabled) {
		const field = h('select', {id: `f-${id}`, disabled, onchange: e => changed(id, e.target)},
			id !== 'rayon' && h('option', {value: ''}, name), options);

		field.value = asked[id];
		return h('div', {class: asked[id] && (id !== 'rayon' || asked.pres) ? 'actif' : ''}, h('label.invisible', {for: `f-${id}`}, name), field);
	}

	function changed(id, field) {
		asked[id] = field.value;
		if (id === 'pres')
			$('#f-rayon').disabled = !field.value;
		field.parentElement.classList.toggle('actif', !!field.value && (id !== 'rayon' || !!asked.pres));
		note_address();
		search();
	}

	const option = ([value, text]) => h('option', {value}, text);

	function near_options() {
		const groups = Object.keys(towns().pays).sort((a, b) => (b === own_pays) - (a === own_pays) || short_pays(a).localeCompare(short_pays(b), 'fr'));

		return groups.map(p => h('optgroup', {label: towns().pays[p]}, towns().list.filter(c => c.pays === p && c.lat !== null)
			.sort((a, b) => a.nom.localeCompare(b.nom, 'fr')).map(c => option([c.code, t(`Près ${of_town(c.nom)}`, `Near ${c.nom}`)]))));
	}

	const filters = () => h('div.filtres', {role: 'group', 'aria-label': t('Filtres', 'Filters')},
		select('pays', t('Pays', 'Pays'), Object.entries(towns().pays).map(option)),
		select('filiere', t('Filière', 'Sector'), sectors().map(f => option([f, sector(f)]))),
		select('type', t('Type', 'Type'), [['association', t('Association', 'Association')], ['cooperative', t('Coopérative', 'Cooperative')],
			['mutuelle', t('Mutuelle', 'Mutual')], ['fondation', t('Fondation', 'Foundation')], ['siae', t('Insertion, ESAT, EA', 'Work integration')]].map(option)),
		select('label', t('Label', 'Label'), LABELS.map(l => option([l, label(l)]))),
		select('pres', t('Près de…', 'Near…'), near_options()),
		select('rayon', t('Distance', 'Distance'), ['5', '10', '20', '50'].map(r => option([r, t(`à moins de ${r} km`, `within ${r} km`)])), !asked.pres));

	function column() {
		return h('div.colonne',
			h('form.recherche', {role: 'search', onsubmit: e => { e.preventDefault(); clearTimeout(waiting); search(); }}, icon('annuaire'),
				h('label.invisible', {for: 'q'}, t('Chercher une structure, une offre, un besoin', 'Search structures, offers, needs')),
				h('input', {id: 'q', type: 'search', autocomplete: 'off', enterkeyhint: 'search', value: asked.q, oninput: typed,
					placeholder: t('Nom, activité, commune, SIRET…', 'Name, activity, town, SIRET…'), 'aria-describedby': 'decompte'})),
			filters(), h('div', {id: 'afaire'}), h('div.resultats', {id: 'resultats'}));
	}

	function typed(e) {
		asked.q = e.target.value;
		clearTimeout(waiting);
		waiting = setTimeout(() => { note_address(); search(); }, PAUSE);
	}

	const note_address = () => history.replaceState(null, '', href(uid));

	function week() {
		if (!todo || uid || !place.me.role || (!todo.followups && !todo.news && !todo.decisions))
			return null;
		return h('p.afaire', t('Cette semaine :', 'This week:'),
			todo.followups > 0 && h('a', {href: '#/territoire'}, many(todo.followups, ['suivi dû', 'suivis dus'], ['follow-up due', 'follow-ups due'])),
			todo.news > 0 && h('a', {href: '#/rapprocher'}, many(todo.news, ['offre nouvelle pour vous', 'offres nouvelles pour vous'], ['new offer for you', 'new offers for you'])),
			todo.decisions > 0 && h('a', {href: '#/saisir/propositions'}, many(todo.decisions, ['décision', 'décisions'], ['decision', 'decisions'])));
	}

	/* --- results --- */

	function tabs() {
		const totals = found?.totals || {};

		return h('div.onglets', {role: 'group', 'aria-label': t('Que chercher', 'What to search')}, Object.entries(KINDS).map(([k, names]) =>
			h('button', {type: 'button', 'aria-pressed': String(asked.genre === k), id: `genre-${k}`, onclick: () => turn_to(k)}, shape(k), t(...names), ' ', h('span.num', totals[k] === undefined ? '' : number(totals[k])))));
	}

	const near_town = () => asked.pres ? towns().by_code[asked.pres] : null;

	function count_words() {
		const n = found.total, near = near_town();
		const results = many(n, ['résultat', 'résultats'], ['result', 'results']);

		if (near)
			return t(`${results} à moins de ${asked.rayon} km ${of_town(near.nom)}`, `${results} within ${asked.rayon} km of ${near.nom}`);
		if (asked.q.trim() || !own_pays || place.me.node?.role === 'cress')
			return results;
		return t(`${results}, ${short_pays(own_pays)} d’abord`, `${results}, ${short_pays(own_pays)} first`);
	}

	function line(i) {
		const {where, tags, end} = LINES[i.kind](i, own);
		const id = i.kind === 'structure' ? i.uid : i.structure?.uid || i.uid;
		const kept = tags.filter(Boolean);

		return h('li', h('a.ligne', {href: href(id), 'aria-current': id === uid ? 'true' : null, 'data-uid': id}, shape(i.kind),
			h('span', h('b', marked(title_of(i), asked.q)), h('span.ou', where, i.km !== undefined && ` · ${i.km} km`), kept.length > 0 && h('span.rang', kept)),
			h('span.fin', end)));
	}

	function nothing() {
		const text = asked.q.trim();

		if (!text && !filtered() && Object.values(found.totals).every(n => n === 0))
			return h('div.vide', h('b', t('Votre annuaire est vide.', 'Your directory is empty.')),
				h('div.rang', h('a.bt.fort', {href: '#/saisir/importer'}, icon('tableur'), t('Importer un tableur', 'Import a spreadsheet')),
					h('a.bt', {href: '#/saisir/nouvelle'}, icon('plus'), t('Ajouter une structure', 'Add an organisation'))),
				h('p', t('Ou attendez la première liaison : la CRESS vous confiera ses fiches.', 'Or wait for the first link: the CRESS will hand you its records.')));
		const elsewhere = Object.keys(KINDS).filter(k => k !== asked.genre && found.totals[k] > 0);

		if (elsewhere.length > 0)
			return only_elsewhere(text, elsewhere);
		return h('div.vide', h('b', text ? t(`Rien ne correspond à « ${text} »`, `Nothing matches “${text}”`) : t('Rien avec ces filtres', 'Nothing with these filters')),
			h('p', t('Essayez un mot plus court, une commune voisine, ou retirez un filtre.', 'Try a shorter word, a nearby town, or remove a filter.')),
			h('div.rang', h('button.bt', {type: 'button', onclick: clear}, text ? t('Effacer la recherche', 'Clear the search') : t('Retirer les filtres', 'Clear filters')),
				['agent_pole', 'cress'].includes(place.me.role) && h('a.bt.fort', {href: '#/saisir/nouvelle'}, icon('plus'), t('Ajouter cette structure', 'Add this organisation'))));
	}

	// What is asked stands under another tab: said, and led there.
	function only_elsewhere(text, elsewhere) {
		const none = {structure: t('Aucune structure', 'No organisation'), offre: t('Aucune offre', 'No offer'), besoin: t('Aucun besoin', 'No need')}[asked.genre];
		const see = k => many(found.totals[k], k === 'offre' ? ['offre', 'offres'] : k === 'besoin' ? ['besoin', 'besoins'] : ['structure', 'structures'],
			[ONE[k][1].toLowerCase(), KINDS[k][1].toLowerCase()]);

		return h('div.vide', h('b', text ? t(`${none} ne porte « ${text} », mais :`, `${none} has “${text}”, but:`) : t(`${none} avec ces filtres, mais :`, `${none} with these filters, but:`)),
			h('div.rang', elsewhere.map(k => h('button.bt.fort', {type: 'button', onclick: () => turn_to(k)}, shape(k), t(`Voir ${see(k)}`, `See ${see(k)}`)))),
			h('div.rang', h('button.bt.nu', {type: 'button', onclick: clear}, text ? t('Effacer la recherche', 'Clear the search') : t('Retirer les filtres', 'Clear filters')),
				asked.genre === 'structure' && ['agent_pole', 'cress'].includes(place.me.role) && h('a.bt.nu', {href: '#/saisir/nouvelle'}, icon('plus'), t('Ajouter une structure', 'Add an organisation'))));
	}

	function turn_to(k) {
		asked.genre = k;
		note_address();
		return search().then(() => $(`#genre-${k}`)?.focus());
	}

	function clear() {
		if (asked.q.trim())
			asked.q = '';
		else
			for (const f of FILTERS)
				asked[f] = f === 'rayon' ? '20' : '';
		note_address();
		draw_all();
		search();
		$('#q').focus();
	}

	const rows = () => h('div.defile', {tabindex: '0', role: 'region', 'aria-label': t('Résultats', 'Results')},
		h('ul.liste', found.items.map(line)),
		found.items.length < found.total && h('p.suite', h('button.bt', {type: 'button', id: 'suite', onclick: more},
			t(`Voir la suite (${number(found.total - found.items.length)})`, `Show more (${number(found.total - found.items.length)})`))));

	function draw_results(quietly) {
		const where = $('#resultats');

		if (!where)
			return;
		const focused = document.activeElement?.closest?.('a.ligne')?.dataset.uid, scrolled = $('.defile')?.scrollTop || 0;

		fill(where, tabs(), h('p.decompte', h('span', {id: 'decompte'}, count_words()), h('span', t('données du pôle', 'hub’s data'))),
			found.items.length ? rows() : nothing());
		if (quietly && $('.defile'))
			$('.defile').scrollTop = scrolled;
		if (focused)
			$(`a.ligne[data-uid="${CSS.escape(focused)}"]`)?.focus({preventScroll: true});
		map_later();
		clearTimeout(told);
		if (!quietly)
			told = setTimeout(() => say(count_words()), 1000);
	}

	function show_reading() {
		const where = $('#resultats');

		if (where)
			fill(where, tabs(), h('div', {'aria-hidden': 'true'}, Array.from({length: 9}, () => h('div.os'))), h('p.discret', t('Lecture de l’annuaire…', 'Reading the directory…')));
	}

	function show_failure() {
		const where = $('#resultats');

		if (where)
			fill(where, h('div.vide', h('b', t('La recherche n’a pas abouti.', 'The search failed.')), h('p', t('Rien n’est perdu.', 'Nothing is lost.')),
				h('div.rang', h('button.bt', {type: 'button', onclick: () => search()}, t('Réessayer', 'Try again')))));
	}

	/* --- the map --- */

	function map_box() {
		const tool = (words, text, f) => h('button.bt', {type: 'button', 'aria-label': words, onclick: () => map.zoom(f)}, text);
		const box = h('div.carte.colle', {id: 'carte'},
			h('div.carte-outils', tool(t('Rapprocher la carte', 'Zoom in'), '+', .6), tool(t('Éloigner la carte', 'Zoom out'), '−', 1.6),
				tool(t('Voir tous les résultats', 'Show all results'), icon('pays'), 0)),
			h('ul.carte-legende', {'aria-label': t('Légende', 'Key')}, Object.entries(ONE).map(([k, names]) => h('li', shape(k), t(...names)))));

		map = make_map(box);
		return box;
	}

	function frame_of(points, rest) {
		const chosen = points.find(p => p.chosen), near = near_town();

		if (near)
			return [{lat: near.lat + asked.rayon / 111, lon: near.lon - asked.rayon / 74}, {lat: near.lat - asked.rayon / 111, lon: near.lon + asked.rayon / 74}];
		if (chosen)
			return points.filter(p => distance(chosen, p) < 16);
		if (asked.q.trim() || filtered() || !own_pays)
			return [...points, ...rest];
		return points.filter(p => p.own);
	}

	// The list is read first: the map follows once it is on the screen.
	function map_later() {
		cancelAnimationFrame(drawing);
		drawing = requestAnimationFrame(() => setTimeout(draw_map));
	}

	// The open sheet may be none of the lines: it is drawn all the same.
	function point_of_opened() {
		if (!uid || opened?.uid !== uid || opened.kind !== 'structure')
			return null;
		const d = opened.data, town = towns().by_code[d.code_insee], own_one = opened.owner === own;
		const at = d.latitude !== undefined ? {lat: d.latitude, lon: d.longitude} : town?.lat ? {lat: town.lat, lon: town.lon} : null;

		return at && (d.statut_diffusion !== 'P' || own_one) ? {...at, kind: 'structure', chosen: true, own: own_one, title: [d.nom, d.commune].filter(Boolean).join(', ')} : null;
	}

	function draw_map() {
		if (!map || !found)
			return;
		const points = found.items.filter(i => i.lat !== undefined).map(i => {
			const id = i.kind === 'structure' ? i.uid : i.structure?.uid || i.uid;

			return {lat: i.lat, lon: i.lon, kind: i.kind, chosen: id === uid, own: i.owner === own, open: () => place.go(`annuaire/${id}`, Object.fromEntries(new URLSearchParams(written()))),
				title: [title_of(i), i.commune || i.structure?.commune].filter(Boolean).join(', ')};
		}).sort((a, b) => a.chosen - b.chosen);
		const results = many(found.total, ['résultat', 'résultats'], ['result', 'results']);
		const beyond = points.some(p => p.chosen) ? null : point_of_opened();

		if (beyond)
			points.push(beyond);
		const rest = all_points.map(p => ({...p, r: Math.min(12, 2 + Math.sqrt(p.n) * 1.4), look: `autre ${asked.genre}`, title: many(p.n, ['résultat', 'résultats'], ['result', 'results'])}));
		const frame = frame_of(points, rest), near = near_town();

		map.draw([...rest, ...points], {towns: towns().list, rings: towns().rings, dots: true, names: uid ? 9 : 16, ring: near && {...near, km: Number(asked.rayon)},
			frame: frame.length ? frame : towns().list.filter(c => c.pays === (asked.pays || own_pays) && c.lat !== null),
			alt: t(`Carte de ${results}. La liste donne les mêmes fiches.`, `Map of ${results}. The list holds the same records.`)});
	}

	/* --- the whole --- */

	function draw_all() {
		const only_map = asked.carte === '1';

		fill(place.main, h('h1.invisible', t('Annuaire', 'Directory')), h('div.annuaire', {class: `${uid ? 'fiche-ouverte' : ''} ${only_map ? 'carte-seule' : ''}`, id: 'annuaire'},
			column(), uid && h('article.bloc.fiche', {id: 'fiche', 'aria-labelledby': 'fn'}), map_box(),
			h('div.bascule', h('button.bt', {type: 'button', id: 'bascule', onclick: flip}, only_map ? [icon('liste'), t('Liste', 'List')] : [icon('carte'), t('Carte', 'Map')]))));
		fill($('#afaire'), week());
		if (found)
			draw_results(true);
	}

	function flip() {
		asked.carte = asked.carte === '1' ? '' : '1';
		note_address();
		draw_all();
		$('#bascule').focus();
	}

	function open_sheet(focus) {
		const where = $('#fiche');

		place.title('');
		if (where)
			sheet(place, uid, where, {close: href(''), focus, then: r => { opened = r; draw_map(); }});
	}

	// Another sheet, or none: the list stays where it is.
	function turn_sheet(next) {
		const before = uid, scrolled = $('.defile')?.scrollTop || 0;

		uid = next;
		draw_all();
		if ($('.defile'))
			$('.defile').scrollTop = scrolled;
		if (uid)
			open_sheet(true);
		else {
			place.title('');
			$(`a.ligne[data-uid="${CSS.escape(before)}"]`)?.focus();
		}
	}

	function keys(e) {
		const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName);

		if (e.key === '/' && !typing && $('#q')) {
			e.preventDefault();
			$('#q').focus();
		} else if (e.key === 'Escape' && uid && !$('dialog')) {
			location.hash = href('');
		}
	}

	let resizing;

	function resized() {
		clearTimeout(resizing);
		resizing = setTimeout(() => map?.again(), 150);
	}

	async function look_todo() {
		if (!is_staff(place.me))
			return;
		try {
			todo = await get('todo');
			fill($('#afaire'), week());
		} catch { /* the pill says what is wrong */ }
	}

	async function begin() {
		read(place.params);
		uid = place.path[0] || '';
		const first = search(true); /* what comes before the towns waits for them */

		try {
			await load_towns();
		} catch {
			fill(place.main, h('h1.invisible', t('Annuaire', 'Directory')), note('attente', 'attente', t('L’annuaire n’a pas pu être lu.', 'The directory could not be read.'), ' ',
				h('button.bt.mini', {type: 'button', onclick: begin}, t('Réessayer', 'Try again'))));
			return;
		}
		draw_all();
		if (!found)
			first.then(() => found || show_failure());
		look_todo();
		if (uid)
			open_sheet(false);
	}

	document.addEventListener('keydown', keys);
	addEventListener('resize', resized);
	begin();
	return {
		turn(path, params) {
			const next = path[0] || '', old = JSON.stringify(asked);

			read(params);
			if (JSON.stringify(asked) !== old) {
				draw_all();
				search();
			}
			if (next !== uid)
				turn_sheet(next);
			return true;
		},
		changed() {
			if (document.activeElement?.id !== 'q')
				search(true);
			look_todo();
		},
		leave() {
			document.removeEventListener('keydown', keys);
			removeEventListener('resize', resized);
			flying?.abort();
			clearTimeout(waiting);
			clearTimeout(told);
			clearTimeout(slow);
			clearTimeout(pointing);
			cancelAnimationFrame(drawing);
		},
	};
}
