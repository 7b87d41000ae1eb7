import { Calendar } from "lucide-react";
import { isRange, RANGES, type Range } from "@/lib/range";
import { range as words } from "@/lib/text/range";
import { Select } from "./select";

interface Props {
  value: Range;
  /** What there is to choose; all by default. */
  ranges?: readonly Range[];
  onChange: (range: Range) => void;
}

/** Which time a page is about. On a narrow page it is an icon; its value is read out. */
export function RangeSelect({ value, ranges = RANGES, onChange }: Props) {
  return (
    <Select
      label={words.label}
      value={value}
      options={ranges.map((one) => ({ value: one, label: words.last[one] }))}
      icon={<Calendar aria-hidden size={15} />}
      className="w-auto max-sm:[&>span:nth-child(2)]:sr-only"
      onChange={(next) => {
        if (isRange(next)) onChange(next);
      }}
    />
  );
}
