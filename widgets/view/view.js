import { settingsControls } from "./controls.js";
import { cleanups, h } from "./dom.js";
import { extras } from "./extras.js";
import { messages } from "./messages.js";
import { prediction } from "./predict.js";
import { report } from "./report.js";
import { racing, schemesOf } from "./schemes.js";
import { stage } from "./stage.js";
import { transport } from "./transport.js";
import { veil } from "./veil.js";

const BUSY = ["loading", "running", "paused"];

/**
 * @typedef {object} ViewSpec what one widget adds to the common view
 * @property {import("./chart.js").ChartSpec[]} charts
 * @property {(run: any, schemes: any[]) => {word: string, tone: "good" | "middling" | "bad"}} verdict of a race, of
 *   the schemes in it
 * @property {(run: any, schemes: any[]) => [string, string][]} [readings] names and values below the controls
 * @property {import("./results.js").Column[]} [columns] of a race: a table of its schemes instead of the readings
 * @property {(run: any) => string} nameOf what sets this run apart, such as its weight
 * @property {import("./predict.js").Question} [question]
 * @property {(settings: object) => string[]} [inactive] names of the settings that have no effect
 * @property {(run: any) => {columns: string[], rows: any[][]}} [table] instead of the run's history
 * @property {string} [train] label of the button that starts a run
 * @property {string[]} [buttons] which of "pause", "step" and "speed" the widget has
 */

/**
 * A view with the contract of anywidget: `render({ model, el })` draws into `el`, listens to the model and returns
 * its clean-up. It knows neither where Python runs nor that there is any.
 *
 * @param {ViewSpec} spec
 */
export function makeView(spec) {
  const view = { inactive: () => [], train: "Train", buttons: ["pause", "step", "speed"], ...spec };
  return { inactive: view.inactive, render: ({ model, el }) => render(view, model, el) };
}

function render(view, model, root) {
  const undo = cleanups();
  const definition = model.get("definition");
  const isShort = definition.options?.only === "train";
  const schemes = schemesOf(definition.settings);
  const parts = partsOf(view, model, root, definition, schemes, isShort);
  const { bar, controls, line, predicted, shown, charts, below, cover } = parts;

  const panel = h(
    "div",
    { class: "widget-panel" },
    predicted?.element,
    bar.element,
    controls?.element,
    line.element,
    cover?.element,
    shown.element,
  );
  root.prepend(panel);
  root.append(charts.legend, charts.element, below?.element ?? "");
  root.dataset.ready = "";
  undo.add(charts.remove);
  undo.add(() => {
    cover?.lift();
    panel.remove();
    below?.element.remove();
    delete root.dataset.ready;
  });

  const showBar = () => bar.show(model.get("phase"), model.get("run"), model.get("progress"));
  const showSettings = () => {
    const settings = model.get("settings");
    controls?.show(settings, view.inactive(settings), BUSY.includes(model.get("phase")));
    bar.showSeeds(settings.n_seeds);
    below?.showCode(settings);
  };
  const showStatus = () => {
    const run = model.get("run");
    const ended =
      model.get("phase") === "done" ? ` ${sentence(view.verdict(run, racing(schemes, run)).word)}` : "";
    line.say(`${model.get("status")}${ended}`);
    line.showFailure(model.get("failure"), model.get("settings"));
  };
  const showPhase = () => {
    const phase = model.get("phase");
    root.dataset.phase = phase;
    if (phase === "loading") {
      cover?.lift();
      charts.open();
    }
    showBar();
    showSettings();
    showStatus();
  };
  const showRun = () => {
    const run = model.get("run");
    if (!run) return;
    root.dataset.result = JSON.stringify(resultOf(run));
    showBar();
    shown.show(run);
    charts.update();
    if (model.get("phase") !== "running") below?.showTable();
  };
  const showFinished = () => {
    predicted?.show(model.get("finished"));
    charts.update();
  };
  const settingsChanged = () => {
    showSettings();
    charts.open();
    charts.update();
  };
  predicted?.onChoice(() => {
    cover?.lift();
    showFinished();
  });

  const handlers = {
    settings: settingsChanged,
    run: showRun,
    phase: showPhase,
    progress: showBar,
    status: showStatus,
    failure: showStatus,
    recording: charts.update,
    fetching: () => root.setAttribute("aria-busy", String(Boolean(model.get("fetching")))),
    finished: showFinished,
  };
  for (const [key, handler] of Object.entries(handlers)) {
    model.on(`change:${key}`, handler);
    undo.add(() => model.off(`change:${key}`, handler));
  }
  showPhase();
  showRun();
  showFinished();
  return undo.run;
}

/** The parts of a widget, each with its element; the short form goes without controls and extras. */
function partsOf(view, model, root, definition, schemes, isShort) {
  const { presets } = definition;
  const seeds = definition.settings.find(({ name }) => name === "n_seeds")?.choices.at(-1)[0];
  const send = (command) => {
    if (command.command === "ensemble") trainEnsemble(model, seeds);
    else model.send(command);
  };
  const stepEpochs = definition.every ?? definition.settings.find(({ name }) => name === "epochs")?.step;
  const form = isShort ? { buttons: ["pause"] } : { buttons: view.buttons, seeds };
  const bar = transport({ train: view.train, stepEpochs, ...form }, send);
  const line = messages(() => {
    bar.focus();
    send({ command: "restart" });
  });
  const change = (changes, remark) => {
    model.set("settings", { ...model.get("settings"), ...changes });
    model.save_changes();
    if (remark) line.say(`${remark}.`);
  };
  const scene = () => {
    const run = model.get("run");
    const [settings, recording, reference, finished] = ["settings", "recording", "reference", "finished"].map(
      (key) => model.get(key),
    );
    return run && { run, settings, recording, reference, finished, schemes, limits: definition.limits };
  };
  const asks = isShort ? view.question?.options : view.question;
  const predicted = asks && prediction(view.question, definition, isShort, root.id);
  const shown = report(view, definition.settings, schemes, isShort);
  const charts = stage({
    root,
    charts: view.charts.filter(({ longOnly, shortOnly }) => !(isShort ? longOnly : shortOnly)),
    plotly: model.get("plotly"),
    scene,
    onFailed: line.say,
  });
  const picture = root.querySelector("figure.widget-first-picture");
  const covered = [shown.element, charts.element, ...(picture ? [picture] : [])];
  return {
    bar,
    line,
    predicted,
    shown,
    charts,
    controls: isShort
      ? null
      : settingsControls(definition.settings, presets, definition.least_schemes, change),
    below: isShort ? null : extras({ model, root, table: view.table, say: line.say }),
    cover: isShort && predicted && !predicted.isMade() ? veil(root, covered) : null,
  };
}

/**
 * Train as many seeds as an ensemble has, unless a run is on its way; if that was the last thing done, go back to one
 * seed. The control of the seeds shows it.
 */
function trainEnsemble(model, seeds) {
  if (model.get("phase") === "running" || model.get("phase") === "loading") return;
  const settings = model.get("settings");
  const isOn = settings.n_seeds === seeds;
  model.set("settings", { ...settings, n_seeds: isOn ? 1 : seeds });
  model.save_changes();
  if (!isOn) model.send({ command: "train" });
}

/** What the element says of the run on show, for tests, links and lecturers' scripts. */
function resultOf({ settings, epoch, elapsed_ms, source, result }) {
  return { settings, seed: settings.seed, epoch, elapsed_ms, source, ...result };
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}
