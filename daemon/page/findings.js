// SPDX-License-Identifier: Apache-2.0
// What is said of a value: one sentence for each code, where it is written and in the report
// of an import. They are the daemon's (daemon/rules/sentences.def), and come with the kinds.
import {sentence_for} from './fields.js';
import {day, t} from './words.js';

const digits = text => String(text || '').replace(/\D/g, '').length;

// The words for one finding; `value` is what was read, '' where it names a person; `field`
// is the one it speaks of.
export function words_for(code, value, field) {
	if (code === 'siret_longueur' && value && field === 'siret')
		return t(`Il faut 14 chiffres, il y en a ${digits(value)}.`, `14 digits are needed, there are ${digits(value)}.`);
	if (code === 'date_numero_serie_tableur' && /^\d+$/.test(value))
		return t(`Le tableur avait écrit ${value} ; nous lisons le ${serial(value)}.`,
			`The spreadsheet had written ${value}; we read ${serial(value)}.`);
	if (/^31[/-]0?2/.test(value || '') && code === 'date_invalide')
		return t('Février n’a pas 31 jours.', 'February has no 31st.');
	const words = sentence_for(code, field);

	return words ? t(words.fr, words.en) : t(`À revoir (${code}).`, `To be checked (${code}).`);
}

// A spreadsheet counts days from 30 December 1899.
const serial = n => day(Date.UTC(1899, 11, 30) + Number(n) * 86400000);

// « siret: siret_cle (812...): … » of a refused edit: [{field, code, value}]; empty where it
// is another sentence.
export function findings_of(text) {
	const found = [];

	for (const m of String(text).matchAll(/(?:^|[;,] )([a-z_]+): ([a-z0-9_]+)(?: \(([^)]*)\))?/g))
		if (sentence_for(m[2], m[1]))
			found.push({field: m[1], code: m[2], value: m[3] || ''});
	return found;
}
