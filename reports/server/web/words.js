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

// "Nov 23, 07:54", UTC; with seconds where runs a minute apart are told.
export function moment(iso, withSeconds = false) {
  if (!iso) return "–";
  const parts = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
  if (withSeconds) parts.second = "2-digit";
  return new Date(iso).toLocaleString("en-US", { ...parts, hourCycle: "h23", timeZone: "UTC" });
}

// "Nov 23" of a day, whatever time follows it. The pages write dates like this too.
export function day(iso) {
  return new Date(`${iso.slice(0, 10)}T00:00:00Z`).toLocaleDateString("en-US", { day: "numeric", month: "short", timeZone: "UTC" });
}

// "2 hours" – for "2 hours ago" and "in 2 hours".
export function span(seconds) {
  if (seconds < 45) return "less than a minute";
  if (seconds < HOUR) return plural(Math.max(1, Math.round(seconds / MINUTE)), "minute", "minutes");
  if (seconds < 2 * DAY) return plural(Math.round(seconds / HOUR), "hour", "hours");
  return plural(Math.round(seconds / DAY), "day", "days");
}
