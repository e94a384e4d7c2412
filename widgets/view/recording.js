import { unpack } from "../runs/wire.js";
import { sha256 } from "./digest.js";
import { differing, toPosition } from "./settings.js";

const INDEX = "index.run";
const ANOTHER_KIND = 1000;
const ANOTHER_NUMBER = 10;

/**
 * The recorded runs of a widget: an index that says which there are, and the runs, each fetched when it is asked for.
 *
 * @typedef {object} Entry one recorded run
 * @property {import("./settings.js").Settings} settings
 * @property {string} file
 * @property {string} sha256
 */
export class Recording {
  /** @type {Entry[]} */
  runs;
  /** The least and the largest positive number of every series over all runs. @type {Record<string, [number, number]>} */
  ranges;
  #read;
  /** @type {Map<Entry, Promise<any>>} */
  #asked = new Map();
  /** @type {Map<Entry, any>} */
  #loaded = new Map();

  /**
   * @param {any} index as `archive.published` writes it; what else it holds is for the charts
   * @param {(file: string) => Promise<ArrayBuffer>} read gives a file of this widget's recorded runs
   */
  constructor(index, read) {
    Object.assign(this, index);
    this.#read = read;
  }

  /** Read the index. */
  static async open(/** @type {(file: string) => Promise<ArrayBuffer>} */ read) {
    return new Recording(unpack(await read(INDEX)), read);
  }

  /** A run, if it is there already. */
  loaded(/** @type {Entry} */ entry) {
    return this.#loaded.get(entry);
  }

  /** Fetch a run, once. */
  load(/** @type {Entry} */ entry) {
    let asked = this.#asked.get(entry);
    if (!asked) {
      asked = this.#fetch(entry);
      this.#asked.set(entry, asked);
      asked.catch(() => this.#asked.delete(entry)); // it may be there the next time
    }
    return asked;
  }

  /** Fetch the runs that nobody has asked for yet, one after the other, until one cannot be had. */
  async loadRest() {
    for (const entry of this.runs) await this.load(entry);
  }

  async #fetch(/** @type {Entry} */ entry) {
    const buffer = await this.#read(entry.file);
    const digest = await sha256(buffer);
    if (digest !== null && digest !== entry.sha256) throw new Error("a file is damaged");
    const run = { ...unpack(buffer), settings: entry.settings };
    this.#loaded.set(entry, run);
    return run;
  }
}

/**
 * The recorded run that comes closest to the settings.
 *
 * @param {Recording} recording
 * @param {import("./settings.js").Spec[]} schema without the settings that have no effect
 * @param {import("./settings.js").Settings} settings
 * @returns {{entry: Entry, differs: string[]}} the run, and the names of the settings in which it differs
 */
export function nearestRun(recording, schema, settings) {
  let best = recording.runs[0];
  let least = Number.POSITIVE_INFINITY;
  for (const entry of recording.runs) {
    const distance = distanceOf(schema, settings, entry.settings);
    if (distance < least) [best, least] = [entry, distance];
  }
  return { entry: best, differs: differing(schema, settings, best.settings) };
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
