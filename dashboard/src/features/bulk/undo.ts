import { type Bulk, undoBulk } from "@/api/bulks";
import { serverNow } from "@/lib/clock";
import { words } from "@/lib/text/bulk";
import { dismissToast, toast } from "@/ui/toast";

/** Messages that offer to take an operation back, by its id. */
const offered = new Map<string, number>();

/** Milliseconds in which an operation can be taken back; 0: no longer. */
export function undoIn({ state, undo_until: until }: Bulk, now = serverNow()): number {
  return state === "waiting" && until ? Math.max(0, Date.parse(until) - now) : 0;
}

/**
 * Say that an operation was accepted, and offer to take it back while that is possible.
 *
 * @param changed is told of the operation as it is then
 */
export function offerUndo(bulk: Bulk, changed: (now: Bulk) => void): void {
  const ms = undoIn(bulk);
  if (ms <= 0) return;
  async function undo() {
    withdrawUndo(bulk.id);
    try {
      changed(await undoBulk(bulk.id));
    } catch (failure) {
      const detail = failure instanceof Error ? failure.message : undefined;
      toast({ title: words.cannotUndo, detail, tone: "danger" });
    }
  }
  const id = toast({
    title: words.begins(bulk.action),
    duration: ms,
    action: { label: words.undo, run: () => void undo() },
  });
  offered.set(bulk.id, id);
}

/** Take the offer away: the operation was taken back elsewhere, or has begun. */
export function withdrawUndo(bulkId: string): void {
  const id = offered.get(bulkId);
  if (id !== undefined && offered.delete(bulkId)) dismissToast(id);
}
