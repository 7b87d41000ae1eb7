import type { ReactNode } from "react";
import { cx } from "@/lib/cx";
import { ErrorState } from "./error-state";
import { ProgressLine } from "./progress-line";
import { useSlow } from "./skeleton";

/** The part of a query that a region needs; results of TanStack Query fit. */
export interface RegionQuery<T> {
  data: T | undefined;
  error: unknown;
  isFetching: boolean;
  isPlaceholderData?: boolean;
  refetch: () => unknown;
}

interface Props<T> {
  query: RegionQuery<T>;
  /** What it is, for the error: "jobs". */
  what: string;
  /** In the final size; appears after 150 ms. */
  skeleton: ReactNode;
  /** It is a line or two: so is its error. */
  small?: boolean;
  children: (data: T) => ReactNode;
  className?: string;
}

/** Loading, failed, old and good: every region of data goes through the same states. */
export function Region<T>({ query, what, skeleton, small = false, children, className }: Props<T>) {
  const { data, error, isFetching, refetch } = query;
  if (data === undefined) {
    return (
      <div className={cx("relative", className)}>
        {error ? (
          <ErrorState compact={small} what={what} error={error} onRetry={refetch} busy={isFetching} />
        ) : (
          <Late>{skeleton}</Late>
        )}
      </div>
    );
  }
  const other = query.isPlaceholderData === true;
  return (
    <div className={cx("relative", className)}>
      <ProgressLine active={other && isFetching} />
      {error ? <ErrorState compact what={what} error={error} onRetry={refetch} busy={isFetching} /> : null}
      <div
        inert={other}
        className={cx(
          "contents",
          other && "block opacity-50 transition-opacity duration-(--tf-fast)",
          // Old, and still to be read: without its colours, for paler text would be hard to read.
          Boolean(error) && !other && "block grayscale",
        )}
      >
        {children(data)}
      </div>
    </div>
  );
}

function Late({ children }: { children: ReactNode }) {
  const slow = useSlow();
  return (
    <div aria-busy className={slow ? undefined : "invisible"}>
      {children}
    </div>
  );
}
