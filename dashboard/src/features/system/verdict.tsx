import { CircleCheck, CircleX, TriangleAlert } from "lucide-react";
import type { Check } from "@/api/system";
import { words } from "@/lib/text/system";

const MARKS = {
  OK: { icon: CircleCheck, colour: "text-completed" },
  WARN: { icon: TriangleAlert, colour: "text-retrying" },
  FAIL: { icon: CircleX, colour: "text-danger" },
} as const;

/** How a check ended: an icon and a word. */
export function VerdictMark({ verdict }: { verdict: Check["verdict"] }) {
  const { icon: Icon, colour } = MARKS[verdict];
  return (
    <span className="flex h-5 items-center gap-1.5">
      <Icon aria-hidden size={14} className={colour} />
      {words.verdicts[verdict]}
    </span>
  );
}
