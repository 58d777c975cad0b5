// What the page shows at the moment, for whoever names it: title, print, downloads.
import { writable } from 'svelte/store';

/** `{ name: { label, chosen } }` of each select on the page. */
export const choices = writable({});

/** When Wistia was read, ISO in UTC; undefined before the first run. */
export const readAt = writable(undefined);

/**
 * Of this visit: whether its first page has been taken over from its HTML, and whether the queries
 * of the last choice failed.
 */
export const visit = { isTakenOver: false, hasFailed: false };
