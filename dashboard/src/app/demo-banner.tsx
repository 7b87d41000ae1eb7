import { useMutation } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { enqueueDemoJob } from "@/api/demo";
import { boot } from "@/lib/boot";
import { useNow } from "@/lib/clock";
import { demo as words } from "@/lib/text/demo";
import { Button } from "@/ui/button";
import { toast } from "@/ui/toast";

const RESET_MS = 3_600_000;

/** Above every page of a public demonstration: what it is, and the one thing that can be done. */
export default function DemoBanner() {
  const router = useRouter();
  const enqueue = useMutation({
    mutationFn: enqueueDemoJob,
    onSuccess: ({ id, task, left }) => {
      toast({ title: words.enqueued(task), detail: words.left(left), tone: "success" });
      void router.navigate({ to: "/jobs/$id", params: { id } });
    },
    onError: (error) => toast({ title: words.failed, detail: error.message, tone: "danger" }),
  });
  return (
    <section
      aria-label={words.label}
      className="flex shrink-0 flex-wrap items-center gap-x-4 gap-y-1.5 border-border border-b bg-app px-5 py-2 text-12 max-md:px-4"
    >
      <p className="min-w-0 grow text-text-2">
        {words.text}
        {typeof boot.features.resets_at === "string" ? <Reset at={Date.parse(boot.features.resets_at)} /> : null}
      </p>
      <Button size="s" busy={enqueue.isPending} onClick={() => enqueue.mutate()}>
        {words.enqueue}
      </Button>
    </section>
  );
}

/** When everything goes back to how it began: every hour, also while the page stays open. */
function Reset({ at }: { at: number }) {
  const now = useNow();
  const next = at > now ? at : at + Math.ceil((now - at + 1) / RESET_MS) * RESET_MS;
  return ` ${words.reset(Math.ceil((next - now) / 60_000))}`;
}
