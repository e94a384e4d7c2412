import { h } from "./dom.js";

const DASHES = { solid: "none", dash: "7 4", dot: "2 3", dashdot: "7 3 2 3", longdash: "11 3" };
const SVG = "http://www.w3.org/2000/svg";

/** An entry of a legend: a sample of the layer and its name. */
export function legendEntry(layer) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ width: 26, height: 10, "aria-hidden": "true" })) {
    svg.setAttribute(key, value);
  }
  svg.append(sample(layer));
  return h("span", { class: "widget-legend-entry" }, svg, layer.name);
}

function sample(layer) {
  if (layer.kind === "points") return dot(layer);
  return layer.kind === "bars" ? bar(layer) : stroke(layer);
}

function stroke({ kind, color, dash = "solid", opacity = 1, width = 2.5 }) {
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", kind === "rules" ? "M13 0V10" : "M0 5H26");
  line.style.stroke = `var(--chart-${color})`;
  line.style.strokeWidth = kind === "band" ? 10 : width;
  line.style.strokeOpacity = kind === "band" ? 0.3 : opacity;
  line.style.strokeDasharray = DASHES[dash];
  return line;
}

const SHAPES = {
  circle: "M9 5a4 4 0 1 0 8 0a4 4 0 1 0 -8 0",
  diamond: "M13 0.5L17.5 5L13 9.5L8.5 5Z",
  square: "M9.5 1.5H16.5V8.5H9.5Z",
  x: "M9.5 1.5L16.5 8.5M16.5 1.5L9.5 8.5",
};

function dot({ color, symbol = "circle" }) {
  const [shape, open] = symbol.split("-");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[shape]);
  path.style.stroke = `var(--chart-${color})`;
  path.style.strokeWidth = 2;
  path.style.fill = open ? "none" : `var(--chart-${color})`;
  return path;
}

function bar({ color, filling }) {
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", "M10.5 10V1H15.5V10");
  path.style.stroke = `var(--chart-${color})`;
  path.style.fill = `var(--chart-${color})`;
  path.style.fillOpacity = filling;
  return path;
}
