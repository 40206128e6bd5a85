// SPDX-License-Identifier: Apache-2.0
import {fill, h} from './dom.js';

export function annuaire(place) {
	fill(place.main, h('h1', 'Annuaire'));
}
