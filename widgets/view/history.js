import { decades, joined } from "./axis.js";

/**
 * A chart of a run's history over its epochs on a logarithmic axis. The axis holds every recorded run, so that it
 * stands still while a slider moves, and grows when a live run leaves it.
 *
 * @param {object} given
 * @param {string} given.title
 * @param {string} given.label of the vertical axis
 * @param {{name: string, series: string, color: string, dash?: string, width?: number}[]} given.lines
 * @param {[number, number]} given.limits what is beyond them is not drawn
 * @param {Level[]} [given.levels] limits of the widget marked by a thin line
 * @param {(scene: any) => string} given.describe
 * @returns {import("./chart.js").ChartSpec}
 */
export function historyChart({ title, label, lines, limits, levels = [], describe }) {
  const rangeOf = (arraysOf) =>
    decades(
      lines.map(({ series }) => arraysOf[series] ?? []),
      limits,
    );
  return {
    title,
    x: { label: "epoch" },
    y: { label, log: true },
    describe,
    draw({ run, recording, limits: known }) {
      const y = joined(rangeOf(run.series), recording && rangeOf(recording.ranges));
      const x = [0, run.epochs];
      const { epoch } = run.series;
      const layers = levelLines(levels, known, x);
      for (const { series, ...look } of lines) {
        const drawn = run.series[series];
        if (drawn) layers.push({ kind: "line", x: epoch, y: drawn, ...look });
      }
      const moved = weightChanges(run);
      if (moved.length > 0) layers.push({ ...MOVED, x: moved });
      return { x, y, layers };
    },
  };
}

/**
 * Thin lines at limits of a widget.
 *
 * @typedef {{limit: string, dash: string, nameOf: (value: number) => string}} Level
 * @param {Level[]} levels
 * @param {Record<string, number>} limits by name
 * @param {[number, number]} x from where to where
 */
export function levelLines(levels, limits, x) {
  return levels.map(({ limit, dash, nameOf }) => {
    const value = limits[limit];
    return { ...LEVEL, name: nameOf(value), dash, x, y: [value, value] };
  });
}

const LEVEL = { kind: "line", color: "muted", width: 1.5 };
const MOVED = { kind: "rules", name: "weight moved", color: "ink", dash: "dot", width: 1 };

/** Epochs at which a weight of the run was changed. */
export function weightChanges({ series }) {
  const weights = Object.keys(series).filter((name) => name.startsWith("lam_"));
  return Array.from(series.epoch).filter(
    (_, k) => k > 0 && weights.some((name) => series[name][k] !== series[name][k - 1]),
  );
}
