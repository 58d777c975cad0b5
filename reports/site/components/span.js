// The days that every page speaks of, and what they are held against: chosen once, kept in the
// address and from page to page.
import { get, writable } from 'svelte/store';
import { dayOfMonth, date } from '$lib/format.js';

export const SPANS = [
	['7', 'Last 7 days'],
	['30', 'Last 30 days'],
	['90', 'Last 90 days'],
	['365', 'Last 365 days'],
	['this_month', 'This month'],
	['last_month', 'Last month'],
	['custom', 'Days of your choice']
];
export const COMPARISONS = [
	['before', 'The period before'],
	['year', 'A year earlier']
];
/** What every page shows unless asked. */
export const FIRST = { span: '7', compare: 'before', from: '', to: '' };
const DAY = 86_400_000;
const isDay = (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text));

export const chosen = writable(FIRST);

/** What an address asks for; what it asks wrongly is as if it were not asked. */
export function read(search) {
	const asked = new URLSearchParams(search);
	const [from, to] = [asked.get('from') ?? '', asked.get('to') ?? ''];
	const isCustom = asked.get('span') === 'custom' && isDay(from) && isDay(to) && from <= to;
	const isKnown = SPANS.some(([name]) => name === asked.get('span')) && asked.get('span') !== 'custom';
	return {
		span: isCustom ? 'custom' : isKnown ? asked.get('span') : FIRST.span,
		compare: COMPARISONS.some(([name]) => name === asked.get('compare')) ? asked.get('compare') : FIRST.compare,
		from: isCustom ? from : '',
		to: isCustom ? to : ''
	};
}

/** Write the choice into the address, the other parts of it kept. */
export function write() {
	const address = new URL(location.href);
	const now = get(chosen);
	for (const name of Object.keys(FIRST)) {
		if (now[name] && (now[name] !== FIRST[name] || name === 'span')) address.searchParams.set(name, now[name]);
		else address.searchParams.delete(name);
	}
	if (now.span === FIRST.span && now.compare === FIRST.compare) address.searchParams.delete('span');
	history.replaceState(history.state, '', address);
}

const moved = (day, by) => new Date(Date.parse(day) + by * DAY).toISOString().slice(0, 10);
export const daysBetween = (first, last) => Math.round((Date.parse(last) - Date.parse(first)) / DAY) + 1;

/**
 * First and last day of what is chosen and of what it is held against:
 * `{ now: { first_day, last_day }, before: {…} | null }`; before is null where the history does
 * not reach back to it.
 */
export function bounds(choice, dates, status) {
	if (choice.span === 'custom') {
		const length = daysBetween(choice.from, choice.to);
		const first = moved(choice.from, choice.compare === 'year' ? -364 : -length);
		const before = { first_day: first, last_day: moved(first, length - 1) };
		return { now: { first_day: choice.from, last_day: choice.to }, before: status?.first_day && first >= status.first_day ? before : null };
	}
	const of = (period) => [...dates].find((row) => row.span === choice.span && row.period === period);
	const before = of(choice.compare);
	return { now: of('now') ?? null, before: before?.is_whole ? before : null };
}

/** in the last 7 days, in October */
export function inWords(choice, now) {
	if (/^\d+$/.test(choice.span)) return `in the last ${choice.span} days`;
	if (choice.span === 'custom') return `from ${dates(now)}`;
	return choice.span === 'this_month' ? 'this month' : 'last month';
}

/** the 7 days before, a year earlier */
export function thanWords(choice) {
	if (choice.compare === 'year') return 'a year earlier';
	return /^\d+$/.test(choice.span) ? `the ${choice.span} days before` : choice.span === 'custom' ? 'the same number of days before' : 'the month before';
}

/** The same after more or fewer: in the 7 days before, a year earlier */
export const thanIn = (choice) => (choice.compare === 'year' ? thanWords(choice) : `in ${thanWords(choice)}`);

/** Days of one point of a line: a week where a day would be too many. */
export const stepOf = (ends) => (ends.now && daysBetween(ends.now.first_day, ends.now.last_day) > 120 ? 7 : 1);

/** Nov 20 to Nov 26, 2026 */
export const dates = (period) => (period ? `${period.first_day.slice(0, 4) === period.last_day.slice(0, 4) ? dayOfMonth(period.first_day) : date(period.first_day)} to ${date(period.last_day)}` : '');

const DAILY = ['play_count', 'load_count', 'event_count', 'known_count', 'end_count', 'watched_seconds'];

/** The days that a query has packed into texts, a row each. */
export function unpack(rows) {
	const packed = [...rows][0];
	if (!packed?.first_day) return [];
	const columns = DAILY.map((name) => String(packed[name] ?? '').split(',').map((one) => (one === '' ? null : Number(one))));
	return columns[0].map((_, i) => ({ day: moved(packed.first_day, i), ...Object.fromEntries(DAILY.map((name, column) => [name, columns[column][i] ?? null])) }));
}

/** Sums of the days from first to last; null of what no day tells. */
export function sums(days, period) {
	if (!period) return null;
	const inside = days.filter((one) => one.day >= period.first_day && one.day <= period.last_day);
	if (!inside.length) return null;
	return Object.fromEntries(DAILY.map((name) => {
		const known = inside.map((one) => one[name]).filter((one) => one !== null);
		return [name, known.length ? known.reduce((a, b) => a + b, 0) : null];
	}));
}

/** What is chosen and what it is held against, of rows of pages.totals of one video or All. */
export function pair(choice, totals, days, ends) {
	if (choice.span === 'custom') return { now: sums(days, ends.now), before: sums(days, ends.before) };
	const of = (period) => [...totals].find((row) => row.span === choice.span && row.period === period) ?? null;
	return { now: of('now'), before: of(choice.compare) };
}

/** The days of a span as a line, by week where they are many, beside the ones it is held against. */
export function lines(days, ends, key, status) {
	if (!ends.now) return [];
	const step = stepOf(ends);
	const of = (period, name, shift) => {
		const inside = days.filter((one) => one.day >= period.first_day && one.day <= period.last_day);
		const made = [];
		// Whole steps only, counted back from the newest.
		for (let end = inside.length; end - step >= 0; end -= step) {
			const known = inside.slice(end - step, end).map((one) => one[key]);
			made.unshift({ day: moved(inside[end - step].day, shift), what: name, figure: known.includes(null) ? null : known.reduce((a, b) => a + b, 0) });
		}
		return made;
	};
	const now = of(ends.now, 'Now', 0);
	// What has not arrived is shown as missing, where the newest days are.
	if (now.length && status?.newest_day === ends.now.last_day) {
		for (let day = moved(status.newest_day, 1); day <= status.last_whole_day; day = moved(day, 1)) now.push({ day, what: 'Now', figure: null });
	}
	const before = ends.before ? of(ends.before, 'Before', daysBetween(ends.before.first_day, ends.now.first_day) - 1) : [];
	return [...now, ...before.filter((one) => one.day <= ends.now.last_day)];
}
