import { createContext, useContext } from "react";

/**
 * The element that scrolls around a part; a virtual table measures itself in it. Undefined: there is none. Null: it is
 * not in the document yet, since a child's effects run before the element around it is known.
 */
export const ScrollerContext = createContext<HTMLElement | null | undefined>(undefined);

export function useScroller(): HTMLElement | null | undefined {
  return useContext(ScrollerContext);
}
