// SPDX-License-Identifier: Apache-2.0
// One record's sheet: what is said of it, by whom and since when, how far it has come,
// what it offers and needs, and what stays at this hub.
import {is_staff} from './account.js';
import {get, post} from './api.js';
import {$, chip, dialog, fill, h, icon, note, say, shape} from './dom.js';
import {journey_of} from './pill.js';
import {hub_name, hub_town} from './towns.js';
import {MONTH, day, family, is_today, label, phone, price, scope, sector, siae, siret, t, tenths, when} from './words.js';

const FIELDS = {
	nom: ['Nom', 'Name'], sigle: ['Sigle', 'Acronym'], adresse: ['Adresse', 'Address'], complement_adresse: ['Complément d’adresse', 'Address, more'],
	code_postal: ['Code postal', 'Postcode'], commune: ['Commune', 'Town'], telephone: ['Téléphone', 'Telephone'], courriel: ['Courriel', 'E-mail'],
	site_web: ['Site', 'Website'], siret: ['SIRET', 'SIRET'], rna: ['RNA', 'RNA'], filieres: ['Activité', 'Activity'], code_naf: ['Code APE', 'APE code'],
	effectif_etp: ['Emplois', 'Jobs'], date_creation: ['Depuis', 'Since'], labels: ['Labels', 'Labels'], siae_type: ['Insertion', 'Work integration'],
	filiere: ['Filière', 'Sector'], prix: ['Prix', 'Price'], budget: ['Budget', 'Budget'], date_limite: ['Avant le', 'By'],
	description: ['Description', 'Description'], etat: ['État', 'State'], esus: ['ESUS', 'ESUS'], tiers_lieu: ['Tiers-lieu', 'Third place'],
	charte_date: ['Charte éthique', 'Ethical charter'], portee: ['Qui peut voir cette fiche', 'Who can see this record'], latitude: ['Position', 'Position'],
};
// Beside structures: what has a sheet of its own where its structure is not shared.
const KINDS = {offre: ['Offre', 'Offer'], besoin: ['Besoin', 'Need']};
const QUIET = ['identifiant_local', 'siren', 'longitude', 'code_epci', 'code_insee', 'date_maj', 'type_acteur', 'famille_ess', 'statut_ess',
	'statut_diffusion', 'tranche_effectif', 'categorie_juridique', 'charte_version', 'ptce'];
const CALL_AGAIN_DAYS = 1034; // 2 years and 10 months
const SAME_MS = 60000; // written within a minute: one act

const field_name = f => FIELDS[f] ? t(...FIELDS[f]) : f.replace(/_/g, ' ');
const list_of = v => Array.isArray(v) ? v : v ? [v] : [];
const can_write = me => ['agent_pole', 'cress'].includes(me.role);

/* --- who said what, and when --- */

// [{when, fields}], the last first.
function acts(facts) {
	const all = Object.entries(facts.fields).sort((a, b) => a[1].when < b[1].when ? 1 : -1), out = [];

	for (const [name, f] of all) {
		const last = out.at(-1);

		if (last && new Date(last.when) - new Date(f.when) < SAME_MS)
			last.fields.push(name);
		else
			out.push({when: f.when, fields: [name]});
	}
	return out;
}

function changed_since(r, name, first) {
	const f = r.facts.fields[name];

	return f && new Date(f.when) - new Date(first) > SAME_MS ? t(`changé ${on_day(f.when)}`, `changed ${when(f.when)}`) : '';
}

const on_day = at => `${is_today(at) ? 'à' : 'le'} ${when(at)}`;

function history_of(r) {
	const words = fields => fields.filter(f => !QUIET.includes(f)).map(field_name);
	const line = a => {
		const said = words(a.fields);

		return h('li', h('time', {datetime: a.when}, when(a.when)), h('span', said.length > 6 ? t('Fiche écrite', 'Record written') : said.join(', ') || t('Mise à jour', 'Update'),
			` · ${hub_name(r.owner)}`));
	};

	return h('section', h('details', h('summary', t('Historique : qui a dit quoi, et quand', 'History: who said what, and when')),
		h('ol.journal', acts(r.facts).map(line))));
}

/* --- its way --- */

function received(r, at_cress) {
	const name = hub_name(r.owner), came = r.facts.recu;

	if (at_cress)
		return h('p.discret', came ? t(`Écrite par le ${name}. À la CRESS depuis ${when(came)}.`, `Written by ${name}. At the CRESS since ${when(came)}.`) : t(`Écrite par le ${name}.`, `Written by ${name}.`));
	return h('p.discret', came ? t(`Écrite par le ${name}. Reçue ici par la CRESS : ${when(came)}.`, `Written by ${name}. Received here through the CRESS: ${when(came)}.`) : t(`Écrite par le ${name}.`, `Written by ${name}.`));
}

function way(r, me, mine) {
	const box = h('section', h('h3', t('Où en est cette fiche', 'Where this record has reached')));

	if (!mine) {
		box.append(received(r, me.node?.role === 'cress'));
		return box;
	}
	get(`journey/${r.uid}`).then(j => box.append(journey_of(j)), () => box.append(h('p.discret', t('Le trajet n’a pas pu être lu.', 'The journey could not be read.'))));
	return box;
}

async function conflict(r, box) {
	const {items} = await get('conflicts');

	for (const c of items.filter(i => i.uid === r.uid))
		box.append(note('agir', 'agir', t(`Deux textes pour « ${field_name(c.field)} ».`, `Two texts for “${field_name(c.field)}”.`), ' ',
			h('a', {href: '#/saisir/desaccords'}, t('Choisir', 'Choose'))));
}

/* --- what is said of it --- */

// Only a web address becomes a link to one.
function site(text) {
	const url = /^https?:\/\//i.test(text) ? text : `https://${text}`;

	try {
		return h('a', {href: new URL(url).href, rel: 'noopener noreferrer', target: '_blank'}, text);
	} catch {
		return text;
	}
}

function facts_list(r, mine, first) {
	const d = r.data, hidden = d.statut_diffusion === 'P' && !mine;
	const fact = (name, value, who = changed_since(r, name, first)) => value && [h('dt', field_name(name)), h('dd', h('span', value), who && h('span.qui', who))];

	if (KINDS[r.kind])
		return h('dl.faits', fact('filiere', d.filiere && sector(d.filiere)), fact('prix', d.prix_cents && price(d.prix_cents, d.prix_unite)),
			fact('budget', d.budget_max_cents && price(d.budget_max_cents, d.prix_unite)), fact('date_limite', d.date_limite && day(d.date_limite)), fact('description', d.description));
	return h('dl.faits',
		fact('adresse', hidden ? [chip('', 'cadenas', t('non diffusée', 'not disclosed')), ` ${d.commune || ''}`]
			: (d.adresse || d.commune) && [d.adresse, d.adresse && h('br'), [d.code_postal, d.commune].filter(Boolean).join(' ')]),
		fact('telephone', d.telephone && h('a.num', {href: `tel:${d.telephone}`}, phone(d.telephone))),
		fact('courriel', d.courriel && h('a', {href: `mailto:${d.courriel}`}, d.courriel)),
		fact('site_web', d.site_web && site(d.site_web)),
		fact('siret', d.siret ? h('span.code', siret(d.siret)) : chip('attente', 'attente', t('sans SIRET', 'no SIRET')), d.siret ? t('clé vérifiée', 'checked') : ''),
		fact('rna', d.rna && h('span.code', d.rna)),
		fact('filieres', list_of(d.filieres).length > 0 && [list_of(d.filieres).map(sector).join(', '), d.code_naf && h('span.petit', ` APE ${d.code_naf}`)]),
		fact('effectif_etp', d.effectif_etp && `${tenths(d.effectif_etp * 10)} ETP`),
		fact('date_creation', d.date_creation && day(d.date_creation)),
		fact('description', d.description));
}

function said_by(r, mine, first) {
	return h('section', h('div.tete-section', h('h3', t('Coordonnées et identité', 'Contact and identity')),
		h('span.petit', t(`selon le ${hub_name(r.owner)}, ${day(r.data.date_maj || first)}`, `from ${hub_name(r.owner)}, ${day(r.data.date_maj || first)}`))), facts_list(r, mine, first));
}

function trade(r, staff) {
	const offers = r.facts.around?.offre || [], needs = r.facts.around?.besoin || [];

	if (offers.length + needs.length === 0)
		return null;
	return h('section', h('h3', t('Ce qu’elle propose et cherche', 'What it offers and needs')), h('ul.sous-liste',
		offers.map(o => h('li', h('span.rang', shape('offre'), o.data.titre), h('span.num', price(o.data.prix_cents, o.data.prix_unite)))),
		needs.map(b => h('li', h('span.rang', shape('besoin'), h('span', (b.data.titre || '').replace('Recherche : ', t('Cherche : ', 'Needs: ')), b.scope === 'local' && [' ', chip('', 'cadenas', scope('local').word)])),
			staff && h('a', {href: `#/rapprocher/${b.uid}`}, t('Voir les offres', 'See offers'))))));
}

/* --- what stays here --- */

function person(c) {
	const d = c.data, old = d.dernier_contact && (Date.now() - new Date(d.dernier_contact)) / 86400000 > CALL_AGAIN_DAYS;

	return h('li', h('span', h('b', [d.prenom, d.nom].filter(Boolean).join(' ')), d.fonction && `, ${d.fonction}`, c.scope !== 'local' && [' ', chip('', scope(c.scope).picture, scope(c.scope).word)], h('br'),
		h('span.discret.joindre', d.courriel && h('a', {href: `mailto:${d.courriel}`}, d.courriel), d.telephone && h('a', {href: `tel:${d.telephone}`}, phone(d.telephone)))),
	h('span.petit', d.dernier_contact && [t('dernier échange', 'last contact'), ' ', day(d.dernier_contact, MONTH)], old && [h('br'), chip('attente', 'attente', t('à effacer ou à rappeler', 'call again or erase'))]));
}

const exchange = e => h('li', h('span', e.data.objet || t('Échange', 'Contact'), e.data.suite && [h('br'), h('span.discret', e.data.suite)]), h('span.petit', day(e.data.le)));

function kept_here(r, mine) {
	const contacts = r.facts.around?.contact || [], exchanges = r.facts.around?.interaction || [];
	const lists = (who, what) => h('ul.sous-liste', who.map(person), what.map(exchange));
	const home = contacts.filter(c => c.scope === 'local'), shared = contacts.filter(c => c.scope !== 'local');
	const private_exchanges = exchanges;

	return [
		shared.length > 0 && h('section', h('h3', t('Contacts', 'Contacts')), lists(shared, [])),
		home.length + private_exchanges.length > 0 && h('section', h('div.prive', h('h3', icon('cadenas'), t(`Reste à ${hub_town(mine ? r.owner : '') || t('ce pôle', 'this hub')} : nous seuls le voyons`,
			`Stays in ${hub_town(mine ? r.owner : '') || 'this hub'}: only we can see this`)), lists(home, private_exchanges))),
		!mine && home.length + private_exchanges.length === 0 && h('section', h('p.note.prive', icon('cadenas'), h('span',
			t(`Les contacts et les notes restent au ${hub_name(r.owner)}. Appelez-le pour en parler.`, `Contacts and notes stay with ${hub_name(r.owner)}. Call them to discuss.`)))),
	];
}

/* --- what can be done --- */

function note_call(r, again) {
	const told = h('div', {role: 'alert'});
	const today = new Date().toISOString().slice(0, 10);
	const form = h('form.pile', {onsubmit: save},
		h('p.discret', t('Cette note reste à votre pôle : nous seuls la voyons.', 'This note stays at your hub: only we can see it.')), told,
		h('div.champ', h('label', {for: 'appel-objet'}, t('Ce qui s’est dit', 'What was said')), h('textarea', {id: 'appel-objet', rows: 4, maxlength: 2000, required: true})),
		h('div.champ', h('label', {for: 'appel-rappel'}, t('Rappeler le (si besoin)', 'Call again on (if needed)')), h('input', {id: 'appel-rappel', type: 'date', min: today})),
		h('div.rang', h('button.bt.fort', t('Enregistrer', 'Save'))));
	const d = dialog(t('Noter un appel', 'Note a call'), t('Fermer', 'Close'), form);

	async function save(e) {
		e.preventDefault();
		const values = {structure_uid: r.uid, le: today, canal: 'telephone', objet: $('#appel-objet').value, portee: 'local'};

		if ($('#appel-rappel').value)
			values.prochaine = $('#appel-rappel').value;
		try {
			await post('records', {kind: 'interaction', values});
			d.close();
			say(t('Appel noté. Il reste à votre pôle.', 'Call noted. It stays at your hub.'));
			again();
		} catch (err) {
			fill(told, h('p.note.agir', icon('agir'), h('span', t('L’appel n’a pas été noté : ', 'The call was not noted: '), err.message)));
		}
	}
}

function actions(r, me, mine, again) {
	if (!can_write(me))
		return null;
	return h('div.rang.fiche-actions',
		mine ? h('a.bt.fort.mini', {href: `#/saisir/fiche/${r.uid}`}, t('Modifier', 'Edit'))
			: h('a.bt.fort.mini', {href: `#/saisir/fiche/${r.uid}`}, t('Proposer une correction', 'Suggest a correction')),
		h('a.bt.mini', {href: `#/saisir/nouvelle?genre=besoin&structure=${r.uid}`}, icon('plus'), t('Noter un besoin', 'Note a need')),
		h('button.bt.mini', {type: 'button', onclick: () => note_call(r, again)}, t('Noter un appel', 'Note a call')));
}

function tags(d) {
	return h('div.rang', d.siae_type && chip('info', '', siae(d.siae_type)), d.esus === true && chip('info', '', 'ESUS'),
		list_of(d.labels).map(l => chip('', '', label(l))), d.tiers_lieu === true && chip('', '', t('Tiers-lieu', 'Third place')),
		d.charte_date && chip('', 'ok', t('Charte éthique signée', 'Ethical charter signed')), d.etat === 'fermee' && chip('attente', 'attente', t('Fermée', 'Closed')));
}

const tools = close => h('span.outils',
	h('button.bt.nu.carre', {type: 'button', 'aria-label': t('Imprimer la fiche', 'Print the record'), onclick: () => print()}, icon('impr')),
	h('a.bt.nu.carre', {href: close, 'aria-label': t('Fermer la fiche', 'Close the record')}, icon('fermer')));

function draw(place, r, where, close, again) {
	const me = place.me, whole = r.kind === 'structure', own = me.node?.role === 'cress' ? r.owner.startsWith('cress') : r.owner === `pole-${me.node?.pays}`;
	const d = r.data, first = acts(r.facts).at(-1)?.when || new Date().toISOString();
	const name = d.nom || d.titre || t('(sans nom)', '(no name)');
	const conflicts = h('div');

	fill(where, h('header', tools(close),
		h('p.discret', [KINDS[r.kind] ? t(...KINDS[r.kind]) : family(d.famille_ess), d.sigle, hub_name(r.owner)].filter(Boolean).join(' · ')), h('h2', {id: 'fn', tabindex: '-1'}, name), tags(d), whole && actions(r, me, own, again)),
	conflicts, is_staff(me) && way(r, me, own), said_by(r, own, first), whole && trade(r, is_staff(me)), whole && me.role && kept_here(r, own), history_of(r));
	place.title(name);
	if (own && r.facts.meetings.length > 0 && is_staff(me))
		conflict(r, conflicts).catch(() => {});
}

async function gone(uid, where, close) {
	let erased = null;

	try {
		erased = (await get('erasures')).items.find(e => e.uid === uid);
	} catch { /* who may not ask is told that it is not here */ }
	fill(where, h('header', tools(close), h('h2', {id: 'fn', tabindex: '-1'}, erased ? t('Fiche effacée', 'Erased record') : t('Fiche introuvable', 'Record not found')),
		h('p', erased ? t(`Effacé à la demande de la personne, le ${day(erased.upto)}.`, `Erased at the person’s request, on ${day(erased.upto)}.`)
			: t('Cette fiche n’est pas ici, ou n’y est plus.', 'This record is not here, or no longer.'))));
}

// Draws the sheet of `uid` into `where`. {close: href, focus: to the title, then: told the record}.
export async function sheet(place, uid, where, {close, focus, then}) {
	const again = () => sheet(place, uid, where, {close, focus: true, then});

	try {
		const r = await get(`records/${encodeURIComponent(uid)}`, {facts: 1});

		if (!where.isConnected)
			return;
		if (r.missing) {
			await gone(uid, where, close);
		} else {
			draw(place, r, where, close, again);
			then?.(r);
		}
	} catch (err) {
		if (err.status === 400)
			await gone(uid, where, close);
		else
			fill(where, h('header', tools(close), h('h2', {id: 'fn', tabindex: '-1'}, t('La fiche n’a pas pu être lue.', 'The record could not be read.')),
				h('p', h('button.bt.mini', {type: 'button', onclick: again}, t('Réessayer', 'Try again')))));
	}
	if (focus)
		$('#fn')?.focus();
}
