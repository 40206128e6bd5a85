// SPDX-License-Identifier: Apache-2.0
// A spreadsheet's text into records and back. The daemon reads the file for good; the page
// only needs the cells that a person mends, and each record as it stood.

// Spaces of any width, none too, as the daemon has them (text.c).
const NOTHING = /^[ \t-\r\u00a0\u00ad\u061c\u180e\u2000-\u200b\u200e\u200f\u202a-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]*$/u;
const blank = text => /^[ \t]*$/.test(text);

// Where the field that begins there ends, without quotes.
function plain_end(text, at, separator) {
	while (at < text.length && text[at] !== separator && text[at] !== '\n' && text[at] !== '\r')
		at++;
	return at;
}

// Behind the quote that closes the one there; 0 where none does.
function quoted_end(text, at) {
	for (at = text.indexOf('"', at + 1); at >= 0 && text[at + 1] === '"';)
		at = text.indexOf('"', at + 2);
	return at + 1;
}

// {cell, end, stray}: as the daemon reads one (csv.h says when a quote is stray).
function field(text, at, separator) {
	const close = text[at] === '"' ? quoted_end(text, at) : 0;

	if (close) {
		const end = plain_end(text, close, separator), inside = text.slice(at + 1, close - 1), behind = text.slice(close, end);

		if (blank(behind) || !(inside.includes(separator) || /[\r\n]/.test(inside)))
			return {cell: inside.replace(/""/g, '"') + behind, end};
	}
	const end = plain_end(text, at, separator);

	return {cell: text.slice(at, end), end, stray: text[at] === '"'};
}

// [{cells, raw, stray}], the header first; lines of nothing but separators and spaces are none, as the daemon counts.
// A stray one's line is turned away as it stands.
export function parse(text, separator) {
	const records = [], [before] = /^\ufeff?(?:sep=.(?:\r\n?|\n|$))?/.exec(text); // Excel's own line

	for (let at = before.length; at < text.length;) {
		const start = at, cells = [];
		let f, stray = false;

		do {
			f = field(text, at, separator);
			cells.push(f.cell);
			stray ||= !!f.stray;
			at = f.end + 1;
		} while (text[f.end] === separator);
		if (!cells.every(c => NOTHING.test(c)))
			records.push({cells, raw: text.slice(start, f.end), stray});
		at = text.startsWith('\r\n', f.end) ? f.end + 2 : f.end + 1;
	}
	return records;
}

export const write_cell = (value, separator) =>
	value.includes(separator) || /["\r\n]/.test(value) ? `"${value.replace(/"/g, '""')}"` : value;

// A row is its cells, or a line that stays as it stood.
export const write = (rows, separator) =>
	rows.map(r => typeof r === 'string' ? r : r.map(c => write_cell(c, separator)).join(separator)).join('\r\n') + '\r\n';

// The bytes as text, in the encoding that the daemon has seen.
export function decode(bytes, encoding) {
	const names = {'windows-1252': 'windows-1252', 'utf-16le': 'utf-16le', 'utf-16be': 'utf-16be'};

	return new TextDecoder(names[encoding] || 'utf-8').decode(bytes);
}
