import { boot } from "./boot";
import { words } from "./text/reason";

/** Characters of a reason that the server takes. */
export const MOST_REASON = 500;

/** Why the page cannot send an act yet, for the `refusal` of its button: the server requires a reason. */
export function reasonRefusal(text: string): string | undefined {
  return boot.requires_reason && text.trim() === "" ? words.missing : undefined;
}

/** A reason as requests have it. */
export function reasonOf(text: string): string | null {
  return text.trim() || null;
}
