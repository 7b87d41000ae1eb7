import { useMutation, useQueryClient } from "@tanstack/react-query";
import { keys } from "@/api/queries";
import { commandWorker, type WorkerCommand } from "@/api/workers";
import { shortId } from "@/lib/id";
import { words } from "@/lib/text/workers";
import { toast } from "@/ui/toast";

interface Command {
  id: string;
  command: WorkerCommand;
}

/** Send a command to a worker; its row changes when it obeys. */
export function useCommands() {
  const cache = useQueryClient();
  const send = useMutation({
    mutationFn: ({ id, command }: Command) => commandWorker(id, command),
    onSuccess: (_answer, { id, command }) => {
      void cache.invalidateQueries({ queryKey: keys.workers() });
      const name = shortId(id);
      if (command === "resume") toast({ title: words.resumed(name), tone: "success" });
      else if (command === "stop") toast({ title: words.stopped(name) });
      else {
        toast({
          title: words.drained(name),
          detail: words.drainedDetail,
          action: { label: words.undo, run: () => send.mutate({ id, command: "resume" }) },
        });
      }
    },
    onError: (error, { id }) => toast({ title: words.failed(shortId(id)), detail: error.message, tone: "danger" }),
  });
  return send;
}
