// The Operations page. It asks only the server it came from; while a run is at work every
// two seconds, else every ten, and never while nobody looks.
import { STAGES, element, failedStage, look, remedy, renderRuns, sentence } from "./runs.js";
import { between, count, day, duration, moment, plural, span } from "./words.js";

const BUSY_MS = 2000;
const IDLE_MS = 10000;
const at = (id) => document.getElementById(id);
let state = null;
let timer = 0;
let ordered = "";
let asked = "";

async function refresh() {
  clearTimeout(timer);
  try {
    const answer = await fetch("/api/state", { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    state = await answer.json();
    render();
  } catch {
    at("fresh").textContent = "The server does not answer; this is what it said last. Trying again.";
  }
  if (document.hidden) return;
  timer = setTimeout(refresh, isBusy() ? BUSY_MS : IDLE_MS);
}

const running = () => state?.runs.find((run) => run.state === "running") ?? null;
const isBusy = () => Boolean(running() || state?.prefect.active.length || ordered);

function render() {
  renderLead();
  renderFigures();
  renderFindings();
  renderControls();
  renderNext();
  renderRuns(at("runs"), state.runs, state.now);
  at("fresh").textContent = `As of ${moment(state.now)}; follows by itself. Times are UTC.`;
}

function renderLead() {
  const [mood, headline, subline, stage] = tell();
  at("lead").dataset.mood = mood;
  if (at("headline").textContent !== headline) at("headline").textContent = headline;
  at("subline").replaceChildren(...sentence(subline));
  at("remedy").hidden = !stage;
  if (stage) at("remedy").replaceChildren(...remedy(stage).childNodes);
}

// The answer first: mood, headline, the line below it, and what to mend when there is something.
function tell() {
  const [last] = state.runs;
  const ago = (iso) => `${span(between(iso, state.now))} ago`;
  const good = state.last_good_at ? `The last good run ended ${ago(state.last_good_at)}; its tables and pages stay.` : "";
  if (state.lake_error) return ["bad", "The lake cannot be read", "", state.lake_error];
  if (!last) return ["quiet", "Nothing has run yet", "The first run fills the lake and builds the tables; here will be how it went.", null];
  const busy = running();
  if (busy) {
    const stage = busy.stages.find((one) => one.state === "running");
    const reading = busy.reading?.pages_expected
      ? `${busy.reading.resource}: ${count(busy.reading.pages)} of ${plural(busy.reading.pages_expected, "page", "pages")}`
      : busy.reading?.resource ?? "";
    return ["busy", `A run is at work: ${stage?.stage ?? "starting"}`, [reading, `began ${ago(busy.started_at)}`].filter(Boolean).join(", "), null];
  }
  const failed = failedStage(last);
  if (last.state !== "completed") {
    const what = failed ? `${failed.stage} ${last.state}` : `${last.kind} ${last.state}`;
    return ["bad", `The last run did not succeed: ${what} ${ago(last.finished_at ?? last.started_at)}`, good, failed];
  }
  if (look(last) === "flawed") {
    return ["quiet", `The last ${last.kind} ended ${ago(last.finished_at)}, with a remark`, last.remarks.join(" "), null];
  }
  // The run ended well: now what the alarms say of the data.
  if (state.findings.length) {
    return ["quiet", `The last ${last.kind} ended well, and ${plural(state.findings.length, "thing wants", "things want")} to be looked at`, "", null];
  }
  return ["good", `All is well: the last ${last.kind} ended ${ago(last.finished_at)}`, `${plural(last.loaded, "new record", "new records")} in ${duration(between(last.started_at, last.finished_at))}.`, null];
}

function renderFigures() {
  const last = state.runs.find((run) => run.finished_at) ?? null;
  const [next] = state.prefect.next;
  const ago = (iso) => (iso ? `${span(between(iso, state.now))} ago` : "–");
  const figures = [
    ["Last good run", ago(state.last_good_at), moment(state.last_good_at)],
    ["Newest play", ago(state.newest_play_at), moment(state.newest_play_at)],
    ["Newest day reported", state.newest_day ? day(state.newest_day) : "–", "of plays and loads, the account's days"],
    ["Last run took", last ? duration(between(last.started_at, last.finished_at)) : "–", last ? longest(last) : "minutes:seconds"],
    ["Quarantined by it", last ? count(last.quarantined) : "–", "records"],
    ["Next run", next ? `in ${span(between(state.now, next.at))}` : "–", next ? `${next.deployment}, ${moment(next.at)}` : "none is planned: nothing will bring new figures", next ? "" : "warn"],
  ];
  at("figures").replaceChildren(
    ...figures.map(([title, value, note, mood = ""]) =>
      element("div", { "data-mood": mood }, element("dt", { textContent: title }), element("dd", { textContent: value }), element("dd", { className: "note", textContent: note })),
    ),
  );
}

// Which stage took most of a run: 2:09 of 2:22 are worth knowing.
function longest(run) {
  const took = (stage) => between(stage.started_at, stage.finished_at) ?? 0;
  const [most] = [...run.stages].sort((a, b) => took(b) - took(a));
  return most ? `${STAGES[most.stage] ?? most.stage} ${duration(took(most))} of it` : "minutes:seconds";
}

function renderFindings() {
  at("findings").replaceChildren(
    ...state.findings.map((one) =>
      element("li", { "data-finding": one.alarm }, element("p", {}, ...sentence(one.said)), element("p", {}, element("strong", { textContent: "Try: " }), ...sentence(one.remedy))),
    ),
  );
  at("findings").hidden = !state.findings.length;
}

// What a control will do, before it does it.
function promise(control) {
  if (control === "deploy") {
    const { now, next } = state.code ?? { now: "this version", next: "the newest" };
    return now === next ? `Deploy ${now} again: it is the newest already.` : `Deploy from ${now} to ${next}. The next run runs it; nothing is run now.`;
  }
  const last = state.runs.find((run) => run.kind === "run" && run.state === "completed");
  const took = last ? ` The last one took ${duration(between(last.started_at, last.finished_at))}.` : "";
  return `Read what is new at Wistia, then build tables and pages.${took}`;
}

function renderControls() {
  const { has_password: can, signed_in: open } = state.session;
  at("sign-in").hidden = !can || open;
  at("buttons").hidden = at("sign-out").hidden = !open;
  const said = !can
    ? "The controls are off: no password is set. Set `OPERATIONS_PASSWORD` and start the server again."
    : open
      ? reasonToWait()
      : "Sign in to run the pipeline or deploy the latest code.";
  at("controls-said").replaceChildren(...sentence(said));
  const waits = isBusy() || !state.prefect.answers;
  for (const button of document.querySelectorAll("[data-control]")) {
    button.disabled = waits;
    button.title = promise(button.dataset.control);
  }
  if (waits && !at("confirm").hidden) ask("");
}

// A control is used by a second click, on what it will do.
function ask(control) {
  const before = asked;
  asked = control;
  at("confirm").hidden = !control;
  if (control) {
    at("confirm-said").textContent = promise(control);
    at("confirm-yes").textContent = control === "deploy" ? "Deploy" : "Run";
    at("confirm-yes").focus();
  } else if (before) {
    document.querySelector(`[data-control="${before}"]`)?.focus();
  }
}

function reasonToWait() {
  if (!state.prefect.answers) return `${state.prefect.error} To have the controls, ${state.prefect.remedy}.`;
  if (isBusy()) return "A run is at work; the controls wait until it has ended.";
  if (!state.prefect.workers) return "No worker is online: what you start waits until `wistia-elt up` runs.";
  return "A run reads what is new at Wistia, then builds tables and pages.";
}

function renderNext() {
  const { prefect } = state;
  const line = (run, when) =>
    element("li", {}, element("span", {}, element("strong", { textContent: run.deployment }), ` ${run.when ?? ""}`), element("span", { className: "when", textContent: when }));
  const lines = [
    ...prefect.active.map((run) => line({ ...run, when: run.state.toLowerCase() }, `since ${moment(run.at)}`)),
    ...prefect.next.map((run) => line(run, `${moment(run.at)}, in ${span(between(state.now, run.at))}`)),
  ];
  if (!prefect.answers) lines.push(element("li", { className: "wide quiet" }, ...sentence(`${prefect.error} What is planned stands here when it runs: ${prefect.remedy}.`)));
  else if (!lines.length) lines.push(element("li", { className: "wide quiet" }, ...sentence("Nothing is planned. `wistia-elt up` plans the daily run, 07:54 UTC.")));
  at("next").replaceChildren(...lines);
}

async function post(path, body) {
  const headers = { "content-type": "application/json" };
  if (state?.session.token) headers["x-operations-token"] = state.session.token;
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  return [answer.ok, answer.status === 204 ? {} : await answer.json().catch(() => ({}))];
}

function say(text, mood = "good") {
  at("answer").dataset.mood = mood;
  at("answer").replaceChildren(...sentence(text));
}

function refusal(answer) {
  return answer.error ? `${answer.error} ${answer.remedy[0].toUpperCase()}${answer.remedy.slice(1)}.` : "The server did not answer as it should; try again.";
}

at("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const [ok, answer] = await post("/api/sign-in", { password: at("password").value });
  at("password").value = "";
  say(ok ? "Signed in." : refusal(answer), ok ? "good" : "bad");
  await refresh();
  (ok ? document.querySelector("[data-control]") : at("password")).focus();
});

at("sign-out").addEventListener("click", async () => {
  await post("/api/sign-out", {});
  say("Signed out.");
  await refresh();
  at("password").focus();
});

for (const button of document.querySelectorAll("[data-control]")) {
  button.addEventListener("click", () => ask(button.dataset.control));
}

at("confirm-no").addEventListener("click", () => ask(""));
at("confirm").addEventListener("keydown", (event) => event.key === "Escape" && ask(""));
at("confirm-yes").addEventListener("click", async () => {
  ordered = asked;
  ask("");
  render();
  const [ok, answer] = await post(`/api/controls/${ordered}`, {});
  ordered = "";
  say(ok ? answer.said : refusal(answer), ok ? "good" : "bad");
  await refresh();
});

document.addEventListener("visibilitychange", () => document.hidden || refresh());
refresh();
