import type { ReactNode } from "react";
import { cx } from "@/lib/cx";

export interface Fact {
  label: string;
  value: ReactNode;
  mono?: boolean;
}

/** Names and values in columns: the head of a drawer. */
export function Facts({ facts, className }: { facts: readonly Fact[]; className?: string }) {
  return (
    <dl className={cx("grid grid-cols-2 gap-x-4 gap-y-4 sm:grid-cols-4", className)}>
      {facts.map((fact) => (
        <div key={fact.label} className="min-w-0">
          <dt className="text-12 text-text-3">{fact.label}</dt>
          <dd className={cx("mt-0.5 truncate", fact.mono && "font-mono")}>{fact.value}</dd>
        </div>
      ))}
    </dl>
  );
}
