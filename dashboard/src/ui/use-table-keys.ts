import { type KeyboardEvent, type RefObject, useRef } from "react";
import { useKeys } from "@/lib/keys";
import type { Selection } from "./use-selection";

interface Options {
  ids: readonly string[];
  active: string | null;
  onActive: (id: string) => void;
  onOpen?: ((id: string) => void) | undefined;
  selection?: Selection | undefined;
  /** Bring a row into view and focus it. */
  focusRow: (index: number) => void;
  /** Whether `j k x a Enter` act from anywhere on the page, too. */
  pageKeys: boolean;
  table: RefObject<HTMLElement | null>;
}

/** Keys of a table: `j k` or arrows, Home, End, Enter, `x`, `Shift x`, `a`, Esc. */
export function useTableKeys({ ids, active, onActive, onOpen, selection, focusRow, pageKeys, table }: Options) {
  const anchor = useRef<string | null>(null);
  const index = active === null ? -1 : ids.indexOf(active);

  function move(to: number) {
    const next = Math.max(0, Math.min(ids.length - 1, to));
    const id = ids[next];
    if (id === undefined) return;
    onActive(id);
    focusRow(next);
  }

  function select(id: string, range: boolean) {
    if (!selection) return;
    const from = anchor.current === null ? -1 : ids.indexOf(anchor.current);
    const to = ids.indexOf(id);
    if (range && from >= 0 && to >= 0) {
      selection.put(ids.slice(Math.min(from, to), Math.max(from, to) + 1), true);
    } else {
      selection.toggle(id);
      anchor.current = id;
    }
  }

  function selectAll() {
    if (!selection) return;
    selection.put(ids, !ids.every((id) => selection.ids.has(id)));
  }

  const open = () => {
    if (active !== null && index >= 0) onOpen?.(active);
  };
  const inTable = (event: Event) => event.target instanceof Node && table.current?.contains(event.target) === true;
  // A focused link or button does its own thing on Enter and Space.
  const onControl = (event: Event) =>
    event.target instanceof Element && event.target.closest("a, button, input, summary");

  const clear = () => {
    if (selection && selection.ids.size > 0) selection.clear();
  };
  const openFromPage = (event: globalThis.KeyboardEvent) => {
    if (!inTable(event) && !onControl(event)) open();
  };

  useKeys(
    {
      j: () => move(index + 1),
      k: () => move(index < 0 ? 0 : index - 1),
      // Inside of the table its own handler opens the row.
      Enter: openFromPage,
      x: () => active !== null && select(active, false),
      "Shift+X": () => active !== null && select(active, true),
      a: selectAll,
      // After a drawer had its turn: it prevents the default.
      Escape: clear,
    },
    pageKeys,
  );

  function onKeyDown(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const to = targetOf(event.key, index, ids.length);
    const control = onControl(event.nativeEvent);
    if (to !== null) move(to);
    else if (event.key === "Enter" && !control) open();
    else if (event.key === " " && !control && active !== null) select(active, event.shiftKey);
    else return;
    event.preventDefault();
  }

  return { onKeyDown, select, selectAll };
}

// The row that a key of movement leads to; null if it is none.
function targetOf(key: string, index: number, count: number): number | null {
  switch (key) {
    case "ArrowDown":
      return index + 1;
    case "ArrowUp":
      return index - 1;
    case "Home":
      return 0;
    case "End":
      return count - 1;
    case "PageDown":
      return index + 10;
    case "PageUp":
      return index - 10;
    default:
      return null;
  }
}
