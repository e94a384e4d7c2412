import { last } from "../view/axis.js";
import { percent, short } from "../view/format.js";
import { historyChart } from "../view/history.js";
import { LEVELS, VERDICTS } from "../view/oscillator.js";
import { makeView } from "../view/view.js";

const weightOf = (run) => run.result.weights.ic;
const hasWeight = (run) => weightOf(run) !== undefined;

const solution = {
  title: "Solution against cos(ωt)",
  x: { label: "t" },
  y: { label: "u" },
  draw: ({ run: { curve } }) => ({
    x: [0, 1],
    y: [-1.5, 1.5],
    layers: [
      { kind: "line", name: "cos(ωt)", x: curve.t, y: curve.exact, color: "muted", width: 6, opacity: 0.4 },
      { kind: "line", name: "network", x: curve.t, y: curve.u, color: "1", width: 2.5 },
    ],
  }),
  describe: ({ run: { curve, result } }) =>
    `The network starts at ${short(curve.u[0], 2)}, where cos(ωt) is 1, and ends at ${short(last(curve.u), 2)}, where it is ${short(last(curve.exact), 2)}. Relative L2 error ${percent(result.rel_l2)} now.`,
};

const losses = historyChart({
  title: "Loss terms",
  label: "unweighted",
  limits: [1e-9, 1e6],
  lines: [
    { name: "residual", color: "2", series: "loss_pde" },
    { name: "initial condition", color: "1", dash: "dash", series: "loss_ic" },
  ],
  describe: ({ run: { series, epoch } }) => {
    const initial = series.loss_ic
      ? `, that of the initial condition from ${short(series.loss_ic[0], 2)} to ${short(last(series.loss_ic), 2)}`
      : "";
    return `By epoch ${epoch} the residual loss went from ${short(series.loss_pde[0], 2)} to ${short(last(series.loss_pde), 2)}${initial}.`;
  },
});

const gradients = historyChart({
  title: "Gradients as they enter the step",
  label: "norm",
  limits: [1e-7, 1e8],
  lines: [
    { name: "‖∇L_PDE‖", color: "2", series: "pull_pde" },
    { name: "λ‖∇L_IC‖", color: "1", dash: "dash", series: "pull_ic" },
    { name: "ratio", color: "4", dash: "dot", series: "pull_ratio" },
  ],
  describe: ({ run: { series } }) => {
    const { pull_pde: pde, pull_ic: ic, pull_ratio: ratio } = series;
    if (!ic) return `The gradient of the residual is at ${short(last(pde), 2)}; there is no other term.`;
    return `Now ${short(last(pde), 2)} for the residual and ${short(last(ic), 2)} for the weighted initial condition; their ratio was ${short(ratio[0], 2)} at the start and is ${short(last(ratio), 2)}.`;
  },
});

const error = historyChart({
  title: "Error while training",
  label: "relative L2 error",
  limits: [1e-5, 1e2],
  levels: LEVELS,
  lines: [{ name: "error", color: "3", series: "rel_l2" }],
  describe: ({ run }) =>
    `${percent(run.result.rel_l2)} at epoch ${run.epoch}; over the last quarter ${percent(run.result.rel_l2_late)}: ${VERDICTS[run.result.verdict].word}.`,
});

function sameBut(a, b, names) {
  return Object.keys(a).every((name) => names.includes(name) || a[name] === b[name]);
}

/** The reader's own runs as points, if there are any. */
function ownRuns(name, symbol, runs) {
  if (runs.length === 0) return [];
  const [x, y] = [runs.map(weightOf), runs.map(({ result }) => result.rel_l2_late)];
  return [{ kind: "points", name, color: "2", symbol, x, y, texts: runs.map(pointText) }];
}

function pointText({ settings: { seed, learning_rate: rate, epochs }, result, changed }) {
  const moved = changed ? ", settings changed on the way" : "";
  return `${percent(result.rel_l2_late)}: seed ${seed}, learning rate ${rate}, ${epochs} epochs${moved}`;
}

const goldilocks = {
  title: "Goldilocks curve",
  longOnly: true,
  x: { label: "λ of the initial condition", log: true },
  y: { label: "relative L2 error", log: true },
  draw({ settings, recording, finished }) {
    const layers = [];
    if (recording) {
      const { weights, low, median, high, n_seeds: seeds } = recording.scan;
      layers.push(
        { kind: "band", name: "quartiles", x: weights, low, high, color: "1" },
        { kind: "line", name: `median of ${seeds} seeds`, x: weights, y: median, color: "1" },
      );
    }
    const own = finished.filter(hasWeight);
    const reference = recording?.scan.settings;
    const comparable = (run) =>
      !run.changed && (!reference || sameBut(run.settings, reference, ["lam_ic", "seed"]));
    layers.push(
      ...ownRuns("your runs", "diamond", own.filter(comparable)),
      ...ownRuns(
        "your runs, other settings",
        "diamond-open",
        own.filter((run) => !comparable(run)),
      ),
    );
    layers.push({
      kind: "rules",
      name: "weight now",
      x: [settings.lam_ic],
      color: "ink",
      dash: "dash",
      width: 1.5,
    });
    return { x: [10 ** -3.2, 10 ** 5.2], y: [2e-4, 5], layers };
  },
  describe({ settings, recording, finished }) {
    const now = `The weight now is ${short(settings.lam_ic)}; ${finished.length} of your own runs are shown.`;
    if (!recording) return now;
    const { weights, median, n_seeds: seeds } = recording.scan;
    const best = median.indexOf(Math.min(...median));
    return `Over ${seeds} seeds the median error is ${percent(median[0])} at the smallest weight, ${percent(median[best])} at ${short(weights[best])} and ${percent(last(median))} at the largest. ${now}`;
  },
};

export default makeView({
  charts: [solution, goldilocks, losses, gradients, error],
  inactive: ({ constraint }) => (constraint === "hard" ? ["lam_ic"] : []),
  nameOf: (run) => {
    const { seed, learning_rate: rate } = run.settings;
    const weight = hasWeight(run) ? `λ = ${short(weightOf(run))}` : "Hard constraint";
    return `${weight}, seed ${seed}, learning rate ${rate}`;
  },
  verdict: ({ result }) => {
    const { word, tone } = VERDICTS[result.verdict];
    return { word: `${word}: relative L2 error ${percent(result.rel_l2_late)}`, tone };
  },
  readings: (run) => {
    const { losses: terms } = run.result;
    const { pull_ratio: ratio } = run.series;
    return [
      ["residual loss", short(terms.pde, 2)],
      ["initial-condition loss", terms.ic === undefined ? "–" : short(terms.ic, 2)],
      ["gradient ratio", ratio ? `${short(ratio[0], 2)} → ${short(last(ratio), 2)}` : "–"],
    ];
  },
  question: {
    text: (isShort) => `Predict first: how good will the network be${isShort ? "" : " when the weight is"}?`,
    options: [
      ["clean", "clean"],
      ["partly", "partly"],
      ["wrong", "wrong"],
    ],
    outcome: ({ verdict }) => verdict,
  },
});
