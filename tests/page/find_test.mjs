// SPDX-License-Identifier: Apache-2.0
// Annuaire and Rapprocher, as an officer uses them: W2 (find, and see who said what), W3 (a
// need, its offers, an introduction), by keyboard, in both languages, wide and narrow.
import {CRESS, HUB, MIXES, check, done, equal, facts, has, mix_name, phase, visit} from './lib.mjs';

const words = (mix, fr, en) => mix.lang === 'en' ? en : fr;
const text = async (v, selector) => (await v.page.textContent(selector)).replace(/\u00a0|\u202f/g, ' ');
const type = async (v, q) => { await v.page.fill('#q', q); await v.page.waitForTimeout(500); };

async function directory(mix) {
	const v = await visit(HUB, mix, 'annuaire'), {page} = v;

	await v.open('annuaire');
	await page.waitForSelector('#resultats .ligne');
	has(`annuaire-${mix_name(mix)}-counts-and-says-what-comes-first`, await text(v, '#decompte'), words(mix, 'Morlaix d’abord', 'Morlaix first'));
	await v.look('liste');
	await page.keyboard.press('/');
	equal(`annuaire-${mix_name(mix)}-slash-goes-to-the-search`, await page.evaluate(() => document.activeElement.id), 'q');
	await type(v, 'zinzolin');
	has(`annuaire-${mix_name(mix)}-search-finds-own-and-others`, await text(v, '#resultats .liste'), 'Zinzolin Voisin');
	check(`annuaire-${mix_name(mix)}-the-address-holds-the-question`, page.url().includes('q=zinzolin'), page.url());
	await type(v, 'zeppelin');
	has(`annuaire-${mix_name(mix)}-nothing-is-said-with-what-to-do`, await text(v, '#resultats'), words(mix, 'Rien ne correspond à « zeppelin »', 'Nothing matches “zeppelin”'));
	await v.look('vide');
	await type(v, 'plateaux');
	has(`annuaire-${mix_name(mix)}-what-stands-under-another-tab-is-said`, await text(v, '#resultats .vide'), words(mix, 'Aucune structure ne porte « plateaux », mais :', 'No organisation has “plateaux”, but:'));
	await v.look('ailleurs');
	await page.click('#resultats .vide .bt.fort');
	await page.waitForSelector('#resultats .ligne');
	has(`annuaire-${mix_name(mix)}-and-led-there`, await text(v, '#resultats .liste'), 'Plateaux du zinzolin');
	await page.click('#genre-structure');
	await type(v, 'pelikan');
	has(`annuaire-${mix_name(mix)}-markup-is-text`, await text(v, '#resultats .liste'), '<img src=x onerror=alert(1)>');
	await type(v, 'zinzolin atelier');
	await page.focus('a.ligne');
	await page.keyboard.press('Enter');
	await page.waitForSelector('#fiche .faits');
	await page.waitForTimeout(300);
	equal(`annuaire-${mix_name(mix)}-enter-opens-the-sheet-with-focus-on-its-title`, await page.evaluate(() => document.activeElement.id), 'fn');
	has(`annuaire-${mix_name(mix)}-the-sheet-says-who`, await text(v, '#fiche'), words(mix, 'selon le Pôle de Morlaix', 'from Morlaix hub'));
	has(`annuaire-${mix_name(mix)}-and-where-it-is`, await text(v, '#fiche .trajet'), words(mix, 'À la CRESS', 'At the CRESS'));
	check(`annuaire-${mix_name(mix)}-and-since-when`, /\d+( h |:)\d\d/.test(await text(v, '#fiche .trajet li:nth-child(2)')), await text(v, '#fiche .trajet'));
	has(`annuaire-${mix_name(mix)}-private-parts-are-marked`, await text(v, '#fiche .prive'), words(mix, 'nous seuls le voyons', 'only we can see this'));
	has(`annuaire-${mix_name(mix)}-a-contact-has-its-mail-and-telephone`, await text(v, '#fiche .joindre'), '02 98 00 00 02');
	await v.look('fiche');
	await page.keyboard.press('Escape');
	await page.waitForTimeout(300);
	equal(`annuaire-${mix_name(mix)}-escape-goes-back-to-the-line`, await page.evaluate(() => document.activeElement.dataset?.uid), facts.own);
	await v.close();
}

// What a hub cannot know it does not say; what the address holds stays in it.
async function honest(mix) {
	const v = await visit(HUB, mix, 'annuaire'), {page} = v, asked = [];
	const way = others => page.evaluate(o => import('/pill.js').then(m => m.journey_of({saved: '2026-01-01T10:00:00Z', place: 'home', home: true,
		home_at: '2026-01-01T10:01:00Z', others: o}).querySelector('li:last-child').textContent.replace(/\u00a0/g, ' ')), others);

	await v.open('annuaire');
	await page.waitForSelector('.etat.ok, .etat.attente');
	const late = await way([{name: 'A'}, {name: 'B'}]);

	has(`trajet-${mix_name(mix)}-who-writes-nothing-may-have-it`, late, words(mix, 'd’ici on ne voit pas qui l’a reçue', 'who has it cannot be seen from here'));
	check(`trajet-${mix_name(mix)}-and-no-link-is-foretold`, !/prochaine|next/.test(late), late);
	has(`trajet-${mix_name(mix)}-who-was-in-touch-is-named`, await way([{name: 'A', linked: '2026-01-01T11:00:00Z'}, {name: 'B'}]), 'A (');
	page.on('request', r => asked.push(new URL(r.url()).pathname));
	await page.evaluate(() => { location.hash = '#/rapprocher/..%2f..%2fx'; });
	await page.waitForSelector('.rapprocher');
	await page.waitForTimeout(800);
	check(`rapprocher-${mix_name(mix)}-an-id-from-the-address-stays-one`, !asked.includes('/api/x') && asked.some(a => a.includes('..%2F..%2Fx')), asked.filter(a => a.includes('x')).join(' '));
	v.wrong.splice(0, v.wrong.length, ...v.wrong.filter(w => !/status of 400|status of 404/.test(w)));
	const date = (d, form) => page.evaluate(a => import('/words.js').then(m => m.day(...a)), [d, form]);

	check(`dates-${mix_name(mix)}-another-years-say-so`, (await date('2031-11-12', {day: 'numeric', month: 'short'})).includes('2031'));
	check(`dates-${mix_name(mix)}-this-years-do-not`, !/20\d\d/.test(await date(`${new Date().getFullYear()}-06-12`, {day: 'numeric', month: 'short'})));
	await v.close();
}

async function matching(mix, introduces) {
	const v = await visit(HUB, mix, 'rapprocher'), {page} = v;

	await v.open(`rapprocher/${facts.need}`);
	await page.waitForSelector('.proposition');
	has(`rapprocher-${mix_name(mix)}-names-the-need`, await text(v, '#besoin'), 'Repas du zinzolin');
	equal(`rapprocher-${mix_name(mix)}-six-reasons-each`, await page.locator('.proposition').first().locator('.six tbody tr').count(), 6);
	has(`rapprocher-${mix_name(mix)}-never-to-judge`, await text(v, '#besoin'), words(mix, 'jamais à juger une structure', 'never to judge an organisation'));
	await v.look('besoin');
	if (introduces) {
		const one = page.locator(`[data-offre="${facts.offer}"]`);

		await one.locator('.bt').click();
		await page.fill('#mer-note', 'Appelé ce matin.');
		await v.look('dialogue');
		await page.click('dialog .bt.fort');
		await page.waitForSelector(`[data-offre="${facts.offer}"] .pastille.ok`);
		has(`rapprocher-${mix_name(mix)}-an-introduction-is-noted`, await one.textContent(), words(mix, 'Noté, à relancer', 'Noted, call back'));
		const list = await page.evaluate(need => fetch(`/api/v1/introductions?besoin=${need}`).then(r => r.json()), facts.need);

		equal(`rapprocher-${mix_name(mix)}-as-a-partnership-that-is-only-noted`, list.items[0]?.etat, 'repere');
	}
	await v.close();
}

async function others(mix) {
	const v = await visit(HUB, mix, 'autres'), {page} = v;

	await v.open(`annuaire/${facts.other}`);
	await page.waitForSelector('#fiche .faits');
	has(`autres-${mix_name(mix)}-another-hubs-record-says-so`, await text(v, '#fiche'), words(mix, 'Écrite par le Pôle d’Auray', 'Written by Auray hub'));
	has(`autres-${mix_name(mix)}-its-private-parts-are-elsewhere`, await text(v, '#fiche .prive'), words(mix, 'restent au Pôle d’Auray', 'stay with Auray hub'));
	await page.emulateMedia({media: 'print'});
	check(`autres-${mix_name(mix)}-on-paper-the-hub-is-named-and-nothing-is-to-be-clicked`,
		await page.isVisible('.marque span span') && !await page.isVisible('nav.areas') && !await page.isVisible('.fiche-actions') && !await page.isVisible('#meteo'));
	await page.screenshot({path: `${process.env.ESSAIM_SHOTS}/papier-fiche-${mix_name(mix)}.png`});
	await page.emulateMedia({media: null});
	await v.open(`annuaire/${facts.forgotten}`);
	await page.waitForSelector('#fn');
	await page.waitForTimeout(400);
	has(`autres-${mix_name(mix)}-an-erased-record-says-so`, await text(v, '#fiche'), words(mix, 'Effacé à la demande de la personne', 'Erased at the person’s request'));
	await page.evaluate(() => { location.hash = '#/annuaire'; });
	await page.waitForSelector('#resultats .ligne');
	await page.click('.etat');
	await page.waitForSelector('dialog .sous-liste li');
	await v.look('panneau');
	await page.keyboard.press('Escape');
	await page.waitForTimeout(200);
	check(`autres-${mix_name(mix)}-escape-goes-back-to-the-pill`, await page.evaluate(() => document.activeElement.classList.contains('etat')));
	await v.close();
}

async function region(mix) {
	const v = await visit(CRESS, mix, 'cress');

	await v.open(`annuaire/${facts.own}`);
	await v.page.waitForSelector('#fiche .faits');
	has(`cress-${mix_name(mix)}-says-since-when-it-has-it`, await text(v, '#fiche'), words(mix, 'À la CRESS depuis', 'At the CRESS since'));
	await v.page.waitForSelector('.carte .terre.trait');
	check(`cress-${mix_name(mix)}-draws-the-operators-shapes`, (await v.page.getAttribute('.carte .terre.trait', 'd')).split('L').length === 6);
	await v.look('fiche');
	await v.close();
}

async function away(mix) {
	const v = await visit(HUB, mix, 'horsligne'), {page} = v;

	await v.open(`annuaire/${facts.own}`);
	await page.waitForSelector('#fiche .trajet');
	await page.waitForSelector('.etat.attente');
	has(`horsligne-${mix_name(mix)}-the-pill-says-what-waits`, await text(v, '.etat'), words(mix, 'Hors ligne', 'Offline'));
	has(`horsligne-${mix_name(mix)}-everything-works`, await text(v, '#meteo'), words(mix, 'Tout fonctionne', 'Everything works'));
	has(`horsligne-${mix_name(mix)}-the-way-goes-on-later`, await text(v, '#fiche .trajet'), words(mix, 'dès que la liaison revient', 'when the link is back'));
	has(`horsligne-${mix_name(mix)}-what-changed-since-says-so`, await text(v, '#fiche .faits'), words(mix, 'changé', 'changed'));
	await v.look('fiche');
	await v.close();
}

if (phase === 'online') {
	for (const mix of MIXES) {
		await directory(mix);
		await matching(mix, mix === MIXES[0]);
	}
	await others(MIXES[0]);
	await others(MIXES[3]);
	await honest(MIXES[0]);
	await honest(MIXES[3]);
	await region(MIXES[1]);
} else {
	await away(MIXES[0]);
	await away(MIXES[3]);
}
await done();
