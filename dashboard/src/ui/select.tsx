import { Check, ChevronDown } from "lucide-react";
import { Select as RadixSelect } from "radix-ui";
import type { ReactNode } from "react";
import { boot } from "@/lib/boot";
import { cx } from "@/lib/cx";
import { BLOCKS_KEYS } from "@/lib/keys";
import { useFieldIds } from "./field";
import { INPUT } from "./input";

export interface Option {
  value: string;
  label: string;
}

interface Props {
  value: string;
  onChange: (value: string) => void;
  options: readonly Option[];
  /** Read out where no field is around it. */
  label?: string;
  placeholder?: string;
  icon?: ReactNode;
  disabled?: boolean;
  className?: string;
}

/** One of a few. Values must not be empty texts. */
export function Select({ value, onChange, options, label, placeholder, icon, disabled = false, className }: Props) {
  const ids = useFieldIds();
  return (
    <RadixSelect.Root value={value} onValueChange={onChange} disabled={disabled}>
      <RadixSelect.Trigger
        {...ids}
        aria-label={label}
        className={cx(INPUT, "flex h-(--tf-control-h) items-center gap-2 px-3 text-left hover:bg-hover", className)}
      >
        {icon ? <span className="text-text-3">{icon}</span> : null}
        <span className="min-w-0 grow truncate">
          <RadixSelect.Value placeholder={placeholder} />
        </span>
        <RadixSelect.Icon className="text-text-3">
          <ChevronDown aria-hidden size={14} />
        </RadixSelect.Icon>
      </RadixSelect.Trigger>
      <RadixSelect.Portal>
        <RadixSelect.Content
          position="popper"
          sideOffset={6}
          collisionPadding={8}
          {...BLOCKS_KEYS}
          className="fade z-50 max-h-(--radix-select-content-available-height) min-w-(--radix-select-trigger-width) overflow-hidden rounded-l border border-border bg-raised shadow-3"
        >
          {/* It writes a style element, which the policy lets through by this nonce only. */}
          <RadixSelect.Viewport nonce={boot.nonce} className="p-1">
            {options.map((option) => (
              <RadixSelect.Item
                key={option.value}
                value={option.value}
                className="flex min-h-8 cursor-default select-none items-center gap-2 rounded-s py-1 pr-2 pl-2 outline-none data-[highlighted]:bg-hover"
              >
                <span className="grid w-4 place-items-center">
                  <RadixSelect.ItemIndicator>
                    <Check aria-hidden size={14} />
                  </RadixSelect.ItemIndicator>
                </span>
                <RadixSelect.ItemText>{option.label}</RadixSelect.ItemText>
              </RadixSelect.Item>
            ))}
          </RadixSelect.Viewport>
        </RadixSelect.Content>
      </RadixSelect.Portal>
    </RadixSelect.Root>
  );
}
