import { decades, joined, last, roundedUp } from "./axis.js";
import { levelLines } from "./history.js";
import { isLost, racing } from "./schemes.js";

/** Whether the schemes of a run are compared after equal time. */
const isTimed = ({ settings }) => settings.compare === "time";

/** The seed of a run, or the seeds of an ensemble, in words. */
export function seedsOf({ settings: { seed, n_seeds: seeds } }) {
  return seeds > 1 ? `Seeds ${seed} to ${seed + seeds - 1}: medians, with quartiles` : `Seed ${seed}`;
}

/**
 * One line for every scheme, and the band of its quartiles if it is an ensemble.
 *
 * @param {{label: string, look: object, run: any}[]} schemes
 * @param {(run: any) => any} values an object of arrays, such as the run's "curve"
 * @param {string} x name of an array
 * @param {string} y name of an array; those of the quartiles end in _low and _high
 * @returns {import("./chart.js").Layer[]} all bands, then all lines
 */
export function linesOf(schemes, values, x, y) {
  const bands = [];
  const lines = [];
  for (const { label, look, run } of schemes) {
    const arrays = values(run);
    if (!arrays?.[y]) continue;
    const [low, high] = [arrays[`${y}_low`], arrays[`${y}_high`]];
    if (low) bands.push({ kind: "band", x: arrays[x], low, high, ...look });
    lines.push({ kind: "line", hover: label, x: arrays[x], y: arrays[y], ...look });
  }
  return [...bands, ...lines];
}

/**
 * A chart of all schemes over epochs, or over milliseconds when they are compared after equal time. The axis holds
 * the recorded run as well, so that it stands still while a live one catches up, and grows when one leaves it.
 *
 * @param {object} given
 * @param {string} given.title
 * @param {string} given.label of the vertical axis
 * @param {{series: string, name?: string, dash?: string}[]} given.curves names of series, with a name and a dash of
 *   their own if there are several
 * @param {[number, number]} given.limits what is beyond them is not drawn
 * @param {boolean} [given.log] whether the vertical axis is logarithmic; if not, it begins at zero
 * @param {import("./history.js").Level[]} [given.levels] limits of the widget marked by a thin line
 * @param {string} [given.nothing] what is said when no scheme has any of the curves
 * @param {(run: any) => string} given.describe one scheme, in words
 * @returns {import("./chart.js").ChartSpec}
 */
export function raceHistory({
  title,
  label,
  curves,
  limits,
  log = true,
  levels = [],
  nothing = "",
  describe,
}) {
  /** @type {WeakMap<object, [number, number]>} */
  const ranges = new WeakMap();
  const rangeOf = ({ runs }) => {
    const all = Object.values(runs).flatMap(({ series }) =>
      curves.flatMap((curve) => ["", "_low", "_high"].map((end) => series[curve.series + end] ?? [])),
    );
    return log ? decades(all, limits) : [0, Math.min(roundedUp(largest(all)), limits[1])];
  };
  return {
    title,
    x: { label: "epoch" },
    y: { label, log },
    draw({ run, reference, schemes, limits: known }) {
      if (reference?.runs && !ranges.has(reference)) ranges.set(reference, rangeOf(reference));
      const timed = isTimed(run);
      const along = timed ? "milliseconds" : "epoch";
      const x = [0, timed ? roundedUp(longest([run, reference])) : run.epochs];
      const layers = levelLines(levels, known, x);
      const drawn = racing(schemes, run);
      for (const { series, name, dash } of curves) {
        const lines = linesOf(drawn, (own) => own.series, along, series);
        const own = lines.map((layer) => ({ ...layer, ...(dash && layer.kind === "line" ? { dash } : {}) }));
        const first = name && own.find(({ kind }) => kind === "line");
        if (first) Object.assign(first, { name, legend: { color: "muted" } });
        layers.push(...own);
      }
      const note = layers.length === levels.length ? nothing : "";
      layers.push(...faults(drawn, along, curves[0].series), ...moves(run, along));
      const y = joined(rangeOf(run), reference?.runs && ranges.get(reference));
      return { x, y, layers, note, xLabel: timed ? "milliseconds" : "epoch" };
    },
    describe({ run, schemes }) {
      const parts = racing(schemes, run)
        .filter(({ run: { series } }) => curves.some((curve) => series[curve.series]?.length > 0))
        .map(({ label: scheme, run: own }) => `${scheme}: ${describe(own)}`);
      return parts.length > 0 ? `${parts.join("; ")}.` : nothing;
    },
  };
}

const FAULT = { kind: "points", symbol: "x", color: "ink" };
const MOVED = { kind: "rules", name: "fixed weight moved", color: "ink", dash: "dot", width: 1 };

/** The largest number in some arrays; zero if there is none. */
function largest(arrays) {
  return arrays.flatMap((values) => Array.from(values)).reduce((a, b) => (b > a ? b : a), 0);
}

/** The longest time that any scheme of these runs has taken. */
function longest(runs) {
  const all = runs.flatMap((run) => Object.values(run?.runs ?? {}));
  return Math.max(0, ...all.map(({ series }) => last(series.milliseconds) ?? 0));
}

/** A cross where a scheme that diverged was last seen. */
function faults(schemes, along, name) {
  const lost = schemes.filter(({ run: { result } }) => isLost(result));
  const ends = lost.map(({ label, run: { series } }) => ({
    label,
    x: last(series[along]),
    y: last(series[name]),
  }));
  const seen = ends.filter(({ y }) => y > 0);
  if (seen.length === 0) return [];
  const texts = seen.map(({ label }) => `${label} diverged after this`);
  return [{ ...FAULT, name: "diverged", x: seen.map(({ x }) => x), y: seen.map(({ y }) => y), texts }];
}

/** Where the reader moved the weight of the scheme with a fixed one. */
function moves({ runs: { fixed } }, along) {
  const weights = fixed?.series.lam_ic ?? [];
  const x = Array.from(weights.length > 0 ? fixed.series[along] : []).filter(
    (_, k) => k > 0 && weights[k] !== weights[k - 1],
  );
  return x.length > 0 ? [{ ...MOVED, x }] : [];
}
