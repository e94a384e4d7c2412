import { h } from "./dom.js";
import { legendEntry } from "./legend.js";
import { chartTheme } from "./theme.js";

/**
 * What a view says of one chart; no view knows the chart library.
 *
 * @typedef {object} ChartSpec
 * @property {string} title
 * @property {{label: string, log?: boolean}} x
 * @property {{label: string, log?: boolean}} y
 * @property {(scene: Scene) => Drawing} draw
 * @property {(scene: Scene) => string} describe the text alternative
 * @property {boolean} [longOnly] whether the short form of the widget goes without it
 * @property {boolean} [shortOnly] whether only the short form has it
 *
 * @typedef {object} Scene
 * @property {any} run
 * @property {any} reference the recorded run that comes closest to the settings
 * @property {object} settings
 * @property {any} recording
 * @property {any[]} finished
 * @property {{name: string, label: string, look: object}[]} schemes all that the race knows
 * @property {Record<string, number>} limits of the verdicts, by verdict
 *
 * @typedef {object} Drawing
 * @property {[number, number]} x range of the axis, in data units
 * @property {[number, number]} y
 * @property {string[]} [ticks] names along x at 0, 1, 2, ..., instead of numbers
 * @property {string} [xLabel] in place of the chart's own
 * @property {string} [note] said in the legend
 * @property {Layer[]} layers
 *
 * @typedef {object} Layer a layer without a name is left out of the legend
 * @property {"line" | "points" | "band" | "bars" | "rules"} kind `rules` are vertical lines at `x`
 * @property {string} [name]
 * @property {string} [hover] name beside the pointer, if it is another
 * @property {object} [legend] what is different in the legend
 * @property {ArrayLike<number | null>} x
 * @property {ArrayLike<number | null>} [y]
 * @property {ArrayLike<number>} [low] of a band
 * @property {ArrayLike<number>} [high] of a band
 * @property {number} [base] where bars begin, by default at the lower end of the axis
 * @property {number} [breadth] of bars, in units of x
 * @property {number} [filling] of bars, from 0 (hollow) to 1
 * @property {string} color name of a chart colour: "1" to "5", "ink" or "muted"
 * @property {"solid" | "dash" | "dot" | "dashdot" | "longdash"} [dash]
 * @property {number} [width]
 * @property {number} [opacity] of a line
 * @property {string} [symbol] of points
 * @property {number} [size] of points
 * @property {string[]} [texts] of points, shown beside the pointer
 */

const OPTIONS = { displayModeBar: false, scrollZoom: false, doubleClick: false, showTips: false };
const AT_ONCE = { mode: "immediate", transition: { duration: 0 }, frame: { duration: 0, redraw: false } };

/** One chart: heading, legend and plot. */
export class Chart {
  #plotly;
  #spec;
  #plot = h("div", { class: "widget-plot", role: "img" });
  #legend = h("p", { class: "widget-legend" });
  #shape = "";
  #resizing;

  /** @param {any} plotly @param {ChartSpec} spec */
  constructor(plotly, spec) {
    this.#plotly = plotly;
    this.#spec = spec;
    this.element = h(
      "div",
      { class: "widget-chart" },
      h("p", { class: "widget-chart-title" }, spec.title, h("span", {}, spec.y.label)),
      this.#plot,
      this.#legend,
    );
    this.#resizing = new ResizeObserver(() => {
      if (this.#shape !== "" && this.#plot.clientWidth > 0) plotly.Plots.resize(this.#plot);
    });
    this.#resizing.observe(this.#plot);
  }

  /**
   * Draw a scene. As long as only numbers change and not what is drawn, just the lines are moved, which takes a
   * quarter of the time.
   *
   * @param {Scene} scene
   */
  draw(scene) {
    const drawing = this.#spec.draw(scene);
    const traces = drawing.layers.flatMap((layer) => tracesOf(layer, drawing.y));
    const { x, y, xLabel, ticks, note } = drawing;
    const shape = JSON.stringify([x, y, xLabel, ticks, note, drawing.layers.map(shapeOf)]);
    if (shape === this.#shape) {
      const data = traces.map((trace) => ({ x: trace.x, y: trace.y }));
      // an animation that a newer one cuts short reports that as an error
      this.#plotly.animate(this.#plot, { data, traces: traces.map((_, k) => k) }, AT_ONCE).catch(() => {});
      return;
    }
    const theme = chartTheme(this.#plot);
    this.#plotly.react(
      this.#plot,
      traces.map((trace) => coloured(trace, theme)),
      this.#layout(drawing, theme),
      OPTIONS,
    );
    const named = drawing.layers.filter(({ name }) => name);
    this.#legend.replaceChildren(
      ...named.map((layer) => legendEntry({ ...layer, ...layer.legend })),
      note ?? "",
    );
    this.#shape = shape;
  }

  /** Bring the text alternative up to date. */
  describe(scene) {
    this.#plot.setAttribute("aria-label", `${this.#spec.title}. ${this.#spec.describe(scene)}`);
  }

  /** Draw everything anew the next time, as after a change of theme. */
  forget() {
    this.#shape = "";
  }

  remove() {
    this.#resizing.disconnect();
    this.#plotly.purge(this.#plot);
    this.element.remove();
  }

  #layout({ x, y, ticks, xLabel = this.#spec.x.label }, theme) {
    const axis = ({ log = false }, range) => ({
      type: log ? "log" : "linear",
      range: log ? range.map(Math.log10) : range,
      fixedrange: true,
      color: theme.muted,
      gridcolor: theme.grid,
      linecolor: theme.muted,
      showline: true,
      zeroline: false,
      exponentformat: "power",
      ticklabeloverflow: "allow",
      // on a log axis the library enlarges what has an exponent by a quarter
      tickfont: { size: log ? 0.8 * theme.size : theme.size },
      ...(log ? { dtick: Math.ceil(Math.log10(range[1] / range[0]) / 6) } : { nticks: 6 }),
    });
    return {
      autosize: true,
      showlegend: false,
      hovermode: "closest",
      dragmode: false,
      margin: { l: 2.9 * theme.size, r: 1.3 * theme.size, t: 0.6 * theme.size, b: 2.9 * theme.size },
      font: { family: theme.font, size: theme.size, color: theme.ink },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      xaxis: {
        ...axis(this.#spec.x, x),
        title: { text: xLabel, standoff: 4, font: { size: theme.size } },
        ...(ticks ? { tickvals: ticks.map((_, k) => k), ticktext: ticks } : {}),
      },
      yaxis: axis(this.#spec.y, y),
    };
  }
}

/** What of a layer cannot be changed by moving its lines. */
function shapeOf({ kind, name, color, dash, x, texts }) {
  return [kind, name, color, dash, texts, kind === "points" ? x.length : 0];
}

function tracesOf(layer, [bottom, top]) {
  const { kind, hover = layer.name, x, y, color, dash = "solid", width = 2 } = layer;
  const line = { color, dash, width, simplify: false };
  if (kind === "band") {
    const edge = { x, mode: "lines", hoverinfo: "skip", line: { color, width: 0 } };
    return [
      { ...edge, y: layer.low },
      { ...edge, y: layer.high, fill: "tonexty", fillcolor: color },
    ];
  }
  if (kind === "bars") {
    return [
      {
        ...outlines(layer, bottom),
        mode: "lines",
        hoverinfo: "skip",
        line: { ...line, dash: "solid", width: 1 },
        fill: "toself",
        fillcolor: color,
        filling: layer.filling,
      },
    ];
  }
  if (kind === "rules") {
    const ends = Array.from(x).flatMap((place) => [place, place, null]);
    const heights = Array.from(x).flatMap(() => [bottom, top, null]);
    return [{ x: ends, y: heights, mode: "lines", hoverinfo: "skip", line }];
  }
  if (kind === "points") {
    const marker = {
      color,
      symbol: layer.symbol ?? "circle",
      size: layer.size ?? 10,
      line: { width: 2, color },
    };
    return [{ x, y, mode: "markers", marker, text: layer.texts, hoverinfo: layer.texts ? "text" : "x+y" }];
  }
  return [
    {
      x,
      y,
      mode: "lines",
      line,
      opacity: layer.opacity ?? 1,
      hovertemplate: `%{y:.3~g}<extra>${hover ?? ""}</extra>`,
    },
  ];
}

/** Every bar as a rectangle. The library's own bars cannot be moved without being drawn anew. */
function outlines({ x, y, base, breadth }, bottom) {
  const foot = base ?? bottom;
  const places = Array.from(x);
  const corners = (place) => [
    place - breadth / 2,
    place - breadth / 2,
    place + breadth / 2,
    place + breadth / 2,
    null,
  ];
  return { x: places.flatMap(corners), y: places.flatMap((_, k) => [foot, y[k], y[k], foot, null]) };
}

/** The trace with the names of its colours replaced. */
function coloured({ filling = 0.25, ...trace }, theme) {
  const result = { ...trace };
  if (trace.line) result.line = { ...trace.line, color: theme[trace.line.color] };
  if (trace.fillcolor) result.fillcolor = translucent(theme[trace.fillcolor], filling);
  if (trace.marker) {
    const color = theme[trace.marker.color];
    result.marker = { ...trace.marker, color, line: { ...trace.marker.line, color } };
  }
  return result;
}

/** A colour of the form #rrggbb with an opacity. */
function translucent(colour, opacity) {
  return `${colour}${Math.round(255 * opacity)
    .toString(16)
    .padStart(2, "0")}`;
}
