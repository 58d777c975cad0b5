// What each page says first. Data in, one sentence out; every case of no data has its own.
import { amount, change, clock, count, dayOfMonth, hours, percent, sentence } from '$lib/format.js';

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
const kpi = (kpis, name) => [...kpis].find((row) => row.kpi === name) ?? {};

export function overview(kpis, status) {
	const now = first(status);
	const came = kpi(kpis, 'new_visitors');
	if (!now?.newest_run_at && !now?.visitor_count) return 'Nothing has been read from Wistia yet';
	if (came.value_now === null || came.value_now === undefined) return 'Nobody has played a video yet';
	const by = change(came.value_now, came.value_day_before, 'count');
	const people = came.value_now === 1 ? 'person' : 'people';
	const said = `${count(came.value_now)} new ${people} played a video on ${dayOfMonth(came.counted_on)}`;
	if (!by) return said;
	if (!by.direction) return `${said}, as many as the day before`;
	return `${said}, ${by.text.slice(1)} ${by.direction > 0 ? 'more' : 'fewer'} than the day before`;
}

export function overviewLead(kpis, status) {
	const plays = kpi(kpis, 'plays');
	if (plays.value_now === null || plays.value_now === undefined) return '';
	const by = change(plays.value_now, plays.value_day_before, 'count');
	const since = by ? (by.direction ? ` (${by.text} since yesterday)` : ' (none since yesterday)') : '';
	const now = first(status);
	return sentence(
		`${amount(now.media_count, 'video')} ${now.media_count === 1 ? 'has' : 'have'} been played ${count(plays.value_now)} times so far${since}; ` +
			`people watched ${hours(kpi(kpis, 'hours_watched').value_now)} hours of video.`
	);
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
	return `${sentence(amount(high, 'video'))} of ${count(all.length)} ${high === 1 ? 'is' : 'are'} in the High class: at least every fifth visitor plays ${high === 1 ? 'it' : 'them'}.`;
}

export function medium(row, moments) {
	if (!row) return 'There is no video with this id';
	const half = [...moments].find((one) => one.moment === 'left_50');
	if (half) return `Half of the audience of ${row.name} has left by ${clock(half.at_seconds)}`;
	if (row.engagement_points) return `More than half of the audience of ${row.name} stays to the end`;
	return `${row.name} was played ${count(row.play_count)} times`;
}

export function mediumLead(row) {
	if (!row) return '';
	return `${percent(row.play_rate)} of its ${count(row.visitors)} visitors played it; on average ${percent(row.engagement)} of its ${clock(row.duration_seconds)} is watched.`;
}

export function audience(devices) {
	const all = [...devices];
	const sum = all.reduce((total, row) => total + row.visitors, 0);
	if (!sum) return 'Nobody has played a video yet';
	const mobile = all.find((row) => row.name === 'Mobile')?.visitors ?? 0;
	return `${percent(mobile / sum)} of ${count(sum)} visitors watch on a mobile device`;
}

export function groups(rows) {
	const all = [...rows];
	const sum = all.reduce((total, row) => total + row.visitors, 0);
	if (!sum) return 'Nobody has played a video yet';
	const active = all.find((row) => row.name === 'Active')?.visitors ?? 0;
	return `${count(active)} of ${count(sum)} visitors (${percent(active / sum)}) came within the last seven days`;
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

const against = (by, many) => (by.direction ? `${by.text.slice(1)} ${by.direction > 0 ? 'more' : many ? 'fewer' : 'less'} than` : 'as many as');

export function trends(newest) {
	const now = first(newest);
	if (!now) return 'No day has been read from Wistia yet';
	if (!now.plays) return 'Nobody has played a video in the last 30 days';
	const by = change(now.plays, now.plays_before, 'count');
	return `${amount(now.plays, 'play')} in the last 30 days${by ? `, ${against(by, true)} in the 30 before` : ''}`.replace(/^one/, 'One');
}

export function trendsLead(newest) {
	const now = first(newest);
	if (!now || now.hours === null || now.hours === undefined) return '';
	const by = change(now.hours, now.hours_before, 'hours');
	return `${count(now.hours)} hours watched${by ? `, ${against(by, false)} in the 30 days before` : ''}.`;
}

const step = (rows, name) => [...rows].find((row) => row.step === name)?.times;

export function viewing(rows) {
	const [played, ended] = [step(rows, 'play'), step(rows, 'end')];
	if (!played) return [...rows].length ? 'No play of the last 30 days has told how far it went' : 'No play has been read from Wistia yet';
	return `${percent(ended / played)} of ${amount(played, 'play')} in the last 30 days reached the end`;
}

export function viewingLead(rows) {
	const [loaded, played, half] = [step(rows, 'load'), step(rows, 'play'), step(rows, 'half')];
	if (!played) return '';
	const rate = loaded ? `${percent(played / loaded)} of player loads became a play; ` : '';
	return sentence(`${rate}${percent(half / played)} of plays watched half of the video or more.`);
}
