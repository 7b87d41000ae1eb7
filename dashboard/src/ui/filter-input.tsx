import { ListFilter } from "lucide-react";
import { useRef } from "react";
import { cx } from "@/lib/cx";
import { useKeys } from "@/lib/keys";
import { Input } from "./input";
import { Kbd } from "./kbd";

interface Props {
  label: string;
  placeholder: string;
  value: string;
  onChange: (text: string) => void;
  className?: string;
}

/** Narrows a list as one types. `/` goes to it; Esc clears it, then leaves it. */
export function FilterInput({ label, placeholder, value, onChange, className }: Props) {
  const box = useRef<HTMLInputElement>(null);
  useKeys({
    "/": (event) => {
      event.preventDefault();
      box.current?.focus();
      box.current?.select();
    },
  });
  return (
    <div className={cx("flex min-w-0 grow", className)}>
      <Input
        ref={box}
        type="search"
        aria-label={label}
        placeholder={placeholder}
        value={value}
        autoComplete="off"
        spellCheck={false}
        before={<ListFilter aria-hidden size={15} />}
        after={
          <span aria-hidden className="max-md:hidden">
            <Kbd>{"/"}</Kbd>
          </span>
        }
        className="[&::-webkit-search-cancel-button]:appearance-none"
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          if (value === "") event.currentTarget.blur();
          else onChange("");
        }}
      />
    </div>
  );
}
