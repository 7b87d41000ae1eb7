import { queryOptions } from "@tanstack/react-query";
import { membersOf } from "@/lib/raw-json";
import { takeText, texts } from "./client";
import { parseJson } from "./json";
import { keys } from "./queries";
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Attempt = Schemas["AttemptOut"];

/** A job with its payload as the text it is: nothing that was parsed can lose a digit. */
export type Job = Omit<Schemas["JobDetail"], "attempts"> & {
  attempts: Attempt[];
  next_attempt_at?: string | null;
  raw: { args: string; result: string; meta: string };
  /** It was deleted after this was read. */
  gone?: boolean;
};

export function jobOfText(text: string): Job {
  const members = membersOf(text);
  const raw = (name: string) => members.get(name) ?? "null";
  const parsed = parseJson(text) as Omit<Job, "raw">;
  return {
    ...parsed,
    raw: { args: raw("args"), result: raw("result"), meta: raw("meta") },
  };
}

export function jobQuery(id: string) {
  return queryOptions({
    queryKey: keys.job(id),
    queryFn: async ({ signal }) =>
      jobOfText(await takeText(texts.GET("/api/v1/jobs/{job_id}", { params: { path: { job_id: id } }, signal }))),
    // A comparison part by part would take numbers that are kept as text apart.
    structuralSharing: false,
  });
}
