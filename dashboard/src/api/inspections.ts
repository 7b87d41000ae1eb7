import { queryOptions } from "@tanstack/react-query";
import { client, take } from "./client";
import { keys } from "./queries";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type StackRequest = Schemas["StackOut"];
export type ProfileRequest = Schemas["ProfileOut"];
export type CallStack = Schemas["CallStackOut"];
export type ProfileAnswer = Schemas["ProfileAnswerOut"];
export type BodyFacts = Omit<Schemas["StackAnswerOut"], "stacks">;
export type CallFrame = Schemas["FrameOut"];
/** A request in event `job` of the feed. */
export type InspectionNews = Schemas["InspectionNews"];

const ASK_MS = 1_000;
/** What was seen of a job that has ended is stored within this time. */
const LAST_MS = 2_500;

/** The stack that was requested here; it is asked for only while it waits, for the feed may not be there. */
export function stackQuery(id: string) {
  return queryOptions({
    queryKey: keys.stack(id),
    queryFn: ({ signal }) =>
      take(client.GET("/api/v1/jobs/{job_id}/stack", { params: { path: { job_id: id } }, signal })),
    refetchInterval: nextLook,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** The profile that was requested here, as the stack. */
export function profileQuery(id: string) {
  return queryOptions({
    queryKey: keys.profile(id),
    queryFn: ({ signal }) =>
      take(client.GET("/api/v1/jobs/{job_id}/profile", { params: { path: { job_id: id } }, signal })),
    refetchInterval: nextLook,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Ask the worker of a job where its body is. */
export function askStack(id: string, reason: string | null): Promise<StackRequest> {
  return take(client.POST("/api/v1/jobs/{job_id}/stack", { params: { path: { job_id: id } }, body: { reason } }));
}

/** Ask the worker of a job where its time goes. */
export function askProfile(id: string, seconds: number, reason: string | null): Promise<ProfileRequest> {
  const path = { job_id: id };
  return take(client.POST("/api/v1/jobs/{job_id}/profile", { params: { path }, body: { seconds, reason } }));
}

const endedAt = new WeakMap<object, number>();

// Of a profile, "ended" may still become "answered".
function nextLook(query: { state: { data: StackRequest | ProfileRequest | undefined } }): number | false {
  const { data } = query.state;
  if (data?.state === "waiting") return ASK_MS;
  if (data?.state !== "ended" || !("seconds" in data)) return false;
  const since = endedAt.get(query) ?? Date.now();
  endedAt.set(query, since);
  return Date.now() - since < LAST_MS ? ASK_MS : false;
}
