import { fillTemplate } from "./code.js";
import { h, setText } from "./dom.js";
import { historyTable, tableElement, toCsv } from "./tables.js";

/**
 * Below the charts: the code of the run, its data as a table and as files, a link to the settings, full screen.
 *
 * @param {{model: any, root: HTMLElement, table: (run: any) => {columns: string[], rows: any[][]}, say: (text: string) => void}} given
 */
export function extras({ model, root, table = historyTable, say }) {
  const definition = model.get("definition");
  const code = h("code", { class: "language-python" });
  const codeBox = h(
    "details",
    { class: "widget-code" },
    h("summary", {}, "Show the code"),
    h("pre", { tabindex: 0 }, code),
    button("Copy code", () => copy(code.textContent, "The code is copied.", say)),
  );
  const tableBox = h("details", { class: "widget-data" }, h("summary", {}, "Data of this run"));
  const tablePlace = h("div", {
    class: "widget-table",
    tabindex: 0,
    role: "region",
    "aria-label": "Data of this run",
  });
  tableBox.append(tablePlace);
  tableBox.addEventListener("toggle", () => showTable());

  const download = (kind) => {
    const run = model.get("run");
    if (!run) return;
    const name = `${definition.widget}-${run.source}-seed-${run.settings.seed}`;
    if (kind === "csv") save(`${name}.csv`, "text/csv", toCsv(table(run)));
    else save(`${name}.json`, "application/json", JSON.stringify(run, plainArrays, 1));
  };
  const link = () => copy(model.get("linkTo")(model.get("settings")), "The link is copied.", say);

  const showTable = () => {
    const run = model.get("run");
    if (tableBox.open && run) {
      tablePlace.replaceChildren(tableElement(table(run), `Run on show, up to epoch ${run.epoch}`));
    }
  };

  const element = h(
    "div",
    { class: "widget-extras" },
    h(
      "div",
      { class: "widget-actions" },
      model.get("linkTo") ? button("Copy link", link) : null,
      h(
        "span",
        { class: "widget-actions widget-downloads" },
        button("Download data (CSV)", () => download("csv")),
        button("Download data (JSON)", () => download("json")),
      ),
      root.requestFullscreen ? button("Full screen", () => toggleFullScreen(root)) : null,
    ),
    definition.code ? codeBox : null,
    tableBox,
  );
  return {
    element,
    /** The code with the settings in place. */
    showCode: (settings) => setText(code, fillTemplate(definition.code ?? "", definition.settings, settings)),
    /** The table, when somebody looks at it and the run does not move on. */
    showTable,
  };
}

function button(label, action) {
  return h("button", { type: "button", on: { click: action } }, label);
}

async function copy(text, done, say) {
  try {
    await navigator.clipboard.writeText(text);
    say(done);
  } catch {
    window.prompt("Copying is not allowed here; this is the text:", text);
  }
}

function save(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

function plainArrays(_, value) {
  return ArrayBuffer.isView(value) ? Array.from(value) : value;
}

function toggleFullScreen(root) {
  if (document.fullscreenElement === root) document.exitFullscreen();
  else root.requestFullscreen().catch(() => {});
}
