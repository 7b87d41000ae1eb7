import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { type ErrorListWish, errorBeginningQuery, errorListQuery } from "@/api/errors";
import { keys } from "@/api/queries";
import { useInterval } from "@/live/interval";
import { type ErrorPages, withBeginning } from "./beginning";

/** Failures are counted every ten seconds. */
const LIST_S = 10;
const LIST_BESIDE_S = 20;

/** A list of groups, kept up to date by one request at a time, however many of its pages have been read. */
export function useErrorList(wish: ErrorListWish) {
  const client = useQueryClient();
  const often = useInterval(LIST_S, LIST_BESIDE_S);
  const query = useInfiniteQuery({
    ...errorListQuery(wish),
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) > 1 ? false : often),
  });
  const several = !query.isPlaceholderData && (query.data?.pages.length ?? 0) > 1;
  const beginning = useQuery({ ...errorBeginningQuery(wish), enabled: several, refetchInterval: often });
  const first = several ? beginning.data : undefined;
  const name = JSON.stringify(wish);
  useEffect(() => {
    if (!first) return;
    const asked = JSON.parse(name) as ErrorListWish;
    const key = keys.errorList(asked);
    client.setQueryData<ErrorPages>(key, (data) => data && withBeginning(data, first, asked.sort ?? "last"));
  }, [client, name, first]);
  return { ...query, error: query.error ?? (several ? beginning.error : null) };
}
