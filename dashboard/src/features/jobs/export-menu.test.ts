import { expect, test } from "vitest";
import type { JobsQuery } from "@/api/types";
import { exportCommand, exportUrl } from "./export-menu";

const FILTER: JobsQuery = {
  state: "dead",
  q: "-task:send_* args.user.id:42",
  created_after: "2026-11-30T00:00:00.000Z",
  sort: "oldest",
  limit: 100,
};

test("an export has the filter and the order of its list, and no page", () => {
  const url = new URL(exportUrl(FILTER, "jsonl"), "http://localhost");
  expect(url.pathname).toBe("/api/v1/jobs/export");
  const { limit: _, ...chosen } = FILTER;
  expect(Object.fromEntries(url.searchParams)).toEqual({ ...chosen, format: "jsonl" });
});

test("the command names the same jobs", () => {
  expect(exportCommand(FILTER)).toBe(
    "taskflow jobs export --state dead --filter '-task:send_* args.user.id:42' " +
      "--created-after 2026-11-30T00:00:00.000Z --sort oldest --output jobs.csv",
  );
});
