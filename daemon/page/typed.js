// SPDX-License-Identifier: Apache-2.0
// A field's value between what a person types and what the daemon reads.

const pad = n => String(n).padStart(2, '0');

// « 2026-12-01T10:00 » of this machine's clock, with its distance from UTC.
function with_offset(local) {
	const d = new Date(local), off = -d.getTimezoneOffset();

	return local ? `${local}:00${off < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(off) / 60))}:${pad(Math.abs(off) % 60)}` : '';
}

export function to_text(field, value) {
	const v = String(value ?? '').trim();

	if (field.type === 'time')
		return with_offset(v);
	if (field.type === 'cents')
		return v ? String(Math.round(Number(v.replace(/\s/g, '').replace(',', '.')) * 100)) : '';
	if (field.type === 'list' && !field.codes)
		return v.split(/\s*[,;|]\s*/).filter(Boolean).join('|');
	if (field.name === 'siret' || field.name === 'telephone')
		return v.replace(/\s/g, '');
	return v;
}

// What stands in the directory, as it is typed.
export function from_record(field, value) {
	if (value === null || value === undefined)
		return '';
	if (field.type === 'cents')
		return String(value / 100).replace('.', ',');
	if (field.type === 'time')
		return String(value).slice(0, 16);
	if (Array.isArray(value))
		return value.join(field.codes ? '|' : ', ');
	if (typeof value === 'boolean')
		return value ? 'oui' : 'non';
	return String(value);
}
