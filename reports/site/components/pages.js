// Every page: where it is and what it is called, in the two groups of the navigation.
export const FIGURES = [
	['/', 'Overview'],
	['/trends/', 'Trends'],
	['/media/', 'Videos'],
	['/viewing/', 'Viewing'],
	['/audience/', 'Audience'],
	['/recency-and-frequency/', 'Recency']
];
export const DATA = [
	['/data-health/', 'Data health'],
	['/glossary/', 'Glossary']
];
const PAGES = [...FIGURES, ...DATA, ['/compare/', 'Compare videos']];

export const SITE = 'Wistia statistics';

/** Whether the page of the navigation is the one at `path`, both without a base path. */
export const isAt = (page, path) => (page === '/' ? path === '/' : path.startsWith(page));

/** What the page at `path` is called; a video's page says its name itself. */
export const nameOf = (path) => PAGES.find(([page]) => isAt(page, path))?.[1] ?? SITE;
