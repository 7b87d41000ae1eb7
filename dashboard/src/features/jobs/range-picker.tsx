import { CalendarDays, Check, ChevronDown } from "lucide-react";
import { useState } from "react";
import { cx } from "@/lib/cx";
import { RANGES } from "@/lib/range";
import { words } from "@/lib/text/jobs";
import { range as rangeWords } from "@/lib/text/range";
import { useZone } from "@/lib/zone";
import { Button } from "@/ui/button";
import { Popover } from "@/ui/popover";
import { ANY, last, type Range, rangeWord } from "./range";
import { RangeForm } from "./range-form";

interface Props {
  range: Range;
  /** Whether it is about the end of jobs, not their creation. */
  ofEnd: boolean;
  onChange: (range: Range) => void;
}

/** The time range: one that moves with the present, or one between two instants of the chosen zone. */
export function RangePicker({ range, ofEnd, onChange }: Props) {
  const zone = useZone();
  const [open, setOpen] = useState(false);
  const word = rangeWord(range, zone);
  const pick = (next: Range) => {
    setOpen(false);
    onChange(next);
  };
  return (
    <Popover
      label={words.range}
      open={open}
      onOpenChange={setOpen}
      className="w-72"
      trigger={
        <Button
          aria-label={`${words.range}: ${word}`}
          icon={<CalendarDays aria-hidden size={14} className="text-text-3" />}
        >
          <span className="max-w-64 truncate max-sm:hidden">{word}</span>
          <ChevronDown aria-hidden size={14} className="text-text-3" />
        </Button>
      }
    >
      <fieldset className="p-1">
        <legend className="px-2 pt-1.5 pb-1 text-11 text-text-3">
          {ofEnd ? words.rangeOfEnd : words.rangeOfCreation}
        </legend>
        <Choice checked={range.kind === "any"} word={words.anyTime} onPick={() => pick(ANY)} />
        {RANGES.map((name) => (
          <Choice
            key={name}
            checked={range.kind === "last" && range.name === name}
            word={rangeWords.last[name]}
            onPick={() => pick(last(name))}
          />
        ))}
      </fieldset>
      <RangeForm range={range} zone={zone} onApply={pick} />
    </Popover>
  );
}

function Choice({ checked, word, onPick }: { checked: boolean; word: string; onPick: () => void }) {
  return (
    <button
      type="button"
      aria-pressed={checked}
      onClick={onPick}
      className={cx(
        "flex h-8 w-full items-center gap-2.5 rounded-s px-2 text-left outline-offset-[-2px] hover:bg-hover",
        checked && "font-medium",
      )}
    >
      <span className="grid w-4 place-items-center">{checked ? <Check aria-hidden size={14} /> : null}</span>
      {word}
    </button>
  );
}
