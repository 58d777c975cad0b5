// Where the marks of an axis stand.
const DAY = 86_400_000;

/** Round numbers from `low` to `high`, about `wanted` of them, both ends within. */
export function ticks(low, high, wanted = 4) {
	const span = high - low || 1;
	const rough = span / wanted;
	const size = 10 ** Math.floor(Math.log10(rough));
	const step = [1, 2, 2.5, 5, 10].map((by) => by * size).find((one) => one >= rough) ?? size;
	const made = [];
	for (let at = Math.floor(low / step); at <= Math.ceil(high / step - 1e-9); at += 1) made.push(Number((at * step).toPrecision(12)));
	return made.length > 1 ? made : [...made, made[0] + step];
}

/** Whole minutes, or parts of one, between two places of a video in seconds. */
export function clockTicks(first, last) {
	const step = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600].find((one) => (last - first) / one <= 8) ?? 7200;
	const made = Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) => first + i * step);
	// The end is how long the video is: it stands there, in place of a round place too near to it.
	if (last - made.at(-1) < 0.4 * step) made.pop();
	return [...made, last];
}

/** Beginnings of days, months or quarters between two times in milliseconds, about six. */
export function timeTicks(first, last) {
	const days = Math.round((last - first) / DAY);
	if (days < 60) {
		const every = Math.max(1, Math.ceil(days / 6));
		return Array.from({ length: Math.floor(days / every) + 1 }, (_, i) => last - i * every * DAY).reverse();
	}
	const months = Math.max(1, Math.ceil(days / 30.4 / 7));
	const made = [];
	const start = new Date(first);
	for (let at = start.getUTCMonth() + (start.getUTCDate() > 1 ? 1 : 0); ; at += 1) {
		const time = Date.UTC(start.getUTCFullYear(), at, 1);
		if (time > last) return made;
		if (new Date(time).getUTCMonth() % months === 0) made.push(time);
	}
}

/** Labels moved apart, at least `gap` between two `at`s, in their order. */
export function spread(labels, gap) {
	const sorted = [...labels].sort((a, b) => a.at - b.at);
	sorted.forEach((label, i) => {
		if (i) label.at = Math.max(label.at, sorted[i - 1].at + gap);
	});
	return sorted;
}
