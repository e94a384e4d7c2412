import { h, setText, uniqueId } from "./dom.js";
import { megabytes } from "./format.js";

/** Least time between two snapshots, in ms. */
const PACES = [
  [0, "full"],
  [100, "slow"],
  [400, "very slow"],
];

const STAGES = {
  packages: "Python has started. Unpacking numpy",
  imports: "Importing the engine",
  ready: "Python is ready",
};

/**
 * Train, Pause, Step, Reset, a whole ensemble, the speed, and how far the run is. No button is ever taken out of the
 * keyboard's reach: one that has nothing to do is marked as such and does nothing.
 *
 * @param {{train: string, buttons: string[], stepEpochs: number, seeds?: number}} form label of Train, which others
 *   there are, and how many seeds an ensemble has, if the widget has one
 * @param {(command: object) => void} send
 */
export function transport({ train, buttons, stepEpochs, seeds }, send) {
  const button = (name, label, attributes = {}) =>
    h(
      "button",
      {
        type: "button",
        class: `widget-${name}`,
        on: { click: () => send({ command: name }) },
        ...attributes,
      },
      label,
    );
  const trainButton = button("train", train);
  const pauseButton = buttons.includes("pause") ? button("pause", "Pause") : null;
  const stepNote = uniqueId("step");
  const stepButton = buttons.includes("step")
    ? button("step", "Step", { "aria-describedby": stepNote })
    : null;
  const resetButton = button("reset", "Reset");
  const ensembleButton = seeds ? button("ensemble", `${seeds} seeds`) : null;
  if (ensembleButton)
    ensembleButton.title = `Train every scheme with ${seeds} seeds at once: medians and quartiles`;
  const counter = h("span", { class: "widget-counter" });
  const bar = h("progress", { class: "widget-progress", max: 1, "aria-label": "Progress" });
  const element = h(
    "div",
    { class: "widget-transport", role: "group", "aria-label": "Training" },
    trainButton,
    pauseButton,
    stepButton,
    resetButton,
    ensembleButton,
    buttons.includes("speed") ? speed(send) : null,
    h("div", { class: "widget-distance" }, counter, bar),
    stepButton ? h("span", { id: stepNote, hidden: true }, `One step is ${stepEpochs} epochs.`) : null,
  );
  if (stepButton) stepButton.title = `Train ${stepEpochs} epochs, then pause`;

  return {
    element,
    showSeeds: (count) => ensembleButton?.setAttribute("aria-pressed", String(count === seeds)),
    focus: () => trainButton.focus(),
    show(phase, run, progress) {
      trainButton.classList.toggle("is-active", phase === "running" || phase === "loading");
      pauseButton?.setAttribute("aria-disabled", String(phase !== "running" && phase !== "loading"));
      stepButton?.setAttribute("aria-disabled", String(phase === "loading"));
      ensembleButton?.setAttribute("aria-disabled", String(phase === "running" || phase === "loading"));
      if (phase === "loading") {
        bar.hidden = false;
        const { text, share } = loadingText(progress);
        setText(counter, text);
        if (share === null) bar.removeAttribute("value");
        else bar.value = share;
      } else {
        // a run of a single step needs no counting
        const isLong = run?.epochs > 1;
        setText(counter, isLong ? `epoch ${run.epoch} of ${run.epochs}` : "");
        bar.value = isLong ? run.epoch / run.epochs : 0;
        bar.hidden = !isLong;
      }
    },
  };
}

function speed(send) {
  const id = uniqueId("speed");
  const options = PACES.map(([pace, label]) => h("option", { value: pace }, label));
  const change = ({ target }) => send({ command: "pace", pace: Number(target.value) });
  return h(
    "span",
    { class: "widget-speed" },
    h("label", { for: id }, "Speed"),
    h("select", { id, on: { change } }, ...options),
  );
}

function loadingText({ stage, loaded = 0, total = 0 }) {
  if (stage !== "files") return { text: STAGES[stage], share: null };
  if (total === 0) return { text: "Loading Python", share: null };
  if (loaded === total) return { text: `Starting Python (${megabytes(total)} MB loaded)`, share: null };
  return { text: `Loading Python: ${megabytes(loaded)} of ${megabytes(total)} MB`, share: loaded / total };
}
