// SPDX-License-Identifier: Apache-2.0
// How a hub enters: it is invited by a code that serves once, it asks, and its fingerprint
// is read aloud before anybody says yes.
import {post} from './api.js';
import {$, dialog, fill, h, icon, note, s, say} from './dom.js';
import {dialog_end} from './members.js';
import {load_towns, towns} from './towns.js';
import {day, t} from './words.js';

const NUMBERS = {4: ['quatre', 'four'], 8: ['huit', 'eight']};

let invited = null; // the code we have just made, while this page is open: it is nowhere else

/* --- a request --- */

export function request_row(q, decides) {
	return h('div.noeud.agir', {role: 'listitem'}, icon('cle'), h('div', h('h3', q.name), h('span.petit', t('nouveau', 'new'))),
		h('div', h('p', t('Demande à rejoindre le réseau.', 'Asks to join the network.'))),
		h('div.rang', decides && h('a.bt.mini.fort', {href: '#', onclick: e => { e.preventDefault(); $('#approbation').focus(); }},
			t('Vérifier', 'Check'))));
}

export function approval(q, again) {
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

// The one in hand, unless it has served.
export function fresh_among(items) {
	if (invited && !items.some(i => i.id === invited.id))
		invited = null;
	return invited !== null;
}

const until = iso => day(iso, {weekday: 'long', day: 'numeric', month: 'long'});

function fresh_invitation(taken_back) {
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
	h('div.rang', h('button.bt.mini', {type: 'button', onclick: copy}, t('Copier le code', 'Copy the code')), taken_back, said),
	h('p.petit', t('Transmettez-le de vive voix ou en main propre, pas par courriel.', 'Give it in person or by voice, not by e-mail.')),
	h('p.petit', t('Il ne sera plus montré une fois cette page quittée.', 'It is not shown again once you leave this page.'))));
}

// Before it has served it may be taken back, for good.
function cancel(i, again) {
	const fault = h('div', {role: 'alert'});
	const d = dialog(t(`Annuler l’invitation de ${i.name}`, `Cancel the invitation of ${i.name}`), t('Fermer', 'Close'),
		h('p', t('Son code ne servira plus à personne. C’est définitif ; vous pourrez en faire une autre.',
			'Its code will serve nobody any more. This is final; you may make another.')), fault,
		h('div.rang.fin-dialogue', h('button.bt', {type: 'button', onclick: () => d.close()}, t('La garder', 'Keep it')),
			h('button.bt.fort', {type: 'button', onclick: async e => {
				e.target.disabled = true;
				try {
					await post('invite/cancel', {who: i.id});
					d.close();
					say(t('Invitation annulée.', 'Invitation cancelled.'));
					again();
				} catch (err) {
					e.target.disabled = false;
					fill(fault, note('agir', 'agir', err.message));
				}
			}}, t('Annuler l’invitation', 'Cancel the invitation'))));
}

const cancel_button = (i, again) => i && again && h('button.bt.mini', {type: 'button', onclick: () => cancel(i, again)},
	t('Annuler', 'Cancel'), h('span.invisible', t(` l’invitation de ${i.name}`, ` the invitation of ${i.name}`)));

// `again`: for whoever may take one back.
export function invitations(items, again) {
	const others = items.filter(i => !invited || i.id !== invited.id);

	return h('section.bloc.o3', {id: 'invitations', 'aria-labelledby': 'h-inv', tabindex: '-1'},
		h('header', h('h2', {id: 'h-inv'}, items.length > 1 ? t('Invitations en cours', 'Open invitations') : t('Invitation en cours',
		'Open invitation'))),
		h('div.corps', invited && fresh_invitation(cancel_button(items.find(i => i.id === invited.id), again)), others.length > 0 && h('ul.sous-liste',
			others.map(i => h('li', h('span', h('b', i.name), h('br'),
			h('span.discret', t(`Sert une seule fois, jusqu’au ${until(i.expires)}.`, `Works once, until ${until(i.expires)}.`))), cancel_button(i, again))))));
}

export async function invite(again, members) {
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

			invited = {code: r.invitation, id: r.id, expires: r.expires, name: name.value.trim(), qr: await post('qr', {text: r.invitation})};
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
