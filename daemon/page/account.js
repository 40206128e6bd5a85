// SPDX-License-Identifier: Apache-2.0
// Who sits here: the menu of the account, and the form to sign in.
import {login, logout, tell} from './api.js';
import {$, fill, h, icon} from './dom.js';
import {keep, kept, language, speak, t} from './words.js';

const THEME = 'essaim.couleurs';
const asked = new URLSearchParams(location.search).get('theme');
let theme = asked || kept(THEME);

export function dress() {
	const dark = theme ? theme === 'sombre' : matchMedia('(prefers-color-scheme:dark)').matches;

	document.documentElement.dataset.theme = dark ? 'sombre' : 'clair';
	document.documentElement.lang = language();
	return dark;
}

const ROLES = {
	agent_pole: ['agent du pôle', 'hub officer'], cress: ['chargé de mission, CRESS', 'officer, CRESS'],
	admin: ['administrateur', 'administrator'], financeur_lecture: ['financeur, en lecture', 'funder, reading only'],
};
export const role_name = role => ROLES[role] ? t(...ROLES[role]) : '';

// Who may read the status, what is to do, journeys and events (READ_FEDERATION of roles.def):
// for the others they are not asked, and there is no pill.
export const STAFF = ['agent_pole', 'cress', 'admin'];
export const is_staff = me => STAFF.includes(me?.role);

const initials = name => name.split(/[\s._-]+/).filter(Boolean).map(w => w[0]).slice(0, 2).join('').toUpperCase();

// The open node has no account: whoever sits at the machine is its staff.
export function menu(me, again) {
	const name = me.account || (me.role ? t('Poste du pôle', 'The hub’s computer') : t('Visiteur', 'Visitor'));
	const dark = dress();
	const button = (words, act, more = {}) => h('button.bt', {type: 'button', onclick: act, ...more}, words);
	const other = language() === 'en' ? 'fr' : 'en';

	return h('details.compte-menu',
		h('summary', h('span', {'aria-hidden': 'true'}, me.account ? initials(me.account) : icon('cle')),
			h('span.invisible', t(`Votre compte : ${name}`, `Your account: ${name}`))),
		h('div', h('p', h('b', name), h('br'), h('span.petit', role_name(me.role))),
			button(other === 'en' ? 'English' : 'Français', () => { speak(other); again(); }, {lang: other}),
			button(dark ? t('Couleurs claires', 'Light colours') : t('Couleurs sombres', 'Dark colours'),
				() => { theme = dark ? 'clair' : 'sombre'; keep(THEME, theme); again(); }),
			me.account && button(t('Se déconnecter', 'Sign out'), async () => { await logout(); tell('signed-out'); })));
}

function refusal(err) {
	if (err.status === 401)
		return t('Ce nom et ce mot de passe ne vont pas ensemble.', 'This name and this password do not go together.');
	if (err.status === 429)
		return t(`Trop d’essais. Réessayez dans ${err.retry || 60} secondes.`, `Too many tries. Try again in ${err.retry || 60} seconds.`);
	return t('Le pôle ne répond pas. Réessayez dans un instant.', 'The hub does not answer. Try again in a moment.');
}

const field = (id, words, props) => h('div.champ', h('label', {for: id}, words), h('input', {id, name: id, required: true, ...props}));

// Signs in and calls `then`; the page keeps what was typed.
export function sign_in(main, why, then) {
	const told = h('div', {role: 'alert'}, why && h('p.note.attente', icon('attente'), h('span', why)));
	const form = h('form.bloc.entree', {onsubmit: submit}, h('div.corps.pile',
		h('h1', t('Se connecter', 'Sign in')), told,
		field('nom', t('Nom', 'Name'), {autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false'}),
		field('passe', t('Mot de passe', 'Password'), {type: 'password', autocomplete: 'current-password'}),
		h('div.rang', h('button.bt.fort', t('Se connecter', 'Sign in'))),
		h('p.petit', t('Mot de passe oublié : l’administrateur du pôle en donne un autre.', 'Forgotten password: the hub’s administrator sets another.'))));

	async function submit(e) {
		e.preventDefault();
		try {
			then(await login($('#nom').value, $('#passe').value));
		} catch (err) {
			fill(told, h('p.note.agir', icon('agir'), h('span', refusal(err))));
			$('#passe').focus();
			$('#passe').select();
		}
	}
	fill(main, form);
	$('#nom').focus();
}
