const TICK = 1000;

/** Ticks (seconds) without a sign of life after which the start, or a run, counts as failed. */
export const LOADING_LIMIT = 20;
export const RUNNING_LIMIT = 10;

/**
 * The page's one runtime: a worker with Pyodide, started at the first call of `start` and shared by all widgets.
 *
 * Time is counted in ticks of a timer and not by a clock: a laptop that wakes from sleep has missed all ticks but one.
 *
 * @typedef {object} Listener what a run tells its widget
 * @property {(progress: {stage: string, loaded?: number, total?: number}) => void} onProgress
 * @property {(buffer: ArrayBuffer, elapsed: number) => void} onRun
 * @property {(message: string) => void} onFailed the runtime is gone
 */
export class Runtime {
  /** @type {"none" | "loading" | "ready"} */
  state = "none";
  #worker = null;
  #base;
  #script;
  #timer = null;
  #silent = 0;
  #nextId = 1;
  /** Runs that the worker has or will get. @type {Map<number, Listener & {request: any, active: boolean}>} */
  #runs = new Map();
  #progress = { stage: "files" };

  /**
   * @param {string} base address of the folder `rt/`
   * @param {string} script address of the worker's script
   */
  constructor(base, script) {
    this.#base = base;
    this.#script = script;
  }

  /**
   * Begin a run, loading Python first if need be.
   *
   * @param {{widget: string, settings: object, left: number, pace: number}} request `left` is how many snapshots to
   *   train before a pause, Infinity to train to the end, 0 to wait
   * @param {Listener} listener
   * @returns {number} the run's id
   */
  start(request, listener) {
    const id = this.#nextId++;
    this.#runs.set(id, { ...listener, request, active: request.left > 0 });
    if (this.state === "ready") this.#send({ type: "start", id, ...request });
    else if (this.state === "loading") listener.onProgress(this.#progress);
    else this.#load();
    this.#watch();
    return id;
  }

  resume(id) {
    this.#go(id, "resume", Number.POSITIVE_INFINITY);
  }

  pause(id) {
    this.#go(id, "pause", 0);
  }

  /** Train to the next snapshot, then pause. */
  step(id) {
    this.#go(id, "step", 1);
  }

  change(id, settings) {
    this.#tell(id, { type: "change", id, settings }, { settings });
  }

  pace(id, pace) {
    this.#tell(id, { type: "pace", id, pace }, { pace });
  }

  stop(id) {
    if (this.state === "ready" && this.#runs.has(id)) this.#send({ type: "stop", id });
    this.#runs.delete(id);
    this.#watch();
  }

  /** End the worker; the next `start` makes a new one. */
  terminate() {
    this.#worker?.terminate();
    this.#worker = null;
    this.state = "none";
    this.#runs.clear();
    this.#watch();
  }

  #go(id, type, left) {
    this.#tell(id, { type, id }, { left });
    const run = this.#runs.get(id);
    if (run) run.active = left > 0;
    this.#watch();
  }

  /** Send a message about a run; while Python loads, change what the run will start with instead. */
  #tell(id, message, changes) {
    const run = this.#runs.get(id);
    if (!run) return;
    if (this.state === "ready") this.#send(message);
    else Object.assign(run.request, changes);
  }

  #load() {
    this.state = "loading";
    this.#progress = { stage: "files" };
    if (typeof WebAssembly !== "object" || typeof Worker !== "function") {
      queueMicrotask(() =>
        this.#fail("This browser has no WebAssembly, or it is switched off, so Python cannot run here."),
      );
      return;
    }
    this.#worker = new Worker(this.#script, { type: "module" });
    this.#worker.onmessage = ({ data }) => this.#receive(data);
    this.#worker.onmessageerror = () => this.#fail("The worker sent something unreadable.");
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(
        event.message ? `The worker failed: ${event.message}` : "The worker's script could not be loaded.",
      );
    };
    this.#send({ type: "load", base: this.#base });
  }

  #send(message) {
    this.#worker.postMessage(message);
  }

  #receive(message) {
    this.#silent = 0;
    if (message.type === "progress") this.#report(message);
    else if (message.type === "ready") this.#ready();
    else if (message.type === "failed") this.#fail(message.message);
    else if (message.type === "run") this.#runs.get(message.id)?.onRun(message.buffer, message.elapsed);
  }

  #report(progress) {
    this.#progress = progress;
    for (const run of this.#runs.values()) run.onProgress(progress);
  }

  #ready() {
    this.state = "ready";
    for (const [id, run] of this.#runs) {
      run.onProgress({ stage: "ready" });
      this.#send({ type: "start", id, ...run.request });
    }
    this.#watch();
  }

  #fail(message) {
    const listeners = [...this.#runs.values()];
    this.terminate();
    for (const listener of listeners) listener.onFailed(message);
  }

  /** Count the ticks in which nothing was heard, as long as something should be. */
  #watch() {
    const waiting = this.state === "loading" || [...this.#runs.values()].some((run) => run.active);
    if (waiting && this.#timer === null) {
      this.#silent = 0;
      this.#timer = setInterval(() => this.#tick(), TICK);
    } else if (!waiting && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
  }

  #tick() {
    this.#silent += 1;
    if (this.state === "loading" && this.#silent >= LOADING_LIMIT) {
      this.#fail(
        `Python did not start: nothing was heard for ${LOADING_LIMIT} seconds. The download may have stalled.`,
      );
    } else if (this.state === "ready") {
      if (this.#silent >= RUNNING_LIMIT) {
        this.#fail(`Python no longer answers: nothing was heard for ${RUNNING_LIMIT} seconds.`);
      } else if (this.#silent > 1) {
        this.#send({ type: "ping" });
      }
    }
  }
}
