import { useNavigate } from "@tanstack/react-router";
import { Columns3 } from "lucide-react";
import { stored, useStored } from "@/lib/storage";
import { words } from "@/lib/text/jobs";
import { IconButton } from "@/ui/icon-button";
import { Menu } from "@/ui/menu";
import { CHOICES, CHOSEN_FIRST, type Choice, readColumns, writeColumns } from "./choices";
import { choiceWord } from "./columns";
import type { JobsSearch } from "./search";

const isList = (text: string): text is string => text.split(",").every((id) => id === "" || isChoice(id));

function isChoice(id: string): id is Choice {
  return (CHOICES as readonly string[]).includes(id);
}

/** The chosen columns, of this browser. */
export const columnChoice = stored("jobs.columns", CHOSEN_FIRST.join(","), isList);

/** The columns of the list: those of the address, as a view sets them, otherwise those of this browser. */
export function useChosenColumns({ columns }: JobsSearch): readonly Choice[] {
  const ids = useStored(columnChoice).split(",");
  const ofAddress = columns === undefined ? undefined : readColumns(columns);
  return ofAddress ?? CHOICES.filter((choice) => ids.includes(choice));
}

/** Which columns the list has, where there is room for them. */
export function ColumnMenu({ search }: { search: JobsSearch }) {
  const navigate = useNavigate({ from: "/jobs" });
  const chosen = useChosenColumns(search);
  const ofAddress = search.columns !== undefined;
  const setAddress = (columns: string | undefined) =>
    void navigate({ search: (old) => ({ ...old, columns }), replace: true, resetScroll: false });
  const put = (next: readonly Choice[]) =>
    ofAddress ? setAddress(writeColumns(next)) : columnChoice.set(next.join(","));
  const reset = () => (ofAddress ? setAddress(undefined) : columnChoice.set(CHOSEN_FIRST.join(",")));
  const changed = ofAddress || chosen.join() !== CHOSEN_FIRST.join();
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
        ...(changed ? [{ items: [{ label: words.resetColumns, onSelect: reset }] }] : []),
      ]}
    />
  );
}
