// Colours apart from each other by at least 24 (CIE76), also under simulated protanopia, deuteranopia and tritanopia.
const PALETTE = {
  light: ["#5e17d4", "#fd3e00", "#197c50", "#0e95ff", "#860000", "#a22fa5", "#e45eae", "#4f2944"],
  dark: ["#9364ff", "#ed6700", "#509663", "#bdf0ec", "#ebf401", "#ec97ff", "#d15fa3", "#00ff80"],
};
const MARKERS = ["circle", "rect", "triangle", "rectRot", "crossRot", "star", "cross", "rectRounded"];
const DASHES = { bits: [], accesses: [7, 4], future: [2, 4] };
const SEES = [["bits", "see accessed bits"], ["accesses", "see every access"], ["future", "see the future"]];

const darkScreen = matchMedia("(prefers-color-scheme: dark)");
let printing = false;

function palette() {
  return darkScreen.matches && !printing ? PALETTE.dark : PALETTE.light;
}

// A policy looks the same in every chart: colour and marker are its own, the dash tells what it sees.
function looksOf(rows) {
  const looks = new Map();
  for (const row of rows) {
    if (looks.has(row.policy)) continue;
    const index = looks.size;
    looks.set(row.policy, {
      sees: row.sees,
      dash: DASHES[row.sees],
      marker: MARKERS[(index + Math.floor(index / MARKERS.length)) % MARKERS.length],
      get color() { return palette()[index % palette().length]; },
    });
  }
  return looks;
}

function applyTheme() {
  const style = getComputedStyle(document.documentElement);
  const ink = (name) => style.getPropertyValue(name).trim();
  const light = { ink: "#1b1f24", quiet: "#59636e", line: "#d5dae0", back: "#ffffff" };
  const theme = printing ? light : { ink: ink("--ink"), quiet: ink("--quiet"), line: ink("--line"), back: ink("--back") };
  Object.assign(Chart.defaults, { color: theme.ink, borderColor: theme.line, animation: false, maintainAspectRatio: false });
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.font.size = 12;
  Object.assign(Chart.defaults.plugins.tooltip, {
    backgroundColor: theme.back, titleColor: theme.ink, bodyColor: theme.ink, borderColor: theme.quiet, borderWidth: 1,
    padding: 10, boxPadding: 4, usePointStyle: true,
  });
  Chart.defaults.plugins.legend.display = false;
  return theme;
}

// The piece of line with its marker that stands for a policy in the legend.
function drawSample(canvas, look) {
  const ratio = devicePixelRatio || 1;
  canvas.width = 34 * ratio;
  canvas.height = 14 * ratio;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  pen.strokeStyle = pen.fillStyle = look.color;
  pen.lineWidth = 2;
  pen.setLineDash(look.dash);
  pen.beginPath();
  pen.moveTo(0, 7);
  pen.lineTo(34, 7);
  pen.stroke();
  pen.setLineDash([]);
  Chart.helpers.drawPoint(pen, { pointStyle: look.marker, radius: 5, rotation: 0, borderWidth: 2 }, 17, 7);
}
