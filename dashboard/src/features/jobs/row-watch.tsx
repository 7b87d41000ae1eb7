import { useEffect, useState } from "react";
import { useWatch } from "@/live/live";
import type { InView } from "./in-view";
import { useLater } from "./use-later";

/** While rows fly past, nothing is watched anew. */
const WATCH_MS = 200;

/** Follows the rows on the screen, and draws nothing: the page need not be drawn anew where it scrolls to. */
export function RowWatch({ inView }: { inView: InView }) {
  const [ids, setIds] = useState<readonly string[]>([]);
  const later = useLater(WATCH_MS);
  useEffect(() => {
    // What was deleted does not move any more.
    const follow = () =>
      later(() =>
        setIds(
          inView
            .get()
            .filter((row) => !row.gone)
            .map((row) => row.id),
        ),
      );
    follow();
    return inView.subscribe(follow);
  }, [inView, later]);
  useWatch({ ids });
  return null;
}
