import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { keys } from "@/api/queries";
import type { JobRow, JobRowPage } from "@/api/types";

export type JobPages = InfiniteData<JobRowPage, unknown>;

/** Tags of the rows in the cache, sorted: the server has no list of them. */
export function tagsSeen(client: QueryClient): string[] {
  return [...new Set(cached(client).flatMap((row) => row.tags))].sort();
}

/** Names of the errors of the rows in the cache, sorted. */
export function errorsSeen(client: QueryClient): string[] {
  return [...new Set(cached(client).flatMap((row) => (row.error ? [row.error.type] : [])))].sort();
}

/** Paths to values of the arguments of the rows in the cache, sorted: `args.user.id`. Long arguments are cut, and say none. */
export function pathsSeen(client: QueryClient): string[] {
  const paths = new Set<string>();
  for (const row of cached(client).slice(0, MOST_READ)) {
    if (!row.args_preview.endsWith("…")) addPaths(JSON.parse(row.args_preview), "args", paths);
  }
  return [...paths].sort();
}

const MOST_READ = 200;
const MOST_PATHS = 200;
const DEEPEST = 4;

function addPaths(value: unknown, path: string, paths: Set<string>): void {
  if (paths.size >= MOST_PATHS || path.split(".").length > DEEPEST) return;
  if (typeof value !== "object" || value === null) {
    paths.add(path);
    return;
  }
  if (Array.isArray(value)) return;
  for (const [name, inner] of Object.entries(value))
    if (/^[\w-]+$/.test(name)) addPaths(inner, `${path}.${name}`, paths);
}

function cached(client: QueryClient): JobRow[] {
  const lists = client.getQueriesData<JobPages>({ queryKey: [...keys.jobs(), "list"] });
  return lists.flatMap(([, data]) => data?.pages.flatMap((page) => page.items) ?? []);
}

/** The rows of all pages; one that came twice, because it moved between two pages, stands once. */
export function rowsOf(data: JobPages | undefined): JobRow[] {
  const seen = new Set<string>();
  const rows: JobRow[] = [];
  for (const page of data?.pages ?? []) {
    for (const row of page.items) {
      if (seen.has(row.id)) continue;
      seen.add(row.id);
      rows.push(row);
    }
  }
  return rows;
}

/** The first page alone: what a list begins anew from. */
export function firstPage(data: JobPages | undefined): JobPages | undefined {
  if (!data || data.pages.length < 2) return data;
  return { pages: data.pages.slice(0, 1), pageParams: data.pageParams.slice(0, 1) };
}
