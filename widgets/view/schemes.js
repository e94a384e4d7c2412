import { flagsOf } from "./settings.js";

/**
 * How the schemes of a race look, in the order of their flags: colour, dash and filling of bars. Each differs from
 * the others in more than its colour.
 */
const LOOKS = [
  { color: "1", dash: "solid", filling: 0.25 },
  { color: "2", dash: "dash", filling: 0 },
  { color: "3", dash: "dashdot", filling: 0.9 },
  { color: "4", dash: "dot", filling: 0.45 },
  { color: "5", dash: "longdash", filling: 0.7 },
];

/**
 * The schemes of a race: a flag of the settings each.
 *
 * @param {import("./settings.js").Spec[]} schema
 * @returns {{name: string, label: string, look: {color: string, dash: string, filling: number}}[]}
 */
export function schemesOf(schema) {
  return flagsOf(schema).map(({ name, label }, k) => ({ name, label, look: LOOKS[k % LOOKS.length] }));
}

/** The schemes that are in a run, each with its own run. */
export function racing(schemes, { runs }) {
  return schemes
    .filter(({ name }) => name in (runs ?? {}))
    .map((scheme) => ({ ...scheme, run: runs[scheme.name] }));
}

/**
 * A race with only the schemes that the settings switch on. A run that is no race stays as it is.
 *
 * @param {any} run
 * @param {import("./settings.js").Spec[]} schema
 * @param {import("./settings.js").Settings} settings
 */
export function switchedOn(run, schema, settings) {
  if (!run.runs) return run;
  const flags = flagsOf(schema).map(({ name }) => name);
  const pick = (runs) =>
    Object.fromEntries(
      flags.filter((name) => settings[name] && name in runs).map((name) => [name, runs[name]]),
    );
  return { ...run, runs: pick(run.runs), result: { ...run.result, runs: pick(run.result.runs) } };
}

/** Whether a scheme is out of the race: all its seeds have diverged. */
export function isLost({ diverged }) {
  return Boolean(diverged) && diverged.members === diverged.of;
}

/** Something about every scheme, in words. */
export function ofEach(schemes, describe) {
  return schemes.map(({ label, run }) => `${label} ${describe(run)}`).join("; ");
}
