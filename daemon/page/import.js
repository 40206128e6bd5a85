// SPDX-License-Identifier: Apache-2.0
// A spreadsheet into the directory, in four steps: drop, columns, report, confirm. Nothing
// is written before the last. The file stays in this page; the daemon reads it as often as
// something was mended and says what it would do.
import {remove} from './api.js';
import * as csv from './csv.js';
import {$, $$, chip, fill, h, icon, note, say} from './dom.js';
import {code_name, field_name, field_of, kind_name, kind_of, schema} from './fields.js';
import {words_for} from './findings.js';
import {ask, begin, cells_of, choose, column_of, field_at, goes_in, header, job, kind, look, pile_of, problems, remarks, row_of, set_cell, table,
	title_of, unsettled} from './import_job.js';
import {town_option} from './towns.js';
import {hour, many, number, t} from './words.js';

const KINDS = ['structure', 'contact', 'offre', 'besoin', 'evenement'];
const UNDO_MAX = 100; // records that one click takes back

/* --- step 1: drop --- */

const steps = n => h('ol.etapes', [t('Déposer', 'Drop'), t('Vérifier les colonnes', 'Check columns'),
	t('Lire le rapport', 'Read the report'), t('Confirmer', 'Confirm')]
	.map((words, i) => h('li', {class: i < n ? 'fait' : i === n ? 'ici' : '', 'aria-current': i === n ? 'step' : null}, words)));

function head(more) {
	return h('div.tete', h('div', h('h1', t('Importer un tableur', 'Import a spreadsheet')), more && h('p.discret', more)),
		job && h('div.rang', h('button.bt', {type: 'button', onclick: () => { begin(null); draw(); }}, t('Autre fichier', 'Other file'))));
}

const is_workbook = async file => (await file.slice(0, 2).text()) === 'PK' || /\.(xlsx?|ods)$/i.test(file.name);

let where, failing = null;

async function take(file) {
	failing = null;
	if (await is_workbook(file)) {
		failing = t('C’est un classeur Excel. Dans Excel : Fichier, Enregistrer sous, CSV UTF-8.',
			'This is an Excel workbook. In Excel: File, Save as, CSV UTF-8.');
		return draw();
	}
	begin({name: file.name, bytes: file, forced: {}, renamed: new Map(), added: [], fixes: new Map(), left: new Set(), apart: new Set(),
		names: new Map(), filter: null, step: 1, done: null});
	return again(() => { job.step = is_no_news() ? 2 : 1; });
}

// Looks again, then draws; a file that cannot be read goes back to the first step.
async function again(then) {
	where?.setAttribute('aria-busy', 'true');
	try {
		await look();
		then?.();
	} catch (err) {
		if (!err.status)
			throw err;
		failing = t(`Ce fichier ne se lit pas : ${err.message}`, `This file cannot be read: ${err.message}`);
		begin(null);
	}
	where?.removeAttribute('aria-busy');
	draw();
}

function drop_zone() {
	const zone = h('div.depot', icon('tableur'), h('h2', t('Glissez votre fichier ici', 'Drop your file here')),
		h('p.discret', t('CSV enregistré par Excel ou LibreOffice. Rien n’est écrit avant que vous ayez lu le rapport.',
			'CSV saved by Excel or LibreOffice. Nothing is written before you have read the report.')),
		h('input.invisible', {id: 'fichier', type: 'file', accept: '.csv,.tsv,.txt',
			onchange: e => e.target.files[0] && take(e.target.files[0])}),
		h('label.bt.fort', {for: 'fichier'}, t('Choisir un fichier', 'Choose a file')),
		h('div.champ.genre-fichier', h('label', {for: 'genre'}, t('Ce fichier contient des', 'This file holds')),
			h('select', {id: 'genre', onchange: e => { choose(e.target.value); }},
				KINDS.map(k => h('option', {value: k, selected: k === kind}, kind_name(k))))));
	const over = on => e => { e.preventDefault(); zone.classList.toggle('dessus', on); };

	zone.addEventListener('dragover', over(true));
	zone.addEventListener('dragleave', over(false));
	zone.addEventListener('drop', e => { over(false)(e); if (e.dataTransfer.files[0]) take(e.dataTransfer.files[0]); });
	return [head(), steps(0), failing && h('div.import', {role: 'alert'}, note('agir', 'agir', failing)), zone];
}

/* --- step 2: columns --- */

const SEPARATORS = {';': ['point-virgule', 'semicolon'], ',': ['virgule', 'comma'], '\t': ['tabulation', 'tab']};
const separator_name = s => SEPARATORS[s] ? t(...SEPARATORS[s]) : s;
const encoding_name = e => ({'utf-8': 'UTF-8', 'windows-1252': 'Windows-1252'}[e] || e);

function field_options(current) {
	const fields = kind_of(kind).fields.filter(f => f.name !== 'extra' && f.name !== 'champs_locaux');
	const names = fields.map(f => f.name);

	if (current && !names.includes(current))
		names.unshift(current);
	return [h('option', {value: ''}, t('gardée à part', 'kept aside')),
		names.map(n => h('option', {value: n, selected: n === current}, field_name(kind, n)))];
}

function remap(at, name) {
	job.renamed.set(at, name || `${job.rows[0].cells[at].trim()} (à part)`);
	return again();
}

function column_row(name, at) {
	const samples = job.rows.slice(1, 60).map(r => (r.cells[at] || '').trim()).filter(Boolean).slice(0, 3);
	const shown = header()[at].trim();

	return h('tr', h('td', h('b', name.trim() || t('(sans titre)', '(untitled)'))),
		h('td', h('label.invisible', {for: `col${at}`}, t(`Notre champ pour ${name}`, `Our field for ${name}`)),
			h('select', {id: `col${at}`, onchange: e => remap(at, e.target.value)}, field_options(job.report.mapping[shown]))),
		h('td', samples.length ? samples.map(v => [h('span.lu', v.slice(0, 40)), ' ']) : h('span.petit', t('(vide)', '(empty)'))));
}

function reading() {
	const pick = (id, words, options, now, set) => h('div.champ', h('label', {for: id}, words),
		h('select', {id, onchange: e => { set(e.target.value); job.renamed.clear(); job.fixes.clear(); again(); }},
			options.map(([v, w]) => h('option', {value: v, selected: v === now}, w))));

	return h('div.rang.lecture',
		pick('encodage', t('Accents écrits en', 'Accents written in'), [['utf-8', 'UTF-8'], ['windows-1252', 'Windows-1252']], job.encoding,
			v => { job.forced.encoding = v; }),
		pick('separateur', t('Colonnes séparées par', 'Columns separated by'), Object.keys(SEPARATORS).map(s => [s, separator_name(s)]),
			job.separator,
			v => { job.forced.separator = v === '\t' ? 'tab' : v; }));
}

function columns_sentence() {
	const all = job.rows[0].cells.length, extra = job.report.extra;

	return [t(`${all - extra.length} colonnes reconnues sur ${all}`, `${all - extra.length} of ${all} columns recognised`),
		extra.length ? t(` ; ${extra.length} ${extra.length > 1 ? 'gardées' : 'gardée'} à part : ${extra.map(x => `« ${x} »`).join(', ')}`,
			`; ${extra.length} kept aside: ${extra.map(x => `“${x}”`).join(', ')}`) : ''].join('');
}

function columns_step() {
	return [head(`${job.name} · ${many(job.rows.length - 1, ['ligne', 'lignes'], ['line', 'lines'])}`), steps(1),
		h('p.import', columns_sentence()), reading(),
		h('div.bloc.import', h('div.corps', h('table.rapport.colonnes',
			h('caption.invisible', t('Vos colonnes et nos champs', 'Your columns and our fields')),
			h('thead', h('tr', h('th', {scope: 'col'}, t('Votre colonne', 'Your column')),
				h('th', {scope: 'col'}, t('Notre champ', 'Our field')),
				h('th', {scope: 'col'}, t('Exemples', 'Samples')))),
			h('tbody', job.rows[0].cells.map(column_row)))),
		h('div.barre-fin', h('span.discret', t('Rien n’est encore écrit.', 'Nothing is written yet.')),
			h('span.rang', h('button.bt.fort', {type: 'button', onclick: () => { job.step = 2; draw(true); }},
				t('Lire le rapport', 'Read the report')))))];
}

/* --- step 3: the report --- */

const REPAIRED = 'double_encodage_suspect'; // its value is how it would read

function guess(line, f) {
	if (f.code === 'guillemet_ouvert')
		return cells_of(line.record)[column_of(f.column)]?.replace(/^"/, '') || '';
	if (f.code === 'courriel_invalide')
		return f.value.replace(/\s*[([]at[)\]]\s*/i, '@');
	return f.code === REPAIRED ? f.value : '';
}

// The field a finding speaks of: a contact's is called as it is in a contact.
const told = f => words_for(f.code, f.value, field_at(f.column).replace(/^contact\./, ''));

// What keeps a line out, else what is remarked: one finding, several, or none.
const shown_of = line => line.verdict === 'rejete' ? problems(line) : remarks(line);

// Right values that were typed in the line, beside the one that is sent.
function take_typed(line) {
	for (const input of $$(`.rapport .corrige input[data-record="${line.record}"]`))
		if (input.value.trim() && input.value !== input.dataset.first)
			set_cell(line.record, input.dataset.column, input.value.trim());
}

async function mend(line, f, value) {
	const before = line.record;

	take_typed(line);
	set_cell(line.record, f.column, value);
	await again();
	const now = job.report.lines.find(l => l.record === before);

	say(pile_of(now) === 'agir' ? shown_of(now).map(told).join(' ') : t(`Ligne ${row_of(now)} : prête.`,
		`Line ${row_of(now)}: ready.`));
	(($(`#r${before}`) || $('.rapport input, .rapport select')))?.focus();
}

function choice(line, id, options, act) {
	return h('span.corrige', h('label.invisible', {for: id}, t(`Choisir, ligne ${row_of(line)}`, `Choose, line ${row_of(line)}`)),
		h('select', {id, onchange: e => e.target.value && act(e.target.value)}, h('option', {value: ''}, t('Laquelle ?', 'Which one?')),
			options.map(([v, w]) => h('option', {value: v}, w))));
}

function field_fix(line, f, id) {
	const field = field_of(kind, field_at(f.column));

	if (f.code === 'commune_ambigue')
		return choice(line, id, f.value.split('|').map(c => [c, town_option(c, town_of(line))]), v => mend(line, {column: 'code_insee'}, v));
	if (f.code === 'valeur_hors_liste' && job.report.codes[f.column])
		return choice(line, id, job.report.codes[f.column].map(c => [c, code_name(field?.name, c)]), v => mend(line, f, v));
	const column = by_name(line, f) ? town_column() : f.column, repairs = f.code === REPAIRED;

	return h('form.corrige', {onsubmit: e => { e.preventDefault(); mend(line, {...f, column}, $(`#${id}`).value.trim()); }},
		h('label.invisible', {for: id}, t(`Valeur juste, ligne ${row_of(line)}`, `Right value, line ${row_of(line)}`)),
		h('input', {id, value: guess(line, f), placeholder: t('Valeur juste', 'Right value'), autocomplete: 'off', 'data-record': line.record,
			'data-column': column, 'data-first': guess(line, f)}),
		h('button.bt.mini', repairs ? t('Corriger', 'Repair') : t('Vérifier', 'Check')));
}

// The town is told by its name: there is no code, or none in this line.
function by_name(line, f) {
	const at = column_of(f.column);

	return field_at(f.column) === 'code_insee' && (at < 0 || !cells_of(line.record)[at]);
}

const town_column = () => [...header(), ...job.added].find(c => job.report.mapping[c.trim()] === 'commune')?.trim() || 'commune';
function town_of(line) {
	const at = column_of(town_column());

	return at >= 0 ? cells_of(line.record)[at] : '';
}

function candidate_fix(line, id) {
	const options = line.candidates.map(uid => [uid, t(`La même que ${job.names.get(uid)}`, `The same as ${job.names.get(uid)}`)]);

	return choice(line, id, [...options, ['new', t('C’est une autre structure', 'It is another organisation')]], async v => {
		if (v !== 'new')
			return mend(line, {column: 'uid'}, v);
		job.apart.add(line.record);
		return draw();
	});
}

// One choice for the line, in its first row; beside it what can be put right.
function fix_of(line, f, id, first) {
	const pile = pile_of(line);

	if (pile !== 'agir' && f?.code === REPAIRED)
		return h('div.pile.serre', field_fix(line, f, id), first && taken(line));
	if (!first && line.verdict !== 'rejete')
		return '';

	if (pile === 'ok')
		return chip('ok', 'ok', line.findings.length ? t('remise en forme', 'tidied') : t('prête', 'ready'));
	if (pile === 'agir')
		return line.verdict === 'rejete' ? field_fix(line, f, id) : candidate_fix(line, id);
	return taken(line);
}

function taken(line) {
	return h('label.rang', h('input', {type: 'checkbox', checked: !job.left.has(line.record), onchange: e => {
		if (e.target.checked)
			job.left.delete(line.record);
		else
			job.left.add(line.record);
		fill($('#fin-import'), end_bar());
	}}), h('span', t('Importer', 'Import'), h('span.invisible', t(`, ligne ${row_of(line)}`, `, line ${row_of(line)}`))));
}

// What was read: the cell as it stands, else what the report says of it.
function read_cell(line, f) {
	const town = by_name(line, f);
	const at = column_of(town ? town_column() : f.column);
	const text = (at >= 0 && cells_of(line.record)[at]) || (town ? '' : f.value);

	return [h('span.petit', town ? field_name(kind, 'commune') : field_name(kind, field_at(f.column))), h('br'),
		text ? h('span.lu', text) : h('span.petit', t('(vide)', '(empty)'))];
}

// A row for each mistake of the line; the line's number and name stand in all, seen in the first.
function report_row(line, f, i) {
	const first = i === 0;

	return h('tr', {class: first ? '' : 'meme'},
		h('td.num', h('span.invisible', t('Ligne ', 'Line ')), h(first ? 'span' : 'span.invisible', row_of(line))),
		h('td', h(first ? 'b' : 'span.invisible', title_of(line))), h('td', f ? read_cell(line, f) : ''),
		h('td', f ? told(f) : t('Rien à signaler.', 'Nothing to report.')),
		h('td', fix_of(line, f, first ? `r${line.record}` : `r${line.record}-${i}`, first)));
}

function report_rows(line) {
	const list = shown_of(line);

	return list.length ? list.map((f, i) => report_row(line, f, i)) : report_row(line, null, 0);
}

const ROWS_MAX = 200;

function report_table() {
	const lines = job.report.lines.filter(l => pile_of(l) === job.filter);

	if (!lines.length)
		return h('p.vide', t('Aucune ligne ici.', 'No line here.'));
	return [h('table.rapport', h('caption.invisible', t('Rapport ligne à ligne', 'Line by line report')),
		h('thead', h('tr', [t('Ligne', 'Line'), t('Structure', 'Organisation'), t('Ce que nous avons lu', 'What we read'),
			t('Ce qui ne va pas', 'What is wrong'), t('Réparer', 'Fix')].map(w => h('th', {scope: 'col'}, w)))),
		h('tbody', lines.slice(0, ROWS_MAX).map(report_rows))),
	lines.length > ROWS_MAX && h('p.discret', t(`Les ${ROWS_MAX} premières sont montrées ; le fichier à corriger les a toutes.`,
		`The first ${ROWS_MAX} are shown; the file to fix holds them all.`))];
}

function verdict(pile, n, words, small) {
	return h(`button.${pile}`, {type: 'button', id: `pile-${pile}`, 'aria-pressed': String(job.filter === pile),
		onclick: () => { job.filter = pile; draw(); $(`#pile-${pile}`).focus(); }}, h('span.n', number(n)), h('b', words),
			h('small', small));
}

function verdicts() {
	const lines = job.report.lines, of = p => lines.filter(l => pile_of(l) === p).length;
	const tidied = lines.filter(l => pile_of(l) === 'ok' && l.findings.length).length;

	return h('div.verdicts', {role: 'group', 'aria-label': t('Filtrer le rapport', 'Filter the report')},
		verdict('agir', of('agir'), t('à corriger', 'to fix'), t('ces lignes attendent', 'these lines wait')),
		verdict('attente', of('attente'), t('à relire', 'to review'), t('prêtes, avec une remarque', 'ready, with a remark')),
		verdict('ok', of('ok'), t('prêtes', 'ready'), tidied ? t(`dont ${tidied} ${tidied > 1 ? 'remises' : 'remise'} en forme`,
			`${tidied} of them tidied`) : t('rien à signaler', 'nothing to report')));
}

const is_no_news = () => job.report.lines.length > 0 && job.report.lines.every(l => l.match === 'inchange');

function end_bar() {
	const ready = job.report.lines.filter(goes_in), waiting = job.report.lines.filter(l => !goes_in(l));
	const fresh = ready.filter(l => l.match === 'nouveau' || job.apart.has(l.record)).length,
		changed = ready.filter(l => l.match === 'modifie').length;

	return [h('span.discret',
		t(`${fresh} ${fresh > 1 ? 'nouvelles' : 'nouvelle'}, ${changed} ${changed > 1 ? 'complétées' : 'complétée'}. Rien n’est encore écrit.`, `${fresh} new, ${changed} completed. Nothing is written yet.`)),
		h('span.rang', waiting.length > 0 && h('button.bt', {type: 'button', onclick: () => give_back(waiting)},
			waiting.length > 1 ? t(`Télécharger les ${waiting.length} à corriger`,
				`Download the ${waiting.length} to fix`) : t('Télécharger la ligne à corriger', 'Download the line to fix')),
		h('button.bt.fort', {type: 'button', disabled: ready.length === 0, onclick: e => confirm(ready, waiting, e.target)},
			ready.length === 0 ? t('Aucune ligne prête', 'No line ready') : ready.length === 1 ? t('Importer la ligne prête',
				'Import the ready line') : t(`Importer les ${ready.length} lignes prêtes`, `Import the ${ready.length} ready lines`)))];
}

// The lines left, as they were, with why: a file of the same columns. Cells that a line has too
// many stand behind the reason, which keeps its column.
function give_back(lines) {
	const head = [...job.rows[0].cells, ...job.added];
	const rows = [[...head, 'motif_rejet'],
		...lines.map(l => {
			const cells = cells_of(l.record);

			cells.splice(head.length, 0, shown_of(l).map(f => `${f.column}: ${told(f)}`).join(' '));
			return cells;
		})];
	const link = h('a', {href: URL.createObjectURL(new Blob(['\ufeff', csv.write(rows, job.separator)], {type: 'text/csv'})),
		download: job.name.replace(/\.\w+$/, '') + '.rejets.csv'});

	document.body.append(link);
	link.click();
	link.remove();
	setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function report_step() {
	const counts = many(job.report.lines.length, ['ligne', 'lignes'], ['line', 'lines']);

	job.filter ??= ['agir', 'attente', 'ok'].find(p => job.report.lines.some(l => pile_of(l) === p)) || 'ok';
	return [head(`${job.name} · ${counts}, ${columns_sentence()} · ${encoding_name(job.encoding)}, ${separator_name(job.separator)}`),
		steps(2),
		job.done && done_note(),
		is_no_news() && note('ok', 'ok', t('Rien à changer : ce fichier est déjà dans l’annuaire.',
			'Nothing to change: this file is already in the directory.')),
		verdicts(),
		h('div.bloc.import', h('div.corps', report_table()), is_no_news() ? null : h('div.barre-fin', {id: 'fin-import'}, end_bar()))];
}

/* --- step 4: confirm --- */

async function confirm(ready, waiting, button) {
	const plain = ready.filter(l => !job.apart.has(l.record)).map(l => l.record),
		apart = ready.filter(l => job.apart.has(l.record)).map(l => l.record);
	const how = {encoding: 'utf-8', separator: job.separator === '\t' ? 'tab' : job.separator, skip_rejected: 1};
	const done = {when: Date.now(), lines: ready.length, fresh: ready.filter(l => l.match === 'nouveau').map(l => l.record),
		waiting: waiting.length, contacts: 0, changed: 0};

	button.disabled = true;
	for (const [lines, more] of [[plain, {}], [apart, {candidates: 'new'}]]) {
		if (!lines.length)
			continue;
		const r = await ask(table(lines), {...how, ...more});

		done.contacts += r.counts.contacts_nouveaux;
		done.changed += r.counts.modifies;
	}
	done.table = table(done.fresh);
	done.undo = done.changed === 0 && done.contacts === 0 && done.fresh.length > 0 && done.fresh.length <= UNDO_MAX && apart.length === 0;
	keep_waiting(waiting);
	job.done = done;
	say(many(done.lines, ['ligne importée', 'lignes importées'], ['line imported', 'lines imported']));
	if (waiting.length)
		return again();
	return draw(true);
}

// What was not taken stays here, line by line, as mended so far.
function keep_waiting(waiting) {
	const kept = no => job.fixes.has(no) ? {} : {raw: job.rows[no].raw, stray: job.rows[no].stray};
	const rows = [{cells: [...header(), ...job.added]},
		...waiting.map(l => ({cells: cells_of(l.record), line: row_of(l), ...kept(l.record)}))];

	Object.assign(job, {rows, renamed: new Map(), added: [], fixes: new Map([[0, new Map()]]), left: new Set(), apart: new Set(),
		filter: null, step: waiting.length ? 2 : 3});
}

async function undo(button) {
	const done = job.done;
	let gone = 0;

	button.disabled = true;
	const r = await ask(done.table, {dry_run: 1, encoding: 'utf-8', separator: job.separator === '\t' ? 'tab' : job.separator});

	for (const line of r.lines)
		if (line.match === 'inchange' && line.uids?.length) {
			await remove(`records/${line.uids[0]}`);
			gone++;
		}
	job.done = {...done, undo: false, undone: gone};
	say(many(gone, ['fiche retirée', 'fiches retirées'], ['record removed', 'records removed']));
	draw(true);
}

function done_note() {
	const d = job.done;

	if (d.undone !== undefined)
		return note('ok', 'ok', t('Défait : ', 'Undone: '), many(d.undone, ['fiche retirée', 'fiches retirées'],
			['record removed', 'records removed']), '.');
	return h('div.note.ok.import', {role: 'status'}, icon('ok'), h('span',
		many(d.lines, ['ligne importée', 'lignes importées'], ['line imported', 'lines imported']),
		t(` à ${hour(d.when)}.`, ` at ${hour(d.when)}.`), ' ',
		h('a', {href: '#/annuaire'}, t('Voir', 'See')), ' ',
		d.undo && h('button.bt.nu.mini', {type: 'button', onclick: e => undo(e.target)}, t('Défaire', 'Undo')), ' ',
		d.waiting > 0 && (d.waiting > 1 ? t(`Les ${d.waiting} autres vous attendent ici.`,
			`The ${d.waiting} others wait for you here.`) : t('L’autre vous attend ici.', 'The other waits for you here.'))));
}

const done_step = () => [head(job.name), steps(4), done_note()];

/* --- drawing --- */

function draw(to_top) {
	if (!where?.isConnected)
		return;
	fill(where, !job ? drop_zone() : job.step === 3 ? done_step() : job.step === 2 ? report_step() : columns_step());
	if (to_top) {
		scrollTo(0, 0);
		const h1 = $('h1', where);

		h1.tabIndex = -1;
		h1.focus();
	}
}

export async function import_area(node) {
	where = node;
	await schema();
	draw();
}
