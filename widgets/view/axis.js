/** The last value of a series; undefined if it has none. */
export const last = (values) => values?.[values.length - 1];

/**
 * The powers of ten around all positive values, within the limits.
 *
 * @param {ArrayLike<number | null>[]} arrays
 * @param {[number, number]} limits
 * @returns {[number, number]}
 */
export function decades(arrays, [lowest, highest]) {
  let [low, high] = [highest, lowest];
  for (const values of arrays) {
    for (const value of values) {
      if (!(value > 0)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  const power = (value, round) => 10 ** round(Math.log10(Math.min(highest, Math.max(lowest, value))));
  return low < high
    ? [power(low, Math.floor), power(high, Math.ceil)]
    : [power(high, Math.floor) / 10, power(high, Math.ceil) * 10];
}

/** The range that holds two ranges; the second may be missing. */
export function joined(a, b) {
  return b ? [Math.min(a[0], b[0]), Math.max(a[1], b[1])] : a;
}

const STEPS = [1, 1.5, 2, 3, 5, 7.5, 10];

/** The least of a few multiples of a power of ten that is not below a value: an axis up to it grows in steps. */
export function roundedUp(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * STEPS.find((step) => step * power >= value * (1 - 1e-9));
}
