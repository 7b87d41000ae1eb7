import type { ComponentProps, ReactNode } from "react";
import { cx } from "@/lib/cx";
import { useFieldIds } from "./field";

export const INPUT =
  "w-full min-w-0 rounded-m border border-border-strong bg-surface text-text shadow-1 placeholder:text-text-3 aria-[invalid=true]:border-danger disabled:opacity-50 focus-visible:outline-offset-[-1px]";

interface Props extends ComponentProps<"input"> {
  /** Inside, at its left and right. */
  before?: ReactNode;
  after?: ReactNode;
  mono?: boolean;
}

export function Input({ before, after, mono, className, ...rest }: Props) {
  const ids = useFieldIds();
  const input = (
    <input
      {...ids}
      {...rest}
      className={cx(
        INPUT,
        "h-(--tf-control-h) px-3",
        before && "pl-9",
        after && "pr-9",
        mono && "font-mono",
        className,
      )}
    />
  );
  if (!before && !after) return input;
  return (
    <span className="relative flex min-w-0 grow items-center">
      {before ? <span className="pointer-events-none absolute left-3 text-text-3">{before}</span> : null}
      {input}
      {after ? <span className="absolute right-2.5 flex items-center">{after}</span> : null}
    </span>
  );
}

/** Several lines. */
export function TextArea({ mono, className, ...rest }: ComponentProps<"textarea"> & { mono?: boolean }) {
  const ids = useFieldIds();
  return (
    <textarea
      rows={4}
      {...ids}
      {...rest}
      className={cx(INPUT, "resize-y px-3 py-2", mono && "font-mono text-12", className)}
    />
  );
}
