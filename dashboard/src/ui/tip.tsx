import { Tooltip } from "radix-ui";
import { type ReactNode, useState } from "react";
import { Kbd } from "./kbd";

interface Props {
  /** Nothing: there is no tip now; what is inside stays the same element. */
  text: ReactNode;
  /** Key that does the same. */
  keyName?: string | undefined;
  side?: "top" | "right" | "bottom" | "left";
  /** One element that takes a ref and can be focused. */
  children: ReactNode;
}

/** A word on hover and focus. Never the only place of something that is needed. */
export function Tip({ text, keyName, side = "bottom", children }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <Tooltip.Root open={open && Boolean(text)} onOpenChange={setOpen}>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content
          side={side}
          sideOffset={6}
          collisionPadding={8}
          className="z-50 flex max-w-80 items-center gap-2 rounded-s bg-primary px-2 py-1 text-12 text-on-primary shadow-2"
        >
          {text}
          {keyName ? <Kbd inverted>{keyName}</Kbd> : null}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
