import { roundedUp } from "../view/axis.js";
import { short, time } from "../view/format.js";
import { makeView } from "../view/view.js";

/** What is timed, in the order of its bars. */
const TIMED = [
  { key: "step", name: "training step", color: "muted", filling: 0.45 },
  { key: "closed", name: "closed form", color: "1", filling: 0.9 },
  { key: "closed_alone", name: "with own sweep", color: "1", filling: 0.45 },
  { key: "loop", name: "loop over points", color: "2", filling: 0 },
];
const FEW_BELOW = 3;
const MANY_FROM = 10;
const VERY_MANY_FROM = 30;

const millisecondsOf = (result, { key }) => result[`milliseconds_${key}`];

const times = {
  title: "Time taken",
  x: { label: "" },
  y: { label: "milliseconds" },
  draw({ run: { result } }) {
    const values = TIMED.map((timed) => millisecondsOf(result, timed));
    return {
      x: [-0.6, TIMED.length - 0.4],
      y: [0, roundedUp(Math.max(...values))],
      ticks: TIMED.map(({ name }) => name.replace(" ", "<br>")),
      layers: TIMED.map(({ color, filling }, k) => ({
        kind: "bars",
        x: [k],
        y: [values[k]],
        base: 0,
        breadth: 0.6,
        color,
        filling,
      })),
    };
  },
  describe: ({ run: { result } }) =>
    `${TIMED.map((timed) => `${timed.name} ${time(millisecondsOf(result, timed))}`).join("; ")}.`,
};

function outcome({ ratio }) {
  if (ratio < FEW_BELOW) return "few";
  if (ratio < MANY_FROM) return "some";
  return ratio < VERY_MANY_FROM ? "many" : "very_many";
}

export default makeView({
  charts: [times],
  train: "Measure",
  buttons: [],
  nameOf: ({ settings: { width, points, depth } }) =>
    `${points} points, ${depth === 1 ? "one hidden layer" : `${depth} hidden layers`} of width ${width}`,
  verdict({ result: { passed, ratio, difference } }) {
    if (!passed) return { word: `the two ways differ by ${short(difference, 2)}`, tone: "bad" };
    return { word: `the same traces, ${short(ratio, 2)} times faster in closed form`, tone: "good" };
  },
  readings: ({ result }) => [
    ["closed form", `${short(result.milliseconds_closed / result.milliseconds_step, 2)} training steps`],
    ["loop", `${short(result.milliseconds_loop / result.milliseconds_step, 2)} training steps`],
    ["largest relative difference", short(result.difference, 2)],
    ...Object.entries(result.traces).map(([term, trace]) => [`trace of ${term}`, short(trace)]),
  ],
  table: ({ table }) => table,
  question: {
    text: () => "Predict first: how many times longer does the loop over the points take?",
    options: [
      ["few", `less than ${FEW_BELOW} times`],
      ["some", `${FEW_BELOW} to ${MANY_FROM} times`],
      ["many", `${MANY_FROM} to ${VERY_MANY_FROM} times`],
      ["very_many", `more than ${VERY_MANY_FROM} times`],
    ],
    outcome,
  },
});
