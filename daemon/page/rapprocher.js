// SPDX-License-Identifier: Apache-2.0
// Rapprocher: a need, the offers that answer it, the six reasons of each score before it
// is used, why the others were set aside, and one click to note an introduction.
import {get, post} from './api.js';
import {$, chip, dialog, fill, h, icon, note, say, shape} from './dom.js';
import {officer} from './account.js';
import {last_status} from './pill.js';
import {hub_name, load_towns, towns} from './towns.js';
import {day, euros, label, many, number, price, scope, t, unit, when} from './words.js';

const SIX = [['qualite', 'Qualité', 'Quality'], ['prix', 'Prix', 'Price'], ['environnement', 'Environnement', 'Environment'],
	['social', 'Utilité sociale', 'Social value'], ['proximite', 'Proximité', 'Proximity'], ['delai', 'Délai', 'Lead time']];
const WHY = {
	filiere: ['autre filière', 'other sector'], offre_inactive: ['offre suspendue ou terminée', 'offer suspended or ended'],
	hors_zone_offre: ['ne vient pas jusque-là', 'does not travel this far'], hors_rayon_besoin: ['trop loin pour vous', 'too far for you'],
	meme_unite_legale: ['même entreprise que le demandeur', 'same company as the requester'], type: ['autre sorte d’offre', 'other kind of offer'],
	offre_expiree: ['offre expirée', 'offer expired'], offre_trop_tardive: ['arrive trop tard', 'arrives too late'],
	siae_exigee: ['insertion exigée', 'work integration required'], besoin_expire: ['besoin dépassé', 'need is past'], besoin_ferme: ['besoin clos', 'need closed'],
};
const LEVEL = {commune: ['même commune', 'same town'], epci: ['même intercommunalité', 'same EPCI'], pays: ['même Pays', 'same Pays'], loin: ['autre Pays', 'other Pays']};
const SOCIAL = {ea_esat: ['ESAT ou entreprise adaptée', 'sheltered or adapted work'], siae: ['structure d’insertion', 'work integration'], esus: ['ESUS', 'ESUS'], ess: ['structure de l’ESS', 'social economy']};
const SHOWN = 10; // offers at first
const COUNTED = 12; // needs whose offers are counted
const LIST = 200;
const RADIUS_WIDER = 50;
const CALL_DAYS = 7;

const pair = (table, code) => table[code] ? t(...table[code]) : String(code || '').replace(/_/g, ' ');
const title_of = text => (text || '').replace('Recherche : ', '').replace(/^./, c => c.toUpperCase());
const of_hundred = total => Math.round(total / 100);

/* --- what we know of each criterion --- */

const KNOWN = {
	qualite: p => p.nb_avis > 0 ? `${many(p.nb_avis, ['avis', 'avis'], ['opinion', 'opinions'])}, ${t(`${(p.somme_avis / p.nb_avis).toFixed(1).replace('.', ',')} sur 5`, `${(p.somme_avis / p.nb_avis).toFixed(1)} of 5`)}`
		: (p.certifications || []).length > 0 ? p.certifications.map(label).join(', ') : t('aucun avis pour l’instant', 'no opinion yet'),
	prix: (p, x) => !p.prix_cents || !p.budget_max_cents ? t('prix ou budget inconnu', 'price or budget unknown')
		: x.inconnu.includes('prix') ? t(`${price(p.prix_cents, p.unite)}, budget ${unit(p.unite_besoin)} : ne se comparent pas`, `${price(p.prix_cents, p.unite)}, budget ${unit(p.unite_besoin)}: not comparable`)
			: `${euros(p.prix_cents)} ${t('pour', 'for')} ${euros(p.budget_max_cents)}`,
	environnement: p => p.verifies.length > 0 ? p.verifies.map(label).join(', ') + t(' vérifié', ' verified') : p.declares.length > 0 ? p.declares.map(label).join(', ') + t(' déclaré', ' declared')
		: t('aucun label connu', 'no label known'),
	social: p => SOCIAL[p.statut] ? t(...SOCIAL[p.statut]) : t('hors ESS', 'outside the social economy'),
	proximite: (p, x) => x.niveau === 'commune' ? t('même commune', 'same town') : [pair(LEVEL, x.niveau), x.km !== null && `${x.km} km`].filter(Boolean).join(', '),
	delai: p => p.delai_jours !== null && p.delai_max_jours !== null ? t(`${p.delai_jours} ${p.delai_jours > 1 ? 'jours' : 'jour'} pour ${p.delai_max_jours}`, `${p.delai_jours} ${p.delai_jours === 1 ? 'day' : 'days'} for ${p.delai_max_jours}`) : t('délai inconnu', 'lead time unknown'),
};

function six_reasons(x, open) {
	const row = ([k, fr, en]) => {
		const [sub, weight] = x.detail[k], unknown = x.inconnu.includes(k);

		return h('tr', h('th', {scope: 'row'}, t(fr, en)), h('td', KNOWN[k](x.preuves[k], x), unknown && h('span.invisible', t(' (inconnu)', ' (unknown)'))),
			h('td.motif', h('span.barre', {class: unknown ? 'inconnu' : ''}, h('i', {percent: sub}))), h('td.d', sub), h('td.d', t(`${weight} %`, `${weight}%`)));
	};

	return h('details.six', {open}, h('summary', t('Les six raisons de cette note', 'The six reasons for this score')),
		h('table', h('thead', h('tr', h('th', {scope: 'col'}, t('Critère', 'Criterion')), h('th', {scope: 'col'}, t('Ce que nous savons', 'What we know')),
			h('th.motif', {scope: 'col'}, h('span.invisible', t('Barre', 'Bar'))), h('th.d', {scope: 'col'}, t('Note', 'Score')), h('th.d', {scope: 'col'}, t('Poids', 'Weight')))),
		h('tbody', SIX.map(row))),
		x.inconnu.length > 0 && h('p.petit', t('Hachuré : inconnu, compté à 50 sur 100. Un appel suffit souvent.', 'Hatched: unknown, counted as 50 of 100. A call is often enough.')));
}

export function rapprocher(place) {
	const own = `pole-${place.me.node?.pays || ''}`;
	const writes = ['agent_pole', 'cress'].includes(place.me.role);
	let needs = [], uid = '', mine = 'tous', left = false, shown = SHOWN, news = [];
	const counts = {};

	/* --- the needs --- */

	const chosen = () => needs.filter(n => mine === 'tous' || (mine === 'miens' ? n.owner === own : mine === 'reseau' ? n.owner !== own : counts[n.uid] === 0));

	function need_line(n) {
		return h('li', h('button.ligne', {type: 'button', 'data-uid': n.uid, 'aria-current': n.uid === uid ? 'true' : null, onclick: () => place.go(`rapprocher/${n.uid}`)},
			shape('besoin'), h('span', h('b', title_of(n.titre)), h('span.ou', n.structure?.nom || t('(non partagé)', '(not shared)')), n.owner !== own && h('span.rang', chip('', 'reseau', hub_name(n.owner)))),
			h('span.fin.num', counts[n.uid] === undefined ? '' : many(counts[n.uid], ['offre', 'offres'], ['offer', 'offers']))));
	}

	function draw_needs() {
		const list = $('#besoins');

		if (!list)
			return;
		const rows = chosen();

		fill(list, rows.length ? rows.map(need_line) : h('li.discret.vide', t('Aucun besoin ouvert ici.', 'No open need here.')));
		const current = list.querySelector('[aria-current]');

		if (!current)
			return;
		list.scrollLeft = Math.max(0, current.parentElement.offsetLeft - list.offsetLeft - 16); /* a strip, where narrow */
		list.scrollTop = Math.max(0, current.offsetTop - list.offsetTop - list.clientHeight / 3);
	}

	function choice() {
		const options = [['tous', t('Tous', 'All')], ['miens', t('Les miens', 'Mine')], ['reseau', t('Du réseau', 'The network’s')], ['sans', t('Sans réponse', 'Unanswered')]];
		const field = h('select', {id: 'quels', onchange: e => { mine = e.target.value; draw_needs(); }}, options.map(([value, text]) => h('option', {value}, text)));

		field.value = mine;
		return [h('label.invisible', {for: 'quels'}, t('Quels besoins', 'Which needs')), field];
	}

	// One after another, so that the list never holds up the need that is read.
	async function count_offers() {
		for (const n of needs.slice(0, COUNTED)) {
			if (left)
				return;
			try {
				counts[n.uid] ??= (await get(`match/${n.uid}`, {limit: 1})).total;
			} catch {
				return;
			}
			const cell = $(`#besoins [data-uid="${CSS.escape(n.uid)}"] .fin`);

			if (cell)
				cell.textContent = many(counts[n.uid], ['offre', 'offres'], ['offer', 'offers']);
		}
	}

	/* --- one need --- */

	function criteria(n) {
		const d = n.data, rows = [[t('À', 'In'), n.data.commune || towns().by_code[d.code_insee]?.nom],
			[t('Budget', 'Budget'), d.budget_max_cents ? `${euros(d.budget_max_cents)} ${unit(d.prix_unite)}`.trim() : t('non dit', 'not given')],
			[t('Rayon', 'Radius'), d.rayon_max_km && `${d.rayon_max_km} km`], [t('Sous', 'Within'), d.delai_max_jours && many(d.delai_max_jours, ['jour', 'jours'], ['day', 'days'])],
			[t('Avant le', 'By'), d.date_limite && day(d.date_limite)]];

		return h('dl.criteres', rows.filter(r => r[1]).map(([k, v]) => h('div', h('dt', k), h('dd', v))));
	}

	function head(n, ranked) {
		const seen = scope(n.scope), own_need = n.owner === own;

		return h('div.besoin-tete', h('div', h('p.discret', t('Besoin de', 'Need of'), ' ', structure_link(n.data.structure_uid, ranked.structure_nom)),
			h('h2', {id: 'bt', tabindex: '-1'}, title_of(n.data.titre)), criteria(n)),
		h('div.rang', chip('', seen.picture, seen.word), writes && own_need && h('button.bt.mini', {type: 'button', onclick: () => weigh(n, ranked)}, t('Changer ce qui compte', 'Change what matters'))));
	}

	const structure_link = (id, name) => /^[0-9A-Z]{26}$/.test(id || '') ? h('a', {href: `#/annuaire/${id}`}, name || t('cette structure', 'this organisation')) : t('(non partagé)', '(not shared)');

	function proposal(x, i, noted) {
		const where = [x.preuves.proximite.commune_offre, x.km ? `${x.km} km` : ''].filter(Boolean).join(', ');
		const p = x.preuves.prix;

		return h('li.proposition', {'data-offre': x.uid},
			h('p.note-sur', h('span.invisible', t('Note', 'Score'), ' '), of_hundred(x.total), h('small', t('sur 100', 'of 100'))),
			h('div', h('h3', x.titre), h('p.discret', structure_link(x.structure.uid, x.structure.nom), where && `, ${where}`, ' · ', h('span.num', price(p.prix_cents, p.unite))),
				h('div.jauge', {'aria-hidden': 'true'}, SIX.map(([k]) => h('i', {class: `j-${k}`, percent: x.detail[k][2] / 100})))),
			writes && h('div.rang', noted ? chip('ok', 'ok', noted_words(noted)) : h('button.bt.mini', {type: 'button', class: i ? '' : 'fort', onclick: () => introduce(x)}, t('Mettre en relation', 'Introduce'))),
			six_reasons(x, i === 0));
	}

	const noted_words = n => n.rappel ? t(`Noté, à relancer ${day(n.rappel, {weekday: 'long', day: 'numeric', month: 'short'})}`, `Noted, call back ${day(n.rappel, {weekday: 'long', day: 'numeric', month: 'short'})}`) : t('Noté', 'Noted');

	function aside(ranked) {
		const reasons = Object.entries(ranked.raisons), n = reasons.reduce((sum, [, k]) => sum + k, 0);

		return h('div.corps', n > 0 && h('details', h('summary', t(`${number(n)} ${n > 1 ? 'offres écartées' : 'offre écartée'}, et pourquoi`, `${number(n)} ${n > 1 ? 'offers' : 'offer'} set aside, and why`)),
			h('ul.ecartees', reasons.sort((a, b) => a[1] - b[1]).map(([k, c]) => h('li', h('span', pair(WHY, k)), h('span.num', number(c)))))),
		h('p.petit', t(`Barème ${ranked.bareme} de la CRESS. Sert à choisir qui appeler, jamais à juger une structure.`, `CRESS scale ${ranked.bareme}. It helps choose whom to call, never to judge an organisation.`)));
	}

	// What the ranking stands on may be old: whose words are late is said.
	function stale() {
		const s = last_status();

		if (!s || !['offline', 'connecting'].includes(s.state) || !s.home?.word_age_s)
			return null;
		return note('attente', 'attente', t(`Calculé sur ce que la CRESS avait envoyé : ${when(Date.now() - s.home.word_age_s * 1000)}.`, `Computed on what the CRESS had sent: ${when(Date.now() - s.home.word_age_s * 1000)}.`));
	}

	function no_offer(n, ranked) {
		const [main] = Object.entries(ranked.raisons).filter(([k]) => ['hors_rayon_besoin', 'hors_zone_offre'].includes(k)).sort((a, b) => b[1] - a[1]);
		const radius = n.data.rayon_max_km || 0, can_widen = writes && n.owner === own && radius > 0 && radius < RADIUS_WIDER;

		return h('div.vide', h('b', t('Aucune offre du réseau ne répond à ce besoin.', 'No offer of the network answers this need.')),
			main && h('p', t(`La plus proche est écartée parce que : ${pair(WHY, main[0])}.`, `The nearest is set aside because: ${pair(WHY, main[0])}.`)),
			can_widen && h('button.bt', {type: 'button', onclick: widen}, t(`Élargir le rayon à ${RADIUS_WIDER} km`, `Widen to ${RADIUS_WIDER} km`)));
	}

	function body(n, ranked, noted) {
		const closed = n.data.statut && n.data.statut !== 'ouvert';

		if (ranked.a_traiter)
			return h('div.corps', note('', 'bulle', t('À traiter de vive voix : ce besoin ne se note pas.', 'To be handled in person: not scored.')));
		return [closed && h('div.corps', note('ok', 'ok', n.data.pourvu_le ? t(`Besoin pourvu le ${day(n.data.pourvu_le)}.`, `Met on ${day(n.data.pourvu_le)}.`) : t('Ce besoin est clos.', 'This need is closed.'),
			' ', writes && n.owner === own && h('button.bt.mini', {type: 'button', onclick: reopen}, t('Rouvrir', 'Reopen')))),
		stale(), ranked.items.length ? h('ol', ranked.items.slice(0, shown).map((x, i) => proposal(x, i, noted.find(o => o.offre === x.uid)))) : no_offer(n, ranked),
		ranked.items.length > shown && h('div.corps', h('button.bt', {type: 'button', onclick: () => { shown += SHOWN; draw_need(false); }}, t('Voir la suite', 'Show more'))), aside(ranked)];
	}

	async function draw_need(focus) {
		const where = $('#besoin'), asked = uid;

		if (!where || !asked)
			return;
		try {
			const [n, ranked, noted] = await Promise.all([get(`records/${encodeURIComponent(asked)}`), get(`match/${encodeURIComponent(asked)}`, {limit: 50}), get('introductions', {besoin: asked})]);

			if (asked !== uid || left)
				return;
			const line = needs.find(x => x.uid === asked);

			if (counts[asked] === undefined) {
				counts[asked] = ranked.total;
				draw_needs();
			}
			ranked.structure_nom = line?.structure?.nom || await name_of(n.data.structure_uid);
			fill(where, head(n, ranked), body(n, ranked, noted.items));
			place.title(title_of(n.data.titre));
			if (focus)
				$('#bt').focus();
		} catch (err) {
			fill(where, h('div.vide', h('b', {id: 'bt', tabindex: '-1'}, err.status === 404 ? t('Ce besoin n’est pas ici, ou n’y est plus.', 'This need is not here, or no longer.') : t('Les offres n’ont pas pu être classées.', 'The offers could not be ranked.')),
				h('p', t('Rien n’est perdu.', 'Nothing is lost.')), h('button.bt', {type: 'button', onclick: () => draw_need(true)}, t('Réessayer', 'Try again'))));
		}
	}

	async function name_of(id) {
		try {
			return (await get(`records/${encodeURIComponent(id)}`)).data.nom;
		} catch {
			return '';
		}
	}

	/* --- what can be done --- */

	async function change(values, words) {
		try {
			await post(`records/${uid}`, {values});
			say(words);
			draw_need(true);
		} catch (err) {
			say(err.message);
			dialog(t('Rien n’a changé', 'Nothing has changed'), t('Fermer', 'Close'), note('agir', 'agir', err.message));
		}
	}
	const widen = () => change({rayon_max_km: String(RADIUS_WIDER)}, t(`Rayon élargi à ${RADIUS_WIDER} km.`, `Widened to ${RADIUS_WIDER} km.`));
	const reopen = () => change({statut: 'ouvert'}, t('Besoin rouvert.', 'Need reopened.'));

	function introduce(x) {
		const later = new Date(Date.now() + CALL_DAYS * 86400000).toISOString().slice(0, 10);
		const told = h('div', {role: 'alert'});
		const form = h('form.pile', {onsubmit: save},
			h('p', t(`Vous notez que « ${x.structure.nom || x.titre} » peut répondre à ce besoin. Le réseau voit la mise en relation ; la note et le rappel restent chez vous.`,
				`You note that “${x.structure.nom || x.titre}” may answer this need. The network sees the introduction; the note and the call stay with you.`)), told,
			h('p.rang.discret', shape('offre'), x.titre),
			h('div.champ', h('label', {for: 'mer-note'}, t('Une note, pour vous', 'A note, for yourself')), h('textarea', {id: 'mer-note', rows: 3, maxlength: 2000})),
			h('div.champ', h('label', {for: 'mer-rappel'}, t('Rappeler le', 'Call back on')), h('input', {id: 'mer-rappel', type: 'date', value: later})),
			h('div.rang', h('button.bt.fort', t('Noter la mise en relation', 'Note the introduction'))));
		const d = dialog(t('Mettre en relation', 'Introduce'), t('Fermer', 'Close'), form);

		async function save(e) {
			e.preventDefault();
			try {
				await post('introductions', {besoin: uid, offre: x.uid, note: $('#mer-note').value, rappel: $('#mer-rappel').value});
				d.close();
				say(t('Mise en relation notée.', 'Introduction noted.'));
				await draw_need(false);
				$(`[data-offre="${CSS.escape(x.uid)}"] summary`)?.focus();
			} catch (err) {
				fill(told, note('agir', 'agir', t('La mise en relation n’a pas été notée : ', 'The introduction was not noted: '), err.message));
			}
		}
	}

	// Six weights that make 100.
	function weigh(n, ranked) {
		const first = ranked.items[0]?.detail, told = h('p.discret', {role: 'status', id: 'somme'});
		const fields = SIX.map(([k, fr, en]) => h('div.champ', h('label', {for: `p-${k}`}, t(fr, en)),
			h('input', {id: `p-${k}`, type: 'number', min: 0, max: 100, required: true, value: n.data[`poids_${k}`] ?? first?.[k][1] ?? '', oninput: add, 'aria-describedby': 'somme'})));
		const save_button = h('button.bt.fort', t('Enregistrer', 'Save'));
		const form = h('form.pile', {onsubmit: save}, h('p', t('Ce qui compte pour ce besoin, sur 100 en tout.', 'What matters for this need, 100 in all.')), h('div.duo', fields), told, h('div.rang', save_button));
		const d = dialog(t('Changer ce qui compte', 'Change what matters'), t('Fermer', 'Close'), form);

		function add() {
			const sum = SIX.reduce((total, [k]) => total + (Number($(`#p-${k}`).value) || 0), 0);

			told.textContent = sum === 100 ? t('Somme : 100.', 'Sum: 100.') : t(`Somme : ${sum}. Il faut 100.`, `Sum: ${sum}. It must be 100.`);
			save_button.disabled = sum !== 100;
		}

		async function save(e) {
			e.preventDefault();
			const values = Object.fromEntries(SIX.map(([k]) => [`poids_${k}`, $(`#p-${k}`).value]));

			d.close();
			change(values, t('Les offres sont classées à nouveau.', 'The offers are ranked again.'));
		}
		add();
	}

	/* --- the whole --- */

	function alerts() {
		const seen = s => h('li', h('span', many(s.nouveaux, ['fiche nouvelle', 'fiches nouvelles'], ['new record', 'new records']), ' ', (s.fiches || []).slice(0, 3).map(f => [h('br'), h('a', {href: `#/annuaire/${f.uid}`}, f.titre || t('Voir', 'See')), ` · ${hub_name(f.owner)}`]),
			h('br'), h('span.petit', t(`votre alerte « ${s.titre} »`, `your alert “${s.titre}”`))));

		return h('section.bloc.alertes', {'aria-labelledby': 'h-al'}, h('header', h('h2', {id: 'h-al'}, t('Nouveau pour vous', 'New for you'))),
			h('div.corps', {id: 'alertes'}, news.length ? h('ul.sous-liste', news.map(seen)) : h('p.discret', t('Rien de nouveau pour vos alertes.', 'Nothing new for your alerts.'))));
	}

	function draw() {
		fill(place.main, h('div.tete', h('div', h('h1', t('Rapprocher', 'Match')), h('p.discret', t('Un besoin, les offres qui y répondent, et pourquoi dans cet ordre. Le classement ne sort pas du réseau.', 'A need, the offers that answer it, and why in this order. The ranking never leaves the network.'))),
			writes ? h('a.bt', {href: '#/saisir/nouvelle?genre=besoin'}, icon('plus'), t('Noter un besoin', 'Note a need'))
				: h('p.petit', t(`${officer(place.me)} note les besoins et met en relation.`, `${officer(place.me)} notes needs and introduces.`))),
		h('div.rapprocher', h('div.pile', h('section.bloc.choix', {'aria-label': t('Besoins ouverts', 'Open needs')}, h('header.masque', h('h2', t('Besoins ouverts', 'Open needs')), h('div', choice())), h('ul.besoins-choix.liste.haut', {id: 'besoins'})), alerts()),
			h('section.bloc', {id: 'besoin', 'aria-labelledby': 'bt'}, h('div.vide', h('b', {id: 'bt'}, needs.length ? t('Lecture des offres…', 'Reading the offers…') : t('Aucun besoin ouvert.', 'No open need.'))))));
		draw_needs();
	}

	async function begin() {
		uid = place.path[0] || '';
		try {
			const [found] = await Promise.all([get('search', {kind: 'besoin', cards: 1, statut: 'ouvert', limit: LIST}), load_towns()]);

			needs = found.items;
		} catch {
			fill(place.main, h('h1', t('Rapprocher', 'Match')), note('attente', 'attente', t('Les besoins n’ont pas pu être lus.', 'The needs could not be read.'), ' ',
				h('button.bt.mini', {type: 'button', onclick: begin}, t('Réessayer', 'Try again'))));
			return;
		}
		if (left)
			return;
		uid ||= needs[0]?.uid || '';
		draw();
		await draw_need(false);
		count_offers();
		get('searches', {new: 1}).then(a => { news = a.items.filter(s => s.nouveaux > 0); if (!left && news.length) fill($('.alertes').parentElement.querySelector('#alertes').parentElement, ...alerts().childNodes); }, () => {});
	}

	begin();
	return {
		turn(path) {
			const next = path[0] || needs[0]?.uid || '';

			if (next !== uid) {
				uid = next;
				shown = SHOWN;
				draw_needs();
				draw_need(true);
			}
			return true;
		},
		leave() { left = true; },
	};
}
