import type { RegionQuery } from "./region";

/** One region of several questions: it has data when all have, and fails with the first that did. */
export function together<T>(queries: readonly RegionQuery<unknown>[], data: T | undefined): RegionQuery<T> {
  const failed = queries.filter((query) => Boolean(query.error));
  return {
    data,
    error: failed[0]?.error ?? null,
    isFetching:
      failed.length > 0 ? failed.some((query) => query.isFetching) : queries.some((query) => query.isFetching),
    isPlaceholderData: queries.some((query) => query.isPlaceholderData === true),
    refetch: () => {
      for (const query of failed.length > 0 ? failed : queries) query.refetch();
    },
  };
}
