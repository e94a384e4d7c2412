const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A number with two or three significant digits, for reading. */
export function short(value, digits = 3) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "not finite";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e6) return String(Number(value.toPrecision(digits)));
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  const power = `10${superscript(Number(exponent))}`;
  return Number(mantissa) === 1 ? power : `${Number(mantissa)} × ${power}`;
}

/** A fraction as a percentage with two significant digits. */
export function percent(fraction) {
  if (fraction === null || !Number.isFinite(fraction)) return "not finite";
  const value = 100 * fraction;
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(2))} %`;
}

/** Milliseconds as seconds for reading. */
export function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(milliseconds < 9950 ? 1 : 0)} s`;
}

/** Milliseconds for reading: in seconds when there are many. */
export function time(milliseconds) {
  if (milliseconds >= 1000) return seconds(milliseconds);
  return `${milliseconds < 10 ? Number(milliseconds.toPrecision(2)) : Math.round(milliseconds)} ms`;
}

/** Bytes as megabytes (10^6 bytes) with one decimal. */
export function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}

function superscript(exponent) {
  const digits = [...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[Number(digit)]).join("");
  return exponent < 0 ? `⁻${digits}` : digits;
}
