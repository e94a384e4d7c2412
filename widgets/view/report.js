import { h, setText } from "./dom.js";
import { standings } from "./results.js";
import { racing } from "./schemes.js";
import { defaults, differing, settingText } from "./settings.js";

/**
 * What is on show, in words: the verdict, which run it is, and its numbers; of a race, a table of its schemes.
 *
 * @param {import("./view.js").ViewSpec} view
 * @param {import("./settings.js").Spec[]} schema
 * @param {ReturnType<import("./schemes.js").schemesOf>} schemes
 * @param {boolean} isShort
 */
export function report(view, schema, schemes, isShort) {
  const verdict = h("strong", { class: "widget-verdict" });
  const caption = h("p", { class: "widget-caption" });
  const readings = h("p", { class: "widget-readings" });
  const table = view.columns && !isShort ? standings(view.columns) : null;
  const numbers = table ? h("div", { class: "widget-standings-box" }, table.element) : readings;
  const element = h("div", { class: "widget-report", hidden: true }, verdict, caption, numbers);
  return {
    element,
    show(run) {
      element.hidden = false;
      const drawn = racing(schemes, run);
      const { word, tone } = view.verdict(run, drawn);
      setText(verdict, word);
      verdict.dataset.tone = tone;
      const changes = schemes.length > 0 ? changesOf(run, view, schema) : "";
      setText(caption, `${originOf(run, view, schema)} ${view.nameOf(run)}${changes}`);
      if (table) table.show(drawn, run.source === "recorded");
      else showReadings(readings, view.readings(run, drawn));
    },
  };
}

/** Where the run comes from, and how a recorded one differs from what was asked for. */
function originOf(run, view, schema) {
  if (run.source === "live") return "Your run.";
  if (run.differs.length === 0) return "Recorded run.";
  const others = schema
    .filter(({ name }) => run.differs.includes(name))
    .map((spec) => settingText(spec, run.settings[spec.name]));
  return `Recorded with ${others.join(", ")}; press ${view.train} for yours.`;
}

/** The settings of a race that are not those with which the widget starts, schemes and seeds apart. */
function changesOf({ settings }, view, schema) {
  const apart = [...view.inactive(settings), "seed", "n_seeds"];
  const told = schema.filter(({ name, kind }) => kind !== "flag" && !apart.includes(name));
  const changed = differing(told, settings, defaults(told));
  const texts = told
    .filter(({ name }) => changed.includes(name))
    .map((spec) => settingText(spec, settings[spec.name]));
  return texts.length > 0 ? `; ${texts.join(", ")}` : "";
}

function showReadings(list, readings) {
  if (list.children.length !== readings.length) {
    list.replaceChildren(...readings.map(() => h("span", {}, h("span", {}), " ", h("b", {}))));
  }
  readings.forEach(([name, value], k) => {
    const [term, text] = list.children[k].children;
    setText(term, name);
    setText(text, value);
  });
}
