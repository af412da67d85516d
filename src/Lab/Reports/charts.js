const charts = [];

function clearCharts() {
  while (charts.length > 0) charts.pop().destroy();
}

// A framed chart with its title, put into `host`.
function panel(host, title, hint, height) {
  const canvas = element("canvas", { role: "img", "aria-label": `${title}. The numbers are in the table of all results.` });
  const frame = element("div", { class: "chart", style: `height:${height}px` }, canvas);
  host.append(element("div", { class: "panel" },
    element("h4", {}, title), element("p", { class: "quiet" }, hint), frame));
  return canvas;
}

function bySeesThenMisses(a, b) {
  const order = (row) => SEES.findIndex(([sees]) => sees === row.sees);
  return order(a) - order(b) || missRatio(a) - missRatio(b);
}

const missRatio = (row) => (row.accesses > 0 ? row.faults / row.accesses : 0);

// A run out of memory has counts, but none that may stand beside those of a whole run.
const valueOf = (metric, row) => (row.oom ? null : metric.value(row));

// Room around the lines, but no miss ratio above 100 %.
const withRoom = ({ least = -Infinity, most = Infinity }) => (axis) => {
  const room = (axis.max - axis.min) * 0.05;
  axis.min = Math.max(axis.min - room, least);
  axis.max = Math.min(axis.max + room, most);
};

const LABEL_WIDTH = 68;

// Of ticks that would overlap, the larger size stays.
function spacedTicks(sizes, axis, wide) {
  const scale = (value) => (wide ? Math.log(value) : value);
  const perUnit = (axis.chart.width - 90) / (scale(axis.max) - scale(axis.min));
  const kept = [];
  for (const value of [...sizes].reverse()) {
    if (kept.length === 0 || (scale(kept[0]) - scale(value)) * perUnit >= LABEL_WIDTH) kept.unshift(value);
  }
  return kept.map((value) => ({ value }));
}

// One line for each policy, over memory sizes. `metric`: { title, hint, axis, value(row), text(row) };
// a row without a value (null) has no point,
// and breaks its line.
function lineChart(host, rows, looks, metric, theme) {
  const sizes = [...new Set(rows.map((row) => row.memory_pages))].sort((a, b) => a - b);
  const wide = sizes[0] > 0 && sizes.at(-1) / sizes[0] >= 8;
  const margin = (sizes.at(-1) - sizes[0]) * 0.04;
  const policies = [...new Set(rows.map((row) => row.policy))];
  const datasets = policies.map((policy) => {
    const look = looks.get(policy);
    return {
      label: policy,
      data: rows.filter((row) => row.policy === policy)
        .sort((a, b) => a.memory_pages - b.memory_pages)
        .map((row) => ({ x: row.memory_pages, y: valueOf(metric, row), row })),
      borderColor: look.color, backgroundColor: look.color, borderDash: look.dash,
      pointStyle: look.marker, pointRadius: 5, pointHoverRadius: 7, pointBorderWidth: 2, borderWidth: 2, clip: false,
    };
  });

  charts.push(new Chart(panel(host, metric.title, metric.hint, 320), {
    type: "line",
    data: { datasets },
    options: {
      interaction: { mode: "x", intersect: false },
      scales: {
        x: {
          type: wide ? "logarithmic" : "linear",
          min: wide ? sizes[0] / 1.25 : sizes[0] - margin,
          max: wide ? sizes.at(-1) * 1.25 : sizes.at(-1) + margin,
          title: { display: true, text: `memory in pages of 4 KiB${wide ? " (log scale)" : ""}`, color: theme.quiet },
          // Ticks where something was measured, and nowhere else.
          afterBuildTicks: (axis) => { axis.ticks = spacedTicks(sizes, axis, wide); },
          ticks: { callback: (value) => [count(value), bytes(value)], maxRotation: 0, autoSkip: false },
        },
        y: { afterDataLimits: withRoom(metric), title: { display: true, text: metric.axis, color: theme.quiet }, ticks: { callback: metric.tick } },
      },
      plugins: {
        tooltip: {
          itemSort: (a, b) => bySeesThenMisses(a.raw.row, b.raw.row),
          callbacks: {
            title: (items) => memoryText(items[0].raw.row),
            label: ({ raw: { row } }) => `${row.policy} (${row.sees}): ${metric.text(row)}`,
          },
        },
      },
    },
  }));
}

// The value at the end of each bar: exact numbers without a pointer, and on paper.
const barValues = {
  id: "barValues",
  afterDatasetsDraw(chart, _, { text, color }) {
    const pen = chart.ctx;
    pen.save();
    pen.font = `12px ${Chart.defaults.font.family}`;
    pen.fillStyle = color;
    pen.textBaseline = "middle";
    chart.getDatasetMeta(0).data.forEach((bar, index) => {
      const negative = bar.x < bar.base;
      pen.textAlign = negative ? "right" : "left";
      pen.fillText(text[index], bar.x + (negative ? -5 : 5), bar.y);
    });
    pen.restore();
  },
};

// The library cuts names when it finds them too wide for a small chart; here names matter more than long bars.
function widestLabel(axis, labels) {
  axis.ctx.font = `${Chart.defaults.font.size}px ${Chart.defaults.font.family}`;
  return Math.max(...labels.map((label) => axis.ctx.measureText(label).width)) + 14;
}

// One bar for each policy, for a single memory size.
function barChart(host, rows, looks, metric, theme) {
  const shown = rows.filter((row) => valueOf(metric, row) !== null).sort(bySeesThenMisses);
  const values = shown.map(metric.value);
  const labels = shown.map((row) => `${shorter(row.policy, 20)} (${row.sees})`);
  const text = shown.map(metric.short ?? metric.text);
  const textWidth = 7.5 * Math.max(0, ...text.map((label) => label.length)) + 8;
  const colors = shown.map((row) => looks.get(row.policy).color);
  charts.push(new Chart(panel(host, metric.title, metric.hint, 58 + 27 * shown.length), {
    type: "bar",
    plugins: [barValues],
    data: {
      labels,
      datasets: [{ data: values, backgroundColor: colors, maxBarThickness: 18, minBarLength: 1 }],
    },
    options: {
      indexAxis: "y",
      // Room for the values: right of the bars in the margin, left of those below zero in the plot itself.
      layout: { padding: { right: textWidth } },
      interaction: { mode: "y", intersect: false },
      scales: {
        x: { grace: values.some((value) => value < 0) ? "30%" : 0, title: { display: true, text: metric.axis, color: theme.quiet }, ticks: { callback: metric.tick, maxRotation: 0, autoSkipPadding: 12 } },
        y: { grid: { display: false }, ticks: { autoSkip: false }, afterFit: (axis) => { axis.width = widestLabel(axis, labels); } },
      },
      plugins: {
        barValues: { text, color: theme.ink },
        tooltip: {
          callbacks: {
            title: ([item]) => shown[item.dataIndex].policy,
            label: ({ dataIndex }) => metric.text(shown[dataIndex]),
          },
        },
      },
    },
  }));
}
