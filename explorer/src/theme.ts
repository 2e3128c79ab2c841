/**
 * Light, dark, or as the system says. The choice stays in this browser; style sheets follow `color-scheme`
 * alone (`light-dark()` in tokens.css), so there is one place to switch.
 */

/** What the reader chose; `auto` follows the system. */
export type Theme = "auto" | "light" | "dark";

export const THEMES: readonly Theme[] = ["auto", "light", "dark"];
const NAME = "quittance-theme";

/** What was chosen in this browser before. */
export function readTheme(): Theme {
  try {
    const kept = localStorage.getItem(NAME);
    return THEMES.find((theme) => theme === kept) ?? "auto";
  } catch {
    return "auto"; // storage is off
  }
}

/** Shows a theme, and keeps it where the browser lets us. */
export function applyTheme(theme: Theme = readTheme()): void {
  const { documentElement } = document;
  if (theme === "auto") documentElement.removeAttribute("data-theme");
  else documentElement.setAttribute("data-theme", theme);
  try {
    localStorage.setItem(NAME, theme);
  } catch {
    // It holds until the page is closed.
  }
}
