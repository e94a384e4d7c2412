import { h, setText, uniqueId } from "./dom.js";
import { differing } from "./settings.js";
import { memory } from "./storage.js";

const keep = memory("localStorage");

/**
 * The reader's prediction for each case, made before the run and kept in the browser, beside what came out.
 *
 * @typedef {object} Question asked of every preset
 * @property {(isShort: boolean) => string} text
 * @property {[string, string][]} options value and label of each possible outcome
 * @property {(result: any) => string | undefined} outcome the value that a run's result stands for, if it does
 * @property {Case[]} [cases] of the widget in full, where each preset has a question of its own
 *
 * @typedef {object} Case
 * @property {string} [key] under which it is kept; the name of the preset if there is none
 * @property {string} preset name of the preset with whose settings the reader's run is compared
 * @property {string} text
 * @property {[string, string][]} options
 * @property {(result: any) => string | undefined} outcome
 *
 * @param {Question} question
 * @param {{settings: import("./settings.js").Spec[], start: object, presets: [string, object][]}} definition
 * @param {boolean} isShort
 * @param {string} place id of the widget, under which the prediction is kept
 */
export function prediction(question, definition, isShort, place) {
  const key = `course-prediction:${place}`;
  const chosen = keep.read(key, {});
  const own = isShort ? undefined : question.cases;
  const items = casesOf(question, definition, isShort).map(({ name, text, changes, options, outcomeOf }) => {
    const choices = [["", "?"], ...options].map(([value, label]) => h("option", { value }, label));
    const id = uniqueId("prediction");
    const select = h("select", { id }, ...choices);
    const labels = new Map(options);
    if (labels.has(chosen[name])) select.value = chosen[name];
    const outcome = h("span", { class: "widget-outcome" });
    return { name, text, labels, select, outcome, outcomeOf, settings: { ...definition.start, ...changes } };
  });
  const element = h(
    "div",
    { class: `widget-predict${own ? " has-own-cases" : ""}`, role: "group", "aria-label": "Your prediction" },
    h("p", { class: "widget-question" }, question.text(isShort)),
    ...items.map(({ text, select, outcome }) =>
      h("div", { class: "widget-case" }, h("label", { for: select.id }, text), select, outcome),
    ),
  );

  // the same question, whatever the seed, the number of seeds, and the schemes that race beside those it asks about
  const compared = definition.settings.filter(
    ({ name, kind }) => kind !== "flag" && name !== "seed" && name !== "n_seeds",
  );

  /** What came out in the latest of the reader's complete runs that answers a case. */
  const ownOutcome = ({ settings, outcomeOf }, finished) => {
    const fitting = finished.filter(
      (run) => !run.changed && differing(compared, settings, run.settings).length === 0,
    );
    return fitting.map(({ result }) => outcomeOf(result)).findLast((came) => came !== undefined);
  };

  const show = (finished) => {
    for (const item of items) {
      const { select, outcome, labels } = item;
      const came = ownOutcome(item, finished);
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

/** What is asked: one question for all presets, one for each of some, or in the short form one for the run. */
function casesOf(question, { presets }, isShort) {
  const { options, outcome, cases } = question;
  if (isShort) return [{ name: "This run", text: "This run", changes: {}, options, outcomeOf: outcome }];
  if (!cases) {
    return presets.map(([name, changes]) => ({ name, text: name, changes, options, outcomeOf: outcome }));
  }
  const settings = new Map(presets);
  const known = cases.filter(({ preset }) => settings.has(preset));
  return known.map((own) => ({
    name: own.key ?? own.preset,
    text: own.text,
    changes: settings.get(own.preset),
    options: own.options,
    outcomeOf: own.outcome,
  }));
}

function verdictText(came, predicted, right) {
  if (predicted === "") return `your run: ${came}`;
  return right ? `✓ your run: ${came}` : `✗ your run: ${came}`;
}
