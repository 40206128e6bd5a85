// SPDX-License-Identifier: Apache-2.0
// Who belongs (members.js), who asks to enter (entering.js), what was asked to be erased and
// what just happened; live.
import {get, hear} from './api.js';
import {$, chip, fill, h, icon, note} from './dom.js';
import {approval, fresh_among, invitations, invite, request_row} from './entering.js';
import {alert_line, member_row, owner_of} from './members.js';
import {hub_name, load_towns, towns} from './towns.js';
import {SHORT, day, many, t, when} from './words.js';

const EVENTS = 12, TAIL = 120;

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

	return {members: members.members, requests: members.requests.filter(q => q.state === 'waiting'), status, activity: activity.items,
		erasures: waiting.items, tail: tail.items, references, invitations: open.items, fresh: fresh_among(open.items), sees};
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
				icon('plus'), t('Inviter un pôle', 'Invite a hub'))),
			f.sees && !invites && h('p.petit', {id: 'qui-invite'}, t('Seul un administrateur, connecté à son compte, invite un pôle ou le suspend.',
				'Only an administrator, signed in, invites a hub or suspends it.'))),
		decided && note('ok', 'ok', decided),
		f.status.alerts?.length > 0 && h('ul.pile.alertes', {'aria-label': t('Alertes', 'Alerts')},
			f.status.alerts.map(a => alert_line(a, place.me))),
		h('div.grille.territoire.fede', h('div.pile.c7', h('section.bloc.o2', {'aria-labelledby': 'h-mem'},
			h('header', h('h2', {id: 'h-mem'}, t('Les membres', 'Members')),
			h('span.petit', t('activité des 14 derniers jours', 'activity over the last 14 days'))),
			alone && f.requests.length === 0 && h('p.vide', t('Vous êtes seul pour l’instant.', 'You are alone for now.')),
				h('div', {role: 'list'}, f.members.map(m => member_row(m, f, place, again)), f.requests.map(q => request_row(q, f.sees)))),
		erasures(f.erasures, f.members, f.references)), h('div.pile.c5', f.sees && f.requests.slice(0, 3).map(q => approval(q, again)),
			f.sees && (f.fresh || f.invitations.length > 0) && invitations(f.invitations, invites && load),
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
