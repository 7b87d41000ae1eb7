import { cx } from "@/lib/cx";
import { CopyButton } from "./copy-button";

interface Props {
  text: string;
  copyLabel?: string;
  /** Long lines wrap instead of scrolling. */
  wrap?: boolean;
  className?: string;
}

/** A command or a piece of code, to copy. */
export function Code({ text, copyLabel, wrap = false, className }: Props) {
  return (
    <div className={cx("relative rounded-m border border-border bg-app", className)}>
      <pre
        tabIndex={wrap ? undefined : 0}
        className={cx(
          "overflow-x-auto px-3 py-2.5 pr-10 font-mono text-12 leading-5",
          wrap && "whitespace-pre-wrap break-words",
        )}
      >
        <code>{text}</code>
      </pre>
      <CopyButton
        text={text}
        {...(copyLabel ? { label: copyLabel } : {})}
        className="absolute top-1.5 right-1.5 bg-app"
      />
    </div>
  );
}
