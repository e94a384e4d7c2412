/**
 * Small memory of the browser. Private windows and strict settings refuse it: then values last as long as the page.
 *
 * @param {"localStorage" | "sessionStorage"} kind the first outlives the visit
 */
export function memory(kind) {
  const fallback = new Map();
  return {
    /** The value under a key, or `otherwise` if there is none that can be read. */
    read(key, otherwise) {
      try {
        const text = window[kind].getItem(key);
        return text === null ? (fallback.get(key) ?? otherwise) : JSON.parse(text);
      } catch {
        return fallback.get(key) ?? otherwise;
      }
    },
    write(key, value) {
      fallback.set(key, value);
      try {
        window[kind].setItem(key, JSON.stringify(value));
      } catch {
        // kept in `fallback` until the page goes
      }
    },
  };
}
