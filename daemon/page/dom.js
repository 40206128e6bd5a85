// SPDX-License-Identifier: Apache-2.0
// The only builder of the page: elements from values, never from markup. A value given
// as a child becomes a text node, so nothing that was typed anywhere can become a tag.
// Widths and heights go through the DOM, since the policy forbids style attributes.

const SVG = 'http://www.w3.org/2000/svg';

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

function put(node, child) {
	if (child === null || child === undefined || child === false || child === '')
		return;
	if (Array.isArray(child))
		child.forEach(c => put(node, c));
	else
		node.append(child instanceof Node ? child : String(child));
}

function set(node, name, value) {
	if (value === null || value === undefined || value === false)
		return;
	if (name.startsWith('on'))
		node.addEventListener(name.slice(2), value);
	else if (name === 'percent')
		node.style.width = `${value}%`;
	else if (name === 'height' && !(node instanceof SVGElement))
		node.style.height = `${value}px`;
	else if (name === 'value')
		node.value = value;
	else if (name === 'class')
		value.split(/\s+/).filter(Boolean).forEach(c => node.classList.add(c));
	else
		node.setAttribute(name, value === true ? '' : value);
}

function build(node, names, rest) {
	const plain = v => v && typeof v === 'object' && !Array.isArray(v) && !(v instanceof Node);
	const props = plain(rest[0]) ? rest.shift() : {};

	if (names.length)
		node.classList.add(...names);
	put(node, rest);
	for (const [name, value] of Object.entries(props))
		set(node, name, value);
	return node;
}

// h('p.note.attente', {role: 'alert'}, icon('attente'), h('span', text))
export function h(tag, ...rest) {
	const [name, ...names] = tag.split('.');

	return build(document.createElement(name), names, rest);
}

export function s(tag, ...rest) {
	const [name, ...names] = tag.split('.');

	return build(document.createElementNS(SVG, name), names, rest);
}

// What stands in `node` becomes `children`.
export function fill(node, ...children) {
	node.replaceChildren();
	put(node, children);
	return node;
}

// Drawings of 24 px: a list of [tag, attributes] or paths alone.
const circle = (cx, cy, r) => ['circle', {cx, cy, r}];
const rect = (x, y, width, height, rx) => ['rect', {x, y, width, height, rx}];
const TRACES = {
	annuaire: [circle(10.5, 10.5, 6), 'm15 15 5.5 5.5'],
	saisir: ['M4 20h16M6 16l1-4L16.5 2.5l3 3L10 15z'],
	rapprocher: [circle(7, 12, 3.5), circle(17, 12, 3.5), 'M10.5 12h3'],
	territoire: ['M4 20V10M10 20V4M16 20v-8M21 20H3'],
	federation: [circle(12, 12, 2.6), circle(12, 4, 1.8), circle(19, 16, 1.8), circle(5, 16, 1.8), 'M12 6v3M17.4 15l-3-1.7M6.6 15l3-1.7'],
	ok: [circle(12, 12, 9), 'm8 12.3 2.8 2.8L16.2 9.5'],
	attente: [circle(12, 12, 9), 'M12 7v5.3l3.4 2'],
	agir: ['M12 3.5 22 20.5H2zM12 10v4.5M12 17.4v.1'],
	cadenas: [rect(5, 11, 14, 9, 1.5), 'M8 11V8a4 4 0 0 1 8 0v3'],
	pays: [circle(12, 12, 9), 'M3 12h18M12 3c3.5 3.5 3.5 14.5 0 18M12 3c-3.5 3.5-3.5 14.5 0 18'],
	reseau: [circle(6, 7, 2.5), circle(18, 7, 2.5), circle(12, 18, 2.5), 'M8.5 7h7M7.3 9.2l3.4 6.6M16.7 9.2l-3.4 6.6'],
	tableur: ['M5 3h9l5 5v13H5zM14 3v5h5M8 13h8M8 17h8M12 13v4'],
	plus: ['M12 5v14M5 12h14'],
	fermer: ['m6 6 12 12M18 6 6 18'],
	suivant: ['m9 5 7 7-7 7'],
	impr: ['M7 8V3h10v5M7 17H4v-7h16v7h-3M7 14h10v7H7z'],
	carte: ['m3 6 6-2.5 6 2.5 6-2.5v15L15 21l-6-2.5L3 21zM9 3.5v15M15 6v15'],
	liste: ['M8 6h13M8 12h13M8 18h13M3.5 6h.1M3.5 12h.1M3.5 18h.1'],
	main: ['M4 13c3-4 5-4 8-1l3 2.5M20 13c-3-4-5-4-8-1M4 13v6M20 13v6'],
	double: [rect(4, 4, 11, 11, 1.5), 'M9 19h9.5a1.5 1.5 0 0 0 1.5-1.5V9'],
	bulle: ['M4 5h16v11H10l-4 4v-4H4z'],
	cle: [circle(8, 15, 4), 'm11 12 9-9M16 7l3 3'],
	gomme: ['m8 20-5-5L14 4l6 6-10 10zM8 20h12M9 9l6 6'],
};

export function icon(name, title) {
	return s('svg.ic', title ? {viewBox: '0 0 24 24', role: 'img', 'aria-label': title} : {viewBox: '0 0 24 24', 'aria-hidden': 'true'},
		TRACES[name].map(t => typeof t === 'string' ? s('path', {d: t}) : s(...t)));
}

// One shape per kind, so that colour is never alone: round, square, lozenge.
const SHAPES = {
	structure: ['circle', {cx: 8, cy: 8, r: 6.5}],
	offre: ['rect', {x: 2, y: 2, width: 12, height: 12, rx: 1}],
	besoin: ['path', {d: 'M8 .8 15.2 8 8 15.2.8 8z'}],
};
export const shape_of = kind => s(...SHAPES[kind]);
export const shape = kind => s(`svg.forme.${kind}`, {viewBox: '0 0 16 16', 'aria-hidden': 'true'}, shape_of(kind));

// look: ok, attente, agir, info or nothing; a picture and a word, never the colour alone.
export function chip(look, picture, word) {
	return h('span.pastille', {class: look || ''}, picture && icon(picture), word);
}

export function note(look, picture, ...text) {
	return h('p.note', {class: look}, icon(picture), h('span', ...text));
}

let saying;

// Said once to those who hear the page.
export function say(text) {
	const where = $('#annonce');

	clearTimeout(saying);
	where.textContent = '';
	saying = setTimeout(() => { where.textContent = text; }, 60);
}

// A native dialog: closes by Escape, by its cross and by a click outside; the focus goes
// back where it came from.
export function dialog(title, close_word, ...content) {
	const from = document.activeElement;
	const d = h('dialog', {'aria-labelledby': 'dialog-titre'});

	put(d, h('div.corps',
		h('header', h('h2', {id: 'dialog-titre'}, title),
			h('button.bt.nu.carre', {type: 'button', 'aria-label': close_word, onclick: () => d.close()}, icon('fermer'))),
		...content));
	d.addEventListener('close', () => { d.remove(); (from && from.isConnected ? from : $('.etat'))?.focus(); });
	d.addEventListener('click', e => e.target === d && d.close());
	document.body.append(d);
	d.showModal();
	return d;
}
