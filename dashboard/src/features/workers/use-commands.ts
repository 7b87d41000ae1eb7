import { useMutation, useQueryClient } from "@tanstack/react-query";
import { keys } from "@/api/queries";
import { commandWorker, type Worker, type WorkerCommand } from "@/api/workers";
import { shortId } from "@/lib/id";
import { words as reasonWords } from "@/lib/text/reason";
import { words } from "@/lib/text/workers";
import { askReason, type ReasonQuestion } from "@/ui/ask-reason";
import { toast } from "@/ui/toast";

interface Command {
  id: string;
  command: WorkerCommand;
  reason: string | null;
}

/** Ask why, and send a command to a worker; its row changes when it obeys. */
export function useCommands() {
  const cache = useQueryClient();
  const send = useMutation({
    mutationFn: ({ id, command, reason }: Command) => commandWorker(id, command, reason),
    onSuccess: (_answer, { id, command }) => {
      void cache.invalidateQueries({ queryKey: keys.workers() });
      const name = shortId(id);
      if (command === "resume") toast({ title: words.resumed(name), tone: "success" });
      else if (command === "stop") toast({ title: words.stopped(name) });
      else {
        toast({
          title: words.drained(name),
          detail: words.drainedDetail,
          action: { label: words.undo, run: () => send.mutate({ id, command: "resume", reason: reasonWords.undo }) },
        });
      }
    },
    onError: (error, { id }) => toast({ title: words.failed(shortId(id)), detail: error.message, tone: "danger" }),
  });
  return async (worker: Worker, command: WorkerCommand) => {
    const told = await askReason(questionOf(worker, command));
    if (told) send.mutate({ id: worker.id, command, ...told });
  };
}

function questionOf({ id, running }: Worker, command: WorkerCommand): ReasonQuestion {
  return {
    title: words.question(command, shortId(id)),
    description: words.consequence(command, running),
    verb: words.verb(command),
    danger: command === "stop",
  };
}
