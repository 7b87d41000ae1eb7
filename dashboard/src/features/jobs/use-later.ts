import { useCallback, useEffect, useRef } from "react";

/** Run the last of several calls, once there were none for a time. */
export function useLater(ms: number): (run: () => void) => void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(
    (run) => {
      clearTimeout(timer.current);
      timer.current = setTimeout(run, ms);
    },
    [ms],
  );
}
