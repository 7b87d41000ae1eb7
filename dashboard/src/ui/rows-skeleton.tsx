import { Skeleton } from "./skeleton";

/** A table of the final size whose rows are not there yet. */
export function RowsSkeleton({ rows, head = true }: { rows: number; head?: boolean }) {
  return (
    <div>
      {head ? <div className="h-8 border-border border-y bg-app" /> : null}
      {Array.from({ length: rows }, (_, index) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: rows without content have nothing else
          key={index}
          className="flex h-(--tf-row) items-center gap-6 border-border border-b px-5 max-md:px-4"
        >
          <Skeleton className="w-1/4" />
          <Skeleton className="ml-auto w-12" />
          <Skeleton className="w-12" />
          <Skeleton className="w-20 max-sm:hidden" />
        </div>
      ))}
    </div>
  );
}
