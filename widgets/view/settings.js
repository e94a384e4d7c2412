/**
 * Reading, cleaning and comparing settings from the schema that the recipe declares.
 *
 * @typedef {object} Spec one setting, as `WidgetSettings.schema()` in settings.py gives it
 * @property {string} name
 * @property {string} label
 * @property {"float" | "int" | "choice" | "flag"} kind a flag switches the scheme of its name on
 * @property {any} default
 * @property {number | null} minimum
 * @property {number | null} maximum
 * @property {"linear" | "log10"} scale
 * @property {number | null} step in decades when the scale is log10
 * @property {string} unit
 * @property {[any, string][]} choices
 * @property {boolean} live whether it may change while training runs
 * @property {"main" | "more"} group
 * @property {string} help
 *
 * @typedef {Record<string, number | string | boolean>} Settings
 */

const LONGEST_SHOWN = 24;
/** What stands for a flag in links; the first of each is how it is written. */
const ON = ["on", "true", "yes", "1"];
const OFF = ["off", "false", "no", "0"];

/** What is said of a text that somebody else may have written. */
const shown = (text) => `“${text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text}”`;

/** @returns {Settings} */
export function defaults(/** @type {Spec[]} */ schema) {
  return Object.fromEntries(schema.map((spec) => [spec.name, spec.default]));
}

/**
 * One value from a text, brought into its range; with a remark if it is not what the text says.
 *
 * @param {Spec} spec
 * @param {string} text
 * @param {number | string | boolean} fallback
 * @returns {{value: number | string | boolean, remark: string | null}}
 */
export function readValue(spec, text, fallback) {
  if (spec.kind === "flag") {
    const word = text.trim().toLowerCase();
    if (ON.includes(word) || OFF.includes(word)) return { value: ON.includes(word), remark: null };
    const remark = `${spec.label} ${shown(text)} is neither on nor off: ${valueText(fallback)} used`;
    return { value: fallback, remark };
  }
  if (spec.kind === "choice") {
    const choice = spec.choices.find(([value]) => String(value) === text);
    if (choice) return { value: choice[0], remark: null };
    return { value: fallback, remark: `${spec.label} ${shown(text)} is no choice: ${fallback} used` };
  }
  const number = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(number)) {
    return { value: fallback, remark: `${spec.label} ${shown(text)} is no number: ${fallback} used` };
  }
  const whole = spec.kind === "int" ? Math.round(number) : number;
  const value = Math.min(spec.maximum ?? whole, Math.max(spec.minimum ?? whole, whole));
  if (value === number) return { value, remark: null };
  const cause = value === whole ? "is no whole number" : "is out of range";
  return { value, remark: `${spec.label} ${shown(text)} ${cause}: ${value} used` };
}

/**
 * Settings from names and texts, such as those of a link. Names that the schema lacks are left out.
 *
 * @param {Spec[]} schema
 * @param {[string, string][]} entries
 * @param {Settings} base where the rest comes from
 * @param {number} least schemes that a race needs
 * @returns {{settings: Settings, remarks: string[]}}
 */
export function readSettings(schema, entries, base, least = 0) {
  const given = new Map(entries);
  const settings = { ...base };
  const remarks = [];
  const missing = [];
  for (const spec of schema) {
    const text = given.get(spec.name);
    if (text === undefined) {
      missing.push(spec.label);
    } else {
      const { value, remark } = readValue(spec, text, base[spec.name]);
      settings[spec.name] = value;
      if (remark) remarks.push(remark);
    }
  }
  const flags = flagsOf(schema);
  if (flags.filter(({ name }) => settings[name]).length < least) {
    for (const { name } of flags) settings[name] = base[name];
    remarks.push(`${tooFew(least)}: those of this page used`);
  }
  const unknown = [...given.keys()].filter((name) => !schema.some((spec) => spec.name === name));
  if (unknown.length > 0) remarks.push(`unknown and ignored: ${unknown.slice(0, 3).map(shown).join(", ")}`);
  if (missing.length > 0) remarks.push(`not given, so left as on this page: ${missing.join(", ")}`);
  return { settings, remarks };
}

/** A value as links write it. */
export function valueText(value) {
  if (typeof value === "boolean") return value ? ON[0] : OFF[0];
  return String(value);
}

/** A setting in words: its label, and its value or the name of the choice, without what explains it. */
export function settingText(/** @type {Spec} */ { label, choices }, value) {
  const [, choice = valueText(value)] = choices.find(([known]) => known === value) ?? [];
  return `${label.replace(/^log10 /, "")} ${choice.split(":")[0]}`;
}

/** The settings that are flags: the schemes of a race. */
export function flagsOf(/** @type {Spec[]} */ schema) {
  return schema.filter(({ kind }) => kind === "flag");
}

/** What is said when a race would be left with fewer schemes than it needs. */
export function tooFew(least) {
  return `A race needs at least ${least === 1 ? "one scheme" : `${least} schemes`}`;
}

/** Names of the settings in which `a` and `b` differ by more than rounding. */
export function differing(/** @type {Spec[]} */ schema, a, b) {
  return schema.filter(({ name }) => !sameValue(a[name], b[name])).map(({ name }) => name);
}

function sameValue(a, b) {
  if (typeof a !== "number" || typeof b !== "number") return a === b;
  return Math.abs(a - b) <= 1e-4 * Math.max(Math.abs(a), Math.abs(b));
}

/** The position of a value on its control: its decimal logarithm when the scale is log10. */
export function toPosition(/** @type {Spec} */ spec, value) {
  return spec.scale === "log10" ? Math.log10(value) : value;
}

/** The value at a position; six digits, so that 10^-2.75 is the same number here and in Python. */
export function fromPosition(/** @type {Spec} */ spec, position) {
  return spec.scale === "log10" ? Number((10 ** position).toPrecision(6)) : position;
}

/** The settings as a query: every setting, so that a link holds when a default changes. */
export function toQuery(/** @type {Spec[]} */ schema, settings) {
  return schema
    .map(({ name }) => `${encodeURIComponent(name)}=${encodeURIComponent(valueText(settings[name]))}`)
    .join("&");
}
