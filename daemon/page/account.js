// SPDX-License-Identifier: Apache-2.0
// Who sits here: the menu of the account, and the form to sign in.
import {login, logout, tell} from './api.js';
import {$, fill, h, icon, note} from './dom.js';
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

// Who writes here: « Le chargé de mission de la CRESS », « L’agent du pôle ».
export const officer = me => me.node?.role === 'cress' ? t('Le chargé de mission de la CRESS', 'The CRESS officer') : t('L’agent du pôle', 'The hub officer');

// Who may read the status, what is to do, journeys and events (READ_FEDERATION of roles.def):
// for the others they are not asked, and there is no pill.
export const STAFF = ['agent_pole', 'cress', 'admin'];
export const is_staff = me => STAFF.includes(me?.role);

const initials = name => name.split(/[\s._-]+/).filter(Boolean).map(w => w[0]).slice(0, 2).join('').toUpperCase();

// The other language, called as its readers call it; kept for the next visit.
function other_language(then) {
	const other = language() === 'en' ? 'fr' : 'en';

	return h('button.bt', {type: 'button', lang: other, id: 'autre-langue', onclick: () => { speak(other); then(); }},
		other === 'en' ? 'English' : 'Français');
}

// The open node has no account: whoever sits at the machine is its staff.
export function menu(me, again) {
	const name = me.account || (me.role ? t('Poste du pôle', 'The hub’s computer') : t('Visiteur', 'Visitor'));
	const dark = dress();
	const button = (words, act) => h('button.bt', {type: 'button', onclick: act}, words);

	return h('details.compte-menu',
		h('summary', h('span', {'aria-hidden': 'true'}, me.account ? initials(me.account) : icon('cle')),
			h('span.invisible', t(`Votre compte : ${name}`, `Your account: ${name}`))),
		h('div', h('p', h('b', name), h('br'), h('span.petit', role_name(me.role))),
			other_language(again),
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

// Signs in and calls `then`; the page keeps what was typed. `why` gives a sentence, or is not
// there; `turned` says what stands around the form in the language that was chosen in it.
export function sign_in(main, why, then, turned) {
	let told = why && {look: 'attente', words: why};
	const message = () => told && note(told.look, told.look, told.words());

	function draw(typed = {}) {
		const form = h('form.bloc.entree', {onsubmit: submit}, h('div.corps.pile',
			h('h1', t('Se connecter', 'Sign in')), h('div', {role: 'alert', id: 'pourquoi'}, message()),
			field('nom', t('Nom', 'Name'), {autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', value: typed.nom}),
			field('passe', t('Mot de passe', 'Password'), {type: 'password', autocomplete: 'current-password', value: typed.passe}),
			h('div.rang', h('button.bt.fort', t('Se connecter', 'Sign in')), other_language(turn)),
			h('p.petit', t('Mot de passe oublié : l’administrateur du pôle en donne un autre.', 'Forgotten password: the hub’s administrator sets another.'))));

		fill(main, form);
	}

	function turn() {
		const typed = {nom: $('#nom').value, passe: $('#passe').value};

		turned();
		draw(typed);
		$('#autre-langue', main).focus();
	}

	async function submit(e) {
		e.preventDefault();
		try {
			then(await login($('#nom').value, $('#passe').value));
		} catch (err) {
			told = {look: 'agir', words: () => refusal(err)};
			fill($('#pourquoi'), message());
			$('#passe').focus();
			$('#passe').select();
		}
	}
	draw();
	$('#nom').focus();
}
