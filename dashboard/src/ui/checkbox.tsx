import { Check, Minus } from "lucide-react";
import { Checkbox as RadixCheckbox } from "radix-ui";
import type { MouseEvent } from "react";
import { cx } from "@/lib/cx";

interface Props {
  checked: boolean | "indeterminate";
  onChange: (checked: boolean, event: MouseEvent) => void;
  /** Read out; without it a `<label>` must be around or point here. */
  label?: string | undefined;
  id?: string | undefined;
  disabled?: boolean;
  className?: string;
}

export function Checkbox({ checked, onChange, label, id, disabled = false, className }: Props) {
  return (
    <RadixCheckbox.Root
      id={id}
      checked={checked}
      disabled={disabled}
      aria-label={label}
      // The press is used, not `onCheckedChange`: only it knows of Shift.
      onClick={(event) => onChange(checked !== true, event)}
      className={cx(
        "relative grid shrink-0 size-3.5 place-items-center rounded-[4px] border border-control bg-surface",
        // 24 pixels to hit, 14 to see.
        "before:-inset-1.5 before:absolute before:content-['']",
        "data-[state=checked]:border-accent data-[state=checked]:bg-accent",
        "data-[state=indeterminate]:border-accent data-[state=indeterminate]:bg-accent",
        className,
      )}
    >
      <RadixCheckbox.Indicator className="text-surface">
        {checked === "indeterminate" ? (
          <Minus aria-hidden size={11} strokeWidth={3.5} />
        ) : (
          <Check aria-hidden size={11} strokeWidth={3.5} />
        )}
      </RadixCheckbox.Indicator>
    </RadixCheckbox.Root>
  );
}
