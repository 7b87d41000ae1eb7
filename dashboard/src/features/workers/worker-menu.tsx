import { useNavigate } from "@tanstack/react-router";
import { Copy, Ellipsis, ListChecks, Pause, Play, Square } from "lucide-react";
import { commandRefusal, type Worker, type WorkerCommand } from "@/api/workers";
import { shortId } from "@/lib/id";
import { words } from "@/lib/text/workers";
import { copyAndSay } from "@/ui/copy-and-say";
import { IconButton } from "@/ui/icon-button";
import { Menu, type MenuGroup, type MenuItem } from "@/ui/menu";

interface Props {
  worker: Worker;
  refusal: string | undefined;
  onDrain: () => void;
  onResume: () => void;
  onStop: () => void;
}

/** What can be done with a worker. */
export function WorkerMenu({ worker, refusal, onDrain, onResume, onStop }: Props) {
  const navigate = useNavigate();
  const refused = (command: WorkerCommand) => {
    const why = commandRefusal(worker, command);
    return refusal ?? (why ? words.refused(why) : undefined);
  };
  const claims: MenuItem =
    worker.state === "draining"
      ? { label: words.resume, icon: <Play aria-hidden size={14} />, refusal: refused("resume"), onSelect: onResume }
      : { label: words.drain, icon: <Pause aria-hidden size={14} />, refusal: refused("drain"), onSelect: onDrain };
  const commands: MenuGroup = {
    items: [
      claims,
      {
        label: words.stop,
        icon: <Square aria-hidden size={14} />,
        danger: refused("stop") === undefined,
        refusal: refused("stop"),
        onSelect: onStop,
      },
    ],
  };
  return (
    <Menu
      trigger={<IconButton label={words.menu(shortId(worker.id))} icon={<Ellipsis aria-hidden size={15} />} />}
      groups={[
        {
          items: [
            {
              label: words.showJobs,
              icon: <ListChecks aria-hidden size={14} />,
              onSelect: () => void navigate({ to: "/jobs", search: { worker: worker.id } }),
            },
            { label: words.copyId, icon: <Copy aria-hidden size={14} />, onSelect: () => void copyAndSay(worker.id) },
          ],
        },
        commands,
      ]}
    />
  );
}
