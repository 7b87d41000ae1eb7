import type { QueryClient } from "@tanstack/react-query";
import type { InspectionNews, ProfileRequest, StackRequest } from "@/api/inspections";
import { keys } from "@/api/queries";

interface InspectionEvent {
  id: string;
  inspections: InspectionNews[];
}

/** Whether an event `job` tells of requests for a stack or a profile, and of nothing else. */
export function isInspectionEvent(value: unknown): value is InspectionEvent {
  return typeof value === "object" && value !== null && "inspections" in value;
}

/** Ask for an answer that a page waits for: the feed tells that it is there, and no frames. */
export function tellInspections(client: QueryClient, { id, inspections }: InspectionEvent): void {
  for (const news of inspections) {
    const queryKey = keys[news.kind](id);
    const held = client.getQueryData<StackRequest | ProfileRequest>(queryKey);
    if (held?.id === news.id && held.state !== news.state) void client.invalidateQueries({ queryKey });
  }
}
