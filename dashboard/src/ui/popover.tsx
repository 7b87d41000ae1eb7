import { Popover as RadixPopover } from "radix-ui";
import type { ReactNode } from "react";
import { cx } from "@/lib/cx";
import { BLOCKS_KEYS } from "@/lib/keys";

interface Props {
  /** A button. */
  trigger: ReactNode;
  /** Name for readers. */
  label: string;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  align?: "start" | "end";
  children: ReactNode;
  className?: string;
}

/** A small panel that a button opens: choices that need more than a menu. */
export function Popover({ trigger, label, open, onOpenChange, align = "end", children, className }: Props) {
  return (
    <RadixPopover.Root {...(open === undefined ? {} : { open })} {...(onOpenChange ? { onOpenChange } : {})}>
      <RadixPopover.Trigger asChild>{trigger}</RadixPopover.Trigger>
      <RadixPopover.Portal>
        <RadixPopover.Content
          aria-label={label}
          align={align}
          sideOffset={6}
          collisionPadding={8}
          className={cx(
            "fade z-50 max-h-(--radix-popover-content-available-height) max-w-[calc(100vw-1rem)] overflow-y-auto rounded-l border border-border bg-raised shadow-3 outline-none",
            className,
          )}
          {...BLOCKS_KEYS}
        >
          {children}
        </RadixPopover.Content>
      </RadixPopover.Portal>
    </RadixPopover.Root>
  );
}
