/**
 * The form in which runs travel, live and recorded; `wire.py` beside it is the other half, and describes it.
 *
 * An array of one dimension becomes a typed array; one of more has its `shape` beside it.
 *
 * @typedef {Float64Array | Float32Array | Int32Array | Uint8Array} Numbers
 * @typedef {Numbers & {shape: number[]}} Field
 */

/** What an array in a message becomes, by its type. */
const TYPES = { f8: Float64Array, f4: Float32Array, i4: Int32Array, u1: Uint8Array };

/** The flag of a message. */
export function flagOf(/** @type {ArrayBuffer} */ buffer) {
  return new Uint32Array(buffer, 4, 1)[0];
}

/**
 * @param {ArrayBuffer} buffer
 * @returns {any} the message with its arrays in place, as views of the buffer
 * @throws {Error} the buffer holds no message
 */
export function unpack(buffer) {
  const [length] = new Uint32Array(buffer, 0, 1);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  return withArrays(header, buffer, 8 + length);
}

/** @returns {any} */
function withArrays(
  /** @type {any} */ value,
  /** @type {ArrayBuffer} */ buffer,
  /** @type {number} */ start,
) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((entry) => withArrays(entry, buffer, start));
  if (Array.isArray(value.array)) {
    const [offset, type, shape] = value.array;
    const size = shape.reduce((/** @type {number} */ a, /** @type {number} */ b) => a * b, 1);
    const numbers = new TYPES[/** @type {keyof TYPES} */ (type)](buffer, start + offset, size);
    return shape.length === 1 ? numbers : Object.assign(numbers, { shape });
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [name, withArrays(entry, buffer, start)]),
  );
}
