import { useMutation, useQueryClient } from "@tanstack/react-query";
import { keys } from "@/api/queries";
import { resumeQueue } from "@/api/queues";
import type { QueueRow } from "@/api/types";
import { words } from "@/lib/text/queues";
import { toast } from "@/ui/toast";

interface Listed {
  items: QueueRow[];
  next: string | null;
}

/** Resume at once; put the answer of an act in the place of the row, so that it changes where it stands. */
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
    mutationFn: resumeQueue,
    onSuccess: (answer) => {
      put(answer);
      toast({ title: words.resumedDone(answer.name), tone: "success" });
    },
    onError: (error, name) => toast({ title: words.resumeFailed(name), detail: error.message, tone: "danger" }),
  });

  return {
    resume: resume.mutate,
    /** The queue that is being resumed. */
    resuming: resume.isPending ? resume.variables : null,
    paused(answer: QueueRow): void {
      put(answer);
      toast({
        title: words.pausedDone(answer.name),
        action: { label: words.undo, run: () => resume.mutate(answer.name) },
      });
    },
  };
}
