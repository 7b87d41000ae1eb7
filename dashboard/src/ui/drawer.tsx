import { X } from "lucide-react";
import { Dialog } from "radix-ui";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { BLOCKS_KEYS, isTyping } from "@/lib/keys";
import { useMedia, WIDE } from "@/lib/media";
import { kit } from "@/lib/text/kit";
import { IconButton } from "./icon-button";
import { ScrollerContext } from "./scroller";

interface Props {
  /** Name for readers: "Job webhook.deliver". */
  label: string;
  onClose: () => void;
  /** Left of its header: the state. */
  header?: ReactNode;
  /** Right of its header, before the cross: previous, next, open as page. */
  actions?: ReactNode;
  children: ReactNode;
}

/** A panel beside the list where there is room, over it where there is none. Render it while something is open. */
export function Drawer(props: Props) {
  const wide = useMedia(WIDE);
  return wide ? <Beside {...props} /> : <Over {...props} />;
}

// Where the focus came from gets it back: a row of the list, found again by its id, since it may have been rendered anew.
function useFocusReturn(): () => void {
  const came = useRef<{ element: Element | null; row: string | null } | null>(null);
  came.current ??= {
    element: document.activeElement,
    row: document.activeElement?.closest("[data-row]")?.getAttribute("data-row") ?? null,
  };
  return () => {
    const { element, row } = came.current ?? {};
    const active = document.querySelector<HTMLElement>("tr[aria-current=true]");
    const same = row ? document.querySelector<HTMLElement>(`[data-row="${CSS.escape(row)}"]`) : null;
    const back = active ?? same ?? element;
    if (back instanceof HTMLElement && back.isConnected) back.focus({ preventScroll: true });
  };
}

function Beside(props: Props) {
  const panel = useRef<HTMLElement>(null);
  const giveBack = useFocusReturn();
  const { onClose } = props;
  const close = useRef(() => {});
  close.current = () => {
    onClose();
    // After the panel is gone, or the browser puts the focus on the body again.
    setTimeout(giveBack, 0);
  };
  useEffect(() => panel.current?.focus({ preventScroll: true }), []);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented || isTyping(event.target)) return;
      if (document.querySelector("[data-blocks-keys]")) return;
      event.preventDefault();
      close.current();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  return (
    <aside
      ref={panel}
      aria-label={props.label}
      tabIndex={-1}
      className="flex w-(--tf-drawer) shrink-0 flex-col border-border border-l bg-surface outline-none"
    >
      <Inside {...props} onClose={() => close.current()} />
    </aside>
  );
}

function Over(props: Props) {
  const giveBack = useFocusReturn();
  return (
    <Dialog.Root open onOpenChange={(open) => !open && props.onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fade fixed inset-0 z-30 bg-scrim" />
        <Dialog.Content
          aria-describedby={undefined}
          className="from-right fixed inset-y-0 right-0 z-40 flex w-(--tf-drawer) max-w-full flex-col border-border border-l bg-surface shadow-3 outline-none"
          // The panel itself, not its first button, whose tip would open.
          onOpenAutoFocus={(event) => {
            event.preventDefault();
            (event.currentTarget as HTMLElement).focus();
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            giveBack();
          }}
          {...BLOCKS_KEYS}
        >
          <Dialog.Title className="sr-only">{props.label}</Dialog.Title>
          <Inside {...props} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Inside({ header, actions, onClose, children }: Props) {
  const [body, setBody] = useState<HTMLElement | null>(null);
  return (
    <>
      <div className="flex h-14 shrink-0 items-center gap-1 border-border border-b pr-3 pl-5 max-md:pl-4">
        <div className="flex min-w-0 grow items-center font-semibold">{header}</div>
        {actions}
        <IconButton label={kit.close} keyName="Esc" icon={<X aria-hidden size={16} />} onClick={onClose} />
      </div>
      <div ref={setBody} className="min-h-0 grow overflow-y-auto">
        <ScrollerContext value={body}>{children}</ScrollerContext>
      </div>
    </>
  );
}
