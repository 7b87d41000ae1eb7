import { createContext, useContext } from "react";

/** What a page may ask of the frame around it. */
export interface ShellControls {
  /** Open the navigation where the sidebar is hidden. */
  openNavigation: () => void;
  /** A page is there; all but the first get the focus, so that a reader learns of them. */
  arrived: (main: HTMLElement) => void;
}

export const ShellContext = createContext<ShellControls>({ openNavigation: () => {}, arrived: () => {} });

export function useShell(): ShellControls {
  return useContext(ShellContext);
}
