import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client, take } from "./client";
import { ASK_ONE_PAGE, keys } from "./queries";
import type { components, operations } from "./schema";

export type Act = components["schemas"]["ActOut"];
export type AuditQuery = Omit<NonNullable<operations["listAudit"]["parameters"]["query"]>, "cursor" | "limit">;

const PAGE = 100;

/** Acts of operators, newest first, page by page. */
export function auditQuery(filter: AuditQuery) {
  return infiniteQueryOptions({
    ...ASK_ONE_PAGE,
    queryKey: keys.audit(filter),
    queryFn: ({ pageParam, signal }) =>
      take(
        client.GET("/api/v1/audit", {
          params: { query: { ...filter, limit: PAGE, ...(pageParam === null ? {} : { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
}

/** One act, by its number: what a shared link opens. */
export function actQuery(seq: number) {
  return queryOptions({
    queryKey: keys.act(seq),
    queryFn: async ({ signal }) => {
      const query = { limit: 1, cursor: seq + 1 };
      const { items } = await take(client.GET("/api/v1/audit", { params: { query }, signal }));
      return items.find((act) => act.seq === seq) ?? null;
    },
  });
}

/** Where an object of the audit is shown; null: nowhere, or it is gone. */
export function placeOf(object: string): { to: string; name: string } | null {
  const [kind = "", ...rest] = object.split(":");
  const name = rest.join(":");
  const query = encodeURIComponent(name);
  const to: { [kind: string]: string } = {
    job: `/jobs/${query}`,
    queue: `/jobs?queue=${query}`,
    worker: `/jobs?worker=${query}`,
    error: `/errors/${query}`,
  };
  return to[kind] ? { to: to[kind], name } : null;
}
