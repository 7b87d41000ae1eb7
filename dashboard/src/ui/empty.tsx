import type { ReactNode } from "react";
import { cx } from "@/lib/cx";

interface Props {
  icon?: ReactNode;
  /** What is not there: "No job matches queue:mail". */
  title: ReactNode;
  /** What it would be, or what to do. */
  hint?: ReactNode;
  /** One primary action at most. */
  actions?: ReactNode;
  className?: string;
}

/** A region that has nothing to show, and knows it. */
export function Empty({ icon, title, hint, actions, className }: Props) {
  return (
    <div className={cx("flex flex-col items-center justify-center px-5 py-16 text-center", className)}>
      {icon ? <div className="mb-3 text-text-3">{icon}</div> : null}
      <p className="font-medium text-14 text-text">{title}</p>
      {hint ? <div className="mt-1 max-w-110 text-text-2">{hint}</div> : null}
      {actions ? <div className="mt-4 flex flex-wrap justify-center gap-2">{actions}</div> : null}
    </div>
  );
}
