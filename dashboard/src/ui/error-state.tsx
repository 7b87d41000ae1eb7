import { RotateCw, TriangleAlert } from "lucide-react";
import { cx } from "@/lib/cx";
import { kit } from "@/lib/text/kit";
import { Button } from "./button";
import { CopyButton } from "./copy-button";

interface Props {
  /** What was asked for: "jobs", "this job". */
  what: string;
  error: unknown;
  onRetry?: (() => void) | undefined;
  busy?: boolean;
  /** Last good data stands below: a line, not a page. */
  compact?: boolean;
  className?: string;
}

/** What failed, why, the id to find it by in the log, and a way to try again. */
export function ErrorState({ what, error, onRetry, busy = false, compact = false, className }: Props) {
  const requestId = (error as { requestId?: string | null } | null)?.requestId ?? null;
  const detail = error instanceof Error && error.message ? error.message : kit.unexpected;
  const request = requestId ? (
    <span className="inline-flex items-center gap-1 text-12 text-text-3">
      {kit.requestId} <code className="font-mono">{requestId}</code>
      <CopyButton text={requestId} />
    </span>
  ) : null;
  const retry = onRetry ? (
    <Button size={compact ? "s" : "m"} busy={busy} onClick={onRetry} icon={<RotateCw aria-hidden size={14} />}>
      {kit.retry}
    </Button>
  ) : null;
  if (compact) {
    return (
      <div
        role="alert"
        className={cx("flex flex-wrap items-center gap-x-3 gap-y-1 bg-danger-soft px-5 py-1.5 max-md:px-4", className)}
      >
        <TriangleAlert aria-hidden size={14} className="shrink-0 text-danger" />
        <span className="min-w-0 grow">
          <span className="font-medium">{kit.cannotLoad(what)}</span> <span className="text-text-2">{detail}</span>
        </span>
        {request}
        {retry}
      </div>
    );
  }
  return (
    <div role="alert" className={cx("flex flex-col items-center px-5 py-16 text-center", className)}>
      <TriangleAlert aria-hidden size={20} className="mb-3 text-danger" />
      <p className="font-medium text-14">{kit.cannotLoad(what)}</p>
      <p className="mt-1 max-w-130 break-words text-text-2">{detail}</p>
      <div className="mt-4 flex flex-col items-center gap-2">
        {retry}
        {request}
      </div>
    </div>
  );
}
