import { h, setText, uniqueId } from "./dom.js";
import { differing } from "./settings.js";
import { memory } from "./storage.js";

const keep = memory("localStorage");

/**
 * The reader's prediction for each case, made before the run and kept in the browser, beside what came out.
 *
 * @typedef {object} Question
 * @property {(isShort: boolean) => string} text
 * @property {[string, string][]} options value and label of each possible outcome
 * @property {(result: any) => string} outcome the value that a run's result stands for
 *
 * @param {Question} question
 * @param {{settings: object[], start: object, options?: {only?: string}}} definition
 * @param {[string, object][]} cases name, and the settings that differ from those at the start
 * @param {string} place id of the widget, under which the prediction is kept
 */
export function prediction(question, definition, cases, place) {
  const key = `course-prediction:${place}`;
  const chosen = keep.read(key, {});
  const labels = new Map(question.options);
  const items = cases.map(([name, changes]) => {
    const options = [["", "?"], ...question.options].map(([value, label]) => h("option", { value }, label));
    const id = uniqueId("prediction");
    const select = h("select", { id }, ...options);
    if (labels.has(chosen[name])) select.value = chosen[name];
    const outcome = h("span", { class: "widget-outcome" });
    return { name, select, outcome, settings: { ...definition.start, ...changes } };
  });
  const element = h(
    "div",
    { class: "widget-predict", role: "group", "aria-label": "Your prediction" },
    h("p", { class: "widget-question" }, question.text(definition.options?.only === "train")),
    ...items.map(({ name, select, outcome }) =>
      h("div", { class: "widget-case" }, h("label", { for: select.id }, name), select, outcome),
    ),
  );

  /** The latest of the reader's complete runs that fits a case, whatever its seed. */
  const ownRun = (settings, finished) =>
    finished.findLast(
      (run) =>
        !run.changed &&
        differing(definition.settings, settings, run.settings).every((name) => name === "seed"),
    );

  const show = (finished) => {
    for (const { select, outcome, settings } of items) {
      const run = ownRun(settings, finished);
      const came = run && question.outcome(run.result);
      const right = select.value === came;
      outcome.classList.toggle("is-right", Boolean(came) && right);
      outcome.classList.toggle("is-wrong", Boolean(came) && !right && select.value !== "");
      setText(outcome, came ? verdictText(labels.get(came), select.value, right) : "");
    }
  };

  return {
    element,
    show,
    /** Whether the reader has chosen for any case. */
    isMade: () => items.some(({ select }) => select.value !== ""),
    onChoice(callback) {
      for (const { name, select } of items) {
        select.addEventListener("change", () => {
          chosen[name] = select.value;
          keep.write(key, chosen);
          callback();
        });
      }
    },
  };
}

function verdictText(came, predicted, right) {
  if (predicted === "") return `your run: ${came}`;
  return right ? `✓ your run: ${came}` : `✗ your run: ${came}`;
}
