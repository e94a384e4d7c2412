import { Chart } from "./chart.js";
import { cleanups, h } from "./dom.js";
import { legendEntry } from "./legend.js";
import { loadPlotly } from "./plotly.js";
import { racing } from "./schemes.js";
import { onThemeChange } from "./theme.js";

/** Time in one frame after which the charts that are left wait for the next one, in ms. */
const FRAME_BUDGET = 12;
/** Rest of a selection, after which its charts are described anew for readers who cannot see them. */
const DESCRIBE_AFTER = 400;
/** Events by which a widget notices that somebody turns to it. */
export const TOUCHES = ["pointerenter", "focusin", "touchstart"];

/**
 * The charts of a widget. They take the place of the first picture when somebody touches the widget; then the newest
 * scene is drawn once per frame, the first chart always first, the others in turn if one frame is too short.
 *
 * @param {{root: HTMLElement, charts: import("./chart.js").ChartSpec[], plotly: string, scene: () => any,
 *   onFailed: (message: string) => void}} given `scene` is what to draw, null if there is nothing yet
 */
export function stage({ root, charts: specs, plotly, scene, onFailed }) {
  const undo = cleanups();
  const legend = h("p", { class: "widget-legend widget-schemes", hidden: true });
  const element = h("div", { class: "widget-charts", hidden: true });
  const picture = root.querySelector("figure.widget-first-picture");
  /** @type {Chart[]} */
  let charts = [];
  let opening = false;
  let frame = 0;
  let describing = 0;
  const waiting = new Set();

  const open = async () => {
    if (opening) return;
    opening = true;
    try {
      const library = await loadPlotly(plotly);
      charts = specs.map((spec) => new Chart(library, spec));
      element.append(...charts.map((chart) => chart.element));
      update();
    } catch (error) {
      opening = false;
      onFailed(`The charts are missing: ${error.message}.`);
    }
  };

  /** Draw the newest scene in the next frame. */
  const update = () => {
    for (const chart of charts) waiting.add(chart);
    if (charts.length > 0 && scene() && frame === 0) frame = requestAnimationFrame(draw);
  };

  const draw = () => {
    frame = 0;
    const now = scene();
    const start = performance.now();
    if (element.hidden) {
      element.hidden = false;
      if (picture) picture.hidden = true;
    }
    showSchemes(legend, now);
    for (const chart of [charts[0], ...waiting]) {
      if (!waiting.delete(chart)) continue;
      chart.draw(now);
      if (performance.now() - start > FRAME_BUDGET) break;
    }
    if (waiting.size > 0) frame = requestAnimationFrame(draw);
    clearTimeout(describing);
    describing = setTimeout(describe, DESCRIBE_AFTER);
    const detail = { epoch: now.run.epoch, source: now.run.source };
    root.dispatchEvent(new CustomEvent("course-widget:drawn", { bubbles: true, detail }));
  };

  const describe = () => {
    for (const chart of charts) chart.describe(scene());
  };

  /** Colours or sizes have changed. */
  const redraw = () => {
    for (const chart of charts) chart.forget();
    update();
  };

  for (const touch of TOUCHES) undo.listen(root, touch, open, { passive: true });
  undo.listen(document, "fullscreenchange", redraw);
  undo.add(onThemeChange(redraw));
  undo.add(() => {
    cancelAnimationFrame(frame);
    clearTimeout(describing);
    for (const chart of charts) chart.remove();
    legend.remove();
    element.remove();
    if (picture) picture.hidden = false;
  });
  return { legend, element, open, update, remove: undo.run };
}

/** The legend that the charts of a race share; with one scheme there is nothing to tell apart. */
function showSchemes(legend, { schemes, run }) {
  const drawn = racing(schemes, run);
  const entries = drawn.map(({ label, look }) => ({ kind: "line", name: label, ...look }));
  if (run.settings.n_seeds > 1) entries.push({ kind: "band", name: "quartiles", color: "muted" });
  const names = entries.map(({ name }) => name).join();
  legend.hidden = entries.length < 2;
  if (legend.dataset.entries === names) return;
  legend.dataset.entries = names;
  legend.replaceChildren(...entries.map(legendEntry));
}
