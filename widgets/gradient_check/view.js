import { short } from "../view/format.js";
import { makeView } from "../view/view.js";

const LOOKS = {
  total: { color: "1", symbol: "circle" },
  pde: { color: "2", symbol: "diamond-open" },
  ic: { color: "3", symbol: "square-open" },
};
const RANGE = [1e-17, 10];

/** Zero has no place on a logarithmic axis: such an error stands at its lower end. */
const place = (error) => Math.min(Math.max(error ?? RANGE[1], RANGE[0]), RANGE[1]);

const errors = {
  title: "Difference between the rules and the complex step",
  x: { label: "gradient in" },
  y: { label: "largest relative error", log: true },
  draw({ run: { table, result } }) {
    const [, ...blocks] = table.columns;
    const x = [-0.5, blocks.length - 0.5];
    const tolerance = [result.tolerance, result.tolerance];
    return {
      x,
      y: [RANGE[0] / 2, RANGE[1] * 2],
      ticks: blocks,
      layers: [
        { kind: "line", name: "tolerance", x, y: tolerance, color: "muted", dash: "dash", width: 1.5 },
        ...table.rows.map(([term, ...values]) => ({
          kind: "points",
          name: term === "total" ? "whole loss" : `term ${term}`,
          x: blocks.map((_, k) => k),
          y: values.map(place),
          texts: values.map((value, k) => `${term}, ${blocks[k]}: ${short(value, 2)}`),
          ...LOOKS[term],
        })),
      ],
    };
  },
  describe: ({ run: { result } }) =>
    `The worst error is ${short(result.worst, 2)}; errors above ${short(result.tolerance, 2)} fail.`,
};

export default makeView({
  charts: [errors],
  train: "Run the check",
  buttons: [],
  inactive: ({ bend }) => (bend === "none" ? ["bend_by"] : []),
  nameOf: ({ settings: { bend, bend_by: size, seed } }) =>
    bend === "none"
      ? `Every rule as derived, seed ${seed}`
      : `Rule ${bend} bent by ${short(size)}, seed ${seed}`,
  verdict: ({ result: { passed } }) =>
    passed ? { word: "check passed", tone: "good" } : { word: "check failed", tone: "bad" },
  readings: ({ result, table }) => [
    ["worst error", short(result.worst, 2)],
    ["tolerance", short(result.tolerance, 2)],
    ...Object.entries(table.streams).map(([stream, error]) => [`stream ${stream}`, short(error, 2)]),
  ],
  table: ({ table }) => table,
  question: {
    text: () => "Predict first: which of these does the check let pass?",
    options: [
      ["passed", "passed"],
      ["failed", "failed"],
    ],
    outcome: ({ passed }) => (passed ? "passed" : "failed"),
  },
});
