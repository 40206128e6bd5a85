// SPDX-License-Identifier: Apache-2.0
// Figures, with the load of the machine beside them. ESSAIM_PAGE_ROWS=13700 makes the
// directory as large as a region's.
import os from 'node:os';
import {HUB, MIXES, check, done, phase, visit} from './lib.mjs';

// Figures: what a first visit costs, and how soon a search is answered.
// Where several work on each processor, a second of ours is several on the clock.
const crowd = Math.max(1, os.loadavg()[0] / os.cpus().length);

async function speed() {
	const v = await visit(HUB, MIXES[0], 'vitesse'), {page} = v;
	const cdp = await page.context().newCDPSession(page);
	let bytes = 0;

	await cdp.send('Network.enable');
	cdp.on('Network.loadingFinished', e => { bytes += e.encodedDataLength; });
	await page.goto(`${HUB}/#/annuaire`);
	await page.waitForSelector('#resultats .ligne');
	const ready = await page.evaluate(() => performance.now());

	await page.waitForTimeout(800);
	check('vitesse-a-first-visit-takes-less-than-300-KB', bytes < 300000, `${bytes} bytes`);
	const took = [];

	for (const q of ['cantine', 'jardin', 'velo', 'atelier', 'ecole'])
		took.push(await page.evaluate(word => new Promise(answer => {
			const field = document.querySelector('#q'), where = document.querySelector('#resultats');

			field.value = word;
			field.dispatchEvent(new Event('input', {bubbles: true}));
			const at = performance.now();

			new MutationObserver((_, o) => { if (where.querySelector('#decompte')) { o.disconnect(); answer(performance.now() - at); } }).observe(where, {childList: true});
		}), q));
	took.sort((a, b) => a - b);
	const total = await page.evaluate(() => fetch('/api/v1/search?kind=structure&limit=1').then(r => r.json()).then(r => r.total));

	console.error(`${total} structures: first line after ${ready.toFixed(0)} ms; ${bytes} bytes; a search after the last key: ${took.map(n => n.toFixed(0)).join(' ')} ms; load ${os.loadavg()[0].toFixed(1)}`);
	check('vitesse-the-first-line-stands-within-a-second', ready < 1000 * crowd, `${ready.toFixed(0)} ms`);
	check('vitesse-a-search-is-answered-within-160-ms-of-the-last-key', took[2] < 160 * crowd, `median ${took[2].toFixed(0)} ms, 60 of them the pause`);
	await v.close();
}

if (phase === 'online')
	await speed();
await done();
