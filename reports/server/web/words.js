// Times, durations and counts as a person reads them.
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

export function count(number) {
  return number.toLocaleString("en-US");
}

export function plural(number, one, many) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

// Seconds between two ISO times; null when one is missing.
export function between(from, to) {
  return from && to ? Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000) : null;
}

// 102 → "1:42"; above an hour "1:02:03".
export function duration(seconds) {
  if (seconds === null) return "–";
  const whole = Math.round(seconds);
  const pad = (part) => String(part).padStart(2, "0");
  const [hours, minutes, rest] = [
    Math.floor(whole / HOUR),
    Math.floor((whole % HOUR) / MINUTE),
    whole % MINUTE,
  ];
  return hours ? `${hours}:${pad(minutes)}:${pad(rest)}` : `${minutes}:${pad(rest)}`;
}

// "23 Nov 07:54", UTC.
export function moment(iso) {
  if (!iso) return "–";
  const parts = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
  const said = new Date(iso).toLocaleString("en-GB", {
    ...parts,
    hourCycle: "h23",
    timeZone: "UTC",
  });
  return said.replace(",", "");
}

// "2 hours" – for "2 hours ago" and "in 2 hours".
export function span(seconds) {
  if (seconds < 45) return "less than a minute";
  if (seconds < HOUR) return plural(Math.max(1, Math.round(seconds / MINUTE)), "minute", "minutes");
  if (seconds < 2 * DAY) return plural(Math.round(seconds / HOUR), "hour", "hours");
  return plural(Math.round(seconds / DAY), "day", "days");
}
