/**
 * The state of a run crosses from Python as one buffer: the length of a JSON header (uint32, then four bytes of
 * padding), the header padded to a multiple of eight bytes, and all arrays as float64. In the header an array
 * stands as {"array": [offset, length]}, counted in numbers. `wire.py` packs it.
 *
 * @param {ArrayBuffer} buffer
 * @returns {any} the header with its arrays in place
 */
export function unpack(buffer) {
  const [length] = new Uint32Array(buffer, 0, 1);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const start = 8 + 8 * Math.ceil(length / 8);
  return withArrays(header, buffer, start);
}

function withArrays(value, buffer, start) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((entry) => withArrays(entry, buffer, start));
  if (Array.isArray(value.array)) {
    const [offset, length] = value.array;
    return new Float64Array(buffer, start + 8 * offset, length);
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [name, withArrays(entry, buffer, start)]),
  );
}
