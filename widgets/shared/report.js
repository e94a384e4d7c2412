import { h, setText } from "./dom.js";

/**
 * What is on show, in words: the verdict, which run it is, and its numbers.
 *
 * @param {import("./view.js").ViewSpec} view
 * @param {import("./settings.js").Spec[]} schema
 */
export function report(view, schema) {
  const verdict = h("strong", { class: "widget-verdict" });
  const caption = h("p", { class: "widget-caption" });
  const readings = h("p", { class: "widget-readings" });
  const element = h("div", { class: "widget-report", hidden: true }, verdict, caption, readings);
  return {
    element,
    show(run) {
      element.hidden = false;
      const { word, tone } = view.verdict(run);
      setText(verdict, word);
      verdict.dataset.tone = tone;
      setText(caption, `${originOf(run, view, schema)} ${view.nameOf(run)}`);
      showReadings(readings, view.readings(run));
    },
  };
}

/** Where the run comes from, and how a recorded one differs from what was asked for. */
function originOf(run, view, schema) {
  if (run.source === "live") return "Your run.";
  if (run.differs.length === 0) return "Recorded run.";
  const others = schema
    .filter(({ name }) => run.differs.includes(name))
    .map(({ name, label }) => `${label} ${run.settings[name]}`);
  return `Recorded with ${others.join(", ")}; press ${view.train} for yours.`;
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
