import { useLiveStatus } from "./status";

const FALLBACK_S = 5;

/**
 * How often a query asks by itself, for `refetchInterval`; hidden pages ask nothing anyway.
 *
 * @param seconds where there is no feed
 * @param whilePushed seconds beside a feed that pushes the same; false: not at all
 */
export function useInterval(seconds: number, whilePushed: number | false = false): number | false {
  const { mode } = useLiveStatus();
  if (mode === "paused") return false;
  if (mode === "live") return whilePushed === false ? false : whilePushed * 1000;
  return (mode === "off" ? seconds : Math.max(FALLBACK_S, seconds)) * 1000;
}
