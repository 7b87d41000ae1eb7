import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client, take } from "./client";
import { keys } from "./queries";
import type { components, operations } from "./schema";

export type Suggested = components["schemas"]["SuggestionList"];
export type SuggestField = operations["suggestValues"]["parameters"]["query"]["field"];

/** Values that are asked for: more than are shown, so that typing on narrows them without a question. */
const MOST = 20;

/** Values of a key of the filter that fit what was typed; where the question fails, the field works without them. */
export function suggestQuery(field: SuggestField, prefix: string) {
  return queryOptions({
    queryKey: keys.suggest(field, prefix),
    queryFn: ({ signal }) =>
      take(client.GET("/api/v1/search/suggest", { params: { query: { field, prefix, limit: MOST } }, signal })),
    placeholderData: keepPreviousData, // of another field, perhaps: the answer names its own
    staleTime: 30_000,
    retry: false,
  });
}
