import { unpack } from "../runs/wire.js";
import { seconds } from "./format.js";
import { nearestRun } from "./recording.js";
import { switchedOn } from "./schemes.js";
import { differing, flagsOf } from "./settings.js";
import { memory } from "./storage.js";

const visit = memory("sessionStorage");
const TO_THE_END = Number.POSITIVE_INFINITY;
const LOADING = "Loading Python, once for this page.";
const BUSY = ["loading", "running", "paused"];

/**
 * The state machine of one widget on a page: obeys the commands of its view, drives the runtime, keeps the model.
 *
 * Model keys: `phase` (recorded, loading, running, paused, done, failed); `run`, the run on show in the wire form of
 * its recipe with `source` ("recorded" or "live"), `settings`, `elapsed_ms` (training only) and `differs` (names of
 * the settings in which a recorded run is another than the one asked for); `reference`, the recorded run that was on
 * show last; `fetching`, the recorded run on its way, or null; `progress` of loading; `status`, a line; `failure`
 * ({kind, message} or null); `finished`, the reader's own complete runs of this visit. Of a race only the schemes that the settings switch on are in `run`.
 */
export class Session {
  #model;
  #runtime;
  #schema;
  #inactive;
  /** Id of the live run, or null. */
  #id = null;
  /** Snapshots that the live run shall still train: `TO_THE_END`, 1 after Step, 0 when it waits. */
  #left = 0;
  /** Settings that the live run was last told. */
  #told = null;
  #changedOnTheWay = false;
  #pace = 0;
  /** The run that is done, with every scheme that was in it. */
  #done = null;

  /**
   * @param {import("./model.js").Model} model
   * @param {import("../hosts/page/client.js").Runtime} runtime
   * @param {(settings: object) => string[]} inactive names of the settings that have no effect
   */
  constructor(model, runtime, inactive) {
    this.#model = model;
    this.#runtime = runtime;
    this.#schema = model.get("definition").settings;
    this.#inactive = inactive;
    const finished = visit.read(this.#visitKey, []);
    model.update({ finished: Array.isArray(finished) ? finished : [] });
    model.on("command", (command) => this.#obey(command));
    model.on("change:settings", () => this.#settingsChanged());
    model.on("change:recording", () => this.#showRecorded());
  }

  /** The page is left: train no further until the reader, back again, says so. */
  suspend() {
    this.pause();
  }

  get #phase() {
    return this.#model.get("phase");
  }

  get #visitKey() {
    return `course-finished:${this.#model.get("definition").widget}`;
  }

  #obey({ command, pace }) {
    if (command === "train" || command === "restart") this.train();
    else if (command === "pause") this.pause();
    else if (command === "step") this.step();
    else if (command === "reset") this.reset();
    else if (command === "pace") this.#setPace(pace);
  }

  /** Train to the end: from the start, or from where the run waits. */
  train() {
    if (this.#phase === "running") return;
    if (!BUSY.includes(this.#phase)) {
      this.#start(TO_THE_END);
      return;
    }
    this.#left = TO_THE_END;
    this.#runtime.resume(this.#id);
    if (this.#phase === "paused") this.#model.update({ phase: "running", status: "Training." });
    else this.#model.update({ status: LOADING });
  }

  /** Let the live run wait; one that is still loading waits at epoch 0. */
  pause() {
    if (this.#phase !== "running" && this.#phase !== "loading") return;
    this.#left = 0;
    this.#runtime.pause(this.#id);
    if (this.#phase === "running") this.#model.update({ phase: "paused", status: "Paused." });
    else this.#model.update({ status: "Loading Python. The run will wait for you." });
  }

  /** Train to the next snapshot and wait there. */
  step() {
    if (this.#phase === "loading") return;
    if (!BUSY.includes(this.#phase)) {
      this.#start(1);
      return;
    }
    this.#left = 1;
    this.#runtime.step(this.#id);
  }

  /** Drop the live run and show the recorded one. */
  reset() {
    this.#drop();
    this.#model.update({ phase: "recorded", failure: null, status: "The recorded run is on show." });
    this.#showRecorded();
  }

  #start(left) {
    this.#drop();
    this.#left = left;
    this.#told = this.#model.get("settings");
    this.#changedOnTheWay = false;
    const loaded = this.#runtime.state === "ready";
    this.#model.update({
      phase: "loading",
      failure: null,
      progress: { stage: loaded ? "ready" : "files" },
      status: loaded ? "Training." : LOADING,
    });
    const request = {
      widget: this.#model.get("definition").widget,
      settings: this.#told,
      left,
      pace: this.#pace,
    };
    this.#id = this.#runtime.start(request, {
      onProgress: (progress) => this.#model.update({ progress }),
      onRun: (buffer, elapsed) => this.#hear(unpack(buffer), elapsed),
      onFailed: (message) => this.#fail({ kind: "runtime", message }),
    });
  }

  #drop() {
    if (this.#id !== null) this.#runtime.stop(this.#id);
    this.#id = null;
  }

  #setPace(pace) {
    this.#pace = pace;
    if (this.#id !== null) this.#runtime.pace(this.#id, pace);
  }

  /** A message without a snapshot is a breath within a round of a race, or the answer to changed settings. */
  #hear({ snapshot, finished, failure }, elapsed) {
    if (failure) {
      this.#fail(failure);
    } else if (snapshot) {
      const run = {
        ...snapshot,
        source: "live",
        settings: this.#told,
        elapsed_ms: Math.round(elapsed),
        differs: [],
      };
      if (finished) this.#finish(run);
      else this.#goOn(run);
    }
  }

  #goOn(run) {
    if (this.#left === 1 && run.epoch > 0) {
      this.#left = 0;
      this.#runtime.pause(this.#id);
    }
    const phase = this.#left === 0 ? "paused" : "running";
    if (phase === this.#phase) this.#model.update({ run });
    else this.#model.update({ run, phase, status: phase === "paused" ? "Paused." : "Training." });
  }

  #finish(run) {
    this.#drop();
    const { settings, result } = run;
    const finished = [...this.#model.get("finished"), { settings, result, changed: this.#changedOnTheWay }];
    visit.write(this.#visitKey, finished);
    this.#done = run;
    const epochs = run.epochs > 1 ? `: ${run.epochs} epochs` : "";
    const status = `Done${epochs} in ${seconds(run.elapsed_ms)}.`;
    this.#model.update({ run, finished, phase: "done", status });
  }

  #fail(failure) {
    this.#drop();
    this.#model.update({ phase: "failed", failure, status: "" });
  }

  #settingsChanged() {
    const settings = this.#model.get("settings");
    if (BUSY.includes(this.#phase)) {
      const changed = differing(this.#schema, settings, this.#told);
      if (changed.length === 0) return;
      if (this.#schema.every(({ name, live }) => live || !changed.includes(name))) {
        this.#told = settings;
        this.#changedOnTheWay ||= this.#model.get("run")?.source === "live";
        this.#runtime.change(this.#id, settings);
        return;
      }
      this.#drop();
    }
    if (this.#phase === "done" && this.#isInDone(settings)) {
      const run = { ...switchedOn(this.#done, this.#schema, settings), settings };
      this.#model.update({ run, status: this.#model.get("status") });
      return;
    }
    if (this.#phase !== "failed") this.#model.update({ phase: "recorded" });
    this.#showRecorded();
  }

  /** Whether the reader's race, which is done, has all schemes that are switched on now, and nothing else differs. */
  #isInDone(settings) {
    const { runs, settings: own } = this.#done;
    const flags = flagsOf(this.#schema);
    const others = this.#schema.filter((spec) => !flags.includes(spec));
    return (
      Boolean(runs) &&
      differing(others, settings, own).length === 0 &&
      flags.every(({ name }) => !settings[name] || name in runs)
    );
  }

  #showRecorded() {
    const recording = this.#model.get("recording");
    if (!recording || BUSY.includes(this.#phase)) return;
    const settings = this.#model.get("settings");
    const inactive = this.#inactive(settings);
    // a recorded race holds every scheme: flags choose among them, and do not set it apart
    const flags = flagsOf(this.#schema).map(({ name }) => name);
    const schema = this.#schema.filter(({ name }) => !inactive.includes(name) && !flags.includes(name));
    const { entry, differs } = nearestRun(recording, schema, settings);
    const run = recording.loaded(entry);
    if (!run) {
      this.#fetch(recording, entry);
      return;
    }
    const chosen = Object.fromEntries(flags.map((name) => [name, settings[name]]));
    const own = differs.length > 0 ? { ...run.settings, ...chosen } : settings;
    const shown = switchedOn(run, this.#schema, settings);
    const recorded = { ...shown, source: "recorded", settings: own, elapsed_ms: null, differs };
    this.#model.update({ run: recorded, reference: recorded });
  }

  /** Fetch a recorded run; when it is there, what comes closest to the settings then is shown. */
  async #fetch(recording, entry) {
    this.#model.update({ fetching: entry });
    try {
      await recording.load(entry);
      this.#showRecorded();
    } catch (error) {
      this.#model.update({
        status: `This recorded run could not be loaded (${error.message}). Train still works.`,
      });
    }
    if (this.#model.get("fetching") === entry) this.#model.update({ fetching: null });
  }
}
