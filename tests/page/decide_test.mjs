// SPDX-License-Identifier: Apache-2.0
// Saisir's inboxes, as people decide in them: corrections accepted, taken back and refused,
// a disagreement settled, a hand-over taken; and what the daemons then say.
import {execFileSync} from 'node:child_process';
import {HUB, MIXES, check, done, equal, facts, has, mix_name, phase, visit} from './lib.mjs';

const words = (mix, fr, en) => mix.lang === 'en' ? en : fr;
const flat = s => (s || '').replace(/\u00a0|\u202f/g, ' ');
const essaim = (node, ...args) => execFileSync(`${process.env.ESSAIM_BIN}/essaim`,
	['--data', `${process.env.ESSAIM_WORK}/${node}`, ...args], {encoding: 'utf8'});
const told = (node, ...args) => JSON.parse(essaim(node, ...args, '--json'));
const value = (node, uid, field) => told(node, 'show', uid).data[field] ?? null;
const settle = () => ['morlaix', 'cress', 'auray', 'cress', 'morlaix'].forEach(n => essaim(n, 'wait', '--synced', '--timeout', '60'));
const card_with = (v, text) => v.page.locator('.decision', {hasText: text});
const decided = (v, text) => v.page.waitForFunction(w => [...document.querySelectorAll('.decision .pastille')].some(p => p.textContent.replace(/\u00a0|\u202f/g, ' ').includes(w)), text,
	{timeout: 20000});
const cards = async v => { await v.page.waitForSelector('.decision'); return v.page.locator('.decision').count(); };

async function looks(mix) {
	const v = await visit(HUB, mix, 'decider'), name = `decider-${mix_name(mix)}`;

	for (const [place, n] of [['propositions', 3], ['desaccords', 1], ['relais', 1]]) {
		await v.open(`saisir/${place}`);
		equal(`${name}-${place}-has-its-cards`, await cards(v), n);
		check(`${name}-${place}-the-banner-counts-what-the-menu-counts`, await v.page.waitForFunction(() => {
			const n = selector => [...document.querySelectorAll(`${selector} .compte [aria-hidden]`)].map(e => Number(e.textContent));
			const banner = n('.areas'), menu = n('nav.menu');

			return menu.length > 1 && banner[0] === menu.reduce((a, b) => a + b, 0);
		}, null, {timeout: 10000}).then(() => true, () => false));
		await v.look(place);
	}
	await v.close();
}

async function corrections(mix) {
	const v = await visit(HUB, mix, 'corrections'), {page} = v, name = `corrections-${mix_name(mix)}`;

	await v.open('saisir/propositions');
	await cards(v);
	const phone = card_with(v, '22 22 22');

	has(`${name}-both-texts-are-shown`, flat(await phone.textContent()), '11 11 11');
	has(`${name}-who-asks-is-named`, flat(await phone.textContent()), 'Auray');
	await phone.getByRole('button', {name: words(mix, 'Accepter', 'Accept')}).click();
	await decided(v, words(mix, 'Acceptée', 'Accepted'));
	equal(`${name}-accepted-is-written`, value('morlaix', facts.asked, 'telephone'), '+33298222222');
	check(`${name}-the-next-card-has-the-focus`,
		await page.evaluate(() => document.activeElement.closest('.decision') && !document.activeElement.closest('.decision').querySelector('.pastille')));
	const street = card_with(v, '5 rue du Port');

	await street.getByRole('button', {name: words(mix, 'Accepter', 'Accept')}).click();
	await page.waitForFunction(() => document.querySelectorAll('.decision .pastille').length === 2);
	equal(`${name}-accepted-too`, value('morlaix', facts.asked, 'adresse'), '5 rue du Port');
	await page.locator('.decision').filter({has: page.locator('.pastille')}).getByRole('button', {name: words(mix, 'Défaire', 'Undo')}).last().click();
	await decided(v, words(mix, 'Défait', 'Undone'));
	equal(`${name}-and-taken-back`, value('morlaix', facts.asked, 'adresse'), '3 rue du Port');
	const initials = page.locator('.decision').filter({hasNot: page.locator('.pastille')});

	await initials.getByRole('button', {name: words(mix, 'Refuser', 'Refuse')}).click();
	await page.fill('#motif', words(mix, 'Elle ne s’appelle pas ainsi.', 'That is not its name.'));
	await v.look('motif');
	await page.click('dialog .bt.fort');
	await decided(v, words(mix, 'Refusée', 'Refused'));
	equal(`${name}-refused-is-not-written`, value('morlaix', facts.asked, 'sigle'), null);
	await v.look('decidees');
	settle();
	equal(`${name}-who-asked-has-the-answers`, told('auray', 'proposals').items.filter(i => i.uid === facts.asked && i.state === 'open').length, 0);
	equal(`${name}-and-what-was-accepted`, value('auray', facts.asked, 'telephone'), '+33298222222');
	await page.reload();
	await page.waitForSelector('.vide');
	has(`${name}-nothing-more-to-decide`, flat(await page.textContent('#espace')), words(mix, 'Rien à décider', 'Nothing to decide'));
	await v.close();
}

async function disagreement(mix) {
	const v = await visit(HUB, mix, 'desaccord'), {page} = v, name = `desaccord-${mix_name(mix)}`;

	await v.open('saisir/desaccords');
	await cards(v);
	const card = card_with(v, 'Pétrel');

	has(`${name}-nothing-is-lost`, flat(await card.textContent()), 'Pétrel du matin');
	await card.getByRole('button', {name: words(mix, 'Garder Pétrel du matin', 'Keep Pétrel du matin')}).click();
	await decided(v, words(mix, 'Gardé : Pétrel du matin', 'Kept: Pétrel du matin'));
	equal(`${name}-the-chosen-one-stands`, value('morlaix', facts.torn, 'titre'), 'Pétrel du matin');
	await v.look('decide');
	settle();
	equal(`${name}-everywhere`, value('auray', facts.torn, 'titre'), 'Pétrel du matin');
	equal(`${name}-and-is-over`, told('morlaix', 'conflicts').total, 0);
	await v.close();
}

async function hand_over(mix) {
	const v = await visit(HUB, mix, 'relais'), {page} = v, name = `relais-${mix_name(mix)}`;

	await v.open('saisir/relais');
	equal(`${name}-what-goes-together-is-one-card`, await cards(v), 1);
	const card = card_with(v, 'Goéland Mobile');

	has(`${name}-it-says-what-comes-with-it`, flat(await card.textContent()), words(mix, 'Avec elle : 1 offre', 'With it: 1 offer'));
	await card.getByRole('button', {name: words(mix, 'Prendre le relais', 'Take it over')}).click();
	await decided(v, words(mix, 'Relais pris', 'Taken over'));
	has(`${name}-it-is-said-to-be-final`, flat(await page.textContent('.decision')), words(mix, 'définitif', 'final'));
	await v.look('pris');
	settle();
	equal(`${name}-it-is-ours`, told('auray', 'show', facts.moved).owner, 'pole-morlaix');
	equal(`${name}-with-its-offer`, told('auray', 'show', facts.goes).owner, 'pole-morlaix');
	await v.close();
}

// Another hub refuses what Morlaix proposed: told in the pill's panel, and decided there.
async function refusal(mix, decide) {
	const name = `refus-${mix_name(mix)}`, number = `+3329756${mix.width}`.slice(0, 11) + '1';

	essaim('morlaix', 'propose', facts.other, `telephone=${number}`);
	settle();
	const no = told('auray', 'proposals').items.find(i => i.uid === facts.other && i.state === 'open').no;

	essaim('auray', 'refuse', String(no), '--why', 'Le numéro est celui du siège.');
	settle();
	const v = await visit(HUB, mix, 'refus'), {page} = v;
	const pill = w => page.waitForFunction(x => document.querySelector('.etat')?.textContent.replace(/\u00a0/g, ' ').includes(x), w, {timeout: 30000});

	await v.open('annuaire');
	await pill(words(mix, '1 fiche refusée', '1 record refused'));
	await page.click('.etat');
	await page.waitForSelector('.refus-item button');
	const panel = flat(await page.textContent('dialog'));

	has(`${name}-who-refused-is-said`, panel, words(mix, 'Refusé par le Pôle ESS du Pays d', 'Refused by Pôle ESS du Pays d'));
	has(`${name}-and-why`, panel, 'Le numéro est celui du siège');
	has(`${name}-the-text-is-kept`, panel, words(mix, 'Votre texte est conservé ici', 'Your text is kept here'));
	await v.look('panneau');
	await decide(v, name);
	await page.waitForSelector('.refus-item .note.ok');
	await page.keyboard.press('Escape');
	await pill(words(mix, 'Tout est transmis', 'All sent'));
	check(`${name}-the-pill-is-calm-again`, true);
	await v.close();
}

async function suggest_again(v, name) {
	await v.page.getByRole('button', {name: words(v.mix, 'Proposer mon texte', 'Suggest my text')}).click();
	await v.page.waitForSelector('.refus-item .note.ok');
	settle();
	const open = told('auray', 'proposals').items.filter(i => i.uid === facts.other && i.state === 'open');

	equal(`${name}-proposed-again`, open.length, 1);
	await v.page.keyboard.press('Escape');
	await v.page.click('.etat');
	await v.page.waitForSelector('.refus-item button');
	has(`${name}-it-is-said-that-the-other-decides`, flat(await v.page.textContent('.refus-liste')), words(v.mix, 'qui décide', 'which decides'));
	await v.page.getByRole('button', {name: words(v.mix, 'Abandonner ce changement', 'Give up this change')}).click();
	await v.page.waitForSelector('.refus-item .note.ok');
	settle();
	equal(`${name}-and-withdrawn`, told('auray', 'proposals').items.filter(i => i.uid === facts.other && i.state === 'open').length, 0);
}

const give_up = v => v.page.getByRole('button', {name: words(v.mix, 'Abandonner ce changement', 'Give up this change')}).click();

// One that does not come to its end is a failure, and the next one is played all the same.
async function play(f, mix, ...more) {
	try {
		await f(mix, ...more);
	} catch (err) {
		check(`${f.name}-${mix_name(mix)}-comes-to-its-end`, false, err.stack.split('\n').filter((l, i) => i === 0 || l.includes('decide_test')).join(' '));
	}
}

if (phase === 'online') {
	await play(looks, MIXES[0]);
	await play(looks, MIXES[3]);
	for (const f of [corrections, disagreement, hand_over])
		await play(f, MIXES[0]);
	await play(refusal, MIXES[0], suggest_again);
	await play(refusal, MIXES[3], give_up);
}
await done();
