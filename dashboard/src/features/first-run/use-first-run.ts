import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { hasHistoryQuery } from "@/api/series";
import { useStats } from "@/live/fresh";

/** Whether no job exists, and none ever did as far as the store remembers. False while that is not known. */
export function useFirstRun(): boolean {
  const { data: stats } = useStats();
  const empty = stats !== undefined && Object.values(stats.states).every((jobs) => jobs === 0);
  const history = useQuery({ ...hasHistoryQuery(), enabled: empty });
  // Once begun it lasts until a job exists, so that its steps are seen to be done.
  const [begun, setBegun] = useState(false);
  const first = empty && (begun || history.data === false);
  if (first !== begun) setBegun(first);
  return first;
}
