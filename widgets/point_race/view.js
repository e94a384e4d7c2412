import { roundedUp } from "../view/axis.js";
import { short } from "../view/format.js";
import { linesOf, raceHistory, seedsOf } from "../view/race.js";
import { spread } from "../view/results.js";
import { isLost, ofEach, racing } from "../view/schemes.js";
import { makeView } from "../view/view.js";

const SAME_BELOW = 1.5;
const MANY_FROM = 3.5;
/** Factor between two ratios that counts as a clear difference, and weights that count as a half. */
const CLEARLY = 1.5;
const AT_HALF = [0.45, 0.55];
const ACROSS = [-1.05, 1.05];

/** The part of the way from one point to the next that its bars take. */
const BARS_TAKE = 0.8;

const fit = {
  title: "Fit against the exact transition",
  x: { label: "x" },
  y: { label: "u" },
  draw({ run, schemes }) {
    const drawn = racing(schemes, run);
    const { curve } = drawn.find(({ run: own }) => own.curve.exact)?.run ?? { curve: { x: [], exact: [] } };
    const points = { x: run.points.x, y: run.points.target };
    return {
      x: ACROSS,
      y: [-1.4, 1.4],
      layers: [
        { kind: "line", name: "exact", x: curve.x, y: curve.exact, color: "muted", width: 6, opacity: 0.4 },
        ...named(
          linesOf(drawn, (own) => own.curve, "x", "u"),
          "network",
        ),
        {
          kind: "points",
          name: "training points",
          ...points,
          color: "muted",
          symbol: "circle-open",
          size: 5,
        },
      ],
    };
  },
  describe: ({ run, schemes }) =>
    `Mean residual in the centre, where the transition is, and outside: ${ofEach(
      racing(schemes, run),
      ({ result }) => `${short(result.centre, 2)} and ${short(result.outer, 2)}`,
    )}.`,
};

const residual = {
  title: "Where it is wrong",
  x: { label: "x" },
  y: { label: "|residual|", log: true },
  draw: ({ run, schemes }) => ({
    x: ACROSS,
    y: [1e-5, 2],
    layers: named(
      linesOf(racing(schemes, run), ({ curve }) => curve, "x", "residual"),
      "|residual|",
    ),
  }),
  describe: ({ run, schemes }) =>
    `How many times larger it is in the centre than outside: ${ofEach(racing(schemes, run), ({ result }) => short(result.ratio, 2))}.`,
};

const weights = {
  title: "Weights at the points",
  longOnly: true,
  x: { label: "x" },
  y: { label: "weight" },
  draw({ run, reference, schemes }) {
    const drawn = racing(schemes, run);
    const weighted = drawn.filter(({ run: own }) => own.point_weights);
    const level = drawn.filter(({ run: own }) => !own.point_weights);
    const step = (run.points.x[1] - run.points.x[0]) * BARS_TAKE;
    const breadth = step / Math.max(1, weighted.length);
    const bars = weighted.flatMap(({ label, look, run: own }, k) => {
      const x = Array.from(run.points.x, (place) => place - step / 2 + (k + 0.5) * breadth);
      return [
        { kind: "bars", name: label, x, y: own.point_weights, base: 0, breadth: 0.9 * breadth, ...look },
        ...whiskers(x, own, look.color),
      ];
    });
    const one = { kind: "line", x: ACROSS, y: [1, 1] };
    const lines = level.map(({ label, look }) => ({ ...one, name: label, ...look }));
    return { x: ACROSS, y: [0, highest([run, reference])], layers: [...lines, ...bars] };
  },
  describe: ({ run, schemes }) =>
    `Mean weight in the centre and outside: ${ofEach(racing(schemes, run), ({ result }) =>
      result.weight_centre === undefined
        ? "1 everywhere"
        : `${short(result.weight_centre, 2)} and ${short(result.weight_outer, 2)}`,
    )}.`,
};

/** The quartiles of the weights of an ensemble as vertical lines. */
function whiskers(x, { point_weights_low: low, point_weights_high: high }, color) {
  if (!low) return [];
  const ends = x.flatMap((place) => [place, place, null]);
  const heights = x.flatMap((_, k) => [low[k], high[k], null]);
  return [{ kind: "line", x: ends, y: heights, color, width: 1.5 }];
}

/** The end of the axis of weights: it holds those of all schemes in these runs but the lost ones. */
function highest(runs) {
  const all = runs.flatMap((run) => Object.values(run?.runs ?? {})).filter(({ result }) => !isLost(result));
  const tops = all.flatMap((own) => Array.from(own.point_weights_high ?? own.point_weights ?? []));
  return 1.05 * roundedUp(tops.reduce((most, top) => Math.max(most, top), 1));
}

const history = (title, label, series, given = {}) =>
  raceHistory({
    title,
    label,
    limits: [1e-9, 1e4],
    curves: [{ series }],
    describe: ({ result }) => short(result[series], 2),
    ...given,
  });

const centre = { longOnly: true, ...history("Residual in the centre", "mean |residual|", "centre") };
const outer = { longOnly: true, ...history("Residual outside", "mean |residual|", "outer") };
const ratio = {
  longOnly: true,
  ...history("Centre over outside", "ratio", "ratio", { log: false, limits: [0, 30] }),
};
const loss = {
  shortOnly: true,
  ...history("Loss on the training points", "mean square", "loss_data", {
    describe: ({ result }) => short(result.losses.data, 2),
  }),
};

/** Lines that nothing else names: of one scheme alone, which needs no common legend. */
function named(lines, name) {
  return lines.length === 1 ? lines.map((line) => ({ ...line, name })) : lines;
}

function outcomeOf(value) {
  if (value < SAME_BELOW) return "same";
  return value < MANY_FROM ? "some" : "many";
}

/** Compares the ratio of a scheme with that of uniform weights in the same race. */
const against = (scheme) => (result) => {
  const [own, uniform] = [result.runs[scheme], result.runs.uniform];
  if (!own || !uniform || isLost(own) || isLost(uniform)) return undefined;
  const drop = uniform.ratio / own.ratio;
  if (drop >= CLEARLY) return "better";
  return drop > 1 / CLEARLY ? "same" : "worse";
};

/** What became of the weights of the points outside, where the fit is easy, from their start at a half. */
function easyWeights({ runs: { self_adaptive: masks } }) {
  if (masks?.weight_outer === undefined) return undefined;
  if (masks.weight_outer < AT_HALF[0]) return "fell";
  return masks.weight_outer < AT_HALF[1] ? "stayed" : "rose";
}

const RATIOS = [
  ["same", `less than ${SAME_BELOW} times`],
  ["some", `${SAME_BELOW} to ${MANY_FROM} times`],
  ["many", `more than ${MANY_FROM} times`],
];
const AGAINST = [
  ["better", "clearly smaller"],
  ["same", "about the same"],
  ["worse", "clearly larger"],
];
const MASKS = [
  ["fell", "fall towards 0"],
  ["stayed", "stay at 0.5"],
  ["rose", "rise"],
];

export default makeView({
  charts: [fit, residual, weights, centre, outer, ratio, loss],
  inactive({ gradient_norm: norms, self_adaptive: masks, mask }) {
    return [
      ...(norms ? [] : ["denominator"]),
      ...(masks ? [] : ["ascent_rate", "mask", "ascent"]),
      ...(masks && mask === "sigmoid" ? [] : ["gamma0"]),
    ];
  },
  nameOf: seedsOf,
  verdict(_, schemes) {
    const healthy = schemes.filter(({ run: { result } }) => !isLost(result));
    if (healthy.length === 0) return { word: "every scheme diverged", tone: "bad" };
    const { label, run } = healthy.reduce((a, b) => (b.run.result.centre < a.run.result.centre ? b : a));
    const tone = { same: "good", some: "middling", many: "bad" }[outcomeOf(run.result.ratio)];
    const times = `${short(run.result.ratio, 2)} times larger in the centre`;
    if (schemes.length === 1) return { word: `residual ${times}`, tone };
    return { word: `smallest residual in the centre: ${label}, ${short(run.result.centre, 2)}`, tone };
  },
  readings: (
    _,
    [
      {
        run: { result },
      },
    ],
  ) => [
    ["mean |residual|, centre", short(result.centre, 2)],
    ["mean |residual|, outer", short(result.outer, 2)],
    ["loss", short(result.losses.data, 2)],
  ],
  columns: [
    { title: "centre", cell: (result) => spread(result, "centre") },
    { title: "outside", cell: (result) => spread(result, "outer") },
    {
      title: "ratio",
      cell: (result) => ({
        ...spread(result, "ratio"),
        tone: isLost(result)
          ? "bad"
          : { same: "good", some: "middling", many: "bad" }[outcomeOf(result.ratio)],
      }),
    },
  ],
  question: {
    text: (isShort) =>
      isShort
        ? "Predict first: how much larger is the residual in the centre than outside?"
        : "Predict first: with these weights, how large is the ratio of centre to outside beside that of uniform ones?",
    options: RATIOS,
    outcome: ({ runs: { uniform } }) => uniform && outcomeOf(uniform.ratio),
    cases: [
      {
        key: "gradient norm",
        preset: "Three-way race",
        text: "Gradient norm",
        options: AGAINST,
        outcome: against("gradient_norm"),
      },
      {
        key: "self-adaptive",
        preset: "Three-way race",
        text: "Self-adaptive masks",
        options: AGAINST,
        outcome: against("self_adaptive"),
      },
      {
        key: "easy masks",
        preset: "Masks from γ₀ = 0",
        text: "Masks of the easy points from γ₀ = 0",
        options: MASKS,
        outcome: easyWeights,
      },
    ],
  },
});
