// SPDX-License-Identifier: Apache-2.0
// A spreadsheet's text into records and back. The daemon reads the file for good; the page
// only needs the cells that a person mends, and each record as it stood.

// [{cells, raw}], the header first; lines of nothing but separators and blanks are none, as the daemon counts.
export function parse(text, separator) {
	const records = [];
	let cells = [], cell = '', quoted = false, start = 0, i = text.charCodeAt(0) === 0xfeff ? 1 : 0;

	start = i;
	const end_record = next => {
		cells.push(cell);
		if (quoted || cells.some(c => /[^ \t]/.test(c)))
			records.push({cells, raw: text.slice(start, i)});
		cells = [];
		cell = '';
		start = next;
	};
	for (; i < text.length; i++) {
		const c = text[i];

		if (quoted && c === '"' && text[i + 1] === '"') {
			cell += '"';
			i++;
		} else if (c === '"' && (quoted || cell === '')) {
			quoted = !quoted;
		} else if (quoted) {
			cell += c;
		} else if (c === separator) {
			cells.push(cell);
			cell = '';
		} else if (c === '\n' || c === '\r') {
			const next = c === '\r' && text[i + 1] === '\n' ? i + 2 : i + 1;

			end_record(next);
			i = next - 1;
		} else {
			cell += c;
		}
	}
	if (cell !== '' || cells.length)
		end_record(i);
	return records;
}

export const write_cell = (value, separator) =>
	value.includes(separator) || /["\r\n]/.test(value) ? `"${value.replace(/"/g, '""')}"` : value;

export const write = (rows, separator) => rows.map(cells => cells.map(c => write_cell(c, separator)).join(separator)).join('\r\n') + '\r\n';

// The bytes as text, in the encoding that the daemon has seen.
export function decode(bytes, encoding) {
	const names = {'windows-1252': 'windows-1252', 'utf-16le': 'utf-16le', 'utf-16be': 'utf-16be'};

	return new TextDecoder(names[encoding] || 'utf-8').decode(bytes);
}
