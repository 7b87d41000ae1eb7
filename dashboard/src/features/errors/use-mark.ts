import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type Mark, markError } from "@/api/errors";
import { keys } from "@/api/queries";
import type { ErrorDetail } from "@/api/types";
import { words } from "@/lib/text/errors";
import { words as reasonWords } from "@/lib/text/reason";
import { askReason } from "@/ui/ask-reason";
import { toast } from "@/ui/toast";
import { type ErrorPages, onlyFirst } from "./beginning";

interface Marked {
  wanted: Mark;
  reason: string | null;
}

const DONE = { open: words.reopenedDone, resolved: words.resolvedDone, muted: words.mutedDone };

/** Resolve, mute or reopen a group; the answer takes its place at once. */
export function useMark(fingerprint: string) {
  const cache = useQueryClient();
  const mark = useMutation({
    mutationFn: ({ wanted, reason }: Marked) => markError(fingerprint, wanted, reason),
    onSuccess: (answer, { wanted }) => {
      cache.setQueryData<ErrorDetail>(keys.error(fingerprint), (old) => (old ? { ...old, ...answer } : old));
      // A list that was read far begins anew: to ask again for each of its pages would be as many requests.
      cache.setQueriesData<ErrorPages>({ queryKey: keys.errorLists() }, (data) => data && onlyFirst(data));
      void cache.invalidateQueries({ queryKey: keys.errors() });
      toast({
        title: DONE[wanted.state],
        tone: "success",
        ...(wanted.state === "resolved" ? { detail: words.resolvedDoneHint } : {}),
        ...(wanted.state === "open"
          ? {}
          : {
              action: {
                label: words.undo,
                run: () => mark.mutate({ wanted: { state: "open" }, reason: reasonWords.undo }),
              },
            }),
      });
    },
    onError: (error) => toast({ title: words.failed, detail: error.message, tone: "danger" }),
  });
  return {
    /** Resolve or reopen. */
    run: async (state: "resolved" | "open") => {
      const told = await askReason({ title: words.question(state), verb: words.verb(state), quiet: true });
      if (told) mark.mutate({ wanted: { state }, ...told });
    },
    mute: (until: string, reason: string | null, onSuccess: () => void) =>
      mark.mutate({ wanted: { state: "muted", until }, reason }, { onSuccess }),
    busy: mark.isPending ? mark.variables.wanted.state : null,
  };
}
