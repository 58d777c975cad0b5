// What each page says first. Data in, one sentence out; every case of no data has its own.
import { FIGURES, changeOf, usualOf } from '$lib/figures.js';
import { amount, clock, count, date, hours, percent, sentence, show } from '$lib/format.js';
import { inWords, pair, thanIn } from '$lib/span.js';

const first = (rows) => [...rows][0];
const HOUR = 3_600_000;

/**
 * What to say of figures read at `at` (ISO, UTC) when it is `now` (milliseconds): nothing while a
 * daily run may still be on its way.
 */
export function age(at, now) {
	if (!at) return '';
	const hours = (now - Date.parse(`${at.slice(0, 19).replace(' ', 'T')}Z`)) / HOUR;
	const days = amount(Math.round(Math.abs(hours) / 24), 'day');
	if (hours > 36) return `Read ${days} ago: these figures are old. The pipeline has not brought newer ones since.`;
	if (hours < -36) return `By this device's clock these figures are from ${days} in the future: its date is wrong, or the pipeline's is.`;
	return '';
}

const isKnown = (value) => value !== null && value !== undefined;

/** How a change of a count is said: 4.5% fewer than in the 7 days before, or as many as then. */
export const against = (change, choice) => (change.by ? `${change.text.slice(1)} ${change.by > 0 ? 'more' : 'fewer'} than ${thanIn(choice)}` : `as many as ${thanIn(choice)}`);

/** What the days say that are chosen: only what lies beyond its usual range is news. */
export function overview(choice, totals, usual, days, ends, now) {
	if (!now?.newest_run_at && !now?.visitor_count) return 'Nothing has been read from Wistia yet';
	if (!now.newest_day) return 'Nobody has played a video yet';
	const both = pair(choice, totals, days, ends);
	const plays = FIGURES.plays.of(both.now);
	if (!isKnown(plays)) return 'No plays are known of these days';
	const when = inWords(choice, ends.now);
	const ranges = usualOf(usual, choice.span);
	const strange = Object.entries(ranges).filter(([name, row]) => row.beyond && isKnown(FIGURES[name]?.of(both.now)));
	const say = ([name, row]) => {
		const { label, unit, of } = FIGURES[name];
		return `${label} ${row.beyond > 0 ? 'above' : 'below'} the usual range: ${show(of(both.now), unit)} ${when}, usually ${show(row.usual_low, unit)} to ${show(row.usual_high, unit)}`;
	};
	if (strange.length) return `${say(strange[0])}${strange.length > 1 ? `; ${strange.slice(1).map(([name]) => FIGURES[name].label.toLowerCase()).join(' and ')} too` : ''}`;
	if (ranges.plays) return `Nothing unusual: ${amount(plays, 'play')} ${when}, usually ${count(ranges.plays.usual_low)} to ${count(ranges.plays.usual_high)}`;
	const by = changeOf(plays, FIGURES.plays.of(both.before), 'count');
	return sentence(`${amount(plays, 'play')} ${when}${by ? `, ${against(by, choice)}` : ''}`);
}

export function overviewLead(choice, usual, ends) {
	const plays = usualOf(usual, choice.span).plays;
	if (!ends.now) return '';
	if (plays) return `Usual is what ${count(plays.period_count)} earlier periods of this length had; one in a hundred lies outside by chance.`;
	return choice.span === 'custom' ? 'What is usual is known of the named spans only, not of days of your choice.' : 'What is usual is not known of these days: that takes six earlier periods of their length.';
}

export function media(rows) {
	const all = [...rows].sort((a, b) => b.hours_watched - a.hours_watched);
	if (!all.length) return 'There is no video with figures yet';
	if (all.length === 1) return `${all[0].name} has been watched for ${hours(all[0].hours_watched)} hours`;
	const sum = all.reduce((total, row) => total + (row.hours_watched ?? 0), 0);
	if (!sum) return `None of ${count(all.length)} videos has been watched yet`;
	return `${all[0].name} has ${Math.round((100 * all[0].hours_watched) / sum)}% of all hours watched`;
}

export function mediaLead(rows) {
	const all = [...rows];
	const high = all.filter((row) => row.play_rate_class === 'High').length;
	if (!all.length) return '';
	if (all.length === 1) return mediumLead(all[0]);
	return `${high ? count(high) : 'None'} of ${amount(all.length, 'video')} ${high === 1 ? 'is' : 'are'} played by at least a fifth of the people who load ${high === 1 ? 'it' : 'them'}.`;
}

export function medium(row, moments) {
	if (!row) return 'There is no video with this id';
	const half = [...moments].find((one) => one.moment === 'left_50');
	if (half) return `Half of the audience of ${row.name} has left by ${clock(half.at_seconds)}`;
	if (row.engagement_points) return `More than half of the audience of ${row.name} stays to the end`;
	return `${row.name} was played ${count(row.play_count)} times`;
}

export function mediumLead(row) {
	if (!isKnown(row?.play_rate)) return '';
	return `${percent(row.play_rate)} of the ${count(row.visitors)} people who loaded it played it; on average ${percent(row.engagement)} of its ${clock(row.duration_seconds)} is watched.`;
}

/** Of videos side by side: which was played most, and which holds more of its plays to the end. */
export function compare(choice, videos, ends) {
	const known = videos.filter((one) => isKnown(FIGURES.plays.of(one.both.now)));
	if (!videos.length) return 'A comparison needs two videos';
	if (videos.length === 1) return `Choose a second video to compare ${videos[0].series} with`;
	if (!known.length) return 'No plays of these videos are known of these days';
	const most = [...known].sort((a, b) => FIGURES.plays.of(b.both.now) - FIGURES.plays.of(a.both.now))[0];
	const told = known.filter((one) => isKnown(FIGURES.completion_rate.of(one.both.now)));
	const best = [...told].sort((a, b) => FIGURES.completion_rate.of(b.both.now) - FIGURES.completion_rate.of(a.both.now))[0];
	const said = `${most.series} was played most ${inWords(choice, ends.now)}, ${amount(FIGURES.plays.of(most.both.now), 'time')}`;
	if (told.length < 2) return said;
	const rate = percent(FIGURES.completion_rate.of(best.both.now));
	return best === most ? `${said}, and most often to the end: ${rate} of its plays` : `${said}; ${best.series} more often to the end, ${rate} of its plays`;
}

export function audience(choice, both, ends) {
	const viewers = FIGURES.viewers.of(both.now);
	if (!isKnown(viewers)) return both.now ? 'How many people watched is not known of these days' : 'Nobody has played a video yet';
	const by = changeOf(viewers, FIGURES.viewers.of(both.before), 'count');
	const said = `${amount(viewers, 'viewer')} ${inWords(choice, ends.now)}`;
	return sentence(by ? `${said}, ${against(by, choice)}` : said);
}

export function groups(rows) {
	const all = [...rows];
	const sum = all.reduce((total, row) => total + row.viewers, 0);
	if (!sum) return 'Nobody has played a video yet';
	const active = all.find((row) => row.name === 'Active')?.viewers ?? 0;
	return `${count(active)} of ${amount(sum, 'viewer')} (${percent(active / sum)}) played in the last 7 days`;
}

export function groupsLead(rows, now) {
	const all = [...rows];
	const sum = all.reduce((total, row) => total + row.viewers, 0);
	if (!sum) return '';
	const often = sum - (all.find((row) => row.name === '1 day')?.viewers ?? 0);
	return `${percent(often / sum)} have played on more than one day. Counted up to ${date(now?.newest_day)}.`;
}

export function health(status, runs, checks) {
	const now = first(status);
	if (!now?.run_count) return 'No run has ended yet';
	const newest = first(runs);
	const bad = [...checks].filter((one) => one.result !== 'pass').length;
	if (newest && newest.state !== 'completed') return `The last run ${newest.state}: these figures are older`;
	if (now.quarantined_count) return `The last run completed; ${amount(now.quarantined_count, 'record')} so far could not be read and ${now.quarantined_count === 1 ? 'waits' : 'wait'} in quarantine`;
	if (bad) return `The last run completed, and ${amount(bad, 'test')} of the figures ${bad === 1 ? 'warns' : 'warn'}`;
	return 'The last run completed, nothing was quarantined and every test passed';
}

/** `named` is the video chosen, undefined for all of them. */
export function trends(choice, both, ends, named) {
	const plays = FIGURES.plays.of(both.now);
	if (named && ends.now && !isKnown(plays)) return `${named}: nothing is known ${inWords(choice, ends.now)}`;
	if (!ends.now || !isKnown(plays)) return 'No day has been read from Wistia yet';
	const by = changeOf(plays, FIGURES.plays.of(both.before), 'count');
	const said = `${amount(plays, 'play')} ${inWords(choice, ends.now)}`;
	const all = sentence(by ? `${said}, ${against(by, choice)}` : said);
	return named ? `${named}: ${all.charAt(0).toLowerCase()}${all.slice(1)}` : all;
}

export function trendsLead(both) {
	const watched = FIGURES.hours_watched.of(both.now);
	return isKnown(watched) ? `${hours(watched)} hours watched.` : '';
}

export function viewing(choice, both, ends) {
	if (!both.now?.known_count) return both.now ? 'No play of these days has told how far it went' : 'No play has been read from Wistia yet';
	return `${percent(both.now.end_count / both.now.known_count)} of ${amount(both.now.known_count, 'play')} with details ${inWords(choice, ends.now)} reached the end`;
}

export function viewingLead(both) {
	if (!both.now?.event_count) return '';
	const { event_count: told, play_count: plays, conversion_count: converted } = both.now;
	return `${count(told)} of ${amount(plays, 'play')} sent their details${isKnown(converted) ? `; ${percent(converted / told)} of those ended in a conversion` : ''}.`;
}
