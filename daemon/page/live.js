// SPDX-License-Identifier: Apache-2.0
// What the daemon says by itself (/events): status, changed and todo, told on the bus. The
// stream's status is the short one: whole it is asked for at the start and with each todo.
// Where the stream is not to be had, it is asked for every 15 s.
import {get, tell} from './api.js';

const SLOW = 15000;
let source, timer;

async function poll() {
	try {
		tell('status', await get('status'));
	} catch { /* the bus has already said 'cut' */ }
}

function listen(name) {
	source.addEventListener(name, e => {
		let detail = null;

		try {
			detail = JSON.parse(e.data);
		} catch { /* a word without facts is a word all the same */ }
		tell(name, detail);
	});
}

function by_asking() {
	if (!timer)
		timer = setInterval(poll, SLOW);
}

export function live() {
	source?.close();
	poll();
	source = new EventSource('/events');
	['status', 'changed', 'todo'].forEach(listen);
	source.addEventListener('todo', poll);
	source.addEventListener('end', () => { source.close(); tell('signed-out'); });
	source.addEventListener('error', () => {
		poll();
		if (source.readyState === EventSource.CLOSED)
			by_asking();
	});
	addEventListener('pagehide', () => source.close());
}
