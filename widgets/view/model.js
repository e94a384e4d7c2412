/**
 * What a view reads and writes, with the interface of an anywidget model, so that the same view runs in a notebook.
 *
 * Keys: definition, settings, phase, run, reference, recording, progress, status, failure, finished (see `session.js`).
 */
export class Model {
  #values;
  #handlers = new Map();
  #changed = new Set();

  /** @param {Record<string, any>} values */
  constructor(values) {
    this.#values = { ...values };
  }

  get(key) {
    return this.#values[key];
  }

  /** Set a value; who listens is told at `save_changes`. */
  set(key, value) {
    this.#values[key] = value;
    this.#changed.add(key);
  }

  save_changes() {
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const key of changed) this.#emit(`change:${key}`);
  }

  /** Set several values and tell at once. */
  update(values) {
    for (const [key, value] of Object.entries(values)) this.set(key, value);
    this.save_changes();
  }

  /** Send a message to the host; it hears it as "command". */
  send(content) {
    this.#emit("command", content);
  }

  on(event, handler) {
    if (!this.#handlers.has(event)) this.#handlers.set(event, new Set());
    this.#handlers.get(event).add(handler);
  }

  off(event, handler) {
    this.#handlers.get(event)?.delete(handler);
  }

  #emit(event, content) {
    for (const handler of [...(this.#handlers.get(event) ?? [])]) handler(content);
  }
}
