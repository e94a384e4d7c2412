/**
 * The SHA-256 of some bytes in hexadecimal digits; null outside https and localhost, where browsers give none.
 *
 * @param {BufferSource} bytes
 * @returns {Promise<string | null>}
 */
export async function sha256(bytes) {
  if (!globalThis.crypto?.subtle) return null;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
