import type { ReactNode } from "react";
import { cx } from "@/lib/cx";

interface Props {
  title: string;
  /** Beside the title: a count, a note. */
  aside?: ReactNode;
  /** Right: a link to the whole. */
  action?: ReactNode;
  children: ReactNode;
  className?: string;
}

/** A part of a page under a heading of its own, without a box around it. */
export function Section({ title, aside, action, children, className }: Props) {
  return (
    <section aria-label={title} className={cx("min-w-0 bg-surface", className)}>
      <header className="flex h-11 items-center gap-3 px-5 max-md:px-4">
        <h2 className="font-medium">{title}</h2>
        {aside}
        <div className="ml-auto">{action}</div>
      </header>
      {children}
    </section>
  );
}
