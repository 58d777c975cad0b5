// The figures of a span: what each is called, how it is made of the totals, and how it reads.
import { percentChange, pointChange } from '$lib/format.js';

const over = (above, below) => (row) => (row?.[below] && row[above] !== null && row[above] !== undefined ? Number(row[above]) / Number(row[below]) : null);
const plain = (name) => (row) => (row?.[name] === null || row?.[name] === undefined ? null : Number(row[name]));

export const FIGURES = {
	plays: { label: 'Plays', unit: 'count', of: plain('play_count'), what: 'as Wistia reports them' },
	viewers: { label: 'Viewers', unit: 'count', of: plain('viewer_count'), what: 'different people who played' },
	loads: { label: 'Loads', unit: 'count', of: plain('load_count'), what: 'players loaded' },
	hours_watched: { label: 'Hours watched', unit: 'hours', of: (row) => (row?.watched_seconds === null || row?.watched_seconds === undefined ? null : row.watched_seconds / 3600), what: 'of plays with details' },
	plays_per_load: { label: 'Plays per load', unit: 'rate', of: over('play_count', 'load_count'), what: 'of players loaded' },
	completion_rate: { label: 'Watched to the end', unit: 'rate', of: over('end_count', 'known_count'), what: 'of plays with details' },
	conversion_rate: { label: 'Conversion rate', unit: 'rate', of: over('conversion_count', 'event_count'), what: 'of plays with details' }
};

/** Change as `{ by, text: '+4.2%' }`, of rates in points; null where there is nothing to compare. */
export function changeOf(now, before, unit) {
	if (now === null || before === null || now === undefined || before === undefined) return null;
	if (unit !== 'rate' && !before) return null;
	const by = unit === 'rate' ? 100 * (now - before) : (100 * (now - before)) / before;
	const text = (unit === 'rate' ? pointChange : percentChange)(by);
	return { text, by: text === 'no change' ? 0 : by };
}

/** Change of a row's count from what the choice holds it against, in percent; null as above. */
export function changeSince(row, key, choice) {
	// Days of one's own are held against those before them alone.
	const before = choice.compare === 'year' && choice.span !== 'custom' ? row?.year_count : row?.before_count;
	return changeOf(row?.[key], before, 'count')?.by ?? null;
}

/** The rows of pages.moves of what is chosen. */
export const movesOf = (moves, choice) => [...moves].filter((row) => row.span === choice.span && row.comparison === choice.compare);

/** The rows of pages.usual of a span by their figure. */
export const usualOf = (usual, span) => Object.fromEntries([...usual].filter((row) => row.span === span).map((row) => [row.figure, row]));
