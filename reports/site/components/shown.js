// What the page shows at the moment, for whoever names it: address, title, print, downloads.
import { writable } from 'svelte/store';
import { getInputContext } from '@evidence-dev/sdk/utils/svelte';

/**
 * `{ name: { label, chosen, short, isFirst } }` of each select on the page: what it is called, what it
 * says (in a title by `short`, where there is one), and whether that is shown unless asked.
 */
export const choices = writable({});

/** When Wistia was read, ISO in UTC; undefined before the first run. */
export const readAt = writable(undefined);

/**
 * Of this visit: whether its first page has been taken over from its HTML, whether the queries of
 * the last choice failed, and what was chosen by the name of its select, for the next page that
 * has it too.
 */
export const visit = { isTakenOver: false, hasFailed: false, kept: {} };

/**
 * What the page's SQL reads before any select has been drawn, by name. Where the pages are built,
 * each is drawn twice, and the second finds what the first has put into this very object.
 */
export const begin = (values) => getInputContext().update((held) => Object.assign(held, values));

/** What is chosen on the page that it would not show by itself, in words. */
export const said = (held) => Object.values(held).filter((one) => !one.isFirst).map((one) => one.short ?? one.chosen);

/** What the address asks of a select; null where it does not. */
export const asked = (name) => new URLSearchParams(location.search).get(name);

/** Write a choice into the address, the other parts of it kept; null takes it out. */
export function note(name, value) {
	const address = new URL(location.href);
	if (value === null) address.searchParams.delete(name);
	else address.searchParams.set(name, value);
	if (address.href !== location.href) history.replaceState(history.state, '', address);
}
