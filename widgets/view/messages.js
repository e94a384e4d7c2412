import { h, setText } from "./dom.js";

/** Failures after which only a new worker helps. */
const NEEDS_RESTART = ["runtime", "fault"];

/**
 * The line that says what happens, in a region that screen readers read out, with a button when a restart helps.
 *
 * @param {() => void} onRestart
 */
export function messages(onRestart) {
  const status = h("p", { class: "widget-status", role: "status" });
  const restart = h("button", { type: "button", hidden: true, on: { click: onRestart } }, "Restart");
  return {
    element: h("div", { class: "widget-line" }, status, restart),
    say: (text) => setText(status, text),
    /** @param {{kind: string, message: string} | null} failure @param {object} settings of the run that failed */
    showFailure(failure, settings) {
      status.classList.toggle("is-failure", failure !== null);
      restart.hidden = !NEEDS_RESTART.includes(failure?.kind);
      if (failure) setText(status, failureText(failure, settings));
    },
  };
}

function failureText({ kind, message, epoch, term, cause }, { learning_rate: rate }) {
  if (kind === "divergence") {
    const fault =
      cause?.startsWith("its loss") === false
        ? `had no usable weight: ${cause}`
        : "was no longer a finite number";
    const smaller = rate === undefined ? "smaller learning rate" : `learning rate smaller than ${rate}`;
    return `Training diverged: at epoch ${epoch} the loss term “${term}” ${fault}. Try a ${smaller}; Reset brings back the recorded run.`;
  }
  return kind === "runtime" ? `${message} The recorded runs still work.` : message;
}
