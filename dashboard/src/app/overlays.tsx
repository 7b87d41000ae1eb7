import { useRouter } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from "react";
import type { BulkOrder } from "@/api/bulks";
import { type Moved, offerAction, type Purged, type Replayed, type Rescheduled } from "@/lib/actions";
import { type KeyBindings, useKeys } from "@/lib/keys";
import { useRefusal } from "@/lib/session";
import { navigation } from "./navigation";

const Palette = lazy(() => import("./palette"));
const KeyHelp = lazy(() => import("./key-help"));
const BulkDialog = lazy(() => import("@/features/bulk/dialog"));
const EnqueueDialog = lazy(() => import("@/features/enqueue/dialog"));
const PurgeDialog = lazy(() => import("@/features/bulk/purge-dialog"));
const MoveDialog = lazy(() => import("@/features/job/move-dialog"));
const RescheduleDialog = lazy(() => import("@/features/job/reschedule-dialog"));
const ReplayDialog = lazy(() => import("@/features/enqueue/replay-dialog"));

interface Asked {
  order: BulkOrder;
  onStarted: () => void;
}

type Shown = "palette" | "keys" | "enqueue" | "replay" | null;

/** What opens over every page: palette, list of keys, enqueue form, dialogs of jobs and queues. Each is loaded when it is first wanted. */
export function Overlays() {
  const router = useRouter();
  const [shown, setShown] = useState<Shown>(null);
  const [loaded, setLoaded] = useState<ReadonlySet<Shown>>(new Set());
  const [task, setTask] = useState<string | undefined>();
  const [asked, setAsked] = useState<Asked | null>(null);
  const [replayed, setReplayed] = useState<Replayed | null>(null);
  const [purged, setPurged] = useState<Purged | null>(null);
  const [rescheduled, setRescheduled] = useState<Rescheduled | null>(null);
  const [moved, setMoved] = useState<Moved | null>(null);
  const refusal = useRefusal("jobs:write");

  const show = useCallback((what: Shown) => {
    setShown(what);
    setLoaded((before) => new Set(before).add(what));
  }, []);
  const enqueue = useCallback(
    (name?: string) => {
      setTask(typeof name === "string" ? name : undefined);
      show("enqueue");
    },
    [show],
  );

  useEffect(() => {
    const back = [
      offerAction("palette", () => show("palette")),
      offerAction("keys", () => show("keys")),
      offerAction("enqueue", enqueue),
      offerAction("bulk", (action, jobs, onStarted) => setAsked({ order: { action, ...jobs }, onStarted })),
      offerAction("purge", setPurged),
      offerAction("reschedule", setRescheduled),
      offerAction("move", setMoved),
      offerAction("replay", (job) => {
        setReplayed(job);
        show("replay");
      }),
    ];
    return () => {
      for (const take of back) take();
    };
  }, [show, enqueue]);

  const goTo = useMemo<KeyBindings>(
    () =>
      Object.fromEntries(
        navigation()
          .flatMap((group) => group.items)
          .map(({ to, search, keyName }) => [`g ${keyName}`, () => void router.navigate({ to, search: search ?? {} })]),
      ),
    [router],
  );
  useKeys({
    ...goTo,
    "$mod+k": (event) => {
      event.preventDefault();
      show("palette");
    },
    "Shift+?": () => show("keys"),
    e: (event) => {
      event.preventDefault();
      if (!refusal) enqueue();
    },
  });

  const of = (what: Shown) => ({
    open: shown === what,
    onOpenChange: (open: boolean) => setShown(open ? what : null),
  });
  return (
    <Suspense fallback={null}>
      {loaded.has("palette") ? <Palette {...of("palette")} /> : null}
      {loaded.has("keys") ? <KeyHelp {...of("keys")} /> : null}
      {asked ? <BulkDialog {...asked} onClose={() => setAsked(null)} /> : null}
      {purged ? <PurgeDialog queue={purged} onClose={() => setPurged(null)} /> : null}
      {rescheduled ? <RescheduleDialog job={rescheduled} onClose={() => setRescheduled(null)} /> : null}
      {moved ? <MoveDialog job={moved} onClose={() => setMoved(null)} /> : null}
      {loaded.has("enqueue") ? <EnqueueDialog {...of("enqueue")} task={task} /> : null}
      {replayed ? <ReplayDialog {...of("replay")} job={replayed} /> : null}
    </Suspense>
  );
}
