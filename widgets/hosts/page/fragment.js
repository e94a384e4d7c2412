/**
 * The fragment of the page's address carries the settings of one widget: `#weight-tuner?lam_ic=100&seed=3`.
 *
 * @param {string} hash
 * @returns {{id: string, entries: [string, string][]} | null} null if it is a fragment of another kind
 */
export function readFragment(hash) {
  const [, id, query] = /^#([^?]+)\?(.*)$/s.exec(hash) ?? [];
  if (id === undefined) return null;
  return { id: decoded(id), entries: [...new URLSearchParams(query)] };
}

/** The page's address with the settings of a widget in its fragment. */
export function addressWith(id, query) {
  const address = new URL(window.location.href);
  address.hash = `${encodeURIComponent(id)}?${query}`;
  return address.href;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
