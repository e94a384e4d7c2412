import { differing, toPosition } from "./settings.js";

const ANOTHER_KIND = 1000;
const ANOTHER_NUMBER = 10;

/**
 * The recorded run that comes closest to the settings.
 *
 * @param {{runs: any[]}} recording
 * @param {import("./settings.js").Spec[]} schema without the settings that have no effect
 * @param {import("./settings.js").Settings} settings
 * @returns {{run: any, differs: string[]}} the run, and the names of the settings in which it differs
 */
export function nearestRun(recording, schema, settings) {
  let best = null;
  let least = Number.POSITIVE_INFINITY;
  for (const run of recording.runs) {
    const distance = distanceOf(schema, settings, run.settings);
    if (distance < least) [best, least] = [run, distance];
  }
  return { run: best, differs: differing(schema, settings, best.settings) };
}

/** A choice counts most, then every other number, and a slider by the distance of its positions. */
function distanceOf(schema, settings, recorded) {
  let distance = 0;
  for (const spec of schema) {
    if (spec.kind === "choice") {
      if (settings[spec.name] !== recorded[spec.name]) distance += ANOTHER_KIND;
    } else if (spec.scale === "log10") {
      distance += Math.abs(toPosition(spec, settings[spec.name]) - toPosition(spec, recorded[spec.name]));
    } else if (differing([spec], settings, recorded).length > 0) {
      distance += ANOTHER_NUMBER;
    }
  }
  return distance;
}
