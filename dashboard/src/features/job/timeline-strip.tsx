import { cx } from "@/lib/cx";
import { duration } from "@/lib/format";
import { job as words } from "@/lib/text/job";
import { barOf } from "./outcome";
import type { Part } from "./timeline";

/** Waits thin, runs thick, as long as they took. */
export function TimelineStrip({ parts }: { parts: readonly Part[] }) {
  const many = parts.length > 60;
  const total = parts.reduce((sum, part) => sum + part.seconds, 0) || 1;
  return (
    <div role="img" aria-label={words.strip(parts.map(wordOf).join(", "))} className="flex h-2 items-center">
      {parts.map((part) => (
        <span
          key={part.key}
          title={wordOf(part)}
          className={cx(
            "flex h-2 items-center",
            !many && "px-px",
            part.kind === "run" && (many ? "min-w-px" : "min-w-1.5"),
          )}
          style={{ flex: `${Math.max(part.seconds / total, 0.0001)} 1 0px` }}
        >
          <span
            className={cx(
              "w-full",
              part.kind === "run"
                ? cx("h-1.5 rounded-[2px]", barOf(part.outcome))
                : part.kind === "gap"
                  ? "border-border-strong border-t border-dashed"
                  : "h-px bg-border-strong",
            )}
          />
        </span>
      ))}
    </div>
  );
}

function wordOf({ kind, outcome, seconds }: Part): string {
  if (kind === "run") return words.stripRun(words.outcome(outcome ?? ""), duration(seconds));
  return words.waited(duration(seconds));
}
