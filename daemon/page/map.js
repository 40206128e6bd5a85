// SPDX-License-Identifier: Apache-2.0
// A map without tiles or calls: the shapes that the operator gives, or the towns of the
// region blurred into a silhouette, a grid
// with its degrees, names where they find room, and one shape per kind. The list holds the
// same records: the map is an image, and moving it never filters anything.
import {s, shape_of} from './dom.js';
import {t} from './words.js';

const KM_PER_DEGREE = 111.2;
const TOWN_KM = 5.6; // what one town's round covers of the land
const MARGIN = .06;
const STEPS = [.02, .05, .1, .25, .5, 1];

// What the map shows: a box of degrees, straightened at its middle latitude.
function projection(box, width, height) {
	const k = Math.cos((box.s + box.n) / 2 * Math.PI / 180);
	const wide = Math.max((box.e - box.o) * k, .12), high = Math.max(box.n - box.s, .1);
	const scale = Math.min(width * (1 - 2 * MARGIN) / wide, height * (1 - 2 * MARGIN) / high);
	const cx = (box.o + box.e) / 2, cy = (box.s + box.n) / 2;

	return {width, height, scale, x: lon => width / 2 + (lon - cx) * k * scale, y: lat => height / 2 - (lat - cy) * scale,
		west: cx - width / 2 / k / scale, east: cx + width / 2 / k / scale,
		south: cy - height / 2 / scale, north: cy + height / 2 / scale};
}

const box_of = points => ({o: Math.min(...points.map(p => p.lon)), e: Math.max(...points.map(p => p.lon)),
	s: Math.min(...points.map(p => p.lat)), n: Math.max(...points.map(p => p.lat))});

// The operator's shapes: [lon, lat, lon, lat...] each; a hole is a ring within a ring.
function coast(p, rings) {
	let d = '';

	for (const ring of rings) {
		for (let i = 0; i < ring.length; i += 2)
			d += `${i ? 'L' : 'M'}${p.x(ring[i]).toFixed(1)} ${p.y(ring[i + 1]).toFixed(1)}`;
		d += 'Z';
	}
	return s('path.terre.trait', {d, 'fill-rule': 'evenodd'});
}

function land(p, towns) {
	const r = TOWN_KM / KM_PER_DEGREE * p.scale, arc = `a${r.toFixed(1)} ${r.toFixed(1)} 0 1 0 `;
	let d = '';

	for (const c of towns) {
		const x = p.x(c.lon), y = p.y(c.lat);

		if (x > -r && x < p.width + r && y > -r && y < p.height + r)
			d += `M${(x - r).toFixed(0)} ${y.toFixed(0)}${arc}${(2 * r).toFixed(1)} 0${arc}${(-2 * r).toFixed(1)} 0`;
	}
	return [s('filter', {id: 'fondu', 'color-interpolation-filters': 'sRGB', x: '-5%', y: '-5%', width: '110%', height: '110%'},
		s('feGaussianBlur', {stdDeviation: (r * .5).toFixed(1)}),
		s('feComponentTransfer', {result: 'a'}, s('feFuncA', {type: 'linear', slope: 24, intercept: -11})),
		s('feFlood.flot'), s('feComposite', {in2: 'a', operator: 'in'})),
	s('path.terre', {d, filter: 'url(#fondu)'})];
}

function degrees(v, step, plus, minus) {
	const digits = step < .1 || step === .25 ? 2 : step < 1 ? 1 : 0;

	return `${Math.abs(v).toFixed(digits).replace('.', t(',', '.'))}° ${v < 0 ? minus : plus}`;
}

function grid(p) {
	const step = STEPS.find(v => v * p.scale > 90) || 1, labels = [];
	let d = '';

	for (let v = Math.ceil(p.west / step) * step; v < p.east; v += step) {
		const x = p.x(v);

		d += `M${x.toFixed(1)} 0V${p.height}`;
		if (x > 50 && x < p.width - 60)
			labels.push(s('text.deg', {x: (x + 4).toFixed(1), y: 13}, degrees(v, step, 'E', t('O', 'W'))));
	}
	for (let v = Math.ceil(p.south / step) * step; v < p.north; v += step) {
		const y = p.y(v);

		d += `M0 ${y.toFixed(1)}H${p.width}`;
		if (y > 22 && y < p.height - 50)
			labels.push(s('text.deg', {x: 5, y: (y - 4).toFixed(1)}, degrees(v, step, 'N', 'S')));
	}
	return [s('path.grat', {d}), ...labels];
}

const cross = (a, b) => a[0] < b[2] && a[2] > b[0] && a[1] < b[3] && a[3] > b[1];

// Names by population, right, left, below or above the town, never over a point or another name.
function names(p, towns, points, max) {
	const taken = points.filter(q => !q.r || q.r > 9).map(q => { const x = p.x(q.lon), y = p.y(q.lat), r = q.r || 6; return [x - r, y - r, x + r, y + r]; });
	const said = [], named = [];

	for (const c of towns) {
		const x = p.x(c.lon), y = p.y(c.lat), large = c.pop > 8500, w = c.nom.length * (large ? 7.6 : 6.2);
		const here = points.find(q => q.r && Math.abs(q.lat - c.lat) < 1e-4 && Math.abs(q.lon - c.lon) < 1e-4);
		const d = here ? here.r + 4 : 7;

		if (x < 0 || x > p.width || y < 0 || y > p.height)
			continue;
		const places = [[x + d, y + 4], [x - d - w, y + 4], [x - w / 2, y + d + 12], [x - w / 2, y - d - 3]];
		const room = ([px, py]) => {
			const box = [px - 2, py - 12, px + w + 2, py + 4];

			return box[0] > 2 && box[2] < p.width - 4 && box[1] > 16 && box[3] < p.height - 4 ? box : null;
		};
		// A city has its name even where points crowd, if no other name stands there.
		const place = places.find(q => room(q) && !taken.some(b => cross(room(q), b)))
			|| (large && places.find(q => room(q) && !named.some(b => cross(room(q), b))));

		if (!place)
			continue;
		named.push([place[0] - 3, place[1] - 13, place[0] + w + 3, place[1] + 5]);
		taken.push([place[0] - 3, place[1] - 13, place[0] + w + 3, place[1] + 5]);
		said.push(s(large ? 'text.ville' : 'text.com', {x: place[0].toFixed(1), y: place[1].toFixed(1)}, c.nom));
		if (said.length >= max)
			break;
	}
	return said;
}

function mark(p, q) {
	const x = p.x(q.lon), y = p.y(q.lat), k = q.chosen ? 1.45 : 1;

	if (x < -10 || x > p.width + 10 || y < -10 || y > p.height + 10)
		return null;
	if (q.r)
		return s('circle.pt', {class: q.look, cx: x.toFixed(1), cy: y.toFixed(1), r: q.r}, s('title', q.title));
	return s('g.pt', {class: `${q.kind}${q.chosen ? ' choisi' : ''}`, transform: `translate(${(x - 8 * k).toFixed(1)} ${(y - 8 * k).toFixed(1)}) scale(${k})`,
		onclick: q.open}, shape_of(q.kind), s('title', q.title));
}

// points: {lat, lon, title, kind, chosen, open} or {lat, lon, title, r, look}.
// options: {towns, rings, frame, names, dots, ring: {lat, lon, km}, alt, height}.
export function make_map(where) {
	let last = null, box = null;

	function draw(points, options) {
		const width = where.clientWidth, height = options.height || where.clientHeight;
		const drawn = options.towns.filter(c => c.lat !== null);
		const frame = options.frame?.length ? options.frame : points.length ? points : drawn;

		last = {points, options};
		if (!width || !height || !frame.length)
			return;
		const shown = box || box_of(frame), p = projection(shown, width, height);
		const by_size = [...drawn].sort((a, b) => b.pop - a.pop);
		const ring = options.ring;

		last.shown = shown;
		where.querySelector(':scope > svg')?.remove();
		where.prepend(s('svg', {viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': options.alt},
			options.rings?.length ? coast(p, options.rings) : land(p, drawn), grid(p),
			ring && s('circle.anneau', {cx: p.x(ring.lon).toFixed(1), cy: p.y(ring.lat).toFixed(1), r: (ring.km / KM_PER_DEGREE * p.scale).toFixed(1)}),
			s('g', {'aria-hidden': 'true'},
				options.dots && drawn.filter(c => c.pays).map(c => s('circle.fond-com', {cx: p.x(c.lon).toFixed(1), cy: p.y(c.lat).toFixed(1), r: 2})),
				points.map(q => mark(p, q)), names(p, by_size.slice(0, 400), points, options.names || 14))));
	}

	return {
		draw(points, options) { box = null; draw(points, options); },
		again() { if (last) draw(last.points, last.options); },
		// Nearer (f < 1), further (f > 1), or all of it (0).
		zoom(f) {
			if (!last?.shown)
				return;
			const b = last.shown, cx = (b.o + b.e) / 2, cy = (b.s + b.n) / 2, w = (b.e - b.o) / 2 * f, hh = (b.n - b.s) / 2 * f;

			box = f ? {o: cx - w, e: cx + w, s: cy - hh, n: cy + hh} : null;
			draw(last.points, f ? last.options : {...last.options, frame: null});
		},
	};
}
