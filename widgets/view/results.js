import { h, setText } from "./dom.js";
import { percent, short, time } from "./format.js";
import { legendEntry } from "./legend.js";

/**
 * The standings of a race: one row for each scheme, and below it, if it diverged, when and why.
 *
 * @typedef {object} Column
 * @property {string} title
 * @property {(result: any) => Cell} cell of a scheme's result
 *
 * @typedef {object} Cell
 * @property {string} text
 * @property {string} [detail] in smaller letters
 * @property {"good" | "middling" | "bad"} [tone]
 *
 * @param {Column[]} columns
 */
export function standings(columns) {
  const titles = ["scheme", ...columns.map(({ title }) => title), "time", "on weights"];
  const heads = titles.map((title) => h("th", { scope: "col" }, title));
  const body = h("tbody");
  const element = h("table", { class: "widget-standings" }, h("thead", {}, h("tr", {}, ...heads)), body);
  let names = "";
  let rows = [];
  return {
    element,
    /**
     * @param {{name: string, label: string, look: object, run: any}[]} schemes
     * @param {boolean} isRecorded whether the times are those of the machine that recorded the run
     */
    show(schemes, isRecorded) {
      setText(heads[titles.indexOf("time")], isRecorded ? "time, recorded" : "time");
      const wanted = schemes.map(({ name }) => name).join();
      if (wanted !== names) {
        rows = schemes.map((scheme) => rowOf(scheme, columns));
        body.replaceChildren(...rows.flatMap(({ elements }) => elements));
        names = wanted;
      }
      const longest = Math.max(...schemes.map(({ run }) => run.result.milliseconds ?? 0));
      schemes.forEach(({ run }, k) => {
        rows[k].show(run.result, longest);
      });
    },
  };
}

function rowOf({ label, look }, columns) {
  const cells = columns.map(() => h("td", {}, h("span", {}), h("small", {})));
  const [spent, onWeights] = [h("td", { class: "widget-spent" }), h("td")];
  const head = h("th", { scope: "row" }, legendEntry({ kind: "line", name: label, ...look }));
  const row = h("tr", {}, head, ...cells, spent, onWeights);
  const reason = h("td", { colspan: columns.length + 3 });
  const fault = h("tr", { class: "widget-fault", hidden: true }, reason);
  return {
    elements: [row, fault],
    show(result, longest) {
      columns.forEach(({ cell }, k) => {
        const { text, detail = "", tone = "" } = cell(result);
        const [main, small] = cells[k].children;
        setText(main, text);
        setText(small, detail);
        cells[k].dataset.tone = tone;
      });
      const { milliseconds = 0, weighting_milliseconds: weighting = 0, diverged } = result;
      setText(spent, time(milliseconds));
      setText(onWeights, milliseconds > 0 ? percent(weighting / milliseconds) : "–");
      spent.style.setProperty("--spent", String(longest > 0 ? milliseconds / longest : 0));
      spent.style.setProperty("--weighting", String(longest > 0 ? weighting / longest : 0));
      fault.hidden = !diverged;
      if (diverged) setText(reason, faultText(diverged));
    },
  };
}

/** Where and why a scheme diverged, or some of its seeds. */
export function faultText({ epoch, cause, members, of }) {
  const [, term, fault] = /^(\w+): (.+)$/.exec(cause) ?? [];
  const reason = term ? `in the term “${term}”, ${fault}` : cause;
  if (of === 1) return `diverged at epoch ${epoch}: ${reason}`;
  const first = members === 1 ? "" : "the first ";
  return `${members} of ${of} seeds diverged, ${first}at epoch ${epoch}: ${reason}`;
}

/** The median of a number with its quartiles, as a cell; a single number has none. */
export function spread(result, name, write = short) {
  const [low, high] = [result[`${name}_low`], result[`${name}_high`]];
  const text = result[name] === undefined ? "–" : write(result[name], 2);
  return low === undefined ? { text } : { text, detail: `${write(low, 2)} to ${write(high, 2)}` };
}
