// The one worker of the page: Pyodide, and the runs of all widgets, advanced in turn.
//
// From the page: load, start, resume, pause, step, change, pace, stop, ping.
// To the page: progress, ready, failed, run (a message of the driver), pong.

import { flagOf } from "../../runs/wire.js";
import { download } from "./download.js";

const SLICE_SECONDS = 0.04;
const LONGEST_SLEEP = 50;
/** The flag of a message of the driver; 0 if it has a snapshot and the run goes on. */
const [ENDED, NOTHING_TO_SHOW] = [1, 2];
const EMPTY_WASM = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);

/**
 * @typedef {object} Run
 * @property {number} left snapshots still to come: 0 when paused, Infinity when training to the end
 * @property {number} pace least time between two snapshots in ms; 0 trains as fast as it can
 * @property {number} due time before which the next snapshot shall not come
 * @property {number} elapsed time spent on training, in ms
 */

/** @type {Map<number, Run>} */
const runs = new Map();
let driver = null;
let looping = false;

async function load(base) {
  new WebAssembly.Module(EMPTY_WASM); // throws where a policy forbids WebAssembly; Pyodide would wait for ever
  const files = download(base, (loaded, total) =>
    postMessage({ type: "progress", stage: "files", loaded, total }),
  );
  const booted = boot(base, files);
  booted.catch(() => {}); // a damaged file breaks the start too, and then it is the file that shall be named
  await files.complete;
  driver = await booted;
  postMessage({ type: "ready" });
}

async function boot(base, files) {
  const indexURL = new URL("pyodide/", base).href;
  const ownFetch = self.fetch;
  self.fetch = (resource, options) =>
    files.take(String(resource?.url ?? resource)) ?? ownFetch(resource, options);
  try {
    const { loadPyodide } = await import(`${indexURL}pyodide.mjs`);
    const lockFileContents = await files.lock;
    const pyodide = await loadPyodide({ indexURL, lockFileContents, packageBaseUrl: indexURL });
    postMessage({ type: "progress", stage: "packages" });
    await pyodide.loadPackage(Object.keys(lockFileContents.packages), { messageCallback: () => {} });
    postMessage({ type: "progress", stage: "imports" });
    return pyodide.pyimport("pinn_widgets.hosts.page.driver");
  } finally {
    self.fetch = ownFetch;
  }
}

/**
 * Call the driver for a run and pass on what it has to say.
 *
 * @returns {boolean} whether there was a snapshot; a race may train for a while without having one
 */
function call(id, name, ...args) {
  const run = runs.get(id);
  const start = performance.now();
  const bytes = driver[name](id, ...args);
  const view = bytes.getBuffer("u8");
  const { buffer } = view.data.slice();
  view.release();
  bytes.destroy();
  run.elapsed += performance.now() - start;
  const state = flagOf(buffer);
  if (state === ENDED) stop(id);
  postMessage({ type: "run", id, buffer, elapsed: run.elapsed }, [buffer]);
  return state !== NOTHING_TO_SHOW;
}

function stop(id) {
  runs.delete(id);
  driver.stop(id);
}

/** Train one run for a moment. */
function slice(id, run) {
  const next = performance.now() + run.pace;
  const isSnapshot = call(id, "advance", SLICE_SECONDS, run.pace > 0 ? 1 : run.left);
  if (!isSnapshot) return;
  run.due = next;
  if (run.left !== Number.POSITIVE_INFINITY) run.left = 0;
}

/** Advance the active runs in turn until none is left. */
async function loop() {
  if (looping) return;
  looping = true;
  for (let active = activeRuns(); active.length > 0; active = activeRuns()) {
    const wait = Math.min(...active.map(([, run]) => run.due)) - performance.now();
    if (wait > 0) {
      await sleep(Math.min(wait, LONGEST_SLEEP));
    } else {
      for (const [id, run] of active) {
        if (runs.get(id) === run && run.left > 0 && run.due <= performance.now()) slice(id, run);
        await breathe();
      }
    }
  }
  looping = false;
}

function activeRuns() {
  return [...runs].filter(([, run]) => run.left > 0);
}

/** Let waiting messages in. A timer would take four milliseconds each time. */
function breathe() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

const ANSWERS = {
  load: ({ base }) => load(base),
  start({ id, widget, settings, left, pace }) {
    runs.set(id, { left, pace, due: 0, elapsed: 0 });
    call(id, "start", widget, JSON.stringify(settings));
    return loop();
  },
  resume: ({ id }) => goOn(id, Number.POSITIVE_INFINITY),
  pause: ({ id }) => goOn(id, 0),
  step: ({ id }) => goOn(id, 1),
  change({ id, settings }) {
    if (runs.has(id)) call(id, "change", JSON.stringify(settings));
  },
  pace({ id, pace }) {
    const run = runs.get(id);
    if (run) Object.assign(run, { pace, due: 0 });
  },
  stop({ id }) {
    if (runs.has(id)) stop(id);
  },
  ping: () => postMessage({ type: "pong" }),
};

function goOn(id, left) {
  const run = runs.get(id);
  if (run) Object.assign(run, { left, due: 0 });
  return loop();
}

self.onmessage = async ({ data }) => {
  try {
    await ANSWERS[data.type](data);
  } catch (error) {
    postMessage({ type: "failed", message: String(error?.message ?? error) });
  }
};
