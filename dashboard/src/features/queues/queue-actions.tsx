import { useNavigate } from "@tanstack/react-router";
import { Copy, Ellipsis, Eraser, Pause, Play, Terminal } from "lucide-react";
import type { Queue } from "@/api/queues";
import { type Actions, useAction } from "@/lib/actions";
import { count } from "@/lib/format";
import { useRefusal } from "@/lib/session";
import { words } from "@/lib/text/queues";
import { STATE_WORD } from "@/lib/text/states";
import { copyAndSay } from "@/ui/copy-and-say";
import { IconButton } from "@/ui/icon-button";
import { Menu, type MenuItem } from "@/ui/menu";
import { StateIcon } from "@/ui/state-icon";

interface Props {
  queue: Queue;
  /** Its resume is under way. */
  busy: boolean;
  refusal: string | undefined;
  onPause: () => void;
  onResume: () => void;
}

const SHOWN = ["pending", "running", "retrying", "scheduled", "dead"] as const;

/** The one act that a queue has. */
export function PauseButton({ queue, busy, refusal, onPause, onResume }: Props) {
  if (queue.paused) {
    return (
      <IconButton
        label={words.resume(queue.name)}
        icon={<Play aria-hidden size={15} />}
        refusal={refusal}
        busy={busy}
        onClick={onResume}
      />
    );
  }
  return (
    <IconButton
      label={words.pause(queue.name)}
      icon={<Pause aria-hidden size={15} />}
      refusal={refusal}
      onClick={onPause}
    />
  );
}

/** Everything that can be done with a queue. */
export function QueueMenu({ queue, refusal, onPause, onResume }: Props) {
  const navigate = useNavigate();
  const { name } = queue;
  const purge = useAction("purge");
  const mayPurge = useRefusal("queues:purge");
  const act: MenuItem = queue.paused
    ? { label: words.resumeItem, icon: <Play aria-hidden size={14} />, refusal, onSelect: onResume }
    : { label: words.pauseItem, icon: <Pause aria-hidden size={14} />, refusal, onSelect: onPause };
  return (
    <Menu
      trigger={<IconButton label={words.more(name)} icon={<Ellipsis aria-hidden size={15} />} />}
      groups={[
        { items: purge ? [act, purgeItem(queue, purge, mayPurge)] : [act] },
        {
          label: words.showJobs,
          items: SHOWN.map((state) => ({
            label: words.showState(STATE_WORD[state]),
            icon: <StateIcon state={state} />,
            ...(state === "dead" ? {} : { count: count(queue.states[state]) }),
            onSelect: () => void navigate({ to: "/jobs", search: { queue: name, state } }),
          })),
        },
        {
          items: [
            { label: words.copyName, icon: <Copy aria-hidden size={14} />, onSelect: () => void copyAndSay(name) },
            {
              label: words.copyCommand,
              icon: <Terminal aria-hidden size={14} />,
              onSelect: () => void copyAndSay(words.workerCommand(name)),
            },
          ],
        },
      ]}
    />
  );
}

function purgeItem({ name, states }: Queue, purge: Actions["purge"], refusal: string | undefined): MenuItem {
  return {
    label: words.purgeItem,
    icon: <Eraser aria-hidden size={14} />,
    danger: true,
    refusal,
    onSelect: () => purge({ name, states }),
  };
}
