import { useMutation, useQueryClient } from "@tanstack/react-query";
import { keys } from "@/api/queries";
import { type Queue, resumeQueue } from "@/api/queues";
import type { QueueRow } from "@/api/types";
import { count } from "@/lib/format";
import { words } from "@/lib/text/queues";
import { words as reasonWords } from "@/lib/text/reason";
import { askReason } from "@/ui/ask-reason";
import { toast } from "@/ui/toast";

interface Listed {
  items: QueueRow[];
  next: string | null;
}

/** Ask why, and resume; put the answer of an act in the place of the row, so that it changes where it stands. */
export function useQueueActs() {
  const cache = useQueryClient();

  function put(answer: QueueRow): void {
    cache.setQueryData<Listed>(keys.queues(), (listed) =>
      listed
        ? { ...listed, items: listed.items.map((item) => (item.name === answer.name ? { ...item, ...answer } : item)) }
        : listed,
    );
    void cache.invalidateQueries({ queryKey: keys.queues() });
  }

  const resume = useMutation({
    mutationFn: ({ name, reason }: { name: string; reason: string | null }) => resumeQueue(name, reason),
    onSuccess: (answer) => {
      put(answer);
      toast({ title: words.resumedDone(answer.name), tone: "success" });
    },
    onError: (error, { name }) => toast({ title: words.resumeFailed(name), detail: error.message, tone: "danger" }),
  });

  return {
    async resume({ name, ready }: Queue): Promise<void> {
      const told = await askReason({
        title: words.resumeTitle(name),
        description: words.resumeHint(ready, count(ready)),
        verb: words.resumeVerb,
      });
      if (told) resume.mutate({ name, ...told });
    },
    /** The queue that is being resumed. */
    resuming: resume.isPending ? resume.variables.name : null,
    paused(answer: QueueRow): void {
      put(answer);
      toast({
        title: words.pausedDone(answer.name),
        action: { label: words.undo, run: () => resume.mutate({ name: answer.name, reason: reasonWords.undo }) },
      });
    },
  };
}
