import { X } from "lucide-react";
import type { ReactNode } from "react";
import { cx } from "@/lib/cx";
import { kit } from "@/lib/text/kit";

interface Props {
  children: ReactNode;
  mono?: boolean;
  /** `accent`: a choice that is in force, such as a filter. */
  tone?: "neutral" | "accent" | "danger";
  title?: string;
  /** Shows a cross; `name` is what its label says is removed. */
  onRemove?: (() => void) | undefined;
  name?: string;
  className?: string;
}

const TONE = {
  neutral: "border-border text-text-2",
  accent: "border-transparent bg-accent-soft text-accent",
  danger: "border-transparent bg-danger-soft text-danger",
};

/** A tag, a filter, a small fact. */
export function Chip({ children, mono, tone = "neutral", title, onRemove, name, className }: Props) {
  return (
    <span
      title={title}
      className={cx(
        "inline-flex h-5 max-w-full shrink-0 items-center gap-1 rounded-s border px-1.5 text-11",
        mono && "font-mono",
        TONE[tone],
        className,
      )}
    >
      <span className="truncate">{children}</span>
      {onRemove ? (
        <button
          type="button"
          aria-label={kit.remove(name ?? String(children))}
          onClick={onRemove}
          className="-mr-1 grid size-4 place-items-center rounded-s hover:bg-active hover:text-text"
        >
          <X aria-hidden size={11} />
        </button>
      ) : null}
    </span>
  );
}
