/** Numbers and names as text. Amounts stay whole numbers: no float ever holds money. */

/** The beginning and the end of a long name. */
export function shortened(text: string, head = 8, tail = 6): string {
  return text.length <= head + tail + 3 ? text : `${text.slice(0, head)}…${text.slice(-tail)}`;
}

/** A number of smallest units as a decimal number, exactly. */
export function decimalOf(units: bigint, decimals: number): string {
  const sign = units < 0n ? "-" : "";
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const rest = digits.slice(digits.length - decimals).replace(/0+$/, "");
  return `${sign}${whole}${rest === "" ? "" : `.${rest}`}`;
}

/**
 * A decimal number rounded to five significant digits, thousands set apart; whole numbers keep all digits.
 *
 * @example rounded("0.000135519999") // "0.00013552"
 */
export function rounded(exact: string): string {
  const sign = exact.startsWith("-") ? "-" : "";
  const [before = "0", after = ""] = exact.replace("-", "").split(".");
  const leading = before === "0" ? (after.match(/^0*/)?.[0].length ?? 0) : -before.length;
  const keep = Math.max(0, leading + SIGNIFICANT);
  // One digit more decides; in whole numbers of the last digit that is kept, nothing is lost on the way.
  const scaled = BigInt(`${before}${after.padEnd(keep + 1, "0").slice(0, keep + 1)}`);
  const text = decimalOf((scaled + 5n) / 10n, keep);
  const [whole = "0", rest] = text.split(".");
  return `${sign}${grouped(whole)}${rest === undefined ? "" : `.${rest}`}`;
}

const SIGNIFICANT = 5;

/** A whole number with thin spaces between thousands. */
export function whole(value: number | bigint | string): string {
  return grouped(String(value));
}

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

/** A share from 0 to 1 as percent. */
export function percent(share: number, digits = 1): string {
  return `${(share * 100).toFixed(digits)} %`;
}
