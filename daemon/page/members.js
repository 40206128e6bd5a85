// SPDX-License-Identifier: Apache-2.0
// The members of Fédération: who is late and why, what each has done lately, and the alerts
// as sentences. What takes a member's access away asks to type its name.
import {post} from './api.js';
import {chip, dialog, fill, h, icon, note, say} from './dom.js';
import {officer} from './account.js';
import {towns} from './towns.js';
import {language, many, number, t, when} from './words.js';

const LATE_S = 2 * 86400, BAR_MAX = 26;

export const owner_of = m => `${m.role === 'cress' ? 'cress' : 'pole'}-${m.pays}`;
// The buttons at the foot of a dialog; `d` gives it.
export const dialog_end = (d, go) => h('div.rang.fin-dialogue', h('button.bt', {type: 'button', onclick: () => d().close()},
	t('Annuler', 'Cancel')), go);

/* --- alerts: a sentence and, where the page can, the way --- */

const WAY = {
	DUPLICATES: ['#/saisir/doublons', 'Voir les doublons', 'See the duplicates'],
		DUPLICATES_FOUND: ['#/saisir/doublons', 'Voir les doublons', 'See the duplicates'],
	DUPLICATES_LATE: ['#/saisir/doublons', 'Voir les doublons', 'See the duplicates'],
		INBOX: ['#/saisir/propositions', 'Voir les demandes', 'See the requests'],
	OFFERS_LATE: ['#/saisir/relais', 'Voir les relais', 'See the hand-overs'],
		FOLLOWUP_DUE: ['#/territoire/suivis', 'Voir les suivis', 'See the follow-ups'],
	FOLLOWUP_RISK: ['#/territoire/suivis', 'Voir ces partenariats', 'See these partnerships'],
	FOLLOWUP_LATE: ['#/territoire/suivis', 'Voir les suivis', 'See the follow-ups'],
		RGPD_DUE: ['#/saisir/effacer', 'Voir les demandes', 'See the requests'],
	RETENTION: ['#/saisir/termes', 'Voir lesquelles', 'See which'],
};
// What is done at the machine, by whoever keeps it.
const BACKUP = () => h('details.pas', h('summary', t('Comment faire', 'What to do')),
	t('Sur la machine du pôle, chaque nuit : ', 'On the hub’s machine, every night: '), h('code', 'systemctl enable --now essaim-backup.timer'),
	t(' ; tout de suite : ', '; at once: '), h('code', 'essaim backup'), t('. Le guide de l’administrateur en dit plus.', '. The administrator’s guide says more.'));
const STEPS = {NO_BACKUP: BACKUP, OLD_BACKUP: BACKUP};
const GRAVE = /^(FENCED|KEY_|CONTROL_FORK|FORK|CLOCK_SKEW|DAMAGED|WITHHELD|CHECKPOINT|NO_BACKUP|OLD_BACKUP|COPY_|GENERATIONS|BAD_|DISK|IO)/;

// A sentence without the terminal's commands that end it, « ... : « essaim a », puis « essaim b ». »,
// which the page replaces; a command in its midst stays, since the sentence needs it.
const COMMAND = String.raw`(?:«\s?essaim [^»]*»|'essaim [^']*')`;
const COMMANDS = String.raw`${COMMAND}(?:,? (?:puis|then|ou|or) ${COMMAND})*(?=\.|$)`;
const TAIL = new RegExp(String.raw`\s?[:,] (?:(?:puis|then) )?${COMMANDS}`, 'u');
const BARE = new RegExp(String.raw`^\p{L}+ \p{L}+\s?: ${COMMANDS}\.?$`, 'u'); // « Le prix : ... » says nothing else
export const plain = text => text.split(/(?<=\.) /).filter(s => !BARE.test(s)).map(s => s.replace(TAIL, '')).join(' ')
	.replace(/\s*\.?\s*$/, '.');

export function alert_line(a, me) {
	const way = ['agent_pole', 'cress'].includes(me.role) || !WAY[a.code]?.[0].includes('saisir') ? WAY[a.code] : null;
	const grave = GRAVE.test(a.code);

	return h('li', note(grave ? 'agir' : '', grave ? 'agir' : 'bulle', plain(language() === 'en' ? a.text_en : a.text), ' ',
		way ? h('a', {href: way[0]}, t(way[1], way[2]))
			: STEPS[a.code] ? STEPS[a.code]() : WAY[a.code] && h('span.petit', t(`${officer(me)} s’en occupe, dans « Saisir ».`, `${officer(me)} sees to it, in “Enter”.`))));
}

/* --- members --- */

// The age of the last word that we hold of a member's logs, in seconds; null: none.
function word_age(m, status) {
	const ages = (status.logs || []).filter(l => l.author === owner_of(m) && l.age_s >= 0).map(l => l.age_s);

	return ages.length ? Math.min(...ages) : null;
}

export function word_of(m, status) {
	const peer = (status.peers || []).find(p => p.id === m.id);
	const age = peer?.age_s ?? word_age(m, status);
	const at = age === null || age === undefined ? null : when(Date.now() - age * 1000);

	if (m.state === 'suspended')
		return ['attente', 'attente', t('Suspendu : sa file attend chez lui.', 'Suspended: its queue waits at its place.'),
			t('suspendu', 'suspended')];
	if (m.state === 'revoked')
		return ['', 'cle', t('Son accès est retiré. Ce qu’il avait transmis reste.', 'Its access is removed. What it had sent stays.'),
			t('retiré', 'removed')];
	if (m.self)
		return own_word(status);
	if (peer && peer.state === 'live' && peer.lag === 0)
		return ['ok', 'ok', at ? t(`Dernier échange à ${at}.`, `Last exchange at ${at}.`) : t('En liaison.', 'Connected.'),
			t('à jour', 'up to date')];
	if (peer && peer.lag > 0)
		return ['attente', 'attente', peer.lag > 1 ? t(`Il lui manque ${number(peer.lag)} changements ; ils l’attendent.`,
			`It lacks ${number(peer.lag)} changes; they wait for it.`)
			: t('Il lui manque 1 changement ; il l’attend.', 'It lacks 1 change; it waits for it.'), t('en retard', 'late')];
	if (peer && (status.node.role === 'cress' || m.role === 'cress'))
		return ['attente', 'attente', at ? t(`Pas de nouvelles depuis ${at}.`, `No news since ${at}.`) : t('Pas encore de nouvelles.',
			'No news yet.'), t('hors ligne', 'offline')];
	if (age === null || age === undefined)
		return ['', 'attente', t('Rien reçu de lui pour l’instant.', 'Nothing received from it yet.'), t('nouveau', 'new')];
	return age > LATE_S ? ['attente', 'attente', t(`Pas de nouvelles depuis ${at}.`, `No news since ${at}.`), t('en retard', 'late')]
		: ['ok', 'ok', t(`Son dernier mot est de ${at}.`, `Its last word is from ${at}.`), t('à jour', 'up to date')];
}

function own_word(status) {
	if (status.state === 'fenced')
		return ['agir', 'agir', t('Une autre machine parle au nom du pôle : rien ne part d’ici.', 'Another machine speaks for this hub: nothing leaves from here.'),
			t('arrêté', 'stopped')];
	if (status.state === 'offline' || status.state === 'connecting' || status.outbox > 0)
		return ['attente', 'attente', backup_words(status), status.outbox > 0 ? t('attend l’envoi', 'waiting to be sent') : t('hors ligne', 'offline')];
	return ['ok', 'ok', backup_words(status), t('à jour', 'up to date')];
}

function backup_words(status) {
	const age = status.life?.backup_age_s;

	return age === null || age === undefined ? t('Aucune sauvegarde pour l’instant.', 'No backup yet.')
		: t(`Sauvegarde : ${when(Date.now() - age * 1000)}.`, `Backup: ${when(Date.now() - age * 1000)}.`);
}

function bars(days) {
	const sum = days.reduce((a, b) => a + b, 0), max = Math.max(1, ...days);

	return h('span.vie', {role: 'img', 'aria-label': many(sum, ['fiche changée en 14 jours', 'fiches changées en 14 jours'],
		['record changed in 14 days', 'records changed in 14 days'])},
		days.map(n => h('i', {class: n ? '' : 'zero', height: n ? Math.max(3, Math.round(n / max * BAR_MAX)) : 3})));
}

// Suspending and removing ask for the hub's name, typed.
function dangerous(m, title, sentence, button, path, done) {
	const input = h('input', {id: 'nom-pole', autocomplete: 'off', required: true, 'aria-describedby': 'faute-nom'}),
		fault = h('span.faute', {id: 'faute-nom', role: 'alert'});
	const go = h('button.bt.fort', button);
	const d = dialog(title, t('Fermer', 'Close'), h('form', {novalidate: true, onsubmit: async e => {
		e.preventDefault();
		if (input.value.trim() !== m.name) {
			fill(fault, t('Ce n’est pas son nom.', 'This is not its name.'));
			return input.focus();
		}
		go.disabled = true;
		try {
			await post(path, {hub: m.id});
			d.close();
			return done();
		} catch (err) {
			go.disabled = false;
			return fill(fault, err.message);
		}
	}}, h('p', sentence), h('div.champ', h('label', {for: 'nom-pole'}, t(`Pour confirmer, écrivez son nom : ${m.name}`,
		`To confirm, type its name: ${m.name}`)), input, fault), dialog_end(() => d, go)));

	input.focus();
}

function acts(m, place, again) {
	if (place.me.role !== 'admin' || place.me.node.role !== 'cress' || m.self || m.state === 'revoked')
		return null;
	const done = words => () => { say(words); again(); };
	const suspend = () => dangerous(m, t('Suspendre ce membre', 'Suspend this member'),
		t('Il n’envoie et ne lit plus rien jusqu’à la reprise. Sa file reste chez lui.',
		'It sends and reads nothing until it is resumed. Its queue stays at its place.'),
		t('Suspendre', 'Suspend'), 'suspend', done(t('Suspendu.', 'Suspended.')));
	const revoke = () => dangerous(m, t('Retirer l’accès', 'Remove access'),
		t('C’est définitif : sa clé ne vaut plus. Ce qu’il a transmis reste.',
		'This is final: its key is worth nothing. What it has sent stays.'),
		t('Retirer l’accès', 'Remove access'), 'revoke', done(t('Accès retiré.', 'Access removed.')));

	return h('details.actes', h('summary', t('Agir', 'Act'), h('span.invisible', t(` : ${m.name}`, `: ${m.name}`))), h('div.rang',
		m.state === 'suspended' ? h('button.bt.mini', {type: 'button', onclick: () => post('resume',
			{hub: m.id}).then(done(t('Reprise.', 'Resumed.')))}, t('Reprendre', 'Resume'))
			: h('button.bt.mini', {type: 'button', onclick: suspend}, t('Suspendre…', 'Suspend…')),
		h('button.bt.mini', {type: 'button', onclick: revoke}, t('Retirer l’accès…', 'Remove access…'))));
}

export function member_row(m, f, place, again) {
	const [look, picture, sentence, word] = word_of(m, f.status), days = f.activity.find(a => a.owner === owner_of(m))?.days;

	return h('div.noeud', {class: look, role: 'listitem'}, icon(picture),
		h('div', h('h3', m.name), h('span.petit', m.self ? t('ici', 'here') : towns().pays[m.pays] || '')),
		h('div', h('p', sentence), days && bars(days)), h('div.rang', chip(look, picture, word), acts(m, place, again)));
}
