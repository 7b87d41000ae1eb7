import type { ReactNode } from "react";
import { cx } from "@/lib/cx";

interface Props {
  children: ReactNode;
  /** On the dark ground of a tip. */
  inverted?: boolean;
}

/** A key cap. */
export function Kbd({ children, inverted = false }: Props) {
  return (
    <kbd
      className={cx(
        "inline-flex h-4.5 min-w-4.5 items-center justify-center rounded-s border px-1 font-sans text-11 leading-none",
        inverted ? "border-current/30 text-on-primary" : "border-border bg-app text-text-2",
      )}
    >
      {children}
    </kbd>
  );
}
