// The list of runs. A run that has not changed keeps its element, so that what a reader has
// opened stays open and nothing jumps.
import { between, count, duration, moment } from "./words.js";

const STATES = {
  completed: "Completed",
  flawed: "With remarks",
  failed: "Failed",
  crashed: "Crashed",
  running: "Running",
};

// The stages in their order, as people call them.
export const STAGES = { ingest: "read", catalog: "catalog", crawl: "catalog", build: "build", publish: "publish" };

export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("data-") || key.startsWith("aria-")) made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children);
  return made;
}

// `code` between backticks becomes code; everything else stays text.
export function sentence(text) {
  return String(text)
    .split("`")
    .map((part, index) => (index % 2 ? element("code", { textContent: part }) : part));
}

export function remedy(stage) {
  const box = element("div", { className: "remedy" });
  box.append(element("p", {}, ...sentence(stage.error)));
  if (stage.remedy) {
    box.append(element("p", {}, element("strong", { textContent: "Try: " }), ...sentence(stage.remedy)));
  }
  return box;
}

export function look(run) {
  return run.state === "completed" && run.exit_code === 3 ? "flawed" : run.state;
}

export function failedStage(run) {
  return run.stages.find((stage) => stage.error) ?? null;
}

export function renderRuns(place, runs, now) {
  const known = new Map([...place.children].map((child) => [child.dataset.run, child]));
  // One scale for all: a longer bar is a longer run.
  const longest = Math.max(1, ...runs.map((run) => seconds(run, now)));
  const shown = runs.map((run) => {
    const state = JSON.stringify(run) + longest + (run.state === "running" ? now : "");
    const old = known.get(run.run_id);
    if (old?.seen === state) return old;
    const made = renderRun(run, now, longest);
    made.seen = state;
    made.open = old?.open ?? false;
    if (old?.contains(document.activeElement)) made.wasFocused = true;
    return made;
  });
  if (!runs.length) {
    shown.push(
      element("p", { className: "quiet" }, ...sentence("No run yet. `wistia-elt run` starts the first; it will stand here.")),
    );
  }
  const same = shown.length === place.children.length && shown.every((one, i) => one === place.children[i]);
  if (!same) place.replaceChildren(...shown);
  for (const one of shown.filter((child) => child.wasFocused)) one.firstChild.focus();
}

function seconds(run, now) {
  return run.stages.reduce((sum, stage) => sum + (between(stage.started_at, stage.finished_at ?? now) ?? 0), 0);
}

function renderRun(run, now, longest) {
  const took = between(run.started_at, run.finished_at ?? (run.state === "running" ? now : null));
  const cell = (label, text) =>
    element("span", { className: "number", textContent: text, "data-label": label });
  const summary = element(
    "summary",
    {},
    element("span", { className: "state", textContent: STATES[look(run)] ?? run.state, "data-state": look(run) }),
    element("span", { textContent: moment(run.started_at, true), title: run.started_at }),
    element("span", { textContent: run.kind }),
    stagesBar(run, now, longest),
    cell("total time", duration(took)),
    cell("new records", count(run.loaded)),
    cell("quarantined", count(run.quarantined)),
  );
  return element("details", { className: "run", "data-run": run.run_id }, summary, more(run, now));
}

function stagesBar(run, now, longest) {
  const bar = element("span", { className: "stages bar-of-stages" });
  for (const stage of run.stages) {
    const took = between(stage.started_at, stage.finished_at ?? now) ?? 0;
    const said = `${STAGES[stage.stage] ?? stage.stage} ${duration(took)}`;
    const share = (100 * took) / longest;
    const part = element("span", { title: said, "data-state": stage.state, "data-stage": stage.stage });
    part.style.width = `${share}%`;
    // A name where there is room for it; the opened row tells all.
    part.append(element("span", { className: share > 22 ? "" : "unseen", textContent: said }));
    bar.append(part);
  }
  return bar;
}

function more(run, now) {
  const place = element("div", { className: "more" });
  for (const stage of run.stages.filter((one) => one.error)) place.append(remedy(stage));
  const head = element("tr");
  for (const title of ["Stage", "State", "Began (UTC)", "Time"]) {
    head.append(element("th", { textContent: title, scope: "col" }));
  }
  const rows = run.stages.map((stage) => {
    const end = stage.finished_at ?? (stage.state === "running" ? now : null);
    const texts = [STAGES[stage.stage] ?? stage.stage, STATES[stage.state] ?? stage.state, moment(stage.started_at), duration(between(stage.started_at, end))];
    return element("tr", {}, ...texts.map((text) => element("td", { textContent: text })));
  });
  if (rows.length) place.append(element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
  for (const remark of run.remarks) place.append(element("p", {}, ...sentence(remark)));
  const told = `Run ${run.run_id}, version ${run.code_version}.`;
  place.append(element("p", { className: "quiet", textContent: told }));
  return place;
}
