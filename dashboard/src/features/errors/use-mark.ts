import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type Mark, markError } from "@/api/errors";
import { keys } from "@/api/queries";
import type { ErrorDetail } from "@/api/types";
import { words } from "@/lib/text/errors";
import { toast } from "@/ui/toast";

const DONE = { open: words.reopenedDone, resolved: words.resolvedDone, muted: words.mutedDone };

/** Resolve, mute or reopen a group; the answer takes its place at once. */
export function useMark(fingerprint: string) {
  const cache = useQueryClient();
  const mark = useMutation({
    mutationFn: (wanted: Mark) => markError(fingerprint, wanted),
    onSuccess: (answer, wanted) => {
      cache.setQueryData<ErrorDetail>(keys.error(fingerprint), (old) => (old ? { ...old, ...answer } : old));
      void cache.invalidateQueries({ queryKey: keys.errors() });
      toast({
        title: DONE[wanted.state],
        tone: "success",
        ...(wanted.state === "resolved" ? { detail: words.resolvedDoneHint } : {}),
        ...(wanted.state === "open"
          ? {}
          : { action: { label: words.undo, run: () => mark.mutate({ state: "open" }) } }),
      });
    },
    onError: (error) => toast({ title: words.failed, detail: error.message, tone: "danger" }),
  });
  return { run: mark.mutate, busy: mark.isPending ? mark.variables.state : null };
}
