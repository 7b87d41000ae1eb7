import { useVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useRef, useState } from "react";
import { log as words } from "@/lib/text/log";
import { useScroller } from "@/ui/scroller";
import { LogLineView } from "./log-line";
import type { LogRow } from "./log-view";
import type { Following } from "./use-following";

/** Up to here every line is in the document: find-in-page and readers see them all. */
const VIRTUAL_FROM = 100;
const LINE = 22;
/** The toolbar hides the first pixels. */
const TOOLBAR = 52;

/** The lines; of many, only those in view are in the document. */
export function LogList({ rows, following }: { rows: readonly LogRow[]; following: Following }) {
  const scroller = useScroller();
  const root = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  const virtual = rows.length > VIRTUAL_FROM && scroller !== undefined;
  const virtualizer = useVirtualizer({
    count: rows.length,
    enabled: virtual,
    getScrollElement: () => scroller ?? null,
    getItemKey: (index) => rows[index]?.id ?? index,
    estimateSize: () => LINE,
    scrollMargin: margin,
    scrollPaddingStart: TOOLBAR,
    overscan: 20,
  });
  const scrolls = virtual && virtualizer.isScrolling;
  useLayoutEffect(() => {
    const element = root.current;
    if (!element || !scroller || scrolls) return;
    setMargin(element.getBoundingClientRect().top - scroller.getBoundingClientRect().top + scroller.scrollTop);
  });
  const items = virtual ? virtualizer.getVirtualItems() : null;
  const height = virtual ? virtualizer.getTotalSize() : undefined;
  // Lines that have been measured move the end.
  useLayoutEffect(() => {
    if (following.on && scroller && height) scroller.scrollTop = scroller.scrollHeight;
  }, [following.on, scroller, height]);
  const shown =
    items?.map((item) => ({ index: item.index, row: rows[item.index] })) ?? rows.map((row, index) => ({ index, row }));
  const start = items?.[0]?.start ?? margin;
  return (
    <div
      ref={root}
      role="log"
      aria-live="off"
      aria-label={words.lines}
      className="pt-2 font-mono text-12 leading-5"
      style={height === undefined ? undefined : { height }}
    >
      <div style={items ? { transform: `translateY(${start - margin}px)` } : undefined}>
        {shown.map(({ index, row }) =>
          row ? (
            <div key={row.id} data-index={index} ref={virtual ? virtualizer.measureElement : undefined}>
              <LogLineView row={row} />
            </div>
          ) : null,
        )}
      </div>
    </div>
  );
}
