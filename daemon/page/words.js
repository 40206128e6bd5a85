// SPDX-License-Identifier: Apache-2.0
// Words, dates and figures in the reader's language. t(fr, en): French is the source and
// stands where it is used, English beside it.

const KEPT = 'essaim.langue';
const asked = new URLSearchParams(location.search).get('lang');
let lang = asked || kept(KEPT) || 'fr';

export function kept(key) {
	try {
		return localStorage.getItem(key);
	} catch {
		return null;
	}
}

export function keep(key, value) {
	try {
		if (value === null)
			localStorage.removeItem(key);
		else
			localStorage.setItem(key, value);
	} catch { /* a browser that keeps nothing still works */ }
}

export const language = () => lang;
export function speak(l) {
	lang = l === 'en' ? 'en' : 'fr';
	keep(KEPT, lang);
}

// The non-breaking spaces of French, laid here once and never in the texts.
export const fine = text => text.replace(/(\d) h (\d\d)/g, '$1\u00a0h\u00a0$2')
	.replace(/ ([:;?!»%€])(?=[\s.,)]|$)/g, '\u00a0$1').replace(/« /g, '«\u00a0')
	.replace(/(\d) (km|jours|mois|ETP)\b/g, '$1\u00a0$2');
export const t = (fr, en) => lang === 'en' ? en : fine(fr);

// Folded as the search folds: case, accents, ligatures, apostrophes and hyphens.
export const fold = text => String(text).toLowerCase().normalize('NFD').replace(/[\u0300-\u036f]/g, '')
	.replace(/œ/g, 'oe').replace(/æ/g, 'ae').replace(/[’'‘-]/g, ' ');

const locale = () => lang === 'en' ? 'en-GB' : 'fr-FR';
export const number = n => new Intl.NumberFormat(locale()).format(n);
export const euros = cents => new Intl.NumberFormat(locale(), {style: 'currency', currency: 'EUR',
	maximumFractionDigits: cents % 100 ? 2 : 0}).format(cents / 100);
// Hundredths of a percent, as the reports hold them.
export const percent = v => lang === 'en' ? `${(v / 100).toFixed(0)}%` : `${(v / 100).toFixed(0)}\u00a0%`;
// Tenths, as the directory holds full-time equivalents.
export const tenths = v => number(v / 10);

const LONG = {day: 'numeric', month: 'long', year: 'numeric'};
export const SHORT = {day: 'numeric', month: 'short'};
export const MONTH = {month: 'short', year: 'numeric'};

// A day: an ISO date, an ISO instant or milliseconds.
export function day(d, form = LONG) {
	const date = new Date(typeof d === 'string' && d.length === 10 ? `${d}T12:00:00Z` : d);

	if (Number.isNaN(date.getTime()))
		return String(d);
	const far = form.day && date.getFullYear() !== new Date().getFullYear(); // the year goes without saying only this year

	return new Intl.DateTimeFormat(locale(), {...form, ...(far ? {year: 'numeric'} : {}), timeZone: 'Europe/Paris'}).format(date)
		.replace(/^1 /, lang === 'en' ? '1 ' : '1er ');
}

export function hour(d) {
	const parts = new Intl.DateTimeFormat('en-GB', {hour: 'numeric', minute: '2-digit', hour12: false, timeZone: 'Europe/Paris'})
		.formatToParts(new Date(d));
	const of = type => parts.find(p => p.type === type).value;

	return lang === 'en' ? `${Number(of('hour'))}:${of('minute')}` : `${Number(of('hour'))}\u00a0h\u00a0${of('minute')}`;
}

const same_day = (a, b) => day(a) === day(b);

export const is_today = d => same_day(new Date(d), new Date());

// « 10 h 42 » today, « ven. 18 h 05 » within six days, « 20 novembre 2026 » before.
export function when(d) {
	const at = new Date(d), now = new Date();

	if (same_day(at, now))
		return hour(at);
	if (now - at < 6 * 86400000 && now > at)
		return `${day(at, {weekday: 'short'})} ${hour(at)}`;
	return day(at);
}

export const phone = n => n ? n.replace(/^\+33\s?/, '0').replace(/\s/g, '').replace(/^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, '$1 $2 $3 $4 $5') : '';
export const siret = n => n ? n.replace(/^(\d{3})(\d{3})(\d{3})(\d{5})$/, '$1 $2 $3 $4') : '';

const pair = (table, code) => table[code] ? t(...table[code]) : String(code ?? '').replace(/_/g, ' ');

const SECTOR = {
	alimentation_circuits_courts: ['Alimentation, circuits courts', 'Food, short supply chains'],
	dechets_reemploi: ['Déchets, réemploi', 'Waste, reuse'],
	espaces_verts: ['Espaces verts', 'Green spaces'],
	btp_ecoconstruction: ['Bâtiment, écoconstruction', 'Building, eco-construction'],
	mobilite_logistique: ['Mobilité, logistique', 'Transport, logistics'],
	numerique: ['Numérique', 'Digital'],
	culture_evenementiel: ['Culture, évènementiel', 'Culture, events'],
	restauration_traiteur: ['Restauration, traiteur', 'Catering'],
	proprete: ['Propreté', 'Cleaning'],
	textile_blanchisserie: ['Textile, blanchisserie', 'Textile, laundry'],
	impression_communication: ['Impression, communication', 'Print, communication'],
	conseil_formation: ['Conseil, formation', 'Advice, training'],
	services_personne: ['Services à la personne', 'Personal services'],
	sante_medicosocial: ['Santé, médico-social', 'Health, social care'],
	energie: ['Énergie', 'Energy'],
	mer_littoral: ['Mer, littoral', 'Sea, coast'],
	tourisme: ['Tourisme', 'Tourism'],
	finance_assurance: ['Finance, assurance', 'Finance, insurance'],
	emploi_rh: ['Emploi, RH', 'Jobs, HR'],
	lieux_tiers_lieux: ['Lieux, tiers-lieux', 'Places, third places'],
};
export const sector = code => pair(SECTOR, code);
export const sectors = () => Object.keys(SECTOR).sort((a, b) => sector(a).localeCompare(sector(b), lang));

const SIAE = {
	esat: ['ESAT', 'ESAT (sheltered work)'], ea: ['Entreprise adaptée', 'Adapted company'],
	eatt: ['Entreprise adaptée', 'Adapted company'], aci: ['Chantier d’insertion', 'Work-integration site'],
	ai: ['Association intermédiaire', 'Intermediary association'], ei: ['Entreprise d’insertion', 'Work-integration company'],
	eiti: ['Entreprise d’insertion par le travail indépendant', 'Integration through self-employment'], etti: ['Intérim d’insertion', 'Integration temp agency'], geiq: ['GEIQ', 'GEIQ'],
};
export const siae = code => pair(SIAE, code);

const FAMILY = {
	association: ['Association', 'Association'], cooperative: ['Coopérative', 'Cooperative'], mutuelle: ['Mutuelle', 'Mutual'],
	fondation: ['Fondation', 'Foundation'], societe_commerciale_ess: ['Société commerciale de l’ESS', 'Social economy company'],
};
export const family = code => FAMILY[code] ? t(...FAMILY[code]) : t('Entreprise', 'Company');

const UNIT = {
	forfait: ['le forfait', 'flat fee'], jour: ['par jour', 'a day'], heure: ['par heure', 'an hour'], kg: ['le kilo', 'a kilo'],
	m2: ['le m²', 'a m²'], unite: ['l’unité', 'each'], ml: ['le mètre', 'a metre'],
};
export const unit = code => code ? pair(UNIT, code) : '';
export const price = (cents, code) => cents ? `${euros(cents)} ${unit(code)}`.trim() : t('prix à demander', 'price on request');

const SORT = {
	achat: ['achat', 'purchase'], competence: ['compétence', 'skill'], service: ['service', 'service'], bien: ['bien', 'goods'],
	mise_a_disposition: ['mise à disposition', 'lending'], local: ['local', 'premises'], formation: ['formation', 'training'],
	partenariat: ['partenariat', 'partnership'], mecenat: ['mécénat', 'sponsorship'], recrutement: ['recrutement', 'hiring'],
	financement: ['financement', 'funding'], benevolat: ['bénévolat', 'volunteering'],
};
export const sort = code => pair(SORT, code);

const LABEL = {
	ab: 'AB', demeter: 'Demeter', nature_progres: 'Nature & Progrès', imprim_vert: 'Imprim’Vert', rge: 'RGE', emas: 'EMAS',
	iso14001: 'ISO 14001', ecolabel_europeen: ['Écolabel européen', 'EU Ecolabel'], ecodefis: 'Éco-défis', label_rse_verifie: ['Label RSE', 'CSR label'],
	iso9001: 'ISO 9001', qualiopi: 'Qualiopi',
};
export const label = code => LABEL[code] ? t(...[LABEL[code]].flat(), LABEL[code]) : String(code).replace(/_/g, ' ').replace(/^./, c => c.toUpperCase());

const SCOPE = {
	local: ['cadenas', 'Nous seuls', 'Only us'], cress: ['reseau', 'La CRESS', 'The CRESS'],
	federation: ['reseau', 'Le réseau', 'The network'], public: ['pays', 'Tout le monde', 'Everyone'],
};
export const scope = code => ({picture: (SCOPE[code] || SCOPE.public)[0], word: t(...(SCOPE[code] || SCOPE.public).slice(1))});

// « n fiches » ; many(3, ['fiche', 'fiches'], ['record', 'records'])
export function many(n, fr, en) {
	return lang === 'en' ? `${number(n)} ${en[n === 1 ? 0 : 1]}` : fine(`${number(n)} ${fr[n > 1 ? 1 : 0]}`);
}
// A name inside a sentence: « numéro RNA », « RNA », « courriel ».
export const within = name => name.replace(/^\p{Lu}(?!\p{Lu})/u, c => c.toLowerCase());
// De, d' before a town: « Près d’Auray », « Pôle de Morlaix ».
export const of_town = name => /^[aeiouyâéèêîôh]/i.test(name) ? `d’${name}` : `de ${name}`;
