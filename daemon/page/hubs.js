// SPDX-License-Identifier: Apache-2.0
// Who is who: the members, asked for once and again when the directory moves.
import {get, hear} from './api.js';

let list = null;
hear('changed', () => { list = null; });

export async function members() {
	list ??= get('members').catch(err => { list = null; throw err; });
	return list;
}

// « pole-auray » as the directory has it: the hub's name, else its code.
export function hub_name(all, owner) {
	const pays = String(owner).replace(/^(pole|cress)-/, '');

	return all.members.find(m => m.pays === pays)?.name || owner;
}

// « Pôle ESS du Pays d'Auray » is told apart from others by « Auray » alone.
export const short_name = name => String(name).replace(/^Pôle (?:de l['’])?(?:ESS )?(?:du |d['’]|de )?(?:Pays )?(?:de la |de |du |d['’])?/i, '').replace(/^./, c => c.toUpperCase());
