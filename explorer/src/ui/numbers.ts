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

/** A decimal number cut to five significant digits; whole numbers keep all of theirs. */
export function rounded(exact: string): string {
  const [whole = "0", rest = ""] = exact.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, "\u2009");
  const leading = whole.replace("-", "") === "0" ? (rest.match(/^0*/)?.[0].length ?? 0) : 0;
  const used = whole.replace("-", "") === "0" ? leading : -whole.replace("-", "").length;
  const keep = Math.max(0, used + 5);
  const shown = rest.slice(0, keep).replace(/0+$/, "");
  return shown === "" ? grouped : `${grouped}.${shown}`;
}

/** A whole number with thin spaces between thousands. */
export function whole(value: number | bigint | string): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

/** A share from 0 to 1 as percent. */
export function percent(share: number, digits = 1): string {
  return `${(share * 100).toFixed(digits)} %`;
}
