// Videos that a reader has chosen to see side by side.
import { colour } from '$lib/format.js';

const COLOURS = 8;

/**
 * The chosen videos in their order, each once, with a name and a colour that no other of them has;
 * `ids` may hold others' and 'none', `media` are rows of pages.media.
 */
export function beside(ids, media) {
	const rows = [...new Set(ids)].map((id) => [...media].find((row) => row.media_id === id)).filter(Boolean);
	const taken = new Set();
	return rows.map((row) => {
		let number = (row.colour_number - 1) % COLOURS;
		while (taken.has(number)) number = (number + 1) % COLOURS;
		taken.add(number);
		const isAlone = rows.filter((one) => one.name === row.name).length === 1;
		return { ...row, series: isAlone ? row.name : `${row.name} ${row.media_id}`, colour: colour(number + 1) };
	});
}
