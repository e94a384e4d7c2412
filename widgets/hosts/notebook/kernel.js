import { Recording } from "../../view/recording.js";

/** Time in ms after which a kernel that has not answered at all counts as gone. */
const ANSWER_LIMIT = 20_000;
/** What stands for infinity in a message; a null would not arrive as Python's None everywhere. */
const TO_THE_END = -1;
const SILENT =
  "The kernel does not answer. It may be busy with another cell; if it was restarted, run the cell that made this widget again.";

/**
 * Runs recipes in the notebook's kernel, with the interface of `Runtime` on a page. The kernel may also begin a run
 * of its own, when code says `train()` or `run()`; the session then takes it over as if Train had been pressed.
 */
export class Kernel {
  state = "ready";
  #model;
  #local;
  #session = null;
  #nextId = 1;
  /** Id of a run of the kernel that the session is about to take over. @type {number | null} */
  #foreign = null;
  /** Whoever listens to a run, by its id. @type {Map<number, import("../page/client.js").Listener>} */
  #listeners = new Map();
  #waiting = 0;
  /** Who waits for a file of the recorded runs. @type {Map<string, (bytes: ArrayBuffer | null) => void>} */
  #files = new Map();

  constructor(model, local) {
    this.#model = model;
    this.#local = local;
    model.on("msg:custom", (content, buffers) => this.#receive(content, buffers));
  }

  /** @param {import("../../view/session.js").Session} session */
  attach(session) {
    this.#session = session;
    this.#model.send({ type: "hello" });
    this.#openRecording();
  }

  start({ settings, left, pace }, listener) {
    if (this.#foreign !== null) {
      this.#listeners.set(this.#foreign, listener);
      return this.#foreign;
    }
    const id = this.#nextId++;
    this.#listeners.set(id, listener);
    this.#model.send({
      type: "start",
      id,
      settings,
      left: Number.isFinite(left) ? left : TO_THE_END,
      pace,
    });
    this.#waiting = setTimeout(() => this.#giveUp(id), ANSWER_LIMIT);
    return id;
  }

  resume(id) {
    this.#model.send({ type: "resume", id });
  }

  pause(id) {
    this.#model.send({ type: "pause", id });
  }

  step(id) {
    this.#model.send({ type: "step", id });
  }

  change(id, settings) {
    this.#model.send({ type: "change", id, settings });
  }

  pace(id, pace) {
    this.#model.send({ type: "pace", id, pace });
  }

  stop(id) {
    if (this.#listeners.delete(id)) this.#model.send({ type: "stop", id });
  }

  #receive(content, buffers) {
    if (content.type === "run") {
      clearTimeout(this.#waiting);
      this.#listeners.get(content.id)?.onRun(ownBuffer(buffers[0]), content.elapsed);
    } else if (content.type === "adopt") {
      this.#adopt(content.id, content.settings);
    } else if (content.type === "command") {
      this.#local.send({ command: content.command });
    } else if (content.type === "recorded") {
      this.#files.get(content.file)?.(buffers?.length ? ownBuffer(buffers[0]) : null);
      this.#files.delete(content.file);
    }
  }

  /** Have the session take over a run that code has begun. */
  #adopt(id, settings) {
    this.#listeners.clear(); // whatever ran before has ended already
    this.#session.reset();
    this.#local.update({ settings });
    this.#foreign = id;
    this.#session.train();
    this.#foreign = null;
  }

  #giveUp(id) {
    const listener = this.#listeners.get(id);
    this.#listeners.delete(id);
    listener?.onFailed(SILENT);
  }

  async #openRecording() {
    try {
      this.#local.update({ recording: await Recording.open((file) => this.#read(file)) });
    } catch {
      // the widget trains without them
    }
  }

  /** A file of the recorded runs: in the reader's browser they stand beside the notebooks, elsewhere the kernel has them. */
  async #read(file) {
    const address = this.#model.get("_recorded");
    if (address) {
      const root = document.getElementById("jupyter-config-data")?.dataset.jupyterLiteRoot;
      if (root === undefined) throw new Error("this is no page of the course");
      const response = await fetch(new URL(`${root}/../${address}${file}`, document.baseURI));
      if (!response.ok) throw new Error(`the server answers ${response.status}`);
      return response.arrayBuffer();
    }
    const bytes = await new Promise((resolve) => {
      this.#files.set(file, resolve);
      this.#model.send({ type: "recorded", file });
    });
    if (bytes === null) throw new Error("the kernel has no such file");
    return bytes;
  }
}

/** The bytes of a message in a buffer that starts with them. */
function ownBuffer(view) {
  return view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
}
