const figures = JSON.parse(document.getElementById("figures").textContent);
const places = figures.map((_, i) => document.getElementById(`figure-${i}`));
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const PAPER = 680; // pixels across a printed page
const NARROW = 620; // where legends stand one name below the other, which takes height
const ink = (isDark) => (isDark ? "#e4e9ee" : "#1b2530");

figures.forEach((figure, i) => {
  const named = figure.data.filter((trace) => trace.name && trace.showlegend !== false).length;
  if (figure.layout.showlegend && window.innerWidth < NARROW) figure.layout.height += 30 * Math.max(0, named - 1);
  figure.layout.font = { ...figure.layout.font, color: ink(dark.matches) };
  Plotly.newPlot(places[i], figure.data, figure.layout, { displayModeBar: false, responsive: true });
});

function draw(isDark, width) {
  places.forEach((place) => Plotly.relayout(place, { "font.color": ink(isDark), width: width, autosize: width === null }));
}

dark.addEventListener("change", () => draw(dark.matches, null));
window.addEventListener("beforeprint", () => {
  document.querySelectorAll("details").forEach((part) => (part.open = true));
  draw(false, PAPER);
});
window.addEventListener("afterprint", () => draw(dark.matches, null));
