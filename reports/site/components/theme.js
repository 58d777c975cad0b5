// The palette as CSS for who has no script to choose it, and for paper, which is white.
import { themes } from '$evidence/themes';

function parts(colour) {
	const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255);
	const [low, high] = [Math.min(r, g, b), Math.max(r, g, b)];
	const [light, span] = [(high + low) / 2, high - low];
	const turn = !span ? 0 : high === r ? ((g - b) / span + 6) % 6 : high === g ? (b - r) / span + 2 : (r - g) / span + 4;
	const full = span ? span / (1 - Math.abs(2 * light - 1)) : 0;
	return `${(60 * turn).toFixed(1)} ${(100 * full).toFixed(1)}% ${(100 * light).toFixed(1)}%`;
}

const declared = (theme) =>
	Object.entries(theme.colors)
		.filter(([, colour]) => /^#[0-9a-f]{6}$/i.test(colour ?? ''))
		.map(([name, colour]) => `--twc-${name}:${parts(colour)}`)
		.join(';');

export const PALETTE =
	`html:not([data-theme]){${declared(themes.light)}}` +
	`@media (prefers-color-scheme:dark){html:not([data-theme]){${declared(themes.dark)}}}` +
	`@media print{html,html[data-theme],html:not([data-theme]){${declared(themes.light)}}}`;
