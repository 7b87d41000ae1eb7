import { cx } from "@/lib/cx";

export interface LegendItem {
  id: string;
  label: string;
  /** Formatted. */
  value: string;
  /** A whole class name: `bg-dead`. */
  dot: string;
}

/** What the bars show, with the sums of the range. */
export function Legend({
  items,
  note,
  className,
}: {
  items: readonly LegendItem[];
  note?: string;
  className?: string;
}) {
  return (
    <div className={cx("flex items-center gap-x-5 gap-y-1 text-12 max-sm:gap-x-3", className)}>
      {items.map((item) => (
        <span key={item.id} className="flex items-center gap-1.5 whitespace-nowrap">
          <span aria-hidden className={cx("size-2 rounded-[2px]", item.dot)} />
          <span className="font-medium text-13">{item.value}</span>
          <span className="text-text-3">{item.label}</span>
        </span>
      ))}
      {note ? <span className="ml-auto min-w-0 truncate text-text-3 max-sm:hidden">{note}</span> : null}
    </div>
  );
}
