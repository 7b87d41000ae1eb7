import { Switch as RadixSwitch } from "radix-ui";
import { useFieldIds } from "./field";

interface Props {
  checked: boolean;
  onChange: (checked: boolean) => void;
  /** Read out where no field is around it. */
  label?: string;
  disabled?: boolean;
}

/** On or off, at once. */
export function Switch({ checked, onChange, label, disabled = false }: Props) {
  const ids = useFieldIds();
  return (
    <RadixSwitch.Root
      {...ids}
      aria-label={label}
      checked={checked}
      onCheckedChange={onChange}
      disabled={disabled}
      className="relative h-4.5 w-8 shrink-0 rounded-full border border-control bg-control transition-colors duration-(--tf-fast) before:absolute before:-inset-1 before:content-[''] data-[state=checked]:border-accent data-[state=checked]:bg-accent"
    >
      <RadixSwitch.Thumb className="block size-3.5 translate-x-px rounded-full bg-surface transition-transform duration-(--tf-fast) data-[state=checked]:translate-x-[15px]" />
    </RadixSwitch.Root>
  );
}
