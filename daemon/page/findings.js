// SPDX-License-Identifier: Apache-2.0
// What is said of a value: one sentence for each code of the exchange, where it is written
// and in the report of an import. What the daemon adds tomorrow is shown by its code.
import {day, t} from './words.js';

const WORDS = {
	siret_cle: ['Un chiffre est faux : la clé ne tombe pas juste.', 'One digit is wrong: the check key fails.'],
	siren_cle: ['Un chiffre est faux : la clé ne tombe pas juste.', 'One digit is wrong: the check key fails.'],
	siren_siret: ['Le SIREN n’est pas le début du SIRET.', 'The SIREN is not the start of the SIRET.'],
	siret_notation_scientifique: ['Le tableur a arrondi le SIRET : ses derniers chiffres sont perdus. Recopiez-le d’un courrier, ou laissez vide.',
		'The spreadsheet rounded the SIRET: its last digits are lost. Copy it from a letter, or leave empty.'],
	siret_non_numerique: ['Un SIRET n’a que des chiffres.', 'A SIRET holds digits only.'],
	code_insee_inconnu: ['Aucune commune ne porte ce code, ni ce nom à ce code postal.',
		'No town has this code, or this name at this postal code.'],
	commune_ambigue: ['Plusieurs communes portent ce nom. Laquelle ?', 'Several towns have this name. Which one?'],
	naf_inconnu: ['Ce code APE n’existe pas.', 'This APE code does not exist.'],
	date_invalide: ['Cette date n’existe pas.', 'This date does not exist.'],
	courriel_invalide: ['Ce n’est pas une adresse : il manque @.', 'Not an address: @ is missing.'],
	nom_longueur: ['Ce nom est trop court ou trop long.', 'This name is too short or too long.'],
	nom_vide: ['Le nom est vide.', 'The name is empty.'],
	champ_requis: ['Ce champ est demandé.', 'This field is required.'],
	autre_pole: ['Cette fiche appartient à un autre pôle.', 'This record belongs to another hub.'],
	zero_initial_perdu: ['Il manquait des zéros au début ; avec eux la clé est juste.',
		'Leading zeros were missing; with them the key is right.'],
	sans_identifiant: ['Ni SIRET ni RNA : nous ne pourrons pas repérer un doublon.', 'No SIRET nor RNA: we cannot spot a duplicate.'],
	hors_territoire: ['Cette commune est hors de la région.', 'This town is outside the region.'],
	hors_pays: ['Cette commune n’est pas dans votre Pays.', 'This town is not in your Pays.'],
	code_insee_ancien: ['Ancien code ; la commune a changé.', 'Old code; the town has changed.'],
	commune_sans_epci: ['Cette île n’a pas d’intercommunalité : c’est normal.', 'This island has no EPCI: that is normal.'],
	courriel_nominatif_donnee_personnelle: ['Cette adresse nomme une personne : elle sera gardée comme contact, visible de vous seuls.',
		'This address names a person: it will be kept as a contact, visible only to you.'],
	donnee_du_contact: ['Déjà sur la fiche, mais c’est celui d’une personne : il passe au contact, et les autres l’effacent.',
		'On the record already, but it is a person’s: it goes to the contact, and the others erase it.'],
	formule_neutralisee: ['Le nom commence comme une formule ; il sera gardé comme un simple texte.',
		'It begins like a formula; it will be kept as plain text.'],
	double_encodage_suspect: ['Des accents semblent abîmés. Rien n’est changé : corrigez-les si besoin.', 'Accents look damaged. Nothing is changed: mend them if so.'],
	doublon_dans_le_fichier: ['La même structure est plus haut dans le fichier.', 'The same organisation is higher up in the file.'],
	siret_deja_ici: ['Une autre de vos fiches porte déjà ce SIRET.', 'Another of your records bears this SIRET already.'],
	doublon_possible: ['Une fiche lui ressemble. Est-ce la même ?', 'A record looks like it. Is it the same?'],
	historique_incomplet: ['Fiche reprise en cours de route : ses étapes passées sont inconnues.',
		'Taken over midway: past steps unknown.'],
	telephone_incomplet: ['Il manque un chiffre au numéro ; le zéro du début est remis si c’est lui.',
		'The number lacks a digit; a leading zero is put back if that is it.'],
	telephone_invalide: ['Ce n’est pas un numéro de téléphone.', 'This is not a telephone number.'],
	rna_forme: ['Un RNA s’écrit W et neuf chiffres.', 'An RNA is written W and nine digits.'],
	code_postal_commune: ['Ce code postal n’est pas celui de la commune.', 'This postal code is not the town’s.'],
	categorie_inconnue: ['Cette catégorie juridique n’existe pas.', 'This legal category does not exist.'],
	valeur_hors_liste: ['Cette valeur n’est pas dans la liste.', 'This value is not in the list.'],
	reference_inconnue: ['La fiche nommée n’est pas connue ici.', 'The record named is not known here.'],
	texte_trop_long: ['Ce texte est trop long.', 'This text is too long.'],
	hors_limites: ['Ce nombre est hors des limites.', 'This number is out of bounds.'],
	nombre_invalide: ['Ce n’est pas un nombre.', 'This is not a number.'],
	coordonnees_invalides: ['Ces coordonnées ne sont pas sur la terre.', 'These coordinates are not on earth.'],
	charte_non_acceptee: ['La charte en vigueur n’est pas acceptée par ce pôle.', 'This hub has not accepted the charter in force.'],
	charte_manquante: ['La structure n’a pas signé la charte.', 'The organisation has not signed the charter.'],
	date_maj_ancienne: ['Votre fichier est plus ancien que la fiche : il complète sans rien remplacer.',
		'Your file is older than the record: it adds and replaces nothing.'],
	colonnes_en_trop: ['Cette ligne a plus de cases que l’en-tête.', 'This line has more cells than the header.'],
	transition_interdite: ['Cette étape ne suit pas celle où en est la fiche.', 'This step does not follow the one the record is at.'],
	fiche_close: ['Cette fiche est close : elle ne change plus.', 'This record is closed: it changes no more.'],
	role_cress: ['Seule la CRESS écrit cela.', 'Only the CRESS writes this.'],
	role_pays: ['Le pôle de ce Pays tient cette fiche.', 'The hub of this Pays keeps this record.'],
	// notes: the value was taken
	normalise_siret: ['Espaces retirés.', 'Spaces removed.'],
	normalise_naf: ['Écrit avec son point.', 'Written with its point.'],
	commune_deduite: ['Commune trouvée.', 'Town found.'],
	exception_la_poste: ['Règle propre à La Poste.', 'La Poste’s own rule.'],
	sans_siret_rna: ['Pas de SIRET, mais un RNA.', 'No SIRET, but an RNA.'],
	saut_de_ligne_normalise: ['Retour à la ligne gardé.', 'Line break kept.'],
};

const digits = text => String(text || '').replace(/\D/g, '').length;

// Out of bounds, a text is not called a number.
const NOT_A_NUMBER = {telephone: 'telephone_invalide', nom: 'nom_longueur'};

// The words for one finding; `value` is what was read, '' where it names a person.
export function words_for(code, value, column) {
	if (code === 'hors_limites' && NOT_A_NUMBER[column])
		return words_for(NOT_A_NUMBER[column]);
	if (code === 'siret_longueur' && value)
		return t(`Il faut 14 chiffres, il y en a ${digits(value)}.`, `14 digits are needed, there are ${digits(value)}.`);
	if (code === 'siret_longueur')
		return t('Il faut 14 chiffres.', '14 digits are needed.');
	if (code === 'date_numero_serie_tableur' && /^\d+$/.test(value))
		return t(`Le tableur avait écrit ${value} ; nous lisons le ${serial(value)}.`,
			`The spreadsheet had written ${value}; we read ${serial(value)}.`);
	if (/^31[/-]0?2/.test(value || '') && code === 'date_invalide')
		return t('Février n’a pas 31 jours.', 'February has no 31st.');
	return WORDS[code] ? t(...WORDS[code]) : t(`À revoir (${code}).`, `To be checked (${code}).`);
}

// A spreadsheet counts days from 30 December 1899.
const serial = n => day(Date.UTC(1899, 11, 30) + Number(n) * 86400000);

// « siret: siret_cle (812...) » of a refused edit: [{field, code, value}]; empty where it is
// another sentence.
export function findings_of(text) {
	const found = [];

	for (const m of String(text).matchAll(/(?:^|[;,] )([a-z_]+): ([a-z0-9_]+)(?: \(([^)]*)\))?/g))
		found.push({field: m[1], code: m[2], value: m[3] || ''});
	return found;
}
