import { h } from "./dom.js";

const MOST_ROWS = 26;

/** A run's history as columns and rows: every number that its curves are made of. */
export function historyTable(run) {
  return run.runs ? raceTable(run) : ownTable(run);
}

/** All schemes of a race, one below the other; what a scheme does not have stays empty. */
function raceTable({ runs }) {
  const tables = Object.entries(runs).map(([scheme, run]) => ({ scheme, ...ownTable(run) }));
  const names = [...new Set(tables.flatMap(({ columns }) => columns))];
  const rows = tables.flatMap(({ scheme, columns, rows }) =>
    rows.map((row) => [scheme, ...names.map((name) => row[columns.indexOf(name)] ?? null)]),
  );
  return { columns: ["scheme", ...names], rows };
}

function ownTable(run) {
  const columns = Object.keys(run.series);
  const length = columns.length > 0 ? run.series[columns[0]].length : 0;
  const rows = Array.from({ length }, (_, k) => columns.map((name) => run.series[name][k]));
  return { columns, rows };
}

/** The table as an element; long ones are thinned out, the last row, also of each scheme, is always there. */
export function tableElement({ columns, rows }, caption) {
  const every = Math.max(1, Math.ceil((rows.length - 1) / (MOST_ROWS - 1)));
  const isLast = (row, k) =>
    k === rows.length - 1 || (typeof row[0] === "string" && rows[k + 1][0] !== row[0]);
  const kept = rows.filter((row, k) => k % every === 0 || isLast(row, k));
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
