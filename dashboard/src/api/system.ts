import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client, take } from "./client";
import { keys } from "./queries";
import type { components } from "./schema";

export type System = components["schemas"]["SystemOut"];
export type Check = System["checks"][number];
export type Duty = System["duties"][number];
export type Setting = System["settings"][number];
export type StoreTable = System["store"]["tables"][number];

/** The installation, asked again while it is looked at: the server looks every ten seconds. */
export function systemQuery() {
  return queryOptions({
    queryKey: keys.system(),
    queryFn: ({ signal }) => take(client.GET("/api/v1/system", { signal })),
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
  });
}
