import type { Act } from "@/api/audit";
import { words } from "@/lib/text/audit";
import { visible } from "@/lib/visible";
import type { Column } from "@/ui/table";
import { Time } from "@/ui/time";
import type { AuditSearch } from "./search";

/** Time, who, did what, to what, how many, why. A value is a button that filters by it. */
export function columnsOf(onFilter: (next: Partial<AuditSearch>) => void): Column<Act>[] {
  return [
    { id: "at", header: words.time, width: 92, cell: (act) => <Time at={act.at} className="text-text-2" /> },
    {
      id: "actor",
      header: words.actor,
      width: "18%",
      from: 640,
      cell: (act) => <Value text={act.actor} onPick={() => onFilter({ actor: act.actor })} />,
    },
    {
      id: "action",
      header: words.action,
      width: 124,
      cell: (act) => <Value text={act.action} onPick={() => onFilter({ action: act.action })} />,
    },
    {
      id: "object",
      header: words.object,
      cell: (act) => <Value text={act.object} mono onPick={() => onFilter({ object: act.object })} />,
    },
    { id: "count", header: words.count, width: 72, align: "right", from: 880, cell: (act) => act.count ?? "" },
    {
      id: "reason",
      header: words.reason,
      width: "28%",
      from: 760,
      cell: (act) => (
        <span className="block truncate text-text-2" title={act.reason ?? act.query ?? undefined}>
          {visible(act.reason ?? "")}
        </span>
      ),
    },
  ];
}

function Value({ text, mono = false, onPick }: { text: string; mono?: boolean; onPick: () => void }) {
  return (
    <button
      type="button"
      title={words.onlyThis(text)}
      onClick={(event) => {
        event.stopPropagation();
        onPick();
      }}
      className={`block max-w-full truncate text-left hover:underline ${mono ? "font-mono text-12" : ""}`}
    >
      <bdi>{visible(text)}</bdi>
    </button>
  );
}
