import { TriangleAlert } from "lucide-react";
import { cx } from "@/lib/cx";
import { words } from "@/lib/text/jobs";
import type { Suggestion } from "./suggestions";

interface Props {
  id: string;
  open: boolean;
  suggestions: readonly Suggestion[];
  chosen: number;
  problem: string | null;
  onChoose: (index: number) => void;
  onTake: (suggestion: Suggestion) => void;
}

/** Below the filter field: what is wrong with it, and what it could be. */
export function FilterList({ id, open, suggestions, chosen, problem, onChoose, onTake }: Props) {
  return (
    <div
      hidden={!open}
      className="absolute inset-x-0 top-full z-30 mt-1.5 max-h-80 overflow-y-auto rounded-l border border-border bg-raised p-1 shadow-3 sm:max-w-130"
    >
      {problem ? (
        <p role="alert" className="flex gap-2 px-2 py-1.5">
          <TriangleAlert aria-hidden size={14} className="mt-0.5 shrink-0 text-danger" />
          {problem}
        </p>
      ) : null}
      {/* The field has the focus all the time: `aria-activedescendant` says what is chosen. */}
      <div id={id} role="listbox" tabIndex={-1} aria-label={words.suggestions}>
        {suggestions.map((suggestion, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field takes the keys
          <div
            key={suggestion.insert}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            className={cx(
              "flex min-h-8 cursor-default items-center gap-3 rounded-s px-2 py-1",
              index === chosen && "bg-hover",
            )}
            // Before the field loses the focus, which would close the list.
            onPointerDown={(event) => event.preventDefault()}
            onPointerMove={() => onChoose(index)}
            onClick={() => onTake(suggestion)}
          >
            <span className="truncate font-mono text-12">{suggestion.label}</span>
            {suggestion.hint ? <span className="truncate text-12 text-text-3">{suggestion.hint}</span> : null}
          </div>
        ))}
      </div>
      <span role="status" className="sr-only">
        {open && problem === null ? words.suggestionCount(suggestions.length) : ""}
      </span>
      <p className="px-2 pt-1.5 pb-1 text-11 text-text-3">{words.filterHint}</p>
    </div>
  );
}
