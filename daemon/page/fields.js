// SPDX-License-Identifier: Apache-2.0
// The names of kinds, fields and codes for a reader: French from the daemon's table,
// English beside it; codes in words.
import {get} from './api.js';
import {day, euros, label, language, number, phone, sector, siae, siret, sort, t, unit} from './words.js';

let kinds, sentences;

// The daemon's schema, and what it says of values: asked for once.
export async function schema() {
	if (!kinds)
		({kinds, findings: sentences} = await get('kinds'));
	return kinds;
}
// {fr, en} for the code of a finding: the field's own, else the one for all.
export const sentence_for = (code, field) => sentences?.find(s => s.code === code
	&& (s.fields === '' || s.fields.split('|').includes(field)));
export const kind_of = name => kinds?.find(k => k.name === name);
export const field_of = (kind, name) => kind_of(kind)?.fields.find(f => f.name === name);

const KIND_EN = {
	structure: 'Organisation', contact: 'Contact', offre: 'Offer', besoin: 'Need', partenariat: 'Partnership', suivi: 'Follow-up',
	diagnostic: 'Assessment', evenement: 'Event', inscription: 'Seat', interaction: 'Call note', projet: 'Project', membre: 'Member',
	reponse: 'Survey answer', demande_rgpd: 'Data request',
};
export const kind_name = name => language() === 'en' ? KIND_EN[name] || name.replace(/_/g, ' ') : kind_of(name)?.label || name;

// What the organisations' table and its like are called in English.
const EN = {
	nom: 'Name', titre: 'Title', sigle: 'Acronym', siret: 'SIRET', siren: 'SIREN', rna: 'RNA', type_acteur: 'Kind of actor',
	famille_ess: 'Family', statut_ess: 'Social economy status', categorie_juridique: 'Legal category', esus: 'ESUS approval',
	siae_type: 'Work integration', ptce: 'Member of a PTCE', tiers_lieu: 'Third place', code_naf: 'APE code',
		code_naf25: 'APE code (NAF 2025)',
	filieres: 'Sectors', filiere: 'Sector', tranche_effectif: 'Staff bracket', effectif_etp: 'Staff (FTE)', adresse: 'Address',
	complement_adresse: 'Address, second line', code_postal: 'Postal code', code_insee: 'Town', commune: 'Town', code_epci: 'EPCI',
	latitude: 'Latitude', longitude: 'Longitude', telephone: 'Telephone', courriel: 'E-mail', site_web: 'Website',
		description: 'Description',
	labels: 'Labels', date_creation: 'Created on', statut_diffusion: 'Disclosure', etat: 'State', charte_version: 'Charter version',
	charte_date: 'Charter signed on', date_maj: 'Updated', portee: 'Who can see it', structure_uid: 'Organisation',
		type_offre: 'Kind of offer',
	type_besoin: 'Kind of need', prix_cents: 'Price', prix_unite: 'Unit', budget_max_cents: 'Budget at most', rayon_km: 'Radius (km)',
	rayon_max_km: 'Radius (km)', delai_jours: 'Lead time (days)', delai_max_jours: 'Lead time at most (days)', date_limite: 'By',
	statut: 'State', prenom: 'First name', fonction: 'Position', base_legale: 'Legal basis', type_evenement: 'Kind of event',
		debut: 'Starts',
	fin: 'Ends', capacite: 'Seats', unite_capacite: 'Seats are', lieu: 'Place', le: 'On', objet: 'Subject', canal: 'How',
	contact_uid: 'Contact', identifiant_local: 'Local identifier', extra: 'Other columns',
};
export function field_name(kind, name) {
	if (name.startsWith('contact.'))
		return t(`Contact : ${field_name('contact', name.slice(8))}`, `Contact: ${field_name('contact', name.slice(8))}`);
	return language() === 'en' ? EN[name] || field_of(kind, name)?.label || name : field_of(kind, name)?.label || name;
}

const CODES = {
	type_acteur: {ess: ['Structure de l’ESS', 'Social economy organisation'], entreprise: ['Entreprise', 'Company'],
		collectivite: ['Collectivité', 'Local authority'], reseau: ['Réseau', 'Network'],
			chambre_consulaire: ['Chambre consulaire', 'Chamber'],
		service_public: ['Service public', 'Public service']},
	statut: {active: ['active', 'active'], suspendue: ['suspendue', 'suspended'], ouvert: ['ouvert', 'open'], pourvu: ['pourvu', 'met'],
		abandonne: ['abandonné', 'dropped'], expire: ['expiré', 'expired'], prevu: ['prévu', 'planned'], complet: ['complet', 'full'],
		realise: ['réalisé', 'held'], annule: ['annulé', 'cancelled']},
	etat: {active: ['active', 'active'], fermee: ['fermée', 'closed']},
	portee: {public: ['Tout le monde', 'Everyone'], federation: ['Le réseau', 'The network'], cress: ['La CRESS', 'The CRESS'],
		local: ['Nous seuls', 'Only us']},
	statut_diffusion: {O: ['diffusée', 'disclosed'], P: ['non diffusée', 'not disclosed']},
	famille_ess: {association: ['Association', 'Association'], cooperative: ['Coopérative', 'Cooperative'],
		mutuelle: ['Mutuelle', 'Mutual'],
		fondation: ['Fondation', 'Foundation'], societe_commerciale_ess: ['Société commerciale de l’ESS', 'Social economy company']},
	base_legale: {interet_legitime: ['Intérêt légitime', 'Legitimate interest'], consentement: ['Consentement', 'Consent']},
	statut_ess: {de_droit: ['de droit', 'by right'], sous_condition: ['sous condition', 'on conditions'],
		justifie: ['justifié', 'shown'], hors_ess: ['hors ESS', 'outside the social economy']},
	prix_taxe: {ht: ['HT', 'before tax'], ttc: ['TTC', 'tax included']}, budget_taxe: {ht: ['HT', 'before tax'], ttc: ['TTC', 'tax included']},
	contrat: {cdi: ['CDI', 'permanent'], cdd: ['CDD', 'fixed term'], cddi: ['CDD d’insertion', 'integration contract'],
		interim: ['Intérim', 'agency work'], apprentissage: ['Apprentissage', 'apprenticeship'],
		service_civique: ['Service civique', 'civic service'], benevolat: ['Bénévolat', 'volunteering']},
	themes: {silver_economie: ['Silver économie', 'silver economy'], tiers_lieux: ['Tiers-lieux', 'third places'],
		transition_ecologique: ['Transition écologique', 'ecological transition'],
		numerique_responsable: ['Numérique responsable', 'responsible digital'], egalite: ['Égalité', 'equality']},
	canal: {telephone: ['Téléphone', 'telephone'], reunion: ['Réunion', 'meeting'], courriel: ['Courriel', 'e-mail'], visite: ['Visite', 'visit'],
		visio: ['Visioconférence', 'video call'], autre: ['Autre', 'other']},
	type_evenement: {lunch_ess: ['Lunch de l’ESS', 'social economy lunch'], formation_action: ['Formation-action', 'training by doing'],
		rencontre_filiere: ['Rencontre de filière', 'sector meeting'], buzz_in_ess: ['Buzz in ESS', 'Buzz in ESS'],
		convention_affaires: ['Convention d’affaires', 'business meeting'], ess_tour: ['ESS Tour', 'ESS Tour'],
		formation_rse: ['Formation RSE', 'CSR training'], intervention_scolaire: ['Intervention scolaire', 'school visit'],
		assemblee: ['Assemblée', 'assembly'], comite_technique: ['Comité technique', 'technical committee'],
		conference_regionale: ['Conférence régionale', 'regional conference'], atelier: ['Atelier', 'workshop']},
	forme: {mecenat_competences: ['Mécénat de compétences', 'skills sponsorship'], mecenat_financier: ['Mécénat financier', 'financial sponsorship'],
		mecenat_nature: ['Mécénat en nature', 'sponsorship in kind'], soutien_action_locale: ['Soutien à l’action locale', 'support of local action'],
		achat_esat_ea: ['Achat à un ESAT ou une EA', 'purchase from sheltered work'], achat_responsable: ['Achat responsable', 'responsible purchase'],
		insertion_emploi: ['Insertion par l’emploi', 'integration through work'], clause_sociale: ['Clause sociale', 'social clause'],
		pratiques_responsables: ['Pratiques responsables', 'responsible practices'], valorisation_dechets: ['Valorisation des déchets', 'waste recovery'],
		mutualisation_achats: ['Achats mutualisés', 'pooled purchases'], reponse_commune: ['Réponse commune', 'joint bid'],
		hebergement_local: ['Hébergement, local', 'lodging, premises'], innovation_sociale: ['Innovation sociale', 'social innovation']},
	stade: {integratif: ['intégratif', 'integrative']},
	unite_capacite: {personne: ['des personnes', 'people'], structure: ['des structures', 'organisations']},
};
const BY_FIELD = {filiere: sector, filieres: sector, siae_type: siae, type_offre: sort, type_besoin: sort, prix_unite: unit, labels: label};

const sentence = text => text.replace(/^./, c => c.toUpperCase());
export function code_name(field, code) {
	if (CODES[field]?.[code])
		return t(...CODES[field][code]);
	return sentence(BY_FIELD[field] ? BY_FIELD[field](code) : String(code).replace(/_/g, ' '));
}

// A value as it is read, by its field.
export function value_text(kind, name, value) {
	const f = field_of(kind, name);

	if (value === null || value === undefined || value === '')
		return '—';
	if (name === 'telephone')
		return phone(value);
	if (name === 'siret')
		return siret(value);
	if (Array.isArray(value))
		return value.map(v => f?.codes || BY_FIELD[name] ? code_name(name, v) : v).join(', ');
	if (typeof value === 'boolean')
		return value ? t('oui', 'yes') : t('non', 'no');
	if (f?.type === 'cents')
		return euros(value);
	if (f?.type === 'date')
		return day(value);
	if (f?.codes)
		return code_name(name, value);
	return typeof value === 'number' ? number(value) : String(value);
}

// A value as the daemon reads one that was typed.
export const as_text = v => Array.isArray(v) ? v.join('|') : typeof v === 'boolean' ? (v ? 'oui' : 'non') : v === null ? '' : String(v);
