// The front end of every widget in a notebook: the same view and the same state machine as on a page; the runs come
// from the notebook's kernel.

import Plotly from "plotly.js-basic-dist-min";
import { h, uniqueId } from "../../view/dom.js";
import { Model } from "../../view/model.js";
import { Session } from "../../view/session.js";
import { VIEWS } from "../../view/views.js";
import { Kernel } from "./kernel.js";
import { followTheme } from "./theme.js";

const HINT = "Change the settings to see recorded runs.";

/** What all views of one widget share, by the widget's key. @type {Map<string, Promise<any>>} */
const connections = new Map();

async function connect(model) {
  const definition = model.get("_definition");
  const local = new Model({
    definition,
    settings: model.get("_settings"),
    phase: "recorded",
    run: null,
    reference: null,
    recording: null,
    status: definition.options.only ? "" : HINT,
    failure: null,
    plotly: Plotly,
    linkTo: null,
  });
  const { default: view } = await VIEWS[definition.widget]();
  const kernel = new Kernel(model, local);
  const session = new Session(local, kernel, view.inactive);
  kernel.attach(session);
  local.on("change:settings", () => {
    if (local.get("settings") === model.get("_settings")) return;
    model.set("_settings", local.get("settings"));
    model.save_changes();
  });
  model.on("change:_settings", () => {
    const settings = model.get("_settings");
    if (JSON.stringify(settings) !== JSON.stringify(local.get("settings"))) local.update({ settings });
  });
  return { local, view };
}

/** The contract of anywidget. */
async function render({ model, el }) {
  const key = model.get("_key");
  if (!connections.has(key)) connections.set(key, connect(model));
  const { local, view } = await connections.get(key);
  const { widget, options, texts } = local.get("definition");
  const root = h("section", {
    class: "course-widget",
    id: uniqueId(widget),
    "data-widget": widget,
    "data-only": options.only,
    "data-phase": local.get("phase"),
    "aria-label": texts.title,
  });
  el.append(root);
  const stopFollowing = followTheme();
  const remove = view.render({ model: local, el: root });
  root.dispatchEvent(new Event("pointerenter")); // there is no first picture that charts could wait behind
  return () => {
    stopFollowing();
    remove();
    root.remove();
  };
}

export default { render };
