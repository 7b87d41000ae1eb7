import { useMedia } from "./media";
import { stored, useStored } from "./storage";

const THEMES = ["light", "dark", "system"] as const;
const DENSITIES = ["comfortable", "compact"] as const;
export type Theme = (typeof THEMES)[number];
export type Density = (typeof DENSITIES)[number];

const oneOf =
  <T extends string>(values: readonly T[]) =>
  (text: string): text is T =>
    (values as readonly string[]).includes(text);

// theme.js reads the same keys before the first paint.
export const themeChoice = stored<Theme>("theme", "system", oneOf(THEMES));
export const densityChoice = stored<Density>("density", "comfortable", oneOf(DENSITIES));

const DARK = "(prefers-color-scheme: dark)";

/** The theme on the screen: what was chosen, or what the system prefers. */
export function useTheme(): "light" | "dark" {
  const choice = useStored(themeChoice);
  const dark = useMedia(DARK);
  if (choice === "system") return dark ? "dark" : "light";
  return choice;
}

/** Follow the choices and the system: `data-theme` and `data-density` of the document. */
export function applyAppearance(): () => void {
  const root = document.documentElement;
  const system = matchMedia(DARK);
  const apply = () => {
    const choice = themeChoice.get();
    root.dataset.theme = choice === "system" ? (system.matches ? "dark" : "light") : choice;
    root.dataset.density = densityChoice.get();
  };
  apply();
  system.addEventListener("change", apply);
  const stops = [themeChoice.subscribe(apply), densityChoice.subscribe(apply)];
  return () => {
    system.removeEventListener("change", apply);
    for (const stop of stops) stop();
  };
}

export function toggleTheme(): void {
  themeChoice.set(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
}

export function toggleDensity(): void {
  densityChoice.set(densityChoice.get() === "compact" ? "comfortable" : "compact");
}
