import {
  Ban,
  CalendarClock,
  Copy,
  CornerDownRight,
  Filter,
  Link as LinkIcon,
  Maximize2,
  PanelRight,
  RotateCw,
  Trash2,
} from "lucide-react";
import { allowedIn, isDueLater, type JobAction, waitsIn } from "@/api/job-actions";
import type { JobRow } from "@/api/types";
import { useAction } from "@/lib/actions";
import { copyText } from "@/lib/copy";
import { jobLink } from "@/lib/copy-as";
import { useRefusal } from "@/lib/session";
import { acts as actWords } from "@/lib/text/acts";
import { words } from "@/lib/text/jobs";
import { kit } from "@/lib/text/kit";
import { words as placeWords } from "@/lib/text/move";
import { words as timeWords } from "@/lib/text/reschedule";
import { Menu, type MenuGroup } from "@/ui/menu";
import { toast } from "@/ui/toast";
import type { Term } from "./grammar";

export interface RowMenuAt {
  row: JobRow;
  at: DOMRect;
}

interface Props {
  shown: RowMenuAt | null;
  onClose: () => void;
  onOpen: (id: string) => void;
  onAct: (action: JobAction, row: JobRow) => void;
  onFilter: (term: Term) => void;
}

/** The one menu of all rows: it stands where the button of its row is. */
export function RowMenu({ shown, onClose, onOpen, onAct, onFilter }: Props) {
  const permission = useRefusal("jobs:write");
  const reschedule = useAction("reschedule");
  const move = useAction("move");
  if (!shown) return null;
  const { row, at } = shown;
  const refusal = (action: JobAction) =>
    permission ?? (allowedIn(action, row.state) ? undefined : actWords.noneFit(action));
  const groups: MenuGroup[] = [
    {
      items: [
        {
          label: words.open,
          keyName: "Enter",
          icon: <PanelRight aria-hidden size={14} />,
          onSelect: () => onOpen(row.id),
        },
        { label: words.openPage, href: jobLink(row.id), icon: <Maximize2 aria-hidden size={14} /> },
        { label: words.copyId, keyName: "y", icon: <Copy aria-hidden size={14} />, onSelect: () => void copy(row.id) },
        {
          label: words.copyLink,
          keyName: "Y",
          icon: <LinkIcon aria-hidden size={14} />,
          onSelect: () => void copy(jobLink(row.id)),
        },
      ],
    },
    {
      items: [
        {
          label: words.filterTask(row.task),
          icon: <Filter aria-hidden size={14} />,
          onSelect: () => onFilter({ key: "task", value: row.task }),
        },
        {
          label: words.filterQueue(row.queue),
          icon: <Filter aria-hidden size={14} />,
          onSelect: () => onFilter({ key: "queue", value: row.queue }),
        },
      ],
    },
    {
      items: [
        {
          label: isDueLater(row.state) ? actWords.runNow : actWords.verb("retry"),
          keyName: "r",
          icon: <RotateCw aria-hidden size={14} />,
          refusal: refusal("retry"),
          onSelect: () => onAct("retry", row),
        },
        ...(reschedule
          ? [
              {
                label: timeWords.item,
                icon: <CalendarClock aria-hidden size={14} />,
                refusal: permission ?? (waitsIn(row.state) ? undefined : timeWords.notWaiting),
                onSelect: () => reschedule(row),
              },
            ]
          : []),
        ...(move
          ? [
              {
                label: placeWords.item,
                icon: <CornerDownRight aria-hidden size={14} />,
                refusal: permission ?? (waitsIn(row.state) ? undefined : placeWords.notWaiting),
                onSelect: () => move(row),
              },
            ]
          : []),
        {
          label: actWords.verb("cancel"),
          keyName: "c",
          icon: <Ban aria-hidden size={14} />,
          refusal: refusal("cancel"),
          onSelect: () => onAct("cancel", row),
        },
        {
          label: actWords.verb("delete"),
          keyName: "Del",
          danger: true,
          icon: <Trash2 aria-hidden size={14} />,
          refusal: refusal("delete"),
          onSelect: () => onAct("delete", row),
        },
      ],
    },
  ];
  return (
    <Menu
      key={row.id}
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      className="w-60"
      groups={groups}
      trigger={
        <span
          className="pointer-events-none fixed"
          style={{ left: at.left, top: at.top, width: at.width, height: at.height }}
        />
      }
    />
  );
}

async function copy(text: string): Promise<void> {
  const done = await copyText(text);
  toast(done ? { title: words.copied, duration: 2000 } : { title: kit.copyFailed, tone: "danger" });
}
