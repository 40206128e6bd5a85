// SPDX-License-Identifier: Apache-2.0
// Who belongs, who is late and why, who asks to enter; live. What takes a member's access
// away asks to type its name.
import {get, hear, post} from './api.js';
import {$, chip, dialog, fill, h, icon, note, s, say} from './dom.js';
import {hub_name, load_towns, towns} from './towns.js';
import {SHORT, day, language, many, number, t, when} from './words.js';

const EVENTS = 12, TAIL = 120, LATE_S = 2 * 86400, BAR_MAX = 26;
const NUMBERS = {4: ['quatre', 'four'], 8: ['huit', 'eight']};

let invited = null; // the code we have just made, while this page is open: it is nowhere else

const owner_of = m => `${m.role === 'cress' ? 'cress' : 'pole'}-${m.pays}`;
const dialog_end = (d, go) => h('div.rang.fin-dialogue', h('button.bt', {type: 'button', onclick: () => d().close()},
	t('Annuler', 'Cancel')), go);

/* --- alerts: a sentence and, where the page can, the way --- */

const WAY = {
	DUPLICATES: ['#/saisir/doublons', 'Voir les doublons', 'See the duplicates'],
		DUPLICATES_FOUND: ['#/saisir/doublons', 'Voir les doublons', 'See the duplicates'],
	DUPLICATES_LATE: ['#/saisir/doublons', 'Voir les doublons', 'See the duplicates'],
		INBOX: ['#/saisir/propositions', 'Voir les demandes', 'See the requests'],
	OFFERS_LATE: ['#/saisir/relais', 'Voir les relais', 'See the hand-overs'],
		FOLLOWUP_DUE: ['#/territoire', 'Voir les suivis', 'See the follow-ups'],
	FOLLOWUP_RISK: ['#/territoire', 'Voir les suivis', 'See the follow-ups'],
	FOLLOWUP_LATE: ['#/territoire', 'Voir les suivis', 'See the follow-ups'],
		RGPD_DUE: ['#/saisir/effacer', 'Voir les demandes', 'See the requests'],
};
const GRAVE = /^(FENCED|KEY_|CONTROL_FORK|FORK|CLOCK_SKEW|DAMAGED|WITHHELD|CHECKPOINT|NO_BACKUP|OLD_BACKUP|COPY_|GENERATIONS|BAD_|DISK|IO)/;

// The sentence without the commands of the terminal, which the page replaces.
const plain = text => text.replace(/[\s,:;]*(puis |then )?(« ?essaim [^»]*»|'essaim [^']*')( (ou|or|dit|says)[^.]*)?/g,
	'').replace(/\s*\.?\s*$/, '.');

function alert_line(a, me) {
	const way = ['agent_pole', 'cress'].includes(me.role) || !WAY[a.code]?.[0].includes('saisir') ? WAY[a.code] : null;
	const grave = GRAVE.test(a.code);

	return h('li', note(grave ? 'agir' : '', grave ? 'agir' : 'bulle', plain(language() === 'en' ? a.text_en : a.text), ' ',
		way && h('a', {href: way[0]}, t(way[1], way[2]))));
}

/* --- members --- */

// The age of the last word that we hold of a member's logs, in seconds; null: none.
function word_age(m, status) {
	const ages = (status.logs || []).filter(l => l.author === owner_of(m) && l.age_s >= 0).map(l => l.age_s);

	return ages.length ? Math.min(...ages) : null;
}

function word_of(m, status) {
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
		return ['ok', 'ok', backup_words(status), t('à jour', 'up to date')];
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

function backup_words(status) {
	const age = status.life?.backup_age_s;

	return age === null || age === undefined ? t('Aucune sauvegarde pour l’instant.', 'No backup yet.')
		: t(`Sauvegarde : ${when(Date.now() - age * 1000)}.`, `Backup: ${when(Date.now() - age * 1000)}.`);
}

function bars(days) {
	const sum = days.reduce((a, b) => a + b, 0), max = Math.max(1, ...days);

	return h('span.vie', {role: 'img', 'aria-label': t(`${number(sum)} fiches changées en 14 jours`,
		`${number(sum)} records changed in 14 days`)},
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

function member_row(m, f, place, again) {
	const [look, picture, sentence, word] = word_of(m, f.status), days = f.activity.find(a => a.owner === owner_of(m))?.days;

	return h('div.noeud', {class: look, role: 'listitem'}, icon(picture),
		h('div', h('h3', m.name), h('span.petit', m.self ? t('ici', 'here') : towns().pays[m.pays] || '')),
		h('div', h('p', sentence), days && bars(days)), h('div.rang', chip(look, picture, word), acts(m, place, again)));
}

function request_row(q, decides) {
	return h('div.noeud.agir', {role: 'listitem'}, icon('cle'), h('div', h('h3', q.name), h('span.petit', t('nouveau', 'new'))),
		h('div', h('p', t('Demande à rejoindre le réseau.', 'Asks to join the network.'))),
		h('div.rang', decides && h('a.bt.mini.fort', {href: '#', onclick: e => { e.preventDefault(); $('#approbation').focus(); }},
			t('Vérifier', 'Check'))));
}

/* --- a request to enter --- */

function approval(q, again) {
	const groups = q.fingerprint.split('-'), words = NUMBERS[groups.length] || [String(groups.length), String(groups.length)],
		said = h('div', {role: 'status'});
	const decide = (path, done) => async e => {
		const buttons = [...e.target.parentElement.children];

		buttons.forEach(b => { b.disabled = true; });
		try {
			await post(path, {hub: q.id});
			say(done);
			again(done);
		} catch (err) {
			buttons.forEach(b => { b.disabled = false; });
			fill(said, note('agir', 'agir', err.message));
		}
	};

	return h('section.bloc.o1', {id: 'approbation', 'aria-labelledby': 'h-appro', tabindex: '-1'},
		h('header', h('h2', {id: 'h-appro'}, t(`${q.name} demande à entrer`, `${q.name} asks to join`))), h('div.corps',
		h('p.discret', t(`Téléphonez au pôle et faites-lui lire ces ${words[0]} groupes. S’ils sont identiques, c’est bien lui.`,
			`Call the hub and have it read these ${words[1]} groups. If they are the same, it is really them.`)),
		h('p.empreinte', {role: 'group', 'aria-label': t('Empreinte du pôle', 'Fingerprint of the hub')},
			groups.map((g, i) => h('span', h('small', String(i + 1)), g))),
		h('div.rang.egaux', h('button.bt', {type: 'button', onclick: decide('approve', t(`${q.name} est entré.`, `${q.name} has joined.`))},
			t('C’est identique, accepter', 'Identical, accept')),
			h('button.bt', {type: 'button', onclick: decide('deny',
				t('Refusé. Prévenez le pôle : quelqu’un d’autre a utilisé son invitation.',
				'Refused. Tell the hub: somebody else has used its invitation.'))}, t('Ce n’est pas pareil', 'Not the same'))), said));
}

/* --- invitations --- */

function qr(q, words) {
	return s('svg.qr', {viewBox: `-1 -1 ${q.size + 2} ${q.size + 2}`, role: 'img', 'aria-label': words}, s('path', {d: q.path}));
}

const until = iso => day(iso, {weekday: 'long', day: 'numeric', month: 'long'});

function fresh_invitation() {
	const said = h('span.petit', {role: 'status'});
	const copy = async () => {
		try {
			await navigator.clipboard.writeText(invited.code);
			fill(said, t('Copié.', 'Copied.'));
		} catch {
			getSelection().selectAllChildren($('#code-invitation'));
			fill(said, t('Le code est choisi : copiez-le.', 'The code is selected: copy it.'));
		}
	};

	return h('div.invitation', qr(invited.qr, t('Code QR de l’invitation', 'QR code of the invitation')),
		h('div.pile', h('p', h('b', invited.name), h('br'),
		h('span.discret', t(`Sert une seule fois, jusqu’au ${until(invited.expires)}.`, `Works once, until ${until(invited.expires)}.`))),
	h('details', h('summary', t('Voir le code', 'Show the code')), h('p.code.code-long', {id: 'code-invitation'}, invited.code)),
	h('div.rang', h('button.bt.mini', {type: 'button', onclick: copy}, t('Copier le code', 'Copy the code')), said),
	h('p.petit', t('Transmettez-le de vive voix ou en main propre, pas par courriel.', 'Give it in person or by voice, not by e-mail.')),
	h('p.petit', t('Il ne sera plus montré une fois cette page quittée.', 'It is not shown again once you leave this page.'))));
}

function invitations(items) {
	const others = items.filter(i => !invited || i.expires !== invited.expires);

	return h('section.bloc.o3', {id: 'invitations', 'aria-labelledby': 'h-inv', tabindex: '-1'},
		h('header', h('h2', {id: 'h-inv'}, items.length > 1 ? t('Invitations en cours', 'Open invitations') : t('Invitation en cours',
		'Open invitation'))),
		h('div.corps', invited && fresh_invitation(), others.length > 0 && h('ul.sous-liste',
			others.map(i => h('li', h('span', h('b', i.name), h('br'),
			h('span.discret', t(`Sert une seule fois, jusqu’au ${until(i.expires)}.`, `Works once, until ${until(i.expires)}.`))))))));
}

async function invite(again, members) {
	await load_towns();
	const taken = new Set(members.map(m => m.pays)), pays = Object.entries(towns().pays).filter(([code]) => !taken.has(code));
	const name = h('input', {id: 'inv-nom', required: true, autocomplete: 'off'}), fault = h('div', {role: 'alert'});
	const title = code => t(`Pôle ESS du ${towns().pays[code]}`, `Pôle ESS du ${towns().pays[code]}`);
	const pick = h('select', {id: 'inv-pays', onchange: () => { name.value = pick.value ? title(pick.value) : ''; }},
		h('option', {value: ''}, t('Choisir…', 'Choose…')), pays.map(([code, words]) => h('option', {value: code}, words)));
	const days = h('select', {id: 'inv-duree'}, [[7, t('7 jours', '7 days')], [1, t('1 jour', '1 day')],
		[30, t('30 jours', '30 days')]].map(([n, w]) => h('option', {value: n}, w)));
	const go = h('button.bt.fort', t('Créer l’invitation', 'Create the invitation'));
	const d = dialog(t('Inviter un pôle', 'Invite a hub'), t('Fermer', 'Close'), h('form.pile', {onsubmit: async e => {
		e.preventDefault();
		if (!pick.value)
			return fill(fault, note('agir', 'agir', t('Choisissez son Pays.', 'Choose its Pays.')));
		go.disabled = true;
		try {
			const r = await post('invite', {pays: pick.value, name: name.value.trim(), expires_s: String(Number(days.value) * 86400)});

			invited = {code: r.invitation, expires: r.expires, name: name.value.trim(), qr: await post('qr', {text: r.invitation})};
			d.close();
			await again();
			$('#invitations').focus();
			return say(t('Invitation créée.', 'Invitation created.'));
		} catch (err) {
			go.disabled = false;
			return fill(fault, note('agir', 'agir', err.message));
		}
	}}, h('div.champ', h('label', {for: 'inv-pays'}, t('Pays', 'Pays')), pick),
		h('div.champ', h('label', {for: 'inv-nom'}, t('Nom du pôle', 'Name of the hub')), name),
	h('div.champ', h('label', {for: 'inv-duree'}, t('Elle sert pendant', 'It works for')), days), fault, dialog_end(() => d, go)));

	pick.focus();
}

/* --- erasures, events --- */

function erasure_row(e, members, references) {
	const there = members.filter(m => m.state === 'active' && !e.who.includes(m.name));
	const all = e.who.length === 0;

	return h('tr', h('td.code', references.get(e.uid) || e.uid.slice(-6)),
		h('td', all ? t(`les ${there.length} membres`,
		`all ${there.length} members`) : there.map(m => hub_name(owner_of(m))).join(', ') || '—'),
		h('td', all ? chip('ok', 'ok', t('terminé', 'done')) : e.who.map(w => chip('attente', 'attente', w))),
			h('td.d', {'data-t': t('demandé le ', 'requested ')}, day(e.upto, SHORT)));
}

function erasures(list, members, references) {
	return h('section.bloc.o4', {'aria-labelledby': 'h-eff'}, h('header',
		h('h2', {id: 'h-eff'}, t('Effacements demandés', 'Erasures requested'))), h('div.corps', list.length
		? h('table.souple', h('caption.invisible', t('Effacements demandés', 'Erasures requested')),
			h('thead', h('tr', [t('Référence', 'Reference'), t('Effacé chez', 'Erased at'),
			t('On attend', 'Waiting for')].map(w => h('th', {scope: 'col'}, w)),
			h('th.d', {scope: 'col'}, t('Demandé le', 'Requested')))), h('tbody',
				list.slice(0, 20).map(e => erasure_row(e, members, references))))
		: h('p.discret', t('Aucun effacement en attente.', 'No erasure pending.'))));
}

const pays_name = code => towns().pays[code] || code;
const CONTROL = {
	member: i => t(`Entrée ou clé confirmée : ${pays_name(i.fields.champ_3)}.`,
		`Member entered or key confirmed: ${pays_name(i.fields.champ_3)}.`),
	invite: i => t(`Invitation faite : ${i.fields.champ_3}.`, `Invitation made: ${i.fields.champ_3}.`),
	suspend: () => t('Un membre est suspendu.', 'A member is suspended.'), resume: () => t('Un membre reprend.', 'A member is back.'),
	revoke: () => t('L’accès d’un membre est retiré.', 'A member’s access is removed.'),
		rotate: () => t('Une clé a été changée.', 'A key was changed.'),
	forget: () => t('Un effacement est demandé.', 'An erasure is requested.'),
		steward: () => t('Une fiche a changé de pôle.', 'A record has changed hubs.'),
	territory: i => t(`Territoire inscrit : ${pays_name(i.fields.champ_2)}.`, `Territory entered: ${pays_name(i.fields.champ_2)}.`),
	charter: () => t('La CRESS a publié la charte.', 'The CRESS published the charter.'),
		genesis: () => t('La fédération est fondée.', 'The federation is founded.'),
};

// One line for what a hub wrote in one go.
function events_of(items) {
	const lines = [];

	for (const i of [...items].reverse()) {
		if (i.scope === 'control') {
			if (CONTROL[i.op])
				lines.push({at: i.edited, words: CONTROL[i.op](i)});
			continue;
		}
		const last = lines.at(-1);

		if (last?.author === i.author && last.at.slice(0, 16) === i.edited.slice(0, 16))
			last.n++;
		else
			lines.push({at: i.edited, author: i.author, n: 1});
	}
	return lines.slice(0, EVENTS);
}

const event_words = e => sentence(e.words || t(`${hub_name(e.author)} : ${many(e.n, ['changement', 'changements'], ['change', 'changes'])}.`, `${hub_name(e.author)}: ${many(e.n, ['changement', 'changements'], ['change', 'changes'])}.`));
const sentence = text => text.replace(/^./, c => c.toUpperCase());

/* --- the area --- */

async function facts(me) {
	const sees = me.node.role === 'cress' && ['admin', 'cress'].includes(me.role);
	const ask = (path, q, otherwise) => get(path, q).catch(err => { if (err.status) return otherwise; throw err; });
	const [members, status, activity, waiting, tail, requests, open] = await Promise.all([get('members'), get('status'),
		ask('activity', {}, {items: []}), ask('erasures', {}, {items: []}),
		ask('tail', {limit: TAIL}, {items: []}), ask('rgpd/requests', {}, {items: []}),
			sees ? ask('invitations', {}, {items: []}) : {items: []}]);
	const references = new Map(requests.items.flatMap(q => (q.uids || '').split('|').filter(Boolean).map(u => [u, q.reference])));

	if (invited && !open.items.some(i => i.expires === invited.expires))
		invited = null; /* it has served */
	return {members: members.members, requests: members.requests.filter(q => q.state === 'waiting'), status, activity: activity.items,
		erasures: waiting.items, tail: tail.items, references, invitations: open.items, sees};
}

export function federation(place) {
	let timer, gone = false, paused = false, last;
	const body = h('div'), invites = place.me.role === 'admin' && place.me.node.role === 'cress';

	function draw(f, decided) {
		const again = load, alone = f.members.length === 1;
		const events = h('ol.journal', {'aria-live': 'off'}, events_of(f.tail).map(e => h('li', h('time', {datetime: e.at}, when(e.at)),
			h('span', event_words(e)))));
		const open = new Set([...body.querySelectorAll('details[open]')].map(d => d.textContent));

		last = f;
		fill(body, h('div.tete', h('div', h('h1', t('Fédération', 'Federation')),
			h('p.discret', f.status.federation?.name || '', t(' : ', ': '), many(f.members.filter(m => m.state !== 'revoked').length,
			['membre', 'membres'], ['member', 'members']),
			t('. Les pôles continuent de travailler quand la liaison manque.', '. Hubs go on working when the link is down.'))),
				invites && h('div.rang', h('button.bt.fort', {type: 'button', id: 'inviter', onclick: () => invite(load, f.members)},
				icon('plus'), t('Inviter un pôle', 'Invite a hub')))),
		decided && note('ok', 'ok', decided),
		f.status.alerts?.length > 0 && h('ul.pile.alertes', {'aria-label': t('Alertes', 'Alerts')},
			f.status.alerts.map(a => alert_line(a, place.me))),
		h('div.grille.territoire.fede', h('div.pile.c7', h('section.bloc.o2', {'aria-labelledby': 'h-mem'},
			h('header', h('h2', {id: 'h-mem'}, t('Les membres', 'Members')),
			h('span.petit', t('activité des 14 derniers jours', 'activity over the last 14 days'))),
			alone && f.requests.length === 0 && h('p.vide', t('Vous êtes seul pour l’instant.', 'You are alone for now.')),
				h('div', {role: 'list'}, f.members.map(m => member_row(m, f, place, again)), f.requests.map(q => request_row(q, f.sees)))),
		erasures(f.erasures, f.members, f.references)), h('div.pile.c5', f.sees && f.requests.slice(0, 3).map(q => approval(q, again)),
			f.sees && (invited || f.invitations.length > 0) && invitations(f.invitations),
			h('section.bloc.o5', {'aria-labelledby': 'h-jou'}, h('header',
				h('h2', {id: 'h-jou'}, t('Ce qui vient de se passer', 'What just happened')),
				h('button.bt.nu.mini', {type: 'button', id: 'pause', 'aria-pressed': String(paused),
				onclick: e => { paused = !paused; e.target.setAttribute('aria-pressed', String(paused)); if (!paused) load(); }},
					t('Pause', 'Pause'))), h('div.corps', events)))));
		body.querySelectorAll('details').forEach(d => { if (open.has(d.textContent)) d.open = true; });
	}

	async function load(decided) {
		try {
			await load_towns().catch(() => {});
			const f = await facts(place.me), focus = document.activeElement?.id;

			if (gone)
				return;
			draw(f, typeof decided === 'string' ? decided : null);
			if (focus && body.querySelector(`#${CSS.escape(focus)}`))
				$(`#${CSS.escape(focus)}`).focus({preventScroll: true});
		} catch (err) {
			if (!last)
				fill(body, h('h1', t('Fédération', 'Federation')), note('agir', 'agir',
					t(`Les membres ne sont pas arrivés. ${err.message}`, `The members did not come. ${err.message}`)));
		}
	}

	// While somebody acts here, nothing moves under the hand.
	const busy = () => paused || $('dialog') || body.querySelector('.actes[open]') || body.contains(document.activeElement) && /INPUT|SELECT|BUTTON/.test(document.activeElement.tagName) && document.activeElement.closest('#approbation');
	const soon = () => {
		clearTimeout(timer);
		timer = setTimeout(() => gone || (busy() ? soon() : load()), 700);
	};
	let before = '', short = '';

	fill(place.main, body);
	fill(body, h('h1', t('Fédération', 'Federation')), h('p.discret', t('Lecture des membres…', 'Reading the members…')));
	load();
	// The stream's status is the short one; whole, it names the peers.
	const deaf = hear('status', st => {
		const now = st?.peers ? JSON.stringify([st.alerts, st.peers.map(p => [p.id, p.state, p.lag])]) : before,
			brief = st?.peers ? short : JSON.stringify(st);

		if ((now !== before && before) || (brief !== short && short))
			soon();
		before = now;
		short = brief;
	});
	// The stream says how many ask to enter.
	const unheard = hear('todo', todo => {
		if (last && typeof todo?.knocking === 'number' && todo.knocking !== last.requests.length)
			soon();
	});

	return {leave: () => { gone = true; clearTimeout(timer); deaf(); unheard(); }, changed: soon};
}
