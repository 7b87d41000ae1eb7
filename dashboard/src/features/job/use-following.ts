import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useScroller } from "@/ui/scroller";

/** As near as this to its end, in pixels, a reader is at the end. */
const NEAR = 24;

export interface Following {
  on: boolean;
  toggle: () => void;
}

/**
 * Keep the end of what is scrolled in view while it grows. Who scrolls up reads, and is left there; who comes back to the
 * end follows again.
 *
 * @param begins it follows from when this is true, until the reader scrolls up
 * @param length what grows
 */
export function useFollowing(begins: boolean, length: number): Following {
  const scroller = useScroller();
  const [on, setOn] = useState(begins);
  const at = useRef(0);
  useEffect(() => {
    if (begins) setOn(true);
  }, [begins]);
  useLayoutEffect(() => {
    if (on && scroller && length > 0) scroller.scrollTop = scroller.scrollHeight;
  }, [on, scroller, length]);
  useEffect(() => {
    if (!scroller) return;
    const onScroll = () => {
      const { scrollTop, scrollHeight, clientHeight } = scroller;
      const up = scrollTop < at.current - 1;
      at.current = scrollTop;
      if (up) setOn(false);
      else if (begins && scrollHeight - scrollTop - clientHeight < NEAR) setOn(true);
    };
    at.current = scroller.scrollTop;
    scroller.addEventListener("scroll", onScroll, { passive: true });
    return () => scroller.removeEventListener("scroll", onScroll);
  }, [scroller, begins]);
  const toggle = useCallback(() => setOn((was) => !was), []);
  return { on, toggle };
}
