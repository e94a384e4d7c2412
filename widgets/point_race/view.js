import { short } from "../shared/format.js";
import { historyChart } from "../shared/history.js";
import { makeView } from "../shared/view.js";

const SAME_BELOW = 1.5;
const MANY_FROM = 3.5;

const last = (values) => values[values.length - 1];

const fit = {
  title: "Fit against the exact transition",
  x: { label: "x" },
  y: { label: "u" },
  draw: ({ run: { curve, points } }) => ({
    x: [-1.05, 1.05],
    y: [-1.4, 1.4],
    layers: [
      { kind: "line", name: "exact", x: curve.x, y: curve.exact, color: "muted", width: 6, opacity: 0.4 },
      { kind: "line", name: "network", x: curve.x, y: curve.u, color: "1", width: 2.5 },
      {
        kind: "points",
        name: "training points",
        x: points.x,
        y: points.target,
        color: "2",
        symbol: "circle-open",
      },
    ],
  }),
  describe: ({ run: { result } }) =>
    `The mean residual is ${short(result.centre, 2)} in the centre, where the transition is, and ${short(result.outer, 2)} outside.`,
};

const residual = {
  title: "Where it is wrong: |residual|",
  x: { label: "x" },
  y: { label: "|residual|", log: true },
  draw: ({ run: { curve } }) => ({
    x: [-1.05, 1.05],
    y: [1e-5, 2],
    layers: [{ kind: "line", name: "|residual|", x: curve.x, y: curve.residual, color: "3" }],
  }),
  describe: ({ run: { result } }) =>
    `It is ${short(result.ratio, 2)} times larger in the centre than outside.`,
};

const loss = historyChart({
  title: "Loss on the training points",
  label: "mean square",
  limits: [1e-9, 1e3],
  lines: [{ name: "loss", color: "2", values: ({ series }) => series.loss_data }],
  describe: ({ run: { series } }) =>
    `The loss went from ${short(series.loss_data[0], 2)} to ${short(last(series.loss_data), 2)}.`,
});

function outcome({ ratio }) {
  if (ratio < SAME_BELOW) return "same";
  return ratio < MANY_FROM ? "some" : "many";
}

export default makeView({
  charts: [fit, residual, loss],
  nameOf: ({ settings }) => `Seed ${settings.seed}, ${settings.points} points`,
  verdict: ({ result }) => ({
    word: `residual ${short(result.ratio, 2)} times larger in the centre`,
    tone: { same: "good", some: "middling", many: "bad" }[outcome(result)],
  }),
  readings: ({ result }) => [
    ["mean |residual|, centre", short(result.centre, 2)],
    ["mean |residual|, outer", short(result.outer, 2)],
    ["loss", short(result.losses.data, 2)],
  ],
  question: {
    text: () => "Predict first: how much larger is the residual in the centre than outside?",
    options: [
      ["same", `less than ${SAME_BELOW} times`],
      ["some", `${SAME_BELOW} to ${MANY_FROM} times`],
      ["many", `more than ${MANY_FROM} times`],
    ],
    outcome,
  },
});
