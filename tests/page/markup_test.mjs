// SPDX-License-Identifier: Apache-2.0
// Markup in every text of every kind, shown on every screen: it is text. A record is made of
// each kind with the same hostile words wherever the rules let words stand; then its sheet,
// its form and the screens are opened at the hub and at the CRESS. Nothing of it becomes an
// element, nothing runs, and the console stays silent.
import http from 'node:http';
import {CRESS, HUB, MIXES, check, done, equal, phase, visit} from './lib.mjs';

const EVIL = '"\'><img src=x onerror=pwned()><svg onload=pwned()> javascript:pwned() ${pwned()}';
const SCREENS = ['annuaire', 'annuaire?q=onerror', 'rapprocher', 'saisir', 'saisir/propositions', 'saisir/desaccords', 'saisir/doublons', 'saisir/relais',
	'saisir/effacer', 'territoire', 'territoire/rapport', 'federation'];
const PLAIN = {date: '2026-10-01', time: '2026-12-10T10:00:00+01:00', int: 1, cents: 100, tenth: 1, bool: true, code: '29151'};
const TRIES = 14; // to find out what the rules let stand

const ask = (node, method, path, body) => new Promise((resolve, reject) => {
	const r = http.request({socketPath: `${process.env.ESSAIM_WORK}/${node}/essaim.sock`, method, path: `/api/v1/${path}`, headers: {host: 'x'}}, answer => {
		let text = '';

		answer.on('data', part => { text += part; });
		answer.on('end', () => resolve(JSON.parse(text)));
	});

	r.on('error', reject);
	r.end(body ? JSON.stringify(body) : undefined);
});

const made = {}; // uid of the record of that kind

// A value that a field of the kind may have, where words may not stand.
function plain(field) {
	if (field.type === 'ref')
		return made[field.refers];
	if (field.codes)
		return field.type === 'list' ? [field.codes.split('|')[0]] : field.codes.split('|')[0];
	return PLAIN[field.type];
}

const hostile = field => field.type === 'list' ? [EVIL.slice(0, field.max > 1 ? 60 : field.max)] : EVIL.slice(0, Math.max(field.max, 3));
const bears_words = field => field.type === 'text' || (field.type === 'list' && !field.codes);

function first_values(kind) {
	const values = {};

	for (const field of kind.fields.filter(x => !['champs_locaux', 'extra', 'portee'].includes(x.name)))
		if (bears_words(field))
			values[field.name] = hostile(field);
		else if (field.required && plain(field) !== undefined)
			values[field.name] = plain(field);
	return values;
}

// The answer names the fields that do not stand: without words there, or with what is asked.
function yields(kind, values, text) {
	let moved = false;

	for (const field of kind.fields.filter(x => new RegExp(`\\b${x.name}\\b`).test(text))) {
		const words = JSON.stringify(values[field.name] ?? '').includes('pwned') || bears_words(field);

		if (field.name in values && words)
			delete values[field.name];
		else if (!(field.name in values) && plain(field) !== undefined)
			values[field.name] = plain(field);
		else
			continue;
		moved = true;
	}
	return moved;
}

async function make(node, kind) {
	const values = first_values(kind);
	let answer;

	for (let i = 0; i < TRIES; i++) {
		answer = await ask(node, 'POST', 'records', {kind: kind.name, values});
		if (answer.uid || !yields(kind, values, answer.error?.text || ''))
			break;
	}
	return {uid: answer.uid, words: Object.values(values).filter(x => JSON.stringify(x).includes('<img')).length, why: answer.error?.text};
}

// Kinds that others refer to come first: until nothing new can be made. What is the CRESS's is made there.
async function make_all(kinds) {
	let left = kinds, words = 0, before, why = {};

	do {
		before = left.length;
		for (const kind of left) {
			const at_home = await make('morlaix', kind), r = at_home.uid ? at_home : await make('cress', kind);

			why[kind.name] = at_home.why;
			if (r.uid) {
				made[kind.name] = r.uid;
				words += r.words;
			}
		}
		left = left.filter(k => !made[k.name]);
	} while (left.length > 0 && left.length < before);
	return {words, left: left.map(k => `${k.name} (${why[k.name]})`)};
}

async function harmless(v, what) {
	const found = await v.page.evaluate(() => ({ran: window.ran || 0, elements: document.querySelectorAll('img[src="x"], svg[onload], [onerror]').length,
		links: [...document.querySelectorAll('a[href]')].filter(a => /^javascript:/i.test(a.getAttribute('href'))).length}));

	if (found.ran || found.elements || found.links)
		v.wrong.push(`${what}: ${JSON.stringify(found)}`);
}

async function show(v, hash) {
	await v.open(hash);
	await v.page.waitForTimeout(150);
	await harmless(v, hash);
}

async function screens(origin, name, uids) {
	const v = await visit(origin, MIXES[0], name);

	await v.page.addInitScript(() => { window.pwned = () => { window.ran = (window.ran || 0) + 1; }; });
	for (const hash of SCREENS)
		await show(v, hash);
	for (const uid of uids)
		await show(v, `annuaire/${uid}`);
	return v;
}

if (phase === 'online') {
	const {kinds} = await ask('morlaix', 'GET', 'kinds');
	const {words, left} = await make_all(kinds);

	check('markup-stands-in-a-record-of-nearly-every-kind', Object.keys(made).length >= kinds.length - 12, `not made: ${left}`);
	check('markup-stands-in-many-fields', words >= 150, `${words} fields`);
	console.error(`markup: ${Object.keys(made).length} of ${kinds.length} kinds, ${words} fields; not made: ${left.join(', ')}`);
	const hub = await screens(HUB, 'markup-hub', Object.values(made));

	for (const uid of Object.values(made))
		await show(hub, `saisir/fiche/${uid}`);
	equal('markup-is-shown-as-what-it-is', await hub.page.evaluate(() => document.documentElement.innerHTML.includes('&lt;img src=x') || document.querySelectorAll('input, textarea').length > 0), true);
	await hub.close();
	const cress = await screens(CRESS, 'markup-cress', [made.structure, made.offre, made.evenement].filter(Boolean));

	await cress.close();
}
await done();
