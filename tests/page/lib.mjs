// SPDX-License-Identifier: Apache-2.0
// What the tests of the page share: a browser whose every console error and every request
// to elsewhere is a failure, lines "ok NAME" and "not ok NAME why", axe and screenshots.
import fs from 'node:fs';
import {createRequire} from 'node:module';

const require = createRequire(`${process.env.ESSAIM_NPM}/`);
const {chromium} = require('playwright-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

export const HUB = process.env.ESSAIM_HUB, CRESS = process.env.ESSAIM_CRESS;
export const phase = process.argv[2] || 'online';
export const facts = JSON.parse(fs.readFileSync(process.env.ESSAIM_FACTS, 'utf8'));
export const MIXES = [{lang: 'fr', theme: 'clair', width: 1280}, {lang: 'en', theme: 'sombre', width: 1280},
	{lang: 'fr', theme: 'sombre', width: 390}, {lang: 'en', theme: 'clair', width: 390}];
export const mix_name = m => `${m.lang}-${m.theme}-${m.width}`;

let failed = 0;

export function check(name, good, why = '') {
	if (!good)
		failed++;
	console.log(`${good ? 'ok' : 'not ok'} ${name}${good || !why ? '' : ` ${String(why).replace(/\s+/g, ' ').slice(0, 300)}`}`);
}
export const equal = (name, got, wanted) => check(name, got === wanted, `wanted '${wanted}', got '${got}'`);
export const has = (name, text, part) => check(name, String(text).replace(/\u00a0|\u202f/g, ' ').includes(part), `no '${part}' in '${text}'`);

const browser = await chromium.launch({executablePath: process.env.ESSAIM_CHROMIUM, args: ['--no-sandbox', '--disable-gpu']});

// A page of that mix on `origin`; `open(hash)` goes there as a reader would.
export async function visit(origin, mix, name) {
	const narrow = mix.width < 700;
	const context = await browser.newContext({viewport: {width: mix.width, height: narrow ? 844 : 860}, locale: mix.lang === 'fr' ? 'fr-FR' : 'en-GB',
		timezoneId: 'Europe/Paris', isMobile: narrow, hasTouch: narrow, deviceScaleFactor: 1});
	const page = await context.newPage(), wrong = [];

	page.on('console', m => ['error', 'warning'].includes(m.type()) && wrong.push(m.text()));
	page.on('pageerror', e => wrong.push(String(e)));
	page.on('dialog', d => { wrong.push(`dialog ${d.message()}`); d.dismiss(); });
	page.on('request', r => r.url().startsWith(origin) || wrong.push(`outside ${r.url()}`));
	return {
		page, mix, wrong,
		async open(hash) {
			await page.goto(`${origin}/?lang=${mix.lang}&theme=${mix.theme}#/${hash}`);
			await page.waitForSelector('main h1');
			await page.waitForLoadState('load');
			await page.evaluate(() => document.fonts.ready);
		},
		// axe, no sideways scroll, and a picture.
		async look(what) {
			const label = `${name}-${what}-${mix_name(mix)}`;

			await page.waitForTimeout(250);
			await page.evaluate(axe);
			const {violations} = await page.evaluate(rules => axe.run(document, {runOnly: rules}), RULES);

			check(`${label}-axe-finds-nothing`, violations.length === 0, violations.map(v => `${v.id} ${v.nodes.map(n => n.target.join(' ')).slice(0, 2)}`).join('; '));
			const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

			check(`${label}-no-sideways-scroll`, over <= 0, `${over} px`);
			await page.screenshot({path: `${process.env.ESSAIM_SHOTS}/${label}.png`});
		},
		async close() {
			check(`${name}-${mix_name(mix)}-console-is-silent-and-nothing-leaves`, wrong.length === 0, wrong.slice(0, 3).join(' | '));
			await context.close();
		},
	};
}

export async function done() {
	await browser.close();
	process.exit(failed > 0 ? 1 : 0);
}
