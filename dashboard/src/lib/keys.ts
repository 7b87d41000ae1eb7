import { type RefObject, useEffect, useRef } from "react";
import { tinykeys } from "tinykeys";
import { stored } from "./storage";

export type KeyBindings = Record<string, (event: KeyboardEvent) => void>;

type OnOff = "on" | "off";

/** Whether single keys act (WCAG 2.1.4); chords with ⌘ or Ctrl always do. */
export const singleKeys = stored<OnOff>("keys", "on", (text): text is OnOff => text === "on" || text === "off");

/** Put on whatever must keep keys from the page below it while it is open. */
export const BLOCKS_KEYS = { "data-blocks-keys": "" } as const;

const FIELDS = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable=true], [role=textbox]";
// What takes letters and arrows itself while it is focused or open.
const WIDGETS = "[role=menu], [role=listbox], [role=combobox]";

export function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(`${FIELDS}, ${WIDGETS}`) !== null;
}

function hasModifier(binding: string): boolean {
  return /(\$mod|Control|Meta|Alt)\+/.test(binding);
}

/** Whether a plain key belongs to the page now: not in a field, not under a dialog, not switched off. */
export function keysAct(event: KeyboardEvent, scope?: Element | null): boolean {
  if (singleKeys.get() === "off" || event.defaultPrevented || event.isComposing || isTyping(event.target)) return false;
  const blockers = [...document.querySelectorAll("[data-blocks-keys]")];
  // What is inside of a dialog is not below it.
  return blockers.every((blocker) => scope !== undefined && scope !== null && blocker.contains(scope));
}

// `g j` must not also be `j`. Of each first key of a sequence, how often it is bound; and whether the present press
// completes one.
const firstKeys = new Map<string, number>();
const SEQUENCE_MS = 1000;
let firstAt = Number.NEGATIVE_INFINITY;
let inSequence = false;

globalThis.addEventListener?.(
  "keydown",
  (event) => {
    inSequence = event.timeStamp - firstAt < SEQUENCE_MS;
    const first = !inSequence && firstKeys.has(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey;
    firstAt = first && !isTyping(event.target) ? event.timeStamp : Number.NEGATIVE_INFINITY;
  },
  { capture: true },
);

function countFirstKeys(names: string[], by: 1 | -1): void {
  for (const name of names) {
    const [first, second] = name.split(" ");
    if (!first || !second) continue;
    const count = (firstKeys.get(first) ?? 0) + by;
    if (count > 0) firstKeys.set(first, count);
    else firstKeys.delete(first);
  }
}

/**
 * Bind keys while the component is there, in the notation of tinykeys (`j`, `Shift+x`, `g o`, `$mod+k`).
 *
 * @param bindings what each key does; without ⌘, Ctrl or Alt it acts only where `keysAct` says so
 * @param enabled false unbinds them all
 * @param scope an element inside of the dialog whose keys these are; they act although it is open
 */
export function useKeys(bindings: KeyBindings, enabled = true, scope?: RefObject<Element | null>): void {
  const current = useRef(bindings);
  current.current = bindings;
  const names = Object.keys(bindings).join("\n");
  useEffect(() => {
    if (!enabled) return;
    const handlers = names.split("\n").filter(Boolean);
    countFirstKeys(handlers, 1);
    const unbind = tinykeys(
      window,
      Object.fromEntries(
        handlers.map((name) => [
          name,
          (event: KeyboardEvent) => {
            if (!hasModifier(name) && !keysAct(event, scope?.current)) return;
            if (inSequence && !name.includes(" ")) return;
            current.current[name]?.(event);
          },
        ]),
      ),
    );
    return () => {
      countFirstKeys(handlers, -1);
      unbind();
    };
  }, [names, enabled, scope]);
}

/** Whether this keyboard says ⌘ where others say Ctrl. */
export const isApple = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "");
