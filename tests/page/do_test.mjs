// SPDX-License-Identifier: Apache-2.0
// Saisir, Territoire and Fédération, as people use them: W1 (a spreadsheet, with mistakes,
// mended in place), W3 (a duplicate), W6 (a person asks to be erased), W8 (a hub is invited
// and approved), in both languages, wide and narrow.
import {execFileSync, spawn} from 'node:child_process';
import {CRESS, HUB, MIXES, check, done, equal, has, mix_name, phase, visit} from './lib.mjs';

const words = (mix, fr, en) => mix.lang === 'en' ? en : fr;
const flat = s => (s || '').replace(/\u00a0|\u202f/g, ' ');
const text = async (v, selector) => flat(await v.page.textContent(selector));
const button = (v, fr, en) => v.page.getByRole('button', {name: new RegExp(words(v.mix, fr, en))});
const soon = (v, selector) => v.page.waitForSelector(selector, {timeout: 30000});

const essaim = (node, ...args) => execFileSync(`${process.env.ESSAIM_BIN}/essaim`,
	['--data', `${process.env.ESSAIM_WORK}/${node}`, ...args], {encoding: 'utf8'});
const told = (node, ...args) => JSON.parse(essaim(node, ...args, '--json'));

// A SIRET of that number whose key is right.
function siret(n) {
	const body = `8123${String(n).padStart(4, '0')}`;
	const key = digits => {
		for (let d = 0; d < 10; d++) {
			const sum = [...(digits + d)].reverse().reduce((a, c, i) => a + (i % 2 ? (c * 2 > 9 ? c * 2 - 9 : c * 2) : Number(c)), 0);

			if (sum % 10 === 0)
				return String(d);
		}
		return '0';
	};
	const siren = body + key(body);

	return siren + '0001' + key(siren + '0001');
}

/* --- W1 --- */

const wrong = s => s.slice(0, 13) + (Number(s[13]) + 1) % 10;

// A month's table as Excel saves it, with what people do to such tables; six lines, three to mend.
function spreadsheet(n) {
	const rows = ['Nom de la structure;N° SIRET;CP;Ville;Tél.;Budget',
		`Les Paniers ${n};${siret(n)};29600;Morlaix;298880101;12 000`,
		`Ti Zanch ${n};${wrong(siret(n + 1))};29680;Roscoff;0298880102;`,
		';;;;;',
		`Bout ${n};${siret(n + 2)};29600;Trifouillis;;`,
		`Deux Caps ${n};${siret(n + 3)};;Plouhinec;;`,
		`Club ${n};${siret(n + 4)};29600;Morlaix;;`,
		`Halte ${n};;29600;Morlaix;;`, ';;;;;', ' ;"";;;;'];

	return {name: `annuaire-${n}.csv`, mimeType: 'text/csv', buffer: Buffer.from(rows.join('\r\n') + '\r\n', 'latin1')};
}

async function drop(v, file) {
	await button(v, 'Autre fichier', 'Other file').click();
	await soon(v, '#fichier');
	await v.page.setInputFiles('#fichier', file);
}

async function import_a_table(mix, n) {
	const v = await visit(HUB, mix, 'saisir'), {page} = v, name = `W1-${mix_name(mix)}`, file = spreadsheet(n);

	await v.open('saisir/importer');
	await soon(v, '#fichier');
	await v.look('deposer');
	await page.setInputFiles('#fichier', {name: 'annuaire.xlsx', mimeType: 'application/zip', buffer: Buffer.from('PK\x03\x04')});
	await soon(v, '.note.agir');
	has(`${name}-a-workbook-is-told-how-to-become-a-table`, await text(v, '.note.agir'),
		words(mix, 'C’est un classeur Excel', 'This is an Excel workbook'));
	await page.setInputFiles('#fichier', file);
	await soon(v, '.colonnes');
	has(`${name}-columns-are-counted-and-the-odd-one-is-named`, await text(v, '#espace'),
		words(mix, '5 colonnes reconnues sur 6 ; 1 gardée à part : « Budget »', '5 of 6 columns recognised; 1 kept aside: “Budget”'));
	equal(`${name}-accents-are-read`, await page.inputValue('#encodage'), 'windows-1252');
	await v.look('colonnes');
	await button(v, 'Lire le rapport', 'Read the report').click();
	await soon(v, '.verdicts');
	equal(`${name}-three-wait`, await text(v, '#pile-agir .n'), '3');
	equal(`${name}-a-line-has-the-number-of-its-row`, (await text(v, '.rapport tbody tr:nth-child(1) td:nth-child(1)')).replace(/\D/g, ''),
		'3');
	equal(`${name}-rows-of-nothing-but-separators-are-passed-over`,
		(await text(v, '.rapport tbody tr:nth-child(2) td:nth-child(1)')).replace(/\D/g, ''), '5');
	has(`${name}-a-wrong-key-is-said-in-words`, await text(v, '.rapport'),
		words(mix, 'Un chiffre est faux : la clé ne tombe pas juste.', 'One digit is wrong: the check key fails.'));
	await v.look('rapport');
	await page.fill('#r2', siret(n + 1));
	await page.press('#r2', 'Enter');
	await page.waitForFunction(() => document.querySelector('#pile-agir .n')?.textContent === '2');
	check(`${name}-mended-in-place`, true);
	equal(`${name}-towns-of-one-name-have-their-departement`, await page.$$eval('#r4 option', all => all.slice(1).map(o => o.text).join(', ')),
		'Plouhinec (Finistère), Plouhinec (Morbihan)');
	await page.selectOption('#r4', {index: 1});
	await page.waitForFunction(() => document.querySelector('#pile-agir .n')?.textContent === '1');
	check(`${name}-a-town-of-two-is-chosen`, true);
	const given = page.waitForEvent('download');
	await button(v, 'Télécharger la ligne à corriger', 'Download the line to fix').click();
	has(`${name}-what-is-left-comes-back-as-a-file`, (await given).suggestedFilename(), 'rejets.csv');
	has(`${name}-nothing-is-written-before`, await text(v, '#fin-import'),
		words(mix, 'Rien n’est encore écrit.', 'Nothing is written yet.'));
	await button(v, 'Importer les 5 lignes prêtes', 'Import the 5 ready lines').click();
	await soon(v, '.note.ok');
	has(`${name}-it-is-said-what-went-in`, await text(v, '.note.ok'), words(mix, '5 lignes importées', '5 lines imported'));
	has(`${name}-and-what-waits`, await text(v, '.note.ok'), words(mix, 'L’autre vous attend ici.', 'The other waits for you here.'));
	await v.look('importe');
	await page.fill('.rapport .corrige input', 'Morlaix');
	await page.press('.rapport .corrige input', 'Enter');
	await page.waitForFunction(() => document.querySelector('#pile-agir .n')?.textContent === '0');
	await button(v, 'Importer la ligne prête', 'Import the ready line').click();
	await page.waitForFunction(() => !document.querySelector('.verdicts') && document.querySelector('.note.ok'));
	await drop(v, {...file, buffer: Buffer.from(file.buffer.toString('latin1').replace(wrong(siret(n + 1)),
		siret(n + 1)).replace('Trifouillis', 'Morlaix').replace(/Deux Caps.*\r\n/, ''), 'latin1')});
	await soon(v, '.verdicts');
	has(`${name}-the-same-again-changes-nothing`, await text(v, '#espace'), words(mix, 'Rien à changer', 'Nothing to change'));
	await v.look('rien');
	await drop(v, {...file, buffer: Buffer.from(`Nom de la structure;N° SIRET;CP;Ville\r\nDe trop ${n};${siret(n + 9)};29600;Morlaix\r\n`, 'latin1')});
	await soon(v, '.colonnes');
	await button(v, 'Lire le rapport', 'Read the report').click();
	await button(v, 'Importer la ligne prête', 'Import the ready line').click();
	await button(v, 'Défaire', 'Undo').click();
	await page.waitForFunction(w => document.querySelector('.note.ok')?.textContent.includes(w), words(mix, 'fiche retirée', 'record removed'));
	has(`${name}-what-was-brought-in-is-taken-back`, await text(v, '.note.ok'), words(mix, 'Défait : 1 fiche', 'Undone: 1 record'));
	await v.close();
}

// Three mistakes in one line: all are said, and mended in one go.
async function mend_a_line_at_once(mix, n) {
	const v = await visit(HUB, mix, 'saisir'), {page} = v, name = `W1-${mix_name(mix)}`;
	const line = `Trois ${n};8,12346E+13;29600;Morlaix;contact.exemple.fr;31/02/2020`;

	await v.open('saisir/importer');
	await soon(v, '#fichier');
	await page.setInputFiles('#fichier', {name: 'trois.csv', mimeType: 'text/csv',
		buffer: Buffer.from(`Nom;SIRET;CP;Ville;Mail;Date de création\r\n${line}\r\n`)});
	await soon(v, '.colonnes');
	await button(v, 'Lire le rapport', 'Read the report').click();
	await soon(v, '.verdicts');
	equal(`${name}-a-line-of-three-mistakes-is-one-line`, await text(v, '#pile-agir .n'), '1');
	for (const [i, said] of [['Le tableur a arrondi le SIRET', 'The spreadsheet rounded the SIRET'], ['il manque @', '@ is missing'],
		['Février n’a pas 31 jours', 'February has no 31st']].entries())
		has(`${name}-mistake-${i + 1}-of-the-line-is-said`, await text(v, '.rapport'), words(mix, ...said));
	await v.look('trois-fautes');
	await page.fill('#r1', siret(n));
	await page.fill('#r1-1', 'contact@exemple.fr');
	await page.fill('#r1-2', '28/02/2020');
	await page.press('#r1-2', 'Enter');
	await page.waitForFunction(() => document.querySelector('#pile-agir .n')?.textContent === '0');
	check(`${name}-three-mistakes-are-mended-in-one-go`, true);
	await v.close();
}

// Lines to be read again: damaged accents are repaired there and imported so, all remarks
// of a line are told, and what was read is shown as it stands.
async function read_again(mix, n) {
	const v = await visit(HUB, mix, 'saisir'), {page} = v, name = `W1-${mix_name(mix)}`;
	const lines = [`CafÃ© du Port ${n};${siret(n)};29600;Morlaix;`, `=CMD|'/c calc'!A${n};${siret(n + 1)};29600;Morlaix;jean.dupont@asso.fr`];

	await v.open('saisir/importer');
	await soon(v, '#fichier');
	await page.setInputFiles('#fichier', {name: 'relire.csv', mimeType: 'text/csv', buffer: Buffer.from(`Nom;SIRET;CP;Ville;Mail\r\n${lines.join('\r\n')}\r\n`)});
	await soon(v, '.colonnes');
	await button(v, 'Lire le rapport', 'Read the report').click();
	await soon(v, '.verdicts');
	equal(`${name}-two-lines-to-read-again`, await text(v, '#pile-attente .n'), '2');
	const report = await text(v, '.rapport');

	has(`${name}-what-was-read-stands-as-it-was`, report, `CafÃ© du Port ${n}`);
	has(`${name}-a-bar-is-no-comma`, report, `=CMD|'/c calc'!A${n}`);
	has(`${name}-the-first-remark-is-told`, report, words(mix, 'comme une formule', 'like a formula'));
	has(`${name}-and-the-other-one`, report, words(mix, 'Cette adresse nomme une personne', 'This address names a person'));
	equal(`${name}-one-box-a-line`, await page.locator('.rapport input[type=checkbox]').count(), 2);
	equal(`${name}-the-repair-is-proposed`, await page.inputValue('.rapport .corrige input'), `Café du Port ${n}`);
	await v.look('a-relire');
	await page.press('.rapport .corrige input', 'Enter');
	await page.waitForFunction(() => document.querySelector('#pile-attente .n')?.textContent === '1');
	await button(v, 'Importer les 2 lignes prêtes', 'Import the 2 ready lines').click();
	await soon(v, '.note.ok');
	equal(`${name}-and-imported-so`, told('morlaix', 'show', siret(n)).data.nom, `Café du Port ${n}`);
	await v.close();
}

// A quote that a cell does not close: its own line is refused, those below are lines; mended there, it goes in.
async function close_a_quote(mix, n) {
	const v = await visit(HUB, mix, 'saisir'), {page} = v, name = `R18-${mix_name(mix)}`;
	const lines = [`Ouverte ${n};${siret(n)};29600;Morlaix;"pas ferme`, `Suivante ${n};${wrong(siret(n + 1))};29600;Morlaix;deux`,
		`Close ${n};${siret(n + 2)};29600;Morlaix;"deux ""mots"""`, `Asso "${n}";${siret(n + 3)};29600;Morlaix;"sur\r\ndeux; lignes"`];

	await v.open('saisir/importer');
	await soon(v, '#fichier');
	await page.setInputFiles('#fichier', {name: 'guillemets.csv', mimeType: 'text/csv',
		buffer: Buffer.from(`\ufeffsep=;\r\nNom;SIRET;CP;Ville;Description\r\n${lines.join('\r\n')}\r\n`)});
	await soon(v, '.colonnes');
	await button(v, 'Lire le rapport', 'Read the report').click();
	await soon(v, '.verdicts');
	equal(`${name}-a-stray-quote-takes-no-other-line`, await text(v, '#pile-agir .n'), '2');
	equal(`${name}-and-the-others-are-ready`, await text(v, '#pile-ok .n'), '2');
	has(`${name}-the-line-below-is-a-line`, await text(v, '.rapport'), `Suivante ${n}`);
	has(`${name}-the-quote-is-said`, await text(v, '.rapport'), words(mix, 'Un guillemet ouvre cette case', 'A quote opens this cell'));
	has(`${name}-its-cell-is-shown`, await text(v, '.rapport'), '"pas ferme');
	equal(`${name}-without-the-quote-is-proposed`, await page.inputValue('#r1'), 'pas ferme');
	await page.fill('#r2', siret(n + 1));
	await page.press('#r2', 'Enter');
	await page.waitForFunction(() => document.querySelector('#pile-agir .n')?.textContent === '1');
	has(`${name}-mending-another-line-lets-it-not-in`, await text(v, '.rapport'), `Ouverte ${n}`);
	await page.press('#r1', 'Enter');
	await page.waitForFunction(() => document.querySelector('#pile-agir .n')?.textContent === '0');
	await button(v, 'Importer les 4 lignes prêtes', 'Import the 4 ready lines').click();
	await soon(v, '.note.ok');
	equal(`${name}-and-it-goes-in`, told('morlaix', 'show', siret(n)).data.description, 'pas ferme');
	equal(`${name}-with-what-quotes-hold`, told('morlaix', 'show', siret(n + 3)).data.description, 'sur\ndeux; lignes');
	await v.close();
}

/* --- forms --- */

async function write_a_record(mix, n) {
	const v = await visit(HUB, mix, 'saisir'), {page} = v, name = `forms-${mix_name(mix)}`;

	await v.open('saisir/nouvelle');
	await soon(v, '#champ-nom');
	await page.fill('#champ-nom', `Conserverie ${n}`);
	await page.fill('#champ-siret', wrong(siret(n)));
	await page.focus('#champ-commune');
	await soon(v, '#champ-siret-message .faute');
	has(`${name}-a-fault-is-under-its-field`, await text(v, '#champ-siret-message'),
		words(mix, 'Un chiffre est faux', 'One digit is wrong'));
	await page.fill('#champ-courriel', 'anne.legoff@conserverie.example');
	await page.focus('#champ-commune');
	await soon(v, '#champ-courriel-message .averti');
	has(`${name}-a-persons-address-is-caught`, await text(v, '#champ-courriel-message'),
		words(mix, 'Cette adresse nomme une personne', 'This address names a person'));
	await page.fill('#champ-telephone', 'abc');
	await page.focus('#champ-commune');
	await soon(v, '#champ-telephone-message .faute');
	has(`${name}-a-telephone-is-no-number`, await text(v, '#champ-telephone-message'), words(mix, 'numéro de téléphone', 'telephone number'));
	await button(v, 'Enregistrer', 'Save').click();
	await soon(v, '#resume .note');
	has(`${name}-the-summary-leads-to-the-fields`, await text(v, '#resume'), 'SIRET');
	equal(`${name}-and-counts-them-all`, await page.locator('#resume a').count(), await page.locator('.champ.faux').count());
	await v.look('nouvelle');
	await page.fill('#champ-telephone', '');
	await page.press('#champ-telephone', 'Tab');
	await page.waitForFunction(w => !document.querySelector('#resume').textContent.includes(w), words(mix, 'Téléphone', 'Telephone'));
	check(`${name}-what-is-mended-leaves-the-summary`, true);
	await page.waitForTimeout(600);
	await v.open('saisir/nouvelle');
	await soon(v, '#champ-nom');
	equal(`${name}-the-draft-is-kept`, await page.inputValue('#champ-nom'), `Conserverie ${n}`);
	await page.fill('#champ-commune', 'Saint-Martin');
	await page.press('#champ-commune', 'Tab');
	await soon(v, '#champ-commune-message select');
	equal(`${name}-a-name-begun-is-offered-ours-first`,
		await page.$$eval('#champ-commune-message option', all => all.slice(1, 5).map(o => o.text).join(', ')),
		'Saint-Martin-des-Champs (Finistère), Saint-Martin-des-Prés (Côtes-d\'Armor), Saint-Martin-sur-Oust (Morbihan), Saint-Martin (Gers)');
	await v.look('laquelle');
	await page.selectOption('#champ-commune-message select', {index: 1});
	await page.waitForFunction(() => document.querySelector('#champ-commune-message')?.textContent.includes('29254'));
	check(`${name}-and-taken`, true);
	await page.fill('#champ-commune', 'Morlaix');
	await page.fill('#champ-siret', siret(n));
	await page.fill('#champ-courriel', '');
	await page.press('#champ-courriel', 'Tab');
	await page.waitForTimeout(800);
	await button(v, 'Enregistrer', 'Save').click();
	await soon(v, '#enregistre');
	check(`${name}-saved-here`, true);
	await button(v, 'Nouvelle structure', 'New organisation').click();
	await soon(v, '#champ-nom');
	await page.fill('#champ-nom', `Jumelle ${n}`);
	await page.fill('#champ-siret', siret(n));
	await page.press('#champ-siret', 'Tab');
	await soon(v, '#champ-siret-message a');
	const twin = words(mix, `Une fiche porte déjà ce SIRET : Conserverie ${n}.`, `A record has this SIRET already: Conserverie ${n}.`);

	has(`${name}-a-SIRET-that-stands-is-told`, await text(v, '#champ-siret-message'), twin);
	await page.fill('#champ-commune', 'Morlaix');
	await page.press('#champ-commune', 'Tab');
	await page.waitForTimeout(800);
	await button(v, 'Enregistrer', 'Save').click();
	await soon(v, '#enregistre');
	has(`${name}-and-told-again-once-it-is-saved`, await text(v, '#espace'), twin);
	await v.close();
}

/* --- W3 --- */

async function decide_duplicates(mix) {
	const v = await visit(HUB, mix, 'saisir'), {page} = v, name = `W3-${mix_name(mix)}`;

	await v.open('saisir/doublons');
	await soon(v, '.decision');
	const card = page.locator('.decision').first();

	has(`${name}-linking-deletes-nothing`, await text(v, '.tete'), words(mix, 'Relier ne supprime rien', 'Linking deletes nothing'));
	has(`${name}-a-record-of-reference-is-proposed`, flat(await card.textContent()),
		words(mix, 'Fiche de référence proposée', 'Suggested reference record'));
	has(`${name}-what-is-the-same-is-one-line`, flat(await card.textContent()), words(mix, 'Identiques', 'Identical'));
	await v.look('doublons');
	const before = await page.locator('.decision .bt.fort').count();

	await card.getByRole('button', {name: words(mix, 'Relier les deux fiches', 'Link the two records')}).click();
	await soon(v, '.decision .pastille.ok');
	has(`${name}-said-on-our-side`, flat(await card.textContent()), words(mix, 'Reliées de votre côté', 'Linked on your side'));
	equal(`${name}-one-decision-less`, await page.locator('.decision .bt.fort').count(), before - 1);
	check(`${name}-the-next-card-has-the-focus`,
		await page.evaluate(() => document.activeElement.closest('.decision') === document.querySelectorAll('.decision')[1]));
	await card.getByRole('button', {name: words(mix, 'Défaire', 'Undo')}).click();
	await page.waitForFunction(w => document.querySelector('.decision').textContent.includes(w), words(mix, 'Défait', 'Undone'));
	check(`${name}-and-taken-back`, true);
	await v.close();
}

/* --- W6 --- */

async function erase_a_person(mix, n) {
	const v = await visit(HUB, mix, 'saisir'), {page} = v, name = `W6-${mix_name(mix)}`, mail = `anne.kerguelen${n}@exemple.fr`;

	await v.open('saisir/nouvelle/contact');
	await soon(v, '#champ-structure_uid');
	await page.fill('#champ-structure_uid-nom', 'zinzolin atelier');
	await page.waitForFunction(() => document.querySelectorAll('#champ-structure_uid option').length > 1);
	await page.selectOption('#champ-structure_uid', {index: 1});
	await page.fill('#champ-prenom', 'Anne');
	await page.fill('#champ-nom', `Kerguelen ${n}`);
	await page.fill('#champ-courriel', mail);
	has(`${name}-a-contact-stays-here`, await text(v, '.formulaire'), words(mix, 'Cette fiche reste ici', 'This record stays here'));
	await v.look('contact');
	await button(v, 'Enregistrer', 'Save').click();
	await soon(v, '#enregistre');
	await v.open('saisir/effacer');
	await soon(v, '#texte');
	await page.waitForTimeout(1500);
	await page.fill('#texte', mail);
	await page.press('#texte', 'Enter');
	await soon(v, '#resultat, #trouve .vide');
	has(`${name}-what-names-her-is-listed`, await text(v, '#trouve'), words(mix, 'la fiche entière', 'the whole record'));
	has(`${name}-nothing-yet`, await text(v, '#trouve'), words(mix, 'Rien n’est encore effacé.', 'Nothing is erased yet.'));
	await v.look('effacer');
	await button(v, 'Effacer…', 'Erase…').click();
	has(`${name}-it-is-said-to-be-final`, await text(v, 'dialog'), words(mix, 'C’est définitif', 'This is final'));
	await v.look('effacer-dialogue');
	await page.check('#certain');
	await page.click('dialog .bt.fort');
	await soon(v, '#efface');
	has(`${name}-the-request-has-a-reference`, await text(v, '#trouve'), 'effacement-');
	await page.waitForTimeout(1500);
	await page.fill('#texte', mail);
	await page.press('#texte', 'Enter');
	await soon(v, '#trouve .vide');
	check(`${name}-nobody-of-that-name-now`, true);
	await v.close();
}

/* --- looks --- */

async function look_round(mix) {
	for (const [origin, who, places] of [[HUB, 'pole', ['saisir/propositions', 'saisir/desaccords', 'saisir/relais', 'territoire',
		'federation']], [CRESS, 'cress', ['territoire', 'territoire/rapport', 'federation']]]) {
		const v = await visit(origin, mix, who);

		for (const place of places) {
			await v.open(place);
			await v.page.waitForTimeout(2000);
			await v.look(place.replace('/', '-'));
		}
		await v.close();
	}
}

async function territory(mix) {
	const v = await visit(CRESS, mix, 'territoire'), name = `W7-${mix_name(mix)}`;

	await v.open('territoire');
	await soon(v, '.indic');
	has(`${name}-each-hub-has-its-hour`, await text(v, '.indic thead'), 'Morlaix');
	has(`${name}-and-it-is-said-of-what`, await text(v, '.indic thead'), words(mix, 'dernier mot : ', 'last word: '));
	await soon(v, '.couverture svg');
	check(`${name}-the-map-has-its-list`, /\d+/.test(await text(v, '.couverture + div summary')), 'no list');
	await soon(v, '.courbe');
	has(`${name}-the-plot-has-its-table`, await text(v, '#espace'), words(mix, 'Voir le tableau', 'Show the table'));
	await v.close();
}

// The month before, of which nothing was known, cannot be signed; nor one that runs.
async function an_empty_month(mix) {
	const v = await visit(CRESS, mix, 'territoire'), {page} = v, name = `W7-${mix_name(mix)}`;

	await v.open('territoire/rapport');
	await soon(v, '.rapport-etapes');
	has(`${name}-an-empty-month-says-so`, await text(v, '.rapport-etapes'), words(mix, 'Rien à signer : la CRESS ne connaissait rien au 1er',
		'Nothing to sign: the CRESS knew nothing at 1'));
	equal(`${name}-and-has-no-button`, await page.locator('.rapport-etapes .bt').count(), 0);
	await v.look('rapport-vide');
	await page.evaluate(() => { Date.now = () => 0; });
	await page.selectOption('#mois', {index: 1});
	await page.waitForFunction(w => document.querySelector('.rapport-etapes')?.textContent.includes(w), words(mix, 'court jusqu', 'runs until'));
	has(`${name}-a-month-that-runs-says-so`, await text(v, '.rapport-etapes'), words(mix, 'Le mois court jusqu’au', 'The month runs until'));
	equal(`${name}-and-has-no-button-either`, await page.locator('.rapport-etapes .bt').count(), 0);
	await v.close();
}

// This month as if it were over: the browser is a month ahead, and the accounts close now.
async function sign_the_month(mix) {
	const v = await visit(CRESS, mix, 'territoire'), {page} = v, name = `W7-${mix_name(mix)}`;
	const month = told('cress', 'report').mois;

	await page.route('**/api/v1/report/freeze', r => r.continue({postData: JSON.stringify({...r.request().postDataJSON(), at: 'now'})}));
	await page.clock.setFixedTime(Date.now() + 32 * 86400000);
	await v.open('territoire/rapport');
	await soon(v, '.rapport-etapes .bt.fort');
	const late = told('cress', 'report', 'freeze', '--month', month, '--at', 'now', '--dry-run').retards.map(r => r.pole);

	equal(`${name}-late-hubs-are-those-of-the-command`, late.join(), 'pole-morlaix,pole-auray');
	has(`${name}-and-named`, await text(v, '.rapport-etapes li:nth-child(2)'), words(mix, 'ne sont pas arrivés : Morlaix (dernier envoi', 'have not come: Morlaix (last sent'));
	const before = await text(v, '.du-rapport');

	check(`${name}-the-figures-to-be-signed-are-shown`, /(Structures de l’ESS|organisations)\s*[1-9]\d+/.test(before), before);
	await v.look('rapport-pret');
	await page.click('.rapport-etapes .bt.fort');
	has(`${name}-it-is-said-to-be-final`, await text(v, 'dialog'), words(mix, 'C’est définitif', 'This is final'));
	has(`${name}-and-without-whom`, await text(v, 'dialog'), words(mix, 'Sans les comptes de : Morlaix', 'Without the counts of: Morlaix'));
	equal(`${name}-and-what`, await text(v, 'dialog .du-rapport'), before);
	await v.look('rapport-dialogue');
	await page.keyboard.press('Escape');
	equal(`${name}-one-click-signs-nothing`, told('cress', 'report', '--month', month).etat, 'provisoire');
	await page.click('.rapport-etapes .bt.fort');
	await page.click('dialog .bt.fort');
	await page.waitForFunction(w => document.querySelector('.rapport-etapes')?.textContent.includes(w),
		words(mix, 'les mêmes octets', 'the same bytes'), {timeout: 60000});
	check(`${name}-signed-and-says-so`, true);
	equal(`${name}-with-those-figures`, await text(v, '.du-rapport'), before);
	has(`${name}-the-signed-names-them-too`, await text(v, '.rapport-etapes li:nth-child(2)'), 'Auray');
	await v.look('rapport-signe');
	await v.open('territoire');
	await soon(v, '.indic');
	equal(`${name}-this-month-has-no-remark`, await page.locator('.du-jour:visible').count(), 0);
	await page.selectOption('#mois', month);
	await page.waitForFunction(() => [...document.querySelectorAll('.du-jour')].some(n => !n.hidden));
	has(`${name}-the-signed-month-says-so`, await text(v, '.tete'), words(mix, 'Sans les comptes de : Morlaix', 'Without the counts of: Morlaix'));
	has(`${name}-and-that-the-map-is-of-today`, await text(v, '#h-couverture + .du-jour'), words(mix, 'non au mois choisi', 'not of the month chosen'));
	await v.look('mois-signe');
	await page.selectOption('#mois', {index: 3});
	await page.waitForFunction(w => document.querySelector('.tete').textContent.includes(w), words(mix, 'n’est pas signé', 'is not signed'));
	check(`${name}-a-month-that-is-not-signed-says-of-what-day-its-figures-are`, true);
	await v.close();
}

/* --- alerts --- */

// The page leaves out the commands of the terminal, and no sentence loses its sense by it.
async function alerts_are_sentences(mix) {
	const v = await visit(CRESS, mix, 'alertes');
	const said = text => v.page.evaluate(s => import('/members.js').then(m => m.plain(s)), text);
	const whole = 'Voyez avec ce pôle laquelle doit rester ; « essaim approve a » fait entrer celle qui attend.';

	const word = (module, call) => v.page.evaluate(([m, c]) => import(m).then(x => x[c[0]](...c.slice(1))), [module, call]);

	await v.open('federation');
	await soon(v, '#qui-invite');
	has('roles-who-invites-is-said', await text(v, '#qui-invite'), 'Seul un administrateur');
	check('alerts-count-as-people-do', !(await text(v, '#espace')).includes('(s)'));
	equal('words-a-label-has-its-name', await word('/words.js', ['label', 'label_rse_verifie']), 'Label RSE');
	equal('words-a-sort-of-event-has-its-name', await word('/fields.js', ['code_name', 'type_evenement', 'rencontre_filiere']), 'Rencontre de filière');
	equal('words-an-acronym-keeps-its-capitals', await word('/words.js', ['within', 'Numéro RNA']), 'numéro RNA');
	equal('alerts-a-command-in-the-midst-stays', await said(whole), whole);
	equal('alerts-commands-at-the-end-go', await said('Il y a deux doublons : « essaim duplicates », puis « essaim link » ou « essaim unlink ».'), 'Il y a deux doublons.');
	equal('alerts-and-what-follows-stays', await said("Never backed up: 'essaim backup FILE'. Local records exist nowhere else."),
		'Never backed up. Local records exist nowhere else.');
	await v.close();
}

// An alert leads to what it speaks of, or says what is done about it.
async function alerts_lead(mix) {
	const v = await visit(HUB, mix, 'alertes'), {page} = v, name = `alertes-${mix_name(mix)}`;
	const line = fr_en => page.locator('.alertes li', {hasText: words(mix, ...fr_en)});
	const first = async l => Number((await l.textContent()).match(/\d+/)[0]);

	await v.open('federation');
	await soon(v, '.alertes');
	const risk = line(['à risque', 'at risk']), risks = await first(risk);

	await v.look('alertes');
	await risk.getByRole('link').click();
	await soon(v, '#h-risque');
	equal(`${name}-partnerships-at-risk-are-all-listed`, await page.locator('#h-risque + ul > li').count(), risks);
	has(`${name}-with-the-risk`, await text(v, '#h-risque + ul'), words(mix, 'risque', 'risk'));
	check(`${name}-and-are-in-sight`, await page.waitForFunction(() => {
		const box = document.querySelector('#h-risque').getBoundingClientRect();

		return document.activeElement.id === 'h-risque' && box.top > 60 && box.bottom < innerHeight;
	}, null, {timeout: 10000}).then(() => true, () => false));
	await v.look('a-risque');
	await v.open('federation');
	await soon(v, '.alertes');
	const term = line(['durée de conservation', 'term']), terms = await first(term);

	await term.getByRole('link').click();
	await soon(v, '#h-echues');
	equal(`${name}-records-past-their-term-are-counted-as-the-alert-does`, parseInt((await text(v, '#h-echues')), 10), terms);
	await v.look('termes');
	await page.click('#purger');
	has(`${name}-to-erase-them-is-said-to-be-final`, await text(v, 'dialog'), words(mix, 'C’est définitif', 'This is final'));
	await v.look('termes-dialogue');
	await page.keyboard.press('Escape');
	has(`${name}-no-backup-says-what-to-do`, await page.evaluate(() => import('/members.js').then(m => m.alert_line({code: 'NO_BACKUP', text: 'x', text_en: 'x'}, {role: 'agent_pole'}).textContent)),
		'essaim-backup.timer');
	const own = state => page.evaluate(s => import('/members.js').then(m => m.word_of({self: true, state: 'active'}, {state: s, outbox: 0, node: {}})[3]), state);

	check(`${name}-a-fenced-hub-is-not-up-to-date`, await own('fenced') === words(mix, 'arrêté', 'stopped') && await own('live') === words(mix, 'à jour', 'up to date'));
	await v.close();
}

/* --- W8 --- */

async function sign_in(v) {
	await v.open('federation');
	await v.page.fill('#nom', 'gwen');
	await v.page.fill('#passe', process.env.ESSAIM_PASSWORD);
	await v.page.click('.entree .bt.fort');
	await soon(v, '#inviter');
}

// The form keeps the name, says why and waits for the password; the console's word of the
// refused request is the browser's own.
async function wrong_password(mix) {
	const v = await visit(CRESS, mix, 'entrer'), {page} = v, name = `W8-${mix_name(mix)}`;

	await v.open('federation');
	await page.fill('#nom', 'gwen');
	await page.fill('#passe', 'not the password');
	await page.keyboard.press('Enter');
	await soon(v, '.entree [role=alert] .note');
	has(`${name}-a-wrong-password-is-said`, await text(v, '.entree [role=alert]'),
		words(mix, 'ne vont pas ensemble', 'do not go together'));
	await page.waitForTimeout(1000);
	equal(`${name}-and-the-name-stays`, await page.inputValue('#nom'), 'gwen');
	equal(`${name}-and-the-password-is-to-be-typed-again`, await page.evaluate(() => document.activeElement.id), 'passe');
	await page.fill('#passe', 'half a password');
	await button(v, 'English', 'Français').click();
	has(`${name}-the-form-speaks-the-other-language`, await text(v, '.entree'), words(mix, 'Password', 'Mot de passe'));
	has(`${name}-so-does-what-was-told`, await text(v, '.entree [role=alert]'), words(mix, 'do not go together', 'ne vont pas ensemble'));
	equal(`${name}-and-what-was-typed-stays-in-it`, await page.$$eval('.entree input', all => all.map(i => i.value).join()),
		'gwen,half a password');
	equal(`${name}-the-document-says-its-language`, await page.evaluate(() => document.documentElement.lang), words(mix, 'en', 'fr'));
	await v.look('langue');
	await page.goto(CRESS);
	await soon(v, '#nom');
	has(`${name}-the-choice-is-kept`, await text(v, '.entree'), words(mix, 'Password', 'Mot de passe'));
	v.wrong.splice(0, v.wrong.length, ...v.wrong.filter(w => !/status of 401/.test(w)));
	await v.close();
}

// A role that may not read the status is not asked about it: no pill, no 403 in the console.
async function a_funder_reads(mix) {
	const v = await visit(CRESS, mix, 'financeur'), {page} = v, name = `roles-${mix_name(mix)}`;

	await v.open('annuaire');
	await page.fill('#nom', 'nolwenn');
	await page.fill('#passe', process.env.ESSAIM_PASSWORD);
	await page.click('.entree .bt.fort');
	await soon(v, '.areas');
	await page.waitForTimeout(2000);
	equal(`${name}-a-funder-has-no-pill`, await page.locator('.etat').count(), 0);
	equal(`${name}-and-two-areas`, await page.locator('.areas a').count(), 2);
	await v.open('territoire');
	await soon(v, '.indic');
	await v.close();
}

async function a_new_hub(mix, pays, port) {
	const v = await visit(CRESS, mix, 'federation'), {page} = v, name = `W8-${mix_name(mix)}`;

	await sign_in(v);
	equal(`${name}-who-may-invite-is-not-told-who-may`, await page.locator('#qui-invite').count(), 0);
	await page.evaluate(() => { location.hash = '#/rapprocher'; });
	await page.waitForFunction(w => document.querySelector('.tete')?.textContent.replace(/\u00a0/g, ' ').includes(w), words(mix, 'Le chargé de mission de la CRESS note', 'The CRESS officer notes'));
	check(`${name}-who-notes-needs-is-said`, true);
	await page.evaluate(() => { location.hash = '#/federation'; });
	await soon(v, '#inviter');
	await page.click('#inviter');
	await page.selectOption('#inv-pays', pays);
	await v.look('inviter');
	await page.click('dialog .bt.fort');
	await soon(v, '.qr');
	has(`${name}-an-invitation-serves-once`, await text(v, '#invitations'), words(mix, 'Sert une seule fois', 'Works once'));
	check(`${name}-the-code-is-drawn`, (await page.getAttribute('.qr path', 'd')).length > 500);
	const code = flat(await page.textContent('#code-invitation')).trim();

	check(`${name}-and-can-be-read`, /^ESSAIM1-/.test(code), code.slice(0, 8));
	await v.look('invitation');
	await page.click('#inviter');
	await page.selectOption('#inv-pays', 'brest');
	await page.click('dialog .bt.fort');
	await page.waitForFunction(() => document.querySelectorAll('#invitations .sous-liste li').length === 1);
	const wrong_one = flat(await page.textContent('#code-invitation')).trim();

	await page.locator('.invitation').getByRole('button', {name: words(mix, 'Annuler', 'Cancel')}).click();
	has(`${name}-to-cancel-is-said-to-be-final`, await text(v, 'dialog'), words(mix, 'C’est définitif', 'This is final'));
	await v.look('annuler-invitation');
	await page.click('dialog .bt.fort');
	await page.waitForFunction(() => !document.querySelector('#code-invitation'));
	let refused = 0;

	try {
		execFileSync(`${process.env.ESSAIM_BIN}/essaim`, ['--data', `${process.env.ESSAIM_WORK}/brest`, 'join', wrong_one, '--accept-charter'], {stdio: 'pipe'});
	} catch (err) {
		refused = err.status;
	}
	equal(`${name}-a-cancelled-invitation-serves-nobody`, refused, 77);
	const printed = essaim(pays, 'join', code, '--accept-charter', '--listen',
		`127.0.0.1:${port}`).match(/([0-9A-Z]{4}-){3,7}[0-9A-Z]{4}/g).at(-1);
	const daemon = spawn(`${process.env.ESSAIM_BIN}/essaimd`, ['--data', `${process.env.ESSAIM_WORK}/${pays}`], {stdio: 'ignore'});

	try {
		await soon(v, '#approbation');
		const shown = await page.$$eval('.empreinte > span', all => all.map(s => s.lastChild.textContent).join('-'));

		equal(`${name}-both-sides-read-the-same-groups`, shown, printed);
		const widths = await page.$$eval('.egaux .bt', all => all.map(b => Math.round(b.getBoundingClientRect().width)));

		check(`${name}-two-equal-buttons`, widths.length === 2 && Math.abs(widths[0] - widths[1]) <= 1, widths);
		await v.look('approbation');
		await button(v, 'C’est identique, accepter', 'Identical, accept').click();
		await page.waitForFunction(() => !document.querySelector('#approbation'), null, {timeout: 30000});
		has(`${name}-it-has-joined`, await text(v, '#espace'), words(mix, 'est entré.', 'has joined.'));
		await page.locator('.noeud', {hasText: pays === 'vitre' ? 'Vitré' : 'Fougères'}).locator('summary').click();
		await v.look('agir');
		await page.locator('.actes[open] .bt').first().click();
		await page.fill('#nom-pole', 'Vitre');
		await page.click('dialog .bt.fort');
		has(`${name}-suspending-asks-for-the-name`, await text(v, '#faute-nom'),
			words(mix, 'Ce n’est pas son nom.', 'This is not its name.'));
		await v.look('suspendre');
		await page.keyboard.press('Escape');
	} finally {
		daemon.kill('SIGTERM');
	}
	await v.close();
}

// One that does not come to its end is a failure, and the next one is played all the same.
async function play(f, ...args) {
	try {
		await f(...args);
	} catch (err) {
		const line = err.stack.split('\n').find(l => l.includes('do_test.mjs')) || '';

		check(`${f.name}-${mix_name(args[0])}-comes-to-its-end`, false,
			`${err.message.split('\n')[0]} ${line.trim().replace(/.*do_test/, 'do_test')}`);
	}
}

if (phase === 'online') {
	for (const [i, mix] of MIXES.entries()) {
		await play(import_a_table, mix, 100 + 20 * i);
		await play(mend_a_line_at_once, mix, 200 + i);
		await play(read_again, mix, 500 + 3 * i);
		await play(close_a_quote, mix, 600 + 4 * i);
		await play(write_a_record, mix, 300 + i);
		await play(decide_duplicates, mix);
		await play(erase_a_person, mix, i + 1);
		await play(territory, mix);
		await play(look_round, mix);
	}
	await play(alerts_are_sentences, MIXES[0]);
	await play(alerts_lead, MIXES[0]);
	await play(alerts_lead, MIXES[3]);
	await play(an_empty_month, MIXES[0]);
	await play(an_empty_month, MIXES[3]);
	await play(sign_the_month, MIXES[0]);
} else if (phase === 'admin') {
	await play(wrong_password, MIXES[0]);
	await play(a_funder_reads, MIXES[0]);
	await play(a_new_hub, MIXES[0], 'vitre', process.env.ESSAIM_PORT_A);
	await play(a_new_hub, MIXES[3], 'fougeres', process.env.ESSAIM_PORT_B);
}
await done();
