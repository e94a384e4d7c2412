// Entry of every page with widgets: gives each widget its model, its session and its view.

import { Model } from "../../view/model.js";
import { Recording } from "../../view/recording.js";
import { Session } from "../../view/session.js";
import { readSettings, toQuery } from "../../view/settings.js";
import { TOUCHES } from "../../view/stage.js";
import { VIEWS } from "../../view/views.js";
import { Runtime } from "./client.js";
import { addressWith, readFragment } from "./fragment.js";

const FRAGMENT_DELAY = 250;
const HINT = "Change the settings to see recorded runs.";

/** @type {Runtime | null} */
let runtime = null;
const mounted = [];

async function mount(root) {
  const definition = JSON.parse(root.querySelector("script.widget-definition").textContent);
  const start = { ...definition.start };
  const model = new Model({
    definition,
    settings: start,
    phase: "recorded",
    run: null,
    reference: null,
    recording: null,
    status: definition.options?.only ? "" : HINT,
    failure: null,
    plotly: new URL(`${definition.runtime}plotly/plotly.js`, document.baseURI).href,
    linkTo: (settings) => addressWith(root.id, toQuery(definition.settings, settings)),
  });
  const { default: view } = await VIEWS[definition.widget]();
  runtime ??= new Runtime(
    new URL(definition.runtime, document.baseURI).href,
    new URL("worker.js", import.meta.url).href,
  );
  const session = new Session(model, runtime, view.inactive);
  view.render({ model, el: root });
  mounted.push({ root, model, session });
  applyFragment(root, model);
  model.on("change:settings", () => keepInFragment(root, model));
  // the short form has one recorded run, which its first picture shows already
  const opened = definition.options?.only ? null : openRecording(model);
  atFirstTouch(root, async () => {
    await (opened ?? openRecording(model));
    // whoever touches a control is about to ask for other runs; one that is missing is reported when it is asked for
    model
      .get("recording")
      ?.loadRest()
      .catch(() => {});
  });
}

function atFirstTouch(root, action) {
  const listening = new AbortController();
  const touched = () => {
    listening.abort();
    action();
  };
  for (const touch of TOUCHES) root.addEventListener(touch, touched, { signal: listening.signal });
}

async function openRecording(model) {
  const folder = new URL(model.get("definition").recorded, document.baseURI);
  const read = async (file) => {
    const response = await fetch(new URL(file, folder), { priority: "low" });
    if (!response.ok) throw new Error(`the server answers ${response.status}`);
    return response.arrayBuffer();
  };
  try {
    model.update({ recording: await Recording.open(read) });
  } catch (error) {
    model.update({ status: `The recorded runs could not be loaded (${error.message}). Train still works.` });
  }
}

/** Take over the settings that a link carries for this widget, and say what was not as it should be. */
function applyFragment(root, model) {
  const fragment = readFragment(window.location.hash);
  if (fragment?.id !== root.id) return;
  const { settings: schema, start, least_schemes: least } = model.get("definition");
  const { settings, remarks } = readSettings(schema, fragment.entries, start, least);
  const status = ["Settings taken from the link", ...remarks].join("; ");
  model.update({ settings, status: `${status}.` });
  root.scrollIntoView();
}

const pending = new Map();

/** Show the settings in the address; browsers refuse to do so too often. */
function keepInFragment(root, model) {
  clearTimeout(pending.get(root));
  const write = () =>
    window.history.replaceState(window.history.state, "", model.get("linkTo")(model.get("settings")));
  pending.set(root, setTimeout(write, FRAGMENT_DELAY));
}

for (const root of document.querySelectorAll("section.course-widget[data-widget]")) {
  if (root.dataset.widget in VIEWS) mount(root);
}
window.addEventListener("hashchange", () => {
  for (const { root, model } of mounted) applyFragment(root, model);
});
window.addEventListener("pagehide", () => {
  for (const { session } of mounted) session.suspend();
});
