import { useCallback, useRef } from "react";

/** A function that stays the same one and always does what the latest render says: for parts that are drawn seldom. */
export function useEvent<Args extends unknown[], Result>(act: (...args: Args) => Result): (...args: Args) => Result {
  const latest = useRef(act);
  latest.current = act;
  return useCallback((...args) => latest.current(...args), []);
}
