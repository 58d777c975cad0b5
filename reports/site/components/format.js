// How numbers read, everywhere the same. `null` is a dash: not known is not zero.
const DASH = '–';
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const day = new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeZone: 'UTC' });

const known = (value) => value !== null && value !== undefined && !Number.isNaN(Number(value));

/** 16,681 */
export const count = (value) => (known(value) ? whole.format(value) : DASH);

/** 2,652.0 */
export const hours = (value) => (known(value) ? tenth.format(value) : DASH);

/** 28.8%; `ratio` is 0 to 1. */
export const percent = (ratio) => (known(ratio) ? `${tenth.format(100 * ratio)}%` : DASH);

/** 7:15, or 1:02:03 from an hour on. */
export function clock(seconds) {
	if (!known(seconds)) return DASH;
	const all = Math.round(seconds);
	const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
	const end = `${String(s).padStart(2, '0')}`;
	return h ? `${h}:${String(m).padStart(2, '0')}:${end}` : `${m}:${end}`;
}

/** 36.5 s, 1 min 12 s */
export function took(seconds) {
	if (!known(seconds)) return DASH;
	if (seconds < 60) return `${tenth.format(seconds)} s`;
	return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** 12.3 MB, in powers of 1,000 */
export function bytes(value) {
	if (!known(value)) return DASH;
	let rest = Number(value);
	for (const unit of ['bytes', 'kB', 'MB', 'GB']) {
		if (rest < 1000) return `${unit === 'bytes' ? whole.format(rest) : tenth.format(rest)} ${unit}`;
		rest /= 1000;
	}
	return `${tenth.format(rest)} TB`;
}

/** $0.0123 */
export const dollars = (value) => (known(value) ? `$${Number(value).toFixed(4)}` : DASH);

/** Nov 22, 2026; `text` is ISO. */
export const date = (text) => (text ? day.format(new Date(`${text.slice(0, 10)}T00:00:00Z`)) : DASH);

/** Nov 22, 2026, 23:40 UTC */
export const moment = (text) => (text ? `${date(text)}, ${text.slice(11, 16)} UTC` : DASH);

const UNITS = { count, hours, rate: percent };

/** A figure by its unit: count, hours or rate. */
export const show = (value, unit) => UNITS[unit](value);

const byText = (by, unit) => {
	if (!known(by)) return DASH;
	const text = Math.abs(by).toFixed(Math.abs(by) < 10 ? 1 : 0);
	// What rounds to nothing is nothing.
	return /[1-9]/.test(text) ? `${by > 0 ? '+' : '−'}${text}${unit}` : 'no change';
};

/** +4.2%, −12% or no change; of a change in percent. */
export const percentChange = (by) => byText(by, '%');

/** +4.2 points; of a rate's change in points of a hundred. */
export const pointChange = (by) => byText(by, ' points');

/** The colour of a medium, as CSS and as Evidence's charts know it. */
export const colour = (number) => `hsl(var(--twc-${colourName(number)}))`;
export const colourName = (number) => (number ? `medium-${((number - 1) % 8) + 1}` : 'context');

const dayMonth = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric', timeZone: 'UTC' });
const monthYear = new Intl.DateTimeFormat('en-US', { month: 'short', year: 'numeric', timeZone: 'UTC' });

/** Nov 22, or Nov 2026 where the axis spans more than four months; both in milliseconds. */
export const shortDate = (time, span) => (span > 120 * 86_400_000 ? monthYear : dayMonth).format(time);

/** Nov 22; `text` is ISO. */
export const dayOfMonth = (text) => (text ? dayMonth.format(new Date(`${text.slice(0, 10)}T00:00:00Z`)) : DASH);

/** Nov 2026; `text` is ISO. */
export const month = (text) => (text ? monthYear.format(new Date(`${text.slice(0, 10)}T00:00:00Z`)) : DASH);

/** `one video`, `2 videos`, `no videos` */
export const amount = (number, one, many = `${one}s`) =>
	`${Number(number) === 0 ? 'no' : Number(number) === 1 ? 'one' : count(number)} ${Number(number) === 1 ? one : many}`;

/** First letter large. */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// What rounds to nothing has no sign.
const withSign = (value, form) => (known(value) ? (/[1-9]/.test(form.format(value)) && value > 0 ? '+' : '') + form.format(value).replace(/^-(?=[0.]+$)/, '').replace('-', '−') : DASH);

/** +1,234, −5 or 0 */
export const signed = (value) => withSign(value, whole);

/** +1.2, −0.5 or 0.0 */
export const signedHours = (value) => withSign(value, tenth);

/** What changed of a video, in words; a row of pages.media_changes. */
export const changed = (row) =>
	row.what === 'length' ? `New length: ${clock(row.seconds_after)}, was ${clock(row.seconds_before)}` : { name: 'Renamed', archived: 'Archived', back: 'Back from the archive' }[row.what];

/** 40% of a video's length; the place of a cell. */
export const ofVideo = (place) => `${whole.format(place)}%`;

const regions = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'code' });

/** Germany, of the code DE; what is no code stays as it is. */
export const country = (code) => (/^[A-Z]{2}$/.test(code) ? regions.of(code) : code === 'unknown' ? 'Unknown' : code);

/** What moved, by name; a row of pages.moves. */
export const moved = (row) => (row.kind === 'country' ? country(row.label) : row.label === 'unknown' ? 'Not told' : (row.name ?? row.label));
