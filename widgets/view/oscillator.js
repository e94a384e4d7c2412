import { percent } from "./format.js";

/** The error of the oscillator's widgets in words, as oscillator.py judges it. */
export const VERDICTS = {
  clean: { word: "clean", tone: "good" },
  partly: { word: "partly right", tone: "middling" },
  wrong: { word: "wrong", tone: "bad" },
};

/** The limits of the verdicts, which the definition of the widget knows, as levels of a chart of the error. */
export const LEVELS = [
  { limit: "wrong", dash: "dash", nameOf: (value) => `wrong from ${percent(value)}` },
  { limit: "clean", dash: "dot", nameOf: (value) => `clean below ${percent(value)}` },
];
