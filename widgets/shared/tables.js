import { h } from "./dom.js";

const MOST_ROWS = 26;

/** A run's history as columns and rows: every number that its curves are made of. */
export function historyTable(run) {
  const columns = Object.keys(run.series);
  const length = columns.length > 0 ? run.series[columns[0]].length : 0;
  const rows = Array.from({ length }, (_, k) => columns.map((name) => run.series[name][k]));
  return { columns, rows };
}

/** The table as an element; long ones are thinned out, the last row is always there. */
export function tableElement({ columns, rows }, caption) {
  const every = Math.max(1, Math.ceil((rows.length - 1) / (MOST_ROWS - 1)));
  const kept = rows.filter((_, k) => k % every === 0 || k === rows.length - 1);
  return h(
    "table",
    {},
    h("caption", {}, caption),
    h("thead", {}, h("tr", {}, ...columns.map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, ...kept.map((row) => h("tr", {}, ...row.map((value) => h("td", {}, cell(value)))))),
  );
}

/** The table as comma-separated values, numbers in full. */
export function toCsv({ columns, rows }) {
  return [columns, ...rows].map((row) => row.map((value) => value ?? "").join(",")).join("\n");
}

function cell(value) {
  if (typeof value !== "number") return value ?? "–";
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}
