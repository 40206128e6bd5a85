// SPDX-License-Identifier: Apache-2.0
// The page's one way to the daemon. A write carries the token of `me`; an answer that does
// not come says so on the bus ('cut'), the next that comes says 'back'.
import {language} from './words.js';

const V1 = '/api/v1/';
export const bus = new EventTarget();
export const tell = (name, detail) => bus.dispatchEvent(new CustomEvent(name, {detail}));
// Returns how to hear no more.
export function hear(name, f) {
	const g = e => f(e.detail);

	bus.addEventListener(name, g);
	return () => bus.removeEventListener(name, g);
}

let csrf = null;
let is_cut = false;
export const cut = () => is_cut;

export class ApiError extends Error {
	constructor(status, body, retry) {
		super(body?.error?.text || `HTTP ${status}`);
		this.status = status;
		this.code = body?.error?.code || '';
		this.retry = retry;
	}
}

function reached(yes) {
	if (is_cut === !yes)
		return;
	is_cut = !yes;
	tell(yes ? 'back' : 'cut');
}

async function ask(method, path, {body, type, signal, raw} = {}) {
	const headers = {'Accept-Language': language()};
	let answer;

	if (csrf && method !== 'GET')
		headers['X-Essaim-CSRF'] = csrf;
	if (body !== undefined)
		headers['Content-Type'] = type || 'application/json';
	try {
		answer = await fetch(V1 + path, {method, headers, signal, credentials: 'same-origin', cache: 'no-cache',
			body: body === undefined || type ? body : JSON.stringify(body)});
	} catch (err) {
		if (err.name !== 'AbortError')
			reached(false);
		throw err;
	}
	reached(true);
	return raw && answer.ok ? answer : read(answer);
}

async function read(answer) {
	const text = await answer.text();
	let body = null;

	try {
		body = text ? JSON.parse(text) : null;
	} catch { /* not JSON: an error page of a proxy; the status says enough */ }
	if (answer.ok)
		return body;
	if (answer.status === 401 && !answer.url.endsWith('/login'))
		tell('signed-out');
	throw new ApiError(answer.status, body, answer.headers.get('Retry-After'));
}

// q: an object; what is empty is not asked.
export function query(q) {
	const p = new URLSearchParams();

	for (const [k, v] of Object.entries(q))
		if (v !== '' && v !== null && v !== undefined)
			p.set(k, v);
	return p.size ? `?${p}` : '';
}

export const get = (path, q = {}, signal) => ask('GET', path + query(q), {signal});
export const post = (path, body = {}) => ask('POST', path, {body});
export const remove = path => ask('DELETE', path);
// A file as it stands; the answer is JSON.
export const send = (path, file, type) => ask('POST', path, {body: file, type});
// The answer as it stands (CSV, files).
export const fetch_raw = (path, q = {}) => ask('GET', path + query(q), {raw: true});

// Who sits here: {account, role, mode, csrf, ends, node, lang}.
export async function me() {
	const m = await get('me');

	csrf = m.csrf;
	return m;
}

export async function login(name, password) {
	const m = await post('login', {name, password});

	csrf = m.csrf;
	return m;
}

export async function logout() {
	await post('logout');
	csrf = null;
}
