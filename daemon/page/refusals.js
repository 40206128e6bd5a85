// SPDX-License-Identifier: Apache-2.0
// In the pill's panel: what we proposed to another hub. Refused, the text is still here, to
// be proposed again or given up; unanswered, it can be taken back.
import {get, post} from './api.js';
import {chip, fill, h, note, say} from './dom.js';
import {as_text, field_name, schema, value_text} from './fields.js';
import {t, when} from './words.js';

const HIDDEN = new Set(['portee', 'champs_locaux']);
const fields_of = i => Object.entries(i.fields || {}).filter(([name]) => !HIDDEN.has(name));
const text_of = i => fields_of(i).map(([name, value], at) => [at > 0 && h('br'), `${field_name(i.kind, name)}${t(' : ', ': ')}`,
	h('b', value_text(i.kind, name, value))]);
const the = hub => t(/^CRESS/.test(hub.name) ? `la ${hub.name}` : `le ${hub.name}`, hub.name);
const to_the = hub => t(/^CRESS/.test(hub.name) ? `à la ${hub.name}` : `au ${hub.name}`, hub.name);

function card(i, state, sentence, buttons) {
	const said = h('div', {role: 'alert'}), item = h('li.refus-item');
	const run = (f, words) => async () => {
		item.querySelectorAll('button').forEach(b => { b.disabled = true; });
		try {
			await f();
			fill(item, note('ok', 'ok', h('b', i.nom), ' ', words));
			say(words);
		} catch (err) {
			item.querySelectorAll('button').forEach(b => { b.disabled = false; });
			fill(said, note('agir', 'agir', err.message));
		}
	};

	return fill(item, h('p.entre', h('b', i.nom), state), h('p', sentence), h('p.texte', text_of(i)),
		h('div.rang', buttons.map(([words, look, f, done]) => h(`button.bt${look}`, {type: 'button', onclick: run(f, done)}, words))), said);
}

const aside = i => post('refuse', {no: i.no});

function refused(i) {
	const words = i.why.replace(/\s*\.$/, ''), why = words ? t(` Son motif : « ${words} ».`, ` Its reason: “${words}”.`) : '';
	const again = async () => {
		await post('propose', {uid: i.uid, kind: i.kind, values: Object.fromEntries(fields_of(i).map(([name, value]) => [name, as_text(value)]))});
		await aside(i);
	};

	if (i.type === 'cession')
		return card(i, chip('agir', 'agir', t('refusée', 'refused')), t(`Relais refusé par ${the(i.by)}, ${when(i.when)}.${why}`,
			`Hand-over refused by ${i.by.name}, ${when(i.when)}.${why}`), [
			[t('Compris', 'Understood'), '', () => aside(i), t('reste à votre pôle.', 'stays with your hub.')]]);
	return card(i, chip('agir', 'agir', t('refusée', 'refused')),
		t(`Refusé par ${the(i.by)}, ${when(i.when)}.${why} Votre texte est conservé ici.`,
			`Refused by ${i.by.name}, ${when(i.when)}.${why} Your text is kept here.`), [
		[t(`Proposer mon texte ${to_the(i.to)}`, `Suggest my text to ${i.to.name}`), '.fort', again,
			t('est proposé de nouveau : ce pôle décide.', 'is suggested again: that hub decides.')],
		[t('Abandonner ce changement', 'Give up this change'), '', () => aside(i), t('reste comme elle est.', 'stays as it is.')]]);
}

function waiting(i) {
	return card(i, chip('attente', 'attente', t('proposée', 'suggested')), t(`Proposé ${to_the(i.to)}, qui décide.`,
		`Suggested to ${i.to.name}, which decides.`), [
		[t('Abandonner ce changement', 'Give up this change'), '', () => post('refuse', {no: i.no}), t('reste comme elle est.', 'stays as it is.')]]);
}

function named(open) {
	return Promise.all(open.map(async i => {
		const r = await get(`records/${i.uid}`).catch(() => null);

		return {...i, nom: r?.data.nom || r?.data.titre || t('Fiche', 'Record')};
	}));
}

// A list of both, or nothing; `hub`: our own number.
export async function what_we_proposed(hub) {
	await schema();
	const {items} = await get('proposals'), no = items.filter(i => i.state === 'refused');
	const open = await named(items.filter(i => i.type === 'proposition' && i.state === 'open' && !i.waits && i.from.id === hub));

	return no.length + open.length > 0 ? h('section', {'aria-labelledby': 'h-refus'},
		h('h3', {id: 'h-refus'}, t('Ce que vous avez proposé à d’autres pôles', 'What you suggested to other hubs')),
		h('ul.sous-liste.refus-liste', no.map(refused), open.map(waiting))) : null;
}
