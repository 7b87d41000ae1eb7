import { queryOptions } from "@tanstack/react-query";
import { client, take } from "./client";
import { keys } from "./queries";
import type { components } from "./schema";

export type View = components["schemas"]["ViewOut"];
export type ViewBody = components["schemas"]["ViewBody"];
export type ViewChange = components["schemas"]["ViewChange"];
/** What a view shows. */
export type ViewContent = Pick<View, "filter" | "sort" | "range" | "columns">;

/** Built-in views, shared ones, and the caller's own. */
export function viewsQuery() {
  return queryOptions({
    queryKey: keys.views(),
    queryFn: async ({ signal }) => (await take(client.GET("/api/v1/views", { signal }))).items,
    staleTime: 30_000,
  });
}

export function createView(body: ViewBody): Promise<View> {
  return take(client.POST("/api/v1/views", { body }));
}

export function changeView(id: string, body: ViewChange): Promise<View> {
  return take(client.PATCH("/api/v1/views/{view_id}", { params: { path: { view_id: id } }, body }));
}

export async function deleteView(id: string): Promise<void> {
  await take(client.DELETE("/api/v1/views/{view_id}", { params: { path: { view_id: id } } }));
}

/** What a view is called in an address. */
export function nameOf(view: View): string {
  return view.id ?? view.key ?? view.name;
}
