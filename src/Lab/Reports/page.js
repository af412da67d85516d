const data = JSON.parse(document.getElementById("data").textContent);
const allRows = data.document.results.map((row) => row.controller ? { ...row, policy: `${row.policy} ${row.controller}` } : row);
const memoryTexts = new Map(data.memory_texts.map(([trace, pages, text]) => [`${pages} ${trace}`, text]));
const traces = [...new Set(allRows.map((row) => row.trace))];
const looks = looksOf(allRows);
const hidden = new Set();
const byId = (id) => document.getElementById(id);

function memoryText(row) {
  const text = memoryTexts.get(`${row.memory_pages} ${row.trace}`);
  return row.memory_pages > 0 ? `${text}, ${bytes(row.memory_pages)}` : text;
}

const missMetric = {
  title: "Miss ratio", hint: "faults in % of accesses; lower is better", axis: "miss ratio in %", least: 0, most: 100,
  value: (row) => 100 * missRatio(row),
  text: (row) => `${percent(missRatio(row))}, ${count(row.faults)} faults`,
  short: (row) => percent(missRatio(row)),
  tick: (value) => `${+value.toFixed(3)} %`,
};

// Misses beside those of one policy, for traces on which all lines lie close together.
function relativeMetric(baseline) {
  const bases = new Map(allRows.filter((row) => row.policy === baseline && !row.oom)
    .map((row) => [`${row.memory_pages} ${row.trace}`, missRatio(row)]));
  const value = (row) => {
    const base = bases.get(`${row.memory_pages} ${row.trace}`);
    return base ? 100 * (missRatio(row) / base - 1) : null;
  };
  const signed = (row) => `${value(row) > 0 ? "+" : ""}${value(row).toFixed(2)} %`;
  return {
    title: `Misses beside ${baseline}`, hint: `more or fewer than ${baseline}, in %; lower is better`, axis: "difference in %",
    value, text: (row) => `${signed(row)}, ${count(row.faults)} faults`, short: signed, tick: (v) => `${+v.toFixed(3)} %`,
  };
}

const costMetric = {
  title: "Search for a page to free", hint: "pages scanned for each page reclaimed; lower is cheaper", axis: "scanned / reclaimed", least: 0,
  value: (row) => (row.scanned > 0 && row.reclaimed > 0 ? row.scanned / row.reclaimed : null),
  text: (row) => `${(row.scanned / row.reclaimed).toFixed(2)} (${count(row.scanned)} scanned, ${count(row.reclaimed)} reclaimed)`,
  short: (row) => (row.scanned / row.reclaimed).toFixed(2),
  tick: (value) => +value.toFixed(3),
};

// Of a run with controllers: what is saved, and what comes of it, over the second half.
const controlled = allRows.some((row) => row.controller);
const perSecond = (row, counter, unit) => (row.counters.late_us > 0 ? (row.counters[counter] ?? 0) / unit / (row.counters.late_us / 1e6) : null);

function rateMetric(title, hint, counter, unit, axis) {
  return {
    title, hint, axis, least: 0,
    value: (row) => perSecond(row, counter, unit),
    text: (row) => `${perSecond(row, counter, unit).toFixed(3)} ${axis}`,
    short: (row) => perSecond(row, counter, unit).toFixed(2),
    tick: (value) => +value.toFixed(3),
  };
}

const CONTROLLED = [
  {
    title: "Resident", hint: "mean pages over the second half; fewer is saved memory", axis: "pages", least: 0,
    value: (row) => row.resident_mean, text: (row) => `${count(Math.round(row.resident_mean))} pages`,
    short: (row) => count(Math.round(row.resident_mean)), tick: compact,
  },
  rateMetric("Refaults", "pages that came back, in a second of virtual time; fewer is better", "late_refaults", 1, "a second"),
  rateMetric("Pressure", "\"some\" memory pressure in a second; less is better", "late_pressure_some_us", 1000, "ms a second"),
];

function workMetric(field, title) {
  return {
    title, hint: "", axis: "pages",
    value: (row) => row[field],
    text: (row) => `${count(row[field])}, or ${(1000 * row[field] / Math.max(1, row.accesses)).toFixed(1)} in 1,000 accesses`,
    short: (row) => count(row[field]),
    tick: compact,
  };
}

const WORK = [
  workMetric("faults", "Faults"), workMetric("refaults", "Refaults"), workMetric("scanned", "Scanned"),
  workMetric("reclaimed", "Reclaimed"), workMetric("activated", "Activated"), workMetric("deactivated", "Deactivated"),
  workMetric("written", "Written"),
];

function drawSizes(theme) {
  const host = byId("size-charts");
  host.replaceChildren();
  const baseline = byId("baseline").value;
  const misses = baseline === "" ? missMetric : relativeMetric(baseline);
  for (const trace of traces) {
    const rows = allRows.filter((row) => row.trace === trace && !hidden.has(row.policy));
    const killed = rows.filter((row) => row.oom).map((row) => `${row.policy} at ${memoryText(row)}`);
    const panels = element("div", { class: "panels" });
    host.append(element("section", { class: "trace" }, element("h3", {}, trace), panels));
    const oneSize = new Set(allRows.filter((row) => row.trace === trace).map((row) => row.memory_pages)).size === 1;
    if (oneSize) panels.before(element("p", { class: "quiet" }, memoryText(allRows.find((row) => row.trace === trace))));
    if (killed.length > 0) panels.before(element("p", { class: "quiet" }, `Out of memory, so not drawn: ${killed.join("; ")}.`));
    for (const metric of controlled ? CONTROLLED : [misses, costMetric]) {
      const known = new Set(rows.filter((row) => valueOf(metric, row) !== null).map((row) => row.policy));
      if (known.size > 0) (oneSize ? barChart : lineChart)(panels, rows.filter((row) => known.has(row.policy)), looks, metric, theme);
    }
  }
}

function drawWork(theme) {
  const host = byId("work-charts");
  host.replaceChildren();
  const rows = allRows.filter((row) => !row.oom && row.trace === byId("work-trace").value && row.memory_pages === +byId("work-memory").value);
  const some = WORK.filter((metric) => rows.some((row) => metric.value(row) !== 0));
  const none = WORK.filter((metric) => !some.includes(metric)).map((metric) => metric.title.toLowerCase());
  byId("work-empty").textContent = rows.length === 0 ? "No run ended." : none.length > 0 ? `Zero for all: ${none.join(", ")}.` : "";
  for (const metric of some) barChart(host, rows, looks, metric, theme);
}

function draw() {
  clearCharts();
  const theme = applyTheme();
  for (const button of byId("legend").querySelectorAll("button")) drawSample(button.firstChild, looks.get(button.dataset.policy));
  drawSizes(theme);
  drawWork(theme);
}

function fillLegend() {
  for (const [sees, words] of SEES) {
    const policies = [...looks].filter(([, look]) => look.sees === sees);
    if (policies.length === 0) continue;
    const group = element("div", { class: "sees" }, element("span", {}, words));
    for (const [policy] of policies) {
      const button = element("button", { type: "button", "aria-pressed": "true", "data-policy": policy, title: policy },
        element("canvas", { "aria-hidden": "true" }), element("b", {}, policy));
      button.addEventListener("click", () => {
        if (!hidden.delete(policy)) hidden.add(policy);
        button.setAttribute("aria-pressed", String(!hidden.has(policy)));
        draw();
      });
      group.append(button);
    }
    byId("legend").append(group);
  }
}

function fillMemory() {
  const rows = allRows.filter((row) => row.trace === byId("work-trace").value);
  const sizes = [...new Map(rows.map((row) => [row.memory_pages, row])).values()].sort((a, b) => a.memory_pages - b.memory_pages);
  byId("work-memory").replaceChildren(...sizes.map((row) => element("option", { value: row.memory_pages }, memoryText(row))));
  // The middle of the range says more than its ends, where policies hardly differ.
  byId("work-memory").selectedIndex = Math.floor(sizes.length / 2);
}

function start() {
  for (const part of document.querySelectorAll(".needs-script")) part.hidden = false;
  for (const policy of looks.keys()) byId("baseline").append(element("option", { value: policy }, `difference from ${policy}`));
  for (const trace of traces) byId("work-trace").append(element("option", { value: trace }, trace));
  if (controlled) {
    byId("size-heading").textContent = "Memory, and what it costs";
    byId("baseline-choice").hidden = true;
  }
  fillLegend();
  fillMemory();
  enhanceTable(byId("table"));
  draw();

  byId("baseline").addEventListener("change", draw);
  byId("work-trace").addEventListener("change", () => { fillMemory(); draw(); });
  byId("work-memory").addEventListener("change", draw);
  darkScreen.addEventListener("change", draw);
  // Paper is white and narrower than the screen.
  addEventListener("beforeprint", () => {
    printing = true;
    draw();
    for (const chart of charts) chart.resize(310, chart.height);
  });
  addEventListener("afterprint", () => { printing = false; draw(); });
}

if (allRows.length > 0) start();
