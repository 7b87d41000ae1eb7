import {
  Ban,
  CalendarClock,
  Code,
  Copy,
  CornerDownRight,
  Ellipsis,
  Link as LinkIcon,
  PencilLine,
  RotateCw,
  Terminal,
  Trash2,
} from "lucide-react";
import { type ActTarget, allowedIn, isDueLater, type JobAction, type JobActs, waitsIn } from "@/api/job-actions";
import { type Replayed, useAction } from "@/lib/actions";
import { copyText } from "@/lib/copy";
import { jobAs, jobLink } from "@/lib/copy-as";
import { useRefusal } from "@/lib/session";
import { acts as actWords } from "@/lib/text/acts";
import { job as words } from "@/lib/text/job";
import { kit } from "@/lib/text/kit";
import { words as placeWords } from "@/lib/text/move";
import { words as timeWords } from "@/lib/text/reschedule";
import { Button } from "@/ui/button";
import { IconButton } from "@/ui/icon-button";
import { Menu, type MenuItem } from "@/ui/menu";
import { toast } from "@/ui/toast";

interface Props {
  target: ActTarget & { run_at: string; queue: string; priority: number };
  acts: JobActs;
  /** What a copy of it begins with; undefined until the whole job is there. */
  replayed: Replayed | undefined;
  /** Nothing can be done to it any more. */
  deleted: boolean;
}

const ICON = { retry: RotateCw, cancel: Ban, delete: Trash2 };
const ACTIONS = ["retry", "cancel", "delete"] as const;

/** Why an act is not possible for a job in its state; undefined if it is. */
export function refusalFor(action: JobAction, state: string, permission: string | undefined): string | undefined {
  return permission ?? (allowedIn(action, state) ? undefined : actWords.noneFit(action));
}

/** What can be done with a job, and how it is written elsewhere. */
export function JobButtons({ target, acts, replayed, deleted }: Props) {
  const permission = useRefusal("jobs:write");
  const replay = useAction("replay");
  const reschedule = useAction("reschedule");
  const move = useAction("move");
  const refusalOf = (notWaiting: string) =>
    deleted ? words.deleted : (permission ?? (waitsIn(target.state) ? undefined : notWaiting));
  return (
    <div className="flex flex-wrap items-center gap-2">
      {ACTIONS.map((action) => {
        const refusal = deleted ? words.deleted : refusalFor(action, target.state, permission);
        const Icon = ICON[action];
        return (
          <Button
            key={action}
            variant={action === "retry" && refusal === undefined ? "primary" : "secondary"}
            icon={<Icon aria-hidden size={14} />}
            refusal={refusal}
            busy={acts.busy === action}
            onClick={() => void acts.act(action, [target])}
          >
            {action === "retry" && isDueLater(target.state) ? actWords.runNow : actWords.verb(action)}
          </Button>
        );
      })}
      {replay ? (
        <Button
          icon={<PencilLine aria-hidden size={14} />}
          refusal={permission}
          busy={replayed === undefined}
          onClick={() => replayed && replay(replayed)}
        >
          {words.editAndRetry}
        </Button>
      ) : null}
      <Menu
        align="start"
        trigger={<IconButton variant="secondary" label={words.more} icon={<Ellipsis aria-hidden size={16} />} />}
        groups={[
          ...(reschedule && move
            ? [
                {
                  items: [
                    {
                      label: timeWords.item,
                      icon: <CalendarClock aria-hidden size={14} />,
                      refusal: refusalOf(timeWords.notWaiting),
                      onSelect: () => reschedule(target),
                    },
                    {
                      label: placeWords.item,
                      icon: <CornerDownRight aria-hidden size={14} />,
                      refusal: refusalOf(placeWords.notWaiting),
                      onSelect: () => move(target),
                    },
                  ],
                },
              ]
            : []),
          { label: words.copyAs, items: copyItems(target.id) },
          { items: linkItems(target.id) },
        ]}
      />
    </div>
  );
}

function copyItems(id: string): MenuItem[] {
  const forms = jobAs(id);
  const terminal = <Terminal aria-hidden size={14} />;
  return [
    { label: words.curl, icon: terminal, onSelect: () => copy(forms.curl, words.copied(words.curl)) },
    { label: words.cli, icon: terminal, onSelect: () => copy(forms.cli, words.copied(words.cli)) },
    {
      label: words.python,
      icon: <Code aria-hidden size={14} />,
      onSelect: () => copy(forms.python, words.copied(words.python)),
    },
  ];
}

function linkItems(id: string): MenuItem[] {
  return [
    {
      label: words.copyLink,
      keyName: "Y",
      icon: <LinkIcon aria-hidden size={14} />,
      onSelect: () => copy(jobLink(id), words.linkCopied),
    },
    {
      label: words.copyId,
      keyName: "y",
      icon: <Copy aria-hidden size={14} />,
      onSelect: () => copy(id, words.idCopied),
    },
  ];
}

/** Copy, and say what was copied. */
export async function copy(text: string, said: string): Promise<void> {
  const done = await copyText(text);
  toast(done ? { title: said, duration: 2000 } : { title: kit.copyFailed, tone: "danger" });
}
