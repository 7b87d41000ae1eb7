import { X } from "lucide-react";
import type { ReactNode } from "react";
import { kit } from "@/lib/text/kit";
import { IconButton } from "./icon-button";

interface Props {
  /** "3 selected". */
  label: string;
  /** "Select all 412 that match". */
  extra?: ReactNode;
  /** Ghost and danger buttons. */
  children: ReactNode;
  onClear: () => void;
}

/** What can be done with the selected rows. Goes into `floating` of the page. */
export function SelectionBar({ label, extra, children, onClear }: Props) {
  return (
    <section
      aria-label={label}
      className="fade flex max-w-full items-center gap-1 overflow-x-auto max-sm:gap-0 rounded-l border border-border bg-raised py-1.5 pr-1.5 pl-3.5 shadow-3 max-sm:pl-3"
    >
      <span aria-live="polite" className="whitespace-nowrap font-medium">
        {label}
      </span>
      {extra ? <span className="ml-2 whitespace-nowrap">{extra}</span> : null}
      <span aria-hidden className="mx-2 h-5 w-px shrink-0 bg-border max-sm:mx-1" />
      {children}
      <IconButton label={kit.close} keyName="Esc" icon={<X aria-hidden size={16} />} onClick={onClear} />
    </section>
  );
}
