// SPDX-License-Identifier: Apache-2.0
// A record's form, made from the daemon's schema. Few fields first, the others on demand;
// each is judged when it is left, by a rehearsal of an import of one line, so that the words
// are those of the exchange. What is typed is kept in this browser until it is saved.
//
//     #/saisir/nouvelle[/KIND]?structure=UID   a new one
//     #/saisir/fiche/UID                       what stands, to be changed
import {get, post, query, send} from './api.js';
import {write} from './csv.js';
import {$, fill, h, icon, note, say} from './dom.js';
import {code_name, field_name, kind_name, kind_of, schema} from './fields.js';
import {findings_of, words_for} from './findings.js';
import {owner_of} from './members.js';
import {load_towns, town_option} from './towns.js';
import {from_record, to_text} from './typed.js';
import {fold, hour, keep, kept, many, t} from './words.js';

const KINDS = {
	structure: {first: ['nom', 'type_acteur', 'commune', 'code_postal', 'siret', 'filieres', 'courriel', 'telephone'],
		title: ['Nouvelle structure', 'New organisation'],
		help: ['Trois champs suffisent ; vous compléterez plus tard.', 'Three fields are enough; you can complete later.']},
	offre: {first: ['structure_uid', 'titre', 'filiere', 'type_offre', 'prix_cents', 'prix_unite', 'rayon_km', 'delai_jours'],
		title: ['Nouvelle offre', 'New offer'],
		help: ['Ce qu’une structure propose, à qui, et jusqu’où.', 'What an organisation offers, to whom, and how far.']},
	besoin: {first: ['structure_uid', 'titre', 'filiere', 'type_besoin', 'budget_max_cents', 'prix_unite', 'rayon_max_km', 'date_limite'],
		title: ['Nouveau besoin', 'New need'],
		help: ['Ce qu’une structure cherche, et avant quand.', 'What an organisation looks for, and by when.']},
	contact: {first: ['structure_uid', 'prenom', 'nom', 'fonction', 'courriel', 'telephone'], title: ['Nouveau contact', 'New contact'],
		help: ['Une personne à appeler. Elle ne quitte pas ce pôle.', 'A person to call. The record never leaves this hub.']},
	interaction: {first: ['structure_uid', 'le', 'canal', 'objet'], title: ['Noter un appel', 'Note a call'],
		help: ['Un appel, une visite, un courriel : une ligne suffit.', 'A call, a visit, an e-mail: one line is enough.']},
	evenement: {first: ['type_evenement', 'titre', 'debut', 'fin', 'lieu', 'capacite'], title: ['Nouvelle rencontre', 'New event'],
		help: ['Une date, un lieu, des places.', 'A date, a place, seats.']},
};
const DERIVED = new Set(['extra', 'champs_locaux', 'portee', 'siren', 'code_epci', 'latitude', 'longitude', 'date_maj', 'charte_date',
	'charte_version', 'siret_precedents', 'stades', 'etats']);
const ASKED_HERE = {structure: ['nom', 'type_acteur', 'commune']}; // the town, not its number

let f = null; // the form in hand: {kind, uid, stands, values, node, place, faults: Map, remarks: Map}

const key = () => `essaim.brouillon.${f.kind}${f.uid ? `.${f.uid}` : ''}`;
const wanted = field => ASKED_HERE[f.kind] ? ASKED_HERE[f.kind].includes(field.name) : field.required;
const id_of = name => `champ-${name}`;

// What is new or has changed, as the daemon reads it.
function body() {
	const values = {};

	for (const field of kind_of(f.kind).fields) {
		const now = f.values[field.name] ?? '', before = f.stands[field.name] ?? '';

		if (f.uid ? now !== before : now !== '')
			values[field.name] = to_text(field, now);
	}
	if (f.uid && (values.commune !== undefined || values.code_postal !== undefined) && f.kind === 'structure')
		values.code_insee = '';
	return values;
}

/* --- the draft --- */

let keeping;

function draft() {
	clearTimeout(keeping);
	keeping = setTimeout(() => {
		keep(key(), JSON.stringify({values: f.values, at: Date.now()}));
		fill($('#brouillon'), t(`Brouillon gardé à ${hour(Date.now())}`, `Draft kept at ${hour(Date.now())}`));
	}, 400);
}

function recall() {
	try {
		return JSON.parse(kept(key()));
	} catch {
		return null;
	}
}

/* --- judging --- */

const faulty = () => [...f.faults.keys()].join();

// Under the field; the summary, once there is one, follows what is mended.
const show_message = name => {
	const box = $(`#${id_of(name)}`)?.closest('.champ');

	if (!box)
		return;
	const fault = f.faults.get(name), remark = f.remarks.get(name), input = $(`#${id_of(name)}`), at = box.querySelector('.message');

	box.classList.toggle('faux', Boolean(fault));
	input.toggleAttribute('aria-invalid', Boolean(fault));
	if (fault)
		input.setAttribute('aria-invalid', 'true');
	fill(at, fault ? h('span.faute', icon('agir'), h('span', fault)) : remark ? h('span.averti', icon(remark.picture || 'attente'),
		h('span', ...[remark.words].flat())) : null);
	if (f.tried && f.summed !== faulty())
		summary();
};

// A rehearsal with what is there: what it says of `name`, and whether it lets the line in.
async function judge(name) {
	const fields = kind_of(f.kind).fields.filter(x => (f.values[x.name] ?? '') !== '' && x.type !== 'ref' && !['time',
		'cents'].includes(x.type));

	if (!fields.length)
		return;
	const rows = [fields.map(x => x.name), fields.map(x => to_text(x, f.values[x.name]))];
	const r = await send(`import${query({kind: f.kind, dry_run: 1, encoding: 'utf-8', separator: ';'})}`, write(rows, ';'),
		'text/csv').catch(() => null);
	const line = r?.lines[0];

	if (!line)
		return;
	if (line.findings.some(x => x.code === 'commune_ambigue'))
		await load_towns().catch(() => {});
	f.faults.delete(name);
	f.remarks.delete(name);
	const towns = ['commune', 'code_postal', 'code_insee'];

	for (const x of line.findings) {
		const of = x.column === name || (towns.includes(x.column) && towns.includes(name));

		if (!of)
			continue;
		note_finding(name, x);
	}
	show_message(name);
}

const PASSING = new Set(['siret_cle', 'siret_longueur', 'siret_non_numerique', 'siret_notation_scientifique', 'code_insee_inconnu',
	'commune_ambigue', 'naf_inconnu',
	'date_invalide', 'courriel_invalide', 'nom_vide', 'valeur_hors_liste', 'texte_trop_long', 'hors_limites', 'nombre_invalide',
		'telephone_invalide']);

// One of the towns of that name: its code stands for it, the daemon writes its name.
function which_town(codes) {
	const typed_name = f.values.commune, field = kind_of(f.kind).fields.find(x => x.name === 'commune');
	const choose = e => {
		typed(field, e.target.value);
		$(`#${id_of('commune')}`).value = e.target.selectedOptions[0].text;
		$(`#${id_of('commune')}`).focus();
		left(field);
	};

	return h('select', {'aria-label': t('Laquelle ?', 'Which one?'), onchange: choose}, h('option', {value: ''}, t('Laquelle ?', 'Which one?')),
		codes.map(c => h('option', {value: c}, town_option(c, typed_name))));
}

function note_finding(name, x) {
	if (x.code === 'commune_deduite')
		f.remarks.set(name, {picture: 'ok', words: t(`Code INSEE ${x.value}.`, `INSEE code ${x.value}.`)});
	else if (x.code === 'sans_identifiant' || x.code === 'normalise_siret')
		return;
	else if (x.code === 'commune_ambigue' && name === 'commune' && x.value)
		f.faults.set(name, [words_for(x.code), ' ', which_town(x.value.split('|'))]);
	else if (PASSING.has(x.code))
		f.faults.set(name, words_for(x.code, x.value, name));
	else
		f.remarks.set(name, {picture: x.code === 'courriel_nominatif_donnee_personnelle' ? 'cadenas' : 'attente',
			words: words_for(x.code, x.value, x.column)});
}

const twin_words = twin => [t(`Une fiche porte déjà ce SIRET : ${twin.nom}.`, `A record has this SIRET already: ${twin.nom}.`), ' ',
	h('a', {href: `#/annuaire/${twin.uid}`}, t('L’ouvrir', 'Open it'))];

// A SIRET that a record bears already, of this hub or another: fourteen figures name one.
async function same_siret(value) {
	const number = value.replace(/\s/g, '');

	if (!/^\d{14}$/.test(number) || f.faults.has('siret'))
		return;
	const hit = await get(`records/${number}`, {facts: 1}).catch(() => null);

	if (!hit || hit.missing || hit.uid === f.uid || number !== (f.values.siret || '').replace(/\s/g, ''))
		return;
	f.twin = {uid: hit.uid, nom: hit.data.nom};
	f.remarks.set('siret', {words: twin_words(f.twin)});
	show_message('siret');
}

// After saving: what the daemon found (its value is « UID NAME »), else what was seen before.
function twin_of(r) {
	const found = r.findings?.find(x => x.code === 'siret_deja_ici'), [, uid, nom] = /^(\S+) (.*)/.exec(found?.value || '') || [];

	return uid ? {uid, nom} : f.twin;
}

async function left(field) {
	const value = f.values[field.name] ?? '';

	f.faults.delete(field.name);
	f.remarks.delete(field.name);
	if (field.name === 'siret')
		f.twin = null;
	if (wanted(field) && value === '' && f.tried)
		f.faults.set(field.name, field.name === 'nom' ? words_for('nom_vide') : words_for('champ_requis'));
	show_message(field.name);
	if (value === '')
		return;
	await judge(field.name);
	if (f.kind === 'structure' && field.name === 'siret')
		await same_siret(value);
}

/* --- controls --- */

function typed(field, value) {
	f.values[field.name] = value;
	draft();
}

const HELP = {
	siret: () => t('14 chiffres. Pas de SIRET ? Donnez le RNA, ou laissez vide.', '14 digits. No SIRET? Give the RNA, or leave empty.'),
	commune: () => t('Son nom ; avec le code postal si plusieurs le portent.', 'Its name; with the postal code where several bear it.'),
	labels: () => t('Séparés par des virgules.', 'Separated by commas.'),
	courriel: () => f.kind === 'structure' ? t('Celui de la structure, pas d’une personne.', 'The organisation’s, not a person’s.') : null,
};

function select_of(field, codes) {
	const now = (f.values[field.name] ?? '').split('|')[0];

	return h('select', {id: id_of(field.name), onchange: e => { typed(field, e.target.value); left(field); }},
		h('option', {value: ''}, t('Choisir…', 'Choose…')), codes.map(c => h('option', {value: c, selected: c === now},
			code_name(field.name, c))));
}

// The structure a record is about: a search, then a choice among what it finds.
function structure_of(field) {
	const list = h('select', {id: id_of(field.name), onchange: e => { typed(field, e.target.value); left(field); }});
	const put = (items, chosen) => fill(list, h('option', {value: ''}, items.length ? t('Choisir…',
		'Choose…') : t('Cherchez d’abord par le nom', 'Search by name first')),
		items.map(i => h('option', {value: i.uid, selected: i.uid === chosen}, `${i.titre || i.nom}${i.commune ? `, ${i.commune}` : ''}`)));
	let timer;

	put([]);
	if (f.values[field.name])
		get(`records/${f.values[field.name]}`).then(r => put([{uid: r.uid, nom: r.data.nom, commune: r.data.commune}], r.uid), () => {});
	return [h('input', {id: `${id_of(field.name)}-nom`, type: 'search', autocomplete: 'off',
		'aria-label': t('Chercher la structure', 'Search the organisation'),
		placeholder: t('Chercher la structure', 'Search the organisation'), oninput: e => {
			clearTimeout(timer);
			timer = setTimeout(async () => {
				const r = await get('search', {text: e.target.value, kind: 'structure', limit: 12});

				put(r.items, '');
				say(many(r.items.length, ['structure', 'structures'], ['organisation', 'organisations']));
			}, 150);
		}}), list];
}

function control(field) {
	const value = f.values[field.name] ?? '', name = field.name;
	const common = {id: id_of(name), value, autocomplete: 'off', 'aria-describedby': `${id_of(name)}-aide ${id_of(name)}-message`,
		required: wanted(field),
		oninput: e => typed(field, e.target.value), onblur: () => left(field)};

	if (field.codes)
		return select_of(field, field.codes.split('|'));
	if (field.type === 'bool')
		return h('select', {id: id_of(name), onchange: e => typed(field, e.target.value)},
			[['', '—'], ['oui', t('oui', 'yes')], ['non', t('non', 'no')]]
			.map(([v, w]) => h('option', {value: v, selected: v === value}, w)));
	if (field.type === 'ref')
		return field.refers === 'structure' ? structure_of(field) : h('input', common);
	if (field.type === 'date')
		return h('input', {...common, type: 'date'});
	if (field.type === 'time')
		return h('input', {...common, type: 'datetime-local'});
	if (field.type === 'text' && field.max > 400)
		return h('textarea', {...common, rows: 3});
	return h('input', {...common, inputmode: name === 'siret' || name === 'code_postal' || field.type === 'int' ? 'numeric'
		: field.type === 'cents' || field.type === 'tenth' ? 'decimal' : name === 'courriel' ? 'email' : name === 'telephone' ? 'tel' : null});
}

function box(field) {
	const help = HELP[field.name]?.();
	const euro = field.type === 'cents' ? t(' (euros)', ' (euros)') : '';
	const name = field_name(f.kind, field.name).replace(/ \(centimes\)/, '');

	return h('div.champ', h('label', {for: id_of(field.name)}, `${name}${euro}`,
		wanted(field) && h('span.petit', t(' (demandé)', ' (required)')),
		field.personal && f.kind !== 'structure' && h('span.petit', ' ', icon('cadenas', t('nous seuls', 'only us')))),
	control(field), h('span.message', {id: `${id_of(field.name)}-message`}), help ? h('span.aide', {id: `${id_of(field.name)}-aide`}, help)
		: h('span.invisible', {id: `${id_of(field.name)}-aide`}));
}

const SCOPES = {
	local: [['Nous seuls', 'Only us'], ['ne quitte pas ce pôle', 'never leaves this hub']],
	federation: [['Le réseau', 'The network'], ['la CRESS et les pôles signataires', 'the CRESS and the hubs that signed']],
	public: [['Tout le monde', 'Everyone'], ['peut figurer dans les listes publiées', 'may appear in published lists']],
};
const WIDTH = ['local', 'cress', 'federation', 'public'];

function who_sees() {
	const k = kind_of(f.kind), now = f.values.portee || k.portee;
	const warn = h('p.message', {id: 'portee-message', role: 'status'});

	if (k.portee === 'local')
		return note('prive', 'cadenas', t('Cette fiche reste ici : nous seuls la voyons.', 'This record stays here: only we see it.'));
	const narrowed = scope => f.uid && WIDTH.indexOf(scope) < WIDTH.indexOf(f.stands.portee || k.portee);

	return h('fieldset', h('legend', t('Qui peut voir cette fiche', 'Who can see this record')),
		h('div.portees', Object.entries(SCOPES).filter(([s]) => WIDTH.indexOf(s) <= WIDTH.indexOf(k.cap)).map(([s,
			[words, more]]) => h('label',
			h('input', {type: 'radio', name: 'portee', value: s, checked: s === now, onchange: () => {
				f.values.portee = s;
				draft();
				fill(warn, narrowed(s) ? t('Les autres pôles devront effacer cette fiche ; vous verrez qui l’a fait.',
					'The other hubs will have to erase this record; you will see who has.') : null);
			}}), h('span', t(...words)), h('small', t(...more))))), warn);
}

/* --- saving --- */

function summary() {
	const names = [...f.faults.keys()];

	f.summed = faulty();
	fill($('#resume'), names.length ? h('div.note.agir', icon('agir'), h('span',
		names.length > 1 ? t(`${names.length} champs sont à revoir : `, `${names.length} fields need attention: `)
		: t('Un champ est à revoir : ', 'One field needs attention: '),
			names.map((n, i) => [i ? ', ' : '', h('a', {href: `#${id_of(n)}`, onclick: e => {
			e.preventDefault();
			$(`#${id_of(n)}`)?.focus();
		}}, field_name(f.kind, n))]))) : null);
}

function refused(err) {
	const found = findings_of(err.message);

	if (!found.length)
		return fill($('#resume'), note('agir', 'agir', t(`Pas enregistré : ${err.message}`, `Not saved: ${err.message}`)));
	for (const x of found) {
		const name = x.field === 'code_insee' && f.kind === 'structure' ? 'commune' : x.field;

		f.faults.set(name, words_for(x.code, x.value, name));
		show_message(name);
	}
	return summary();
}

async function save(button) {
	f.tried = true;
	for (const field of kind_of(f.kind).fields.filter(wanted))
		if ((f.values[field.name] ?? '') === '') {
			f.faults.set(field.name, field.name === 'nom' ? words_for('nom_vide') : words_for('champ_requis'));
			show_message(field.name);
		}
	summary();
	if (f.faults.size) {
		$(`#${id_of([...f.faults.keys()][0])}`)?.focus();
		return;
	}
	button.disabled = true;
	try {
		const r = f.foreign ? await post('propose', {uid: f.uid, kind: f.kind, values: body()}) : f.uid ? await post(`records/${f.uid}`,
			{kind: f.kind, values: body()}) : await post('records', {kind: f.kind, values: body()});

		clearTimeout(keeping);
		keep(key(), null);
		say(t('Enregistré ici.', 'Saved here.'));
		saved(r);
	} catch (err) {
		button.disabled = false;
		refused(err);
	}
}

function saved(r) {
	const structure = f.kind === 'structure' ? r.uid || f.uid : f.values.structure_uid;
	const title = f.values.nom || f.values.titre || f.values.objet || kind_name(f.kind);
	const again = KINDS[f.kind], twin = twin_of(r);

	if (f.foreign)
		return suggested(title);
	fill(f.node, h('div.tete', h('div', h('h1', {tabindex: '-1', id: 'enregistre'}, t('Enregistré ici', 'Saved here')))),
		h('div.bloc', h('div.corps.pile.formulaire', note('ok', 'ok', h('b', title), ' ',
			f.uid ? t('est à jour.', 'is up to date.') : t('est dans l’annuaire.', 'is in the directory.'), ' ',
			t('L’envoi à la CRESS se fait tout seul.', 'Sending to the CRESS happens by itself.')),
		twin && note('attente', 'double', ...twin_words(twin)),
		h('div.rang', structure && h('a.bt.fort', {href: `#/annuaire/${structure}`}, t('Voir la fiche', 'See the record')),
			!f.uid && h('button.bt', {type: 'button', onclick: () => open(f.kind, {}, f.node, f.place)},
				t(again.title[0], again.title[1]))))));
	return $('#enregistre').focus();
}

// To another hub's record: it decides.
function suggested(title) {
	fill(f.node, h('div.tete', h('div', h('h1', {tabindex: '-1', id: 'enregistre'}, t('Correction proposée', 'Correction suggested')))),
		h('div.bloc', h('div.corps.pile.formulaire', note('ok', 'ok', h('b', title), ' ',
			t('ne change pas encore : son pôle décide.', 'does not change yet: its hub decides.')),
			h('div.rang', h('a.bt.fort', {href: `#/annuaire/${f.uid}`}, t('Voir la fiche', 'See the record'))))));
	$('#enregistre').focus();
}

/* --- the page --- */

function kinds_bar() {
	return h('div.onglets', {role: 'group', 'aria-label': t('Quelle fiche', 'Which record')},
		Object.keys(KINDS).map(k => h('button', {type: 'button',
		'aria-pressed': String(k === f.kind), onclick: () => open(k, {}, f.node, f.place)}, kind_name(k))));
}

function draw() {
	const k = kind_of(f.kind), first = KINDS[f.kind].first.map(n => k.fields.find(x => x.name === n)).filter(Boolean);
	const others = k.fields.filter(x => !KINDS[f.kind].first.includes(x.name) && !DERIVED.has(x.name) && !(f.kind === 'structure' && x.name === 'code_insee'));
	const pairs = list => h('div.champs', list.map(box));
	const button = h('button.bt.fort', {type: 'submit'}, f.foreign ? t('Proposer', 'Suggest') : t('Enregistrer', 'Save'));

	fill(f.node, h('div.tete', h('div', h('h1', f.uid ? (f.foreign ? t('Proposer une correction', 'Suggest a correction') : t('Modifier',
		'Edit')) + t(' : ', ': ') + `${f.stands.nom || f.stands.titre || kind_name(f.kind)}` : t(...KINDS[f.kind].title)),
		h('p.discret', t(...KINDS[f.kind].help), ' ', t('Le brouillon est gardé sur cet ordinateur.',
			'The draft is kept on this computer.')))), !f.uid && kinds_bar(),
	h('form.bloc.import', {novalidate: true, onsubmit: e => { e.preventDefault(); save(button); },
		onkeydown: e => { if (e.key === 'Enter' && e.ctrlKey) { e.preventDefault(); save(button); } }},
	h('div.corps.pile.formulaire', h('div', {id: 'resume', role: 'alert'}), pairs(first), !f.foreign && who_sees(),
		h('details', h('summary', t(`Compléter : ${others.length} autres champs`, `Complete: ${others.length} other fields`)),
			pairs(others))),
	h('div.barre-fin', h('span.discret', {id: 'brouillon'}, f.recalled ? t(`Brouillon gardé à ${hour(f.recalled)}`,
		`Draft kept at ${hour(f.recalled)}`) : ''),
		h('span.rang', h('button.bt', {type: 'button', onclick: cancel}, t('Annuler', 'Cancel')), button))));
}

function cancel() {
	clearTimeout(keeping);
	keep(key(), null);
	if (f.uid)
		f.place.go(f.kind === 'structure' ? `annuaire/${f.uid}` : 'annuaire');
	else
		open(f.kind, {}, f.node, f.place);
}

async function open(kind, {uid, structure, nom}, node, place) {
	f = {kind, uid: uid || null, stands: {}, values: {}, node, place, faults: new Map(), remarks: new Map(), tried: false};
	if (uid) {
		const r = await get(`records/${encodeURIComponent(uid)}`);

		f.foreign = r.owner !== owner_of(place.me.node);
		for (const field of kind_of(kind).fields)
			f.stands[field.name] = from_record(field, field.name === 'portee' ? r.data.portee || r.scope : r.data[field.name]);
	}
	const draft_kept = recall();

	f.values = {...f.stands, ...(kind === 'structure' && !uid ? {type_acteur: 'ess'} : {}),
		...(kind === 'interaction' && !uid ? {le: new Date().toISOString().slice(0, 10)} : {}),
		...(draft_kept?.values || {}), ...(structure ? {structure_uid: structure} : {}), ...(nom ? {nom} : {})};
	f.recalled = draft_kept?.at;
	draw();
}

export async function form_area(node, place) {
	await schema();
	const p = Object.fromEntries(place.params);
	let kind = place.path[0] || p.genre || 'structure';

	if (place.changes) {
		p.uid = place.path[0];
		kind = (await get(`records/${encodeURIComponent(p.uid)}`)).kind;
	}
	if (!KINDS[kind])
		kind = Object.keys(KINDS).find(k => fold(k) === fold(kind)) || 'structure';
	return open(kind, p, node, place);
}
