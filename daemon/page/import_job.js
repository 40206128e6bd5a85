// SPDX-License-Identifier: Apache-2.0
// The spreadsheet in hand: its rows as they were read and as they were mended, what the
// daemon says of them, and which may go in. It outlives a look at another area.
import {get, query, send} from './api.js';
import * as csv from './csv.js';
import {load_towns} from './towns.js';
import {t} from './words.js';

export let job = null; // {name, bytes, rows, report, fixes: Map(record: Map(column: value))...}
export let kind = 'structure';
export const begin = j => { job = j; };
export const choose = k => { kind = k; };

/* --- what the daemon is asked --- */

export const ask = (bytes, more) => send(`import${query({kind, ...more})}`, bytes, 'text/csv');

export const header = () => job.rows[0].cells.map((name, i) => job.renamed.get(i) ?? name);

export function cells_of(no) {
	const cells = [...job.rows[no].cells];

	for (const [column, value] of job.fixes.get(no) || [])
		cells[column] = value;
	while (cells.length < job.added.length + job.rows[0].cells.length)
		cells.push('');
	return cells;
}

// A row for the daemon: one with a stray quote as it stood, to be turned away again, until a person has mended it.
const row_for = no => job.rows[no].stray && !job.fixes.has(no) ? job.rows[no].raw : cells_of(no);

// The table as mended, of those lines; the bytes themselves where nothing was touched.
export function table(lines) {
	if (!lines && job.fixes.size === 0 && job.renamed.size === 0)
		return job.bytes;
	const all = lines || job.rows.slice(1).map((_, i) => i + 1);

	return new Blob([csv.write([[...header(), ...job.added], ...all.map(row_for)], job.separator)]);
}

function asked_encoding() {
	return table() === job.bytes ? {encoding: job.forced.encoding, separator: job.forced.separator}
		: {encoding: 'utf-8', separator: job.separator === '\t' ? 'tab' : job.separator};
}

export async function look() {
	const bytes = table();

	job.report = await ask(bytes, {dry_run: 1, ...asked_encoding()});
	if (bytes === job.bytes) {
		job.encoding = job.report.encoding;
		job.separator = job.report.separator;
		job.rows = csv.parse(csv.decode(await job.bytes.arrayBuffer(), job.encoding), job.separator);
		for (const line of job.report.lines)
			job.rows[line.record].line = line.line;
	}
	await Promise.all([name_candidates(), load_towns().catch(() => {})]);
}

// Records that a line resembles, by name.
async function name_candidates() {
	for (const line of job.report.lines)
		for (const uid of line.candidates || [])
			if (!job.names.has(uid)) {
				const r = await get(`records/${uid}`).catch(() => null);

				job.names.set(uid, r ? `${r.data.nom || r.data.titre}, ${r.data.commune || ''}` : uid);
			}
}

/* --- lines --- */

export const unsettled = line => (line.candidates || []).length > 0 && !job.apart.has(line.record);
// The spreadsheet's own row, also once others have gone in.
export const row_of = line => job.rows[line.record].line;
export const pile_of = line => line.verdict === 'rejete' || unsettled(line) ? 'agir' : line.verdict === 'avertissement' ? 'attente' : 'ok';
export const goes_in = line => pile_of(line) !== 'agir' && !job.left.has(line.record);
// All that keeps a line out, to be mended in one go.
export const problems = line => line.findings.filter(f => f.verdict === 'rejete');
// All that is remarked of a line that may go in, what has to be decided first; what was but tidied, in one.
export function remarks(line) {
	const told = line.findings.filter(f => !['normalise_siret', 'commune_deduite', 'normalise_naf'].includes(f.code));

	return told.length ? told.sort((a, b) => (b.code === 'doublon_possible') - (a.code === 'doublon_possible')) : line.findings.slice(0, 1);
}

// The column that a finding speaks of: by its header, else by the field it holds.
export function column_of(name) {
	const all = [...header(), ...job.added];
	const at = all.findIndex(c => c.trim() === name);

	return at >= 0 ? at : all.findIndex(c => job.report.mapping[c.trim()] === name);
}

export const field_at = name => job.report.mapping[name] || name;

export function title_of(line) {
	const at = [...header(), ...job.added].findIndex(c => ['nom', 'titre'].includes(job.report.mapping[c.trim()]));

	return (at >= 0 && cells_of(line.record)[at]) || t('(sans nom)', '(no name)');
}

export function set_cell(no, name, value) {
	let at = column_of(name);

	if (at < 0) {
		job.added.push(name);
		at = job.rows[0].cells.length + job.added.length - 1;
	}
	if (!job.fixes.has(no))
		job.fixes.set(no, new Map());
	job.fixes.get(no).set(at, value);
}
