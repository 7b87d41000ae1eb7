import { boot } from "@/lib/boot";
import { MOST_REASON } from "@/lib/reason";
import { words } from "@/lib/text/reason";
import { Field } from "./field";
import { Input } from "./input";

interface Props {
  value: string;
  onChange: (text: string) => void;
  /** Who will read it, where that is not the audit alone. */
  hint?: string;
  /** Whether the dialog begins here. */
  first?: boolean;
  className?: string;
}

/** Asks why, alike in every dialog; optional unless the server requires it. */
export function ReasonField({ value, onChange, hint = words.hint, first = false, className }: Props) {
  const required = boot.requires_reason;
  return (
    <Field
      label={words.label}
      note={required ? words.required : words.optional}
      hint={hint}
      {...(className ? { className } : {})}
    >
      <Input
        value={value}
        maxLength={MOST_REASON}
        autoComplete="off"
        aria-required={required || undefined}
        {...(first ? { "data-autofocus": "" } : {})}
        onChange={(event) => onChange(event.target.value)}
      />
    </Field>
  );
}
