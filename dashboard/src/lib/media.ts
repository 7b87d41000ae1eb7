import { useCallback, useSyncExternalStore } from "react";

/** Whether a media query holds; renders again when that changes. */
export function useMedia(query: string): boolean {
  const subscribe = useCallback(
    (listener: () => void) => {
      const list = matchMedia(query);
      list.addEventListener("change", listener);
      return () => list.removeEventListener("change", listener);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => matchMedia(query).matches);
}

/** From here on the drawer is a panel beside the list. */
export const WIDE = "(min-width: 1280px)";
/** From here on the sidebar stands beside the page. */
export const HAS_SIDEBAR = "(min-width: 768px)";
