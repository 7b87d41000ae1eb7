import { Columns3 } from "lucide-react";
import { stored, useStored } from "@/lib/storage";
import { words } from "@/lib/text/jobs";
import { IconButton } from "@/ui/icon-button";
import { Menu } from "@/ui/menu";
import { CHOICES, CHOSEN_FIRST, type Choice, choiceWord } from "./columns";

const isList = (text: string): text is string => text.split(",").every((id) => id === "" || isChoice(id));

function isChoice(id: string): id is Choice {
  return (CHOICES as readonly string[]).includes(id);
}

/** The chosen columns, of this browser. */
export const columnChoice = stored("jobs.columns", CHOSEN_FIRST.join(","), isList);

export function useChosenColumns(): readonly Choice[] {
  const ids = useStored(columnChoice).split(",");
  return CHOICES.filter((choice) => ids.includes(choice));
}

/** Which columns the list has, where there is room for them. */
export function ColumnMenu() {
  const chosen = useChosenColumns();
  const put = (next: readonly Choice[]) => columnChoice.set(next.join(","));
  const changed = chosen.join() !== CHOSEN_FIRST.join();
  return (
    <Menu
      trigger={
        <IconButton
          variant="secondary"
          label={words.columns}
          className="max-md:hidden"
          icon={<Columns3 aria-hidden size={15} />}
        />
      }
      groups={[
        {
          label: words.columns,
          items: CHOICES.map((choice) => ({
            label: choiceWord(choice),
            checked: chosen.includes(choice),
            stays: true,
            onSelect: () => put(chosen.includes(choice) ? chosen.filter((one) => one !== choice) : [...chosen, choice]),
          })),
        },
        ...(changed ? [{ items: [{ label: words.resetColumns, onSelect: () => put(CHOSEN_FIRST) }] }] : []),
      ]}
    />
  );
}
