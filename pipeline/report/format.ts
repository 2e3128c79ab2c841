/**
 * Numbers and names as people read them. The same amount always has the same form, in the fixed locale en: a
 * report must not depend on the machine that rendered it. Groups are separated by a narrow no-break space, as
 * SI writes them, because a comma means a decimal point to half of the readers.
 */

const GROUP = "\u202f";
const MINUS = "\u2212";
const WEI_DIGITS = 18;
const SUPERSCRIPTS: Readonly<Record<string, string>> = Object.fromEntries(
  [..."-0123456789"].map((sign, index) => [sign, [..."⁻⁰¹²³⁴⁵⁶⁷⁸⁹"][index] ?? sign]),
);

/** Groups digits: 1234567 is written 1 234 567. Whole numbers and decimal strings only. */
export function grouped(value: number | bigint | string): string {
  const text = String(value);
  const negative = text.startsWith("-");
  const digits = negative ? text.slice(1) : text;
  const marked = digits.replace(/\B(?=(\d{3})+(?!\d))/g, GROUP);
  return negative ? MINUS + marked : marked;
}

/**
 * An amount in coins, rounded down: never more than there is. Six significant digits, or as many decimals as
 * `like` (the largest amount of a column) then has, so that a column lines up.
 */
export function coins(wei: string, coin: string, like?: string): string {
  const value = BigInt(wei);
  if (value === 0n) return `0 ${coin}`;
  if (like !== undefined) return `${decimals(value, coinDecimals(BigInt(like)))} ${coin}`;
  const negative = value < 0n;
  const digits = String(negative ? -value : value).padStart(WEI_DIGITS + 1, "0");
  const whole = digits.slice(0, -WEI_DIGITS);
  const fraction = digits.slice(-WEI_DIGITS);
  const leadingZeros = whole === "0" ? fraction.search(/[1-9]/) : 0;
  if (leadingZeros > 9) return `${grouped(value)} wei`;
  const kept = fraction.slice(0, leadingZeros + 6).replace(/0+$/, "");
  return `${negative ? MINUS : ""}${grouped(whole)}${kept === "" ? "" : `.${kept}`} ${coin}`;
}

function coinDecimals(wei: bigint): number {
  const digits = String(wei < 0n ? -wei : wei).length;
  return Math.min(WEI_DIGITS, Math.max(0, WEI_DIGITS + 6 - digits));
}

function decimals(wei: bigint, places: number): string {
  const digits = String(wei < 0n ? -wei : wei).padStart(WEI_DIGITS + 1, "0");
  const fraction = digits.slice(-WEI_DIGITS).slice(0, places);
  const text = grouped(digits.slice(0, -WEI_DIGITS)) + (fraction === "" ? "" : `.${fraction}`);
  return (wei < 0n ? MINUS : "") + text;
}

/** A share of 1 in percent: "12.3 %", and "< 0.1 %" for what would round to nothing but is not nothing. */
export function percent(share: number, places = 1): string {
  const least = 10 ** -places;
  if (share > 0 && share * 100 < least / 2) return `< ${least.toFixed(places)} %`;
  return `${(share * 100).toFixed(places)} %`;
}

/** Exact integers' quotient as a number with nine digits; 0 where the whole is 0. */
export function shareOf(part: bigint, whole: bigint): number {
  if (whole === 0n) return 0;
  return Number((part * 1_000_000_000n) / whole) / 1_000_000_000;
}

/**
 * A signed measure with a sign that is a sign: "+12.34", "−0.501", "0". Four significant digits, or as many
 * decimals as the largest value of a column, `like`, then has, so that the column lines up.
 */
export function signed(value: number, like: number = value): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const largest = Math.abs(like);
  const places = Math.max(0, 3 - Math.floor(Math.log10(largest)));
  const fixed = size.toFixed(Math.min(places, 20));
  const plain = largest < 1e6 && largest >= 1e-3 && Number(fixed) > 0;
  const [whole = "0", fraction] = fixed.split(".");
  const text = plain ? grouped(whole) + (fraction === undefined ? "" : `.${fraction}`) : scientific(size);
  return (value < 0 ? MINUS : "+") + text;
}

/** A positive measure with four significant digits. */
export function figure(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 1e15 || size < 1e-3 ? scientific(size) : plainFigure(size);
  return value < 0 ? MINUS + text : text;
}

function plainFigure(size: number): string {
  if (size >= 1_000) return grouped(Math.round(size));
  return String(Number(size.toPrecision(4)));
}

function scientific(size: number): string {
  const [mantissa = "0", exponent = "0"] = size.toExponential(1).split("e");
  const power = [...exponent.replace("+", "")].map((sign) => SUPERSCRIPTS[sign] ?? sign).join("");
  return `${mantissa} × 10${power}`;
}

/** Seconds as a person says them: "0.4 s", "12 s", "3 min 05 s". */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 120) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/** An instant in UTC: "2 March 2031, 14:05 UTC"; text that is not a date stays as it is. */
export function instant(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const day = date.toLocaleDateString("en-GB", {
    day: "numeric",
    month: "long",
    year: "numeric",
    timeZone: "UTC",
  });
  return `${day}, ${date.toISOString().slice(11, 16)} UTC`;
}

/** A long hash or number shortened in its middle; the page shows the whole one elsewhere. */
export function shortened(text: string, head = 8, tail = 6): string {
  return text.length <= head + tail + 3 ? text : `${text.slice(0, head)}…${text.slice(-tail)}`;
}

/** "1 batch", "2 batches". */
export function counted(count: number, one: string, many: string): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** Text that ends as a sentence does. */
export function sentence(text: string): string {
  return /[.!?…]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`;
}
