// The words on screen: what each means, how it is counted, since when, and what Wistia calls it.
// `also` are other spellings that stand on the pages.
const TWO_YEARS = 'Two years before the first run, and kept from then on.';
const FIRST_RUN = 'From the first run on.';

export const TERMS = [
	{ word: 'Play', also: ['Plays', 'Played', 'All-time plays'], what: 'Somebody started a video.', counted: "Wistia's own count by day. A second start by the same person counts again.", since: TWO_YEARS, wistia: 'The same number.' },
	{ word: 'Load', also: ['Loads', 'Loaded the player'], what: 'A page with the player was opened, whether or not anybody played.', counted: "Wistia's own count by day.", since: TWO_YEARS, wistia: 'The same number.' },
	{ word: 'Play rate', also: ['Rate'], what: 'Of the people who loaded a video, the share who played it.', counted: 'Unique plays divided by unique loads, over the life of a video. Where only days are known it is plays per load, and is called that.', since: 'The life of the video.', wistia: 'The same for one video; for several, people of each video are added up.' },
	{ word: 'Plays per load', also: ['Of loads'], what: 'Plays divided by loads in a span of days.', counted: 'Both as Wistia reports them. A person who plays twice counts twice, so it differs from the play rate.', since: TWO_YEARS, wistia: 'Wistia does not show it.' },
	{ word: 'Viewers', also: ['Viewer', 'Audience'], what: "People who played at least one of the account's videos.", counted: 'Different people among the plays with details, each once.', since: TWO_YEARS, wistia: 'Close to unique plays, which Wistia counts for each video alone.' },
	{ word: 'Loaded by', also: ['Visitors', 'Visitors of'], what: 'People who loaded a video, whether or not they played it.', counted: "Wistia's count for each video. Somebody who loaded two videos is in both.", since: 'The life of the video.', wistia: 'Wistia calls them visitors or unique loads.' },
	{ word: 'Known visitors', also: ['New visitors', 'Returning visitors'], what: "Everybody in Wistia's list of visitors, viewers of deleted videos included.", counted: 'One row of the list, one person. It is more than all viewers of the videos that are left.', since: 'As far back as the list goes; returns of the same person are known from the first run on.', wistia: 'The list of the account, kept here also after Wistia has dropped somebody.' },
	{ word: 'Hours watched', also: ['Hours', 'Hours watched (so far)'], what: 'All the time people spent watching, added up.', counted: 'For each play with details, the share it watched times the length of the video.', since: TWO_YEARS, wistia: 'Lifetime totals are Wistia’s own; hours of a day are counted here, because Wistia spreads its total evenly over days.' },
	{ word: 'Engagement', also: ['Average engagement'], what: 'How much of a video a play watches on average.', counted: "Wistia's figure for the life of the video.", since: 'The life of the video.', wistia: 'The same number.' },
	{ word: 'Play with details', also: ['Plays with details', 'Plays counted'], what: 'A play of which Wistia also tells who, where, with what and how far.', counted: 'Events of the Stats API, repeats of one play left out. Most plays have them; the funnel on the page Viewing says how many.', since: TWO_YEARS, wistia: 'Events. They arrive minutes after the play, at times hours.' },
	{ word: 'Reached the end', also: ['To the end', 'Watched to the end', 'Plays to the end', 'Completion'], what: 'A play that watched the video to its end.', counted: 'Plays with details that watched all of it; as a rate, of those that tell how much they watched.', since: TWO_YEARS, wistia: 'Wistia shows it only as a curve.' },
	{ word: 'Still watching', also: ['Half left at', 'Half left'], what: 'At each second, the share of those who began that is still there.', counted: "From Wistia's curve of first views. The last second is left out: players report it twice.", since: 'The life of the video.', wistia: 'Its engagement graph, before rewatches are added.' },
	{ word: 'Watched again', also: ['Rewatches', 'What they watch again'], what: 'A second that the same person watched more than once.', counted: "Wistia's own count by second.", since: 'The life of the video.', wistia: 'The same number.' },
	{ word: 'Conversion', also: ['Conversions'], what: 'A play in which the viewer filled in a form or clicked a call to action.', counted: 'Plays with details that carry one; the e-mail form is Turnstile at Wistia.', since: TWO_YEARS, wistia: 'The same, by play.' },
	{ word: 'Conversion rate', also: ['Conversion rates', 'Converted'], what: 'Of the plays with details, the share that converted.', counted: 'Conversions divided by plays with details of the same span.', since: TWO_YEARS, wistia: 'Wistia divides by plays with the form shown, which its API does not tell.' },
	{ word: 'New', also: ['New viewers'], what: 'People who played for the first time in that day, week or month.', counted: 'By the first play that is known of them.', since: TWO_YEARS, wistia: 'Wistia does not show it.' },
	{ word: 'Returning', also: ['Returning viewers'], what: 'People who had already played in an earlier day, week or month.', counted: 'All viewers of the period less the new ones.', since: TWO_YEARS, wistia: 'Wistia does not show it.' },
	{ word: 'Recency', also: ['Last play', 'Active', 'Recent', 'Lapsing', 'Lapsed'], what: 'How many days ago somebody last played.', counted: 'Active in the last 7 days, Recent in the last 30, Lapsing in the last 90, Lapsed after that.', since: 'Always as of the newest whole day.', wistia: 'Wistia does not show it.' },
	{ word: 'Frequency', also: ['Days with a play'], what: 'On how many different days somebody played.', counted: 'Two plays on one day are one day.', since: TWO_YEARS, wistia: 'Wistia does not show it.' },
	{ word: 'Usual range', also: ['Usually', 'About as usual'], what: 'What earlier spans of the same length looked like.', counted: 'Their median and how far they usually lie from it. Inside it a change is grey: it may be chance.', since: 'As many earlier spans as there are.', wistia: 'Wistia does not show it.' },
	{ word: 'Change', also: ['Vs before'], what: 'The difference from the span before, or the same one a year earlier.', counted: 'Whole days only, as many on both sides. A year earlier is 364 days, so Mondays meet Mondays.', since: TWO_YEARS, wistia: 'Wistia compares with the span before.' },
	{ word: 'Day', also: ['Days'], what: "A day of the account's time zone, from midnight to midnight.", counted: 'By the time zone set at Wistia; times on Data health and Operations are UTC.', since: TWO_YEARS, wistia: 'The same days.' },
	{ word: 'Audience overlap', also: ['Viewers of both', 'Viewers of'], what: 'People who played both of two videos.', counted: 'Different people among the plays with details of each.', since: TWO_YEARS, wistia: 'Wistia does not show it.' },
	{ word: 'Quarantined', also: ['Records in quarantine, so far'], what: 'A record that could not be read and waits to be looked at.', counted: 'Kept as it came; `wistia-elt quarantine` says why.', since: FIRST_RUN, wistia: 'Nothing of the kind.' }
];

export const slug = (word) => word.toLowerCase().replace(/[^a-z0-9]+/g, '-');

const BY_WORD = new Map(TERMS.flatMap((term) => [term.word, ...term.also].map((word) => [word.toLowerCase(), term])));

/** The term that a label on screen stands for; undefined for other words. */
export const termOf = (label) => BY_WORD.get(String(label).toLowerCase());
