// SPDX-License-Identifier: Apache-2.0
// Lines over months, told apart by their dash and by a name at their end; the table under
// them holds the same figures.
import {s} from './dom.js';
import {MONTH, day, number} from './words.js';

const WIDTH = 470, HEIGHT = 250, LEFT = 34, RIGHT = 96, TOP = 14, BOTTOM = 28;
const NAME_HEIGHT = 15;

// A round step that gives about five lines.
function step_of(max) {
	const raw = max / 5, power = 10 ** Math.floor(Math.log10(raw || 1));

	return Math.max(1, [1, 2, 5, 10].map(m => m * power).find(v => v >= raw));
}

// Names do not stand on one another: from the top, each at least a line below the last.
function spread(ends) {
	const sorted = [...ends].sort((a, b) => a.y - b.y);
	let last = -Infinity;

	for (const e of sorted) {
		e.y = Math.max(e.y, last + NAME_HEIGHT);
		last = e.y;
	}
	const over = last - (HEIGHT - 4);

	if (over > 0)
		sorted.forEach(e => { e.y -= over; });
	return sorted;
}

// series: [{name, values}], months: 'AAAA-MM'.
export function plot(series, months, alt) {
	const top = Math.max(1, ...series.flatMap(x => x.values)), step = step_of(top), max = Math.ceil(top / step) * step;
	const x = i => LEFT + i * (WIDTH - LEFT - RIGHT) / Math.max(1, months.length - 1),
		y = v => HEIGHT - BOTTOM - v * (HEIGHT - TOP - BOTTOM) / max;
	const lines = [], every = Math.max(1, Math.round(months.length / 4));

	for (let v = 0; v <= max; v += step)
		lines.push(s('path.axe', {d: `M${LEFT} ${y(v)}H${WIDTH - RIGHT}`}),
			s('text', {x: LEFT - 8, y: y(v) + 4, 'text-anchor': 'end'}, number(v)));
	months.forEach((m, i) => {
		const last = i === months.length - 1;

		if (last || (i % every === 0 && months.length - 1 - i >= every))
			lines.push(s('text', {x: x(i), y: HEIGHT - 6, 'text-anchor': last ? 'end' : i ? 'middle' : 'start'}, day(`${m}-15`, MONTH)));
	});
	series.forEach((one, n) => lines.push(s(`path.ligne-${n % 6}`,
		{d: `M${one.values.map((v, i) => `${x(i).toFixed(1)} ${y(v).toFixed(1)}`).join('L')}`})));
	for (const e of spread(series.map(one => ({name: one.name, value: one.values.at(-1), y: y(one.values.at(-1)) + 4}))))
		lines.push(s('text.nom', {x: WIDTH - RIGHT + 9, y: e.y}, e.name, ' ', s('tspan', {'font-weight': 400}, number(e.value))));
	return s('svg.courbe', {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': alt}, lines);
}
