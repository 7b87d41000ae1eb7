import { X } from "lucide-react";
import { Dialog as RadixDialog } from "radix-ui";
import type { ReactNode } from "react";
import { cx } from "@/lib/cx";
import { BLOCKS_KEYS } from "@/lib/keys";
import { kit } from "@/lib/text/kit";
import { IconButton } from "./icon-button";

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  /** One or two sentences below the title. */
  description?: ReactNode;
  /** Buttons at the foot; the primary one last. */
  footer?: ReactNode;
  size?: "s" | "m" | "l";
  children?: ReactNode;
}

const WIDTH = { s: "w-105", m: "w-140", l: "w-190" };

/** A task that needs the whole attention. Focus stays in it, Esc closes it and gives the focus back. */
export function Dialog({ open, onOpenChange, title, description, footer, size = "s", children }: Props) {
  return (
    <RadixDialog.Root open={open} onOpenChange={onOpenChange}>
      <RadixDialog.Portal>
        <RadixDialog.Overlay className="fade fixed inset-0 z-40 bg-scrim" />
        <RadixDialog.Content
          {...(description ? {} : { "aria-describedby": undefined })}
          className={cx(
            "fade fixed top-[max(16px,12vh)] left-1/2 z-50 flex max-h-[min(76vh,calc(100vh-32px))] -translate-x-1/2 flex-col",
            "max-w-[calc(100vw-2rem)] rounded-l border border-border bg-raised shadow-3 outline-none",
            WIDTH[size],
          )}
          // The first field, or the dialog itself: on its cross a tip would open.
          onOpenAutoFocus={(event) => {
            const content = event.currentTarget as HTMLElement;
            const field = content.querySelector<HTMLElement>("[data-autofocus], input, textarea, [role=combobox]");
            event.preventDefault();
            (field ?? content).focus();
          }}
          {...BLOCKS_KEYS}
        >
          <header className="flex shrink-0 items-start gap-3 pt-4 pr-3 pl-5">
            <div className="min-w-0 grow pb-1">
              <RadixDialog.Title className="font-semibold text-16 leading-6">{title}</RadixDialog.Title>
              {description ? (
                <RadixDialog.Description asChild>
                  <div className="mt-1 text-text-2">{description}</div>
                </RadixDialog.Description>
              ) : null}
            </div>
            <RadixDialog.Close asChild>
              <IconButton label={kit.close} keyName="Esc" size="s" icon={<X aria-hidden size={16} />} />
            </RadixDialog.Close>
          </header>
          {children ? <div className="min-h-0 grow overflow-y-auto px-5 pt-3 pb-5">{children}</div> : null}
          {footer ? (
            <footer className="flex shrink-0 flex-wrap items-center justify-end gap-2 border-border border-t px-5 py-3">
              {footer}
            </footer>
          ) : null}
        </RadixDialog.Content>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  );
}
