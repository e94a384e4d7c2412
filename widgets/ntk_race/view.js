import { last } from "../view/axis.js";
import { percent, short } from "../view/format.js";
import { LEVELS, VERDICTS } from "../view/oscillator.js";
import { linesOf, raceHistory, seedsOf } from "../view/race.js";
import { spread } from "../view/results.js";
import { isLost, ofEach, racing } from "../view/schemes.js";
import { makeView } from "../view/view.js";

const HAND_TUNED = 100;

/** Weights that count as about the hand-tuned one, and those from which on a weight has run away. */
const NEAR = [30, 300];
const RUNAWAY_FROM = 1e4;

const solution = {
  title: "Solution against cos(ωt)",
  x: { label: "t" },
  y: { label: "u" },
  draw({ run, schemes }) {
    const drawn = racing(schemes, run);
    const first = drawn.find(({ run: { curve } }) => curve.exact);
    const exact = first && {
      ...{ kind: "line", name: "cos(ωt)", color: "muted", width: 6, opacity: 0.4 },
      ...{ x: first.run.curve.t, y: first.run.curve.exact },
    };
    return {
      x: [0, 1],
      y: [-1.5, 1.5],
      layers: [...(exact ? [exact] : []), ...linesOf(drawn, ({ curve }) => curve, "t", "u")],
    };
  },
  describe: ({ run, schemes }) =>
    `Relative L2 error: ${ofEach(racing(schemes, run), ({ result }) => errorText(result))}.`,
};

const error = raceHistory({
  title: "Error while training",
  label: "relative L2 error",
  limits: [1e-6, 1e2],
  levels: LEVELS,
  curves: [{ series: "rel_l2" }],
  describe: ({ result, epoch }) => `${errorText(result)} at epoch ${epoch}`,
});

const residual = raceHistory({
  title: "Loss of the residual",
  label: "unweighted",
  limits: [1e-9, 1e6],
  curves: [{ series: "loss_pde" }],
  describe: ({ series }) => fromTo(series.loss_pde),
});

const initial = raceHistory({
  title: "Loss of the initial condition",
  label: "unweighted",
  limits: [1e-12, 1e4],
  curves: [{ series: "loss_ic" }],
  nothing: "No scheme that is on has this term.",
  describe: ({ series }) => fromTo(series.loss_ic),
});

const weight = raceHistory({
  title: "Weight of the initial condition",
  label: "λ",
  limits: [1e-4, 1e12],
  curves: [{ series: "lam_ic" }],
  nothing: "No scheme that is on has a weight.",
  describe: ({ series }) => fromTo(series.lam_ic),
});

const traces = raceHistory({
  title: "Traces of the kernel",
  label: "tr K",
  limits: [1e-6, 1e12],
  curves: [
    { series: "trace_pde", name: "residual", dash: "solid" },
    { series: "trace_ic", name: "initial condition", dash: "dash" },
  ],
  nothing: "Switch NTK on: no other scheme takes traces.",
  describe: ({ series }) =>
    `residual ${fromTo(series.trace_pde)}, initial condition ${fromTo(series.trace_ic)}`,
});

function fromTo(values) {
  const first = Array.from(values).find((value) => value > 0);
  return `from ${short(first, 2)} to ${short(last(values), 2)}`;
}

function errorText({ rel_l2_late: value, verdict, diverged }) {
  if (isLost({ diverged })) return `diverged at epoch ${diverged.epoch}`;
  return `${percent(value)}, ${VERDICTS[verdict].word}`;
}

/** What a race says of the error of one scheme; nothing if the scheme is not in it. */
const howGood = (scheme) => (result) => {
  const own = result.runs[scheme];
  return own && (isLost(own) ? "wrong" : own.verdict);
};

/** What a race says of the weight with which one scheme ends. */
const howHeavy = (scheme) => (result) => {
  const own = result.runs[scheme];
  if (!own) return undefined;
  const lam = own.weights?.ic;
  if (isLost(own) || lam >= RUNAWAY_FROM) return "runaway";
  return lam < NEAR[0] ? "small" : lam < NEAR[1] ? "near" : "large";
};

const GOOD = [
  ["clean", "clean"],
  ["partly", "partly"],
  ["wrong", "wrong"],
];
const HEAVY = [
  ["small", `below ${NEAR[0]}`],
  ["near", `near ${HAND_TUNED}`],
  ["large", `${NEAR[1]} to ${short(RUNAWAY_FROM)}`],
  ["runaway", `above ${short(RUNAWAY_FROM)}`],
];

export default makeView({
  charts: [solution, error, weight, residual, initial, traces],
  inactive({ fixed, ntk, annealing, clamp }) {
    const adaptive = ntk || annealing;
    return [
      ...(fixed ? [] : ["fixed_weight"]),
      ...(ntk ? [] : ["definition"]),
      ...(adaptive ? [] : ["refresh", "keep", ...(clamp === "none" ? [] : ["clamp"])]),
      ...(annealing ? [] : ["annealing_weight"]),
    ];
  },
  nameOf: seedsOf,
  verdict(_, schemes) {
    const healthy = schemes.filter(({ run: { result } }) => !isLost(result));
    if (healthy.length === 0) return { word: "every scheme diverged", tone: "bad" };
    const best = healthy.reduce((a, b) => (b.run.result.rel_l2_late < a.run.result.rel_l2_late ? b : a));
    const { word, tone } = VERDICTS[best.run.result.verdict];
    return {
      word: `best: ${best.label}, relative L2 error ${percent(best.run.result.rel_l2_late)}, ${word}`,
      tone,
    };
  },
  columns: [
    {
      title: "relative L2",
      cell(result) {
        if (isLost(result)) return { text: "diverged", tone: "bad" };
        const { text, detail } = spread(result, "rel_l2_late", percent);
        const { word, tone } = VERDICTS[result.verdict];
        return { text: `${text}, ${word}`, detail, tone };
      },
    },
    { title: "λ now", cell: ({ weights }) => (weights ? spread(weights, "ic") : { text: "–" }) },
  ],
  question: {
    text: () => "Predict first: how does each of these races end?",
    cases: [
      {
        preset: "NTK weights",
        text: "“NTK weights”: λ of NTK ends",
        options: HEAVY,
        outcome: howHeavy("ntk"),
      },
      { preset: "sum", text: "“sum”: NTK ends", options: GOOD, outcome: howGood("ntk") },
      { preset: "no smoothing", text: "“no smoothing”: NTK ends", options: GOOD, outcome: howGood("ntk") },
      {
        preset: "annealing outside",
        text: "“annealing outside”: its λ ends",
        options: HEAVY,
        outcome: howHeavy("annealing"),
      },
    ],
  },
});
