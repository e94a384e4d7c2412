import { percent } from "./format.js";

/** The error of the oscillator's widgets in words, as oscillator.py judges it. */
export const VERDICTS = {
  clean: { word: "clean", tone: "good" },
  partly: { word: "partly right", tone: "middling" },
  wrong: { word: "wrong", tone: "bad" },
};

const CLEAN_BELOW = 0.05;
const WRONG_FROM = 0.3;

/** The limits of the verdicts, as levels of a chart of the error. */
export const LEVELS = [
  { name: `wrong from ${percent(WRONG_FROM)}`, value: WRONG_FROM, dash: "dash" },
  { name: `clean below ${percent(CLEAN_BELOW)}`, value: CLEAN_BELOW, dash: "dot" },
];
