import { CircleAlert, CircleCheck, X } from "lucide-react";
import { Toast as RadixToast } from "radix-ui";
import { type ReactNode, useSyncExternalStore } from "react";
import { kit } from "@/lib/text/kit";
import { Button } from "./button";
import { IconButton } from "./icon-button";
import { currentToasts, dismissToast, subscribeToasts, type Toast } from "./toast";

/** Where messages appear. Once, around the page. */
export function Toasts({ children }: { children: ReactNode }) {
  const toasts = useSyncExternalStore(subscribeToasts, currentToasts);
  return (
    <RadixToast.Provider label={kit.notifications} swipeDirection="right">
      {children}
      {toasts.map((item) => (
        <ToastCard key={item.id} item={item} />
      ))}
      <RadixToast.Viewport
        label={kit.notificationsKey("{hotkey}")}
        className="fixed right-4 bottom-[calc(16px+var(--tf-foot,0px))] z-50 flex w-90 max-w-[calc(100vw-2rem)] flex-col gap-2"
      />
    </RadixToast.Provider>
  );
}

function ToastCard({ item }: { item: Toast }) {
  return (
    <RadixToast.Root
      duration={item.duration}
      type={item.tone === "danger" ? "foreground" : "background"}
      onOpenChange={(open) => {
        if (!open) dismissToast(item.id);
      }}
      className="flex items-start gap-2.5 rounded-l border border-border bg-raised py-2.5 pr-2 pl-3.5 shadow-3"
    >
      {item.tone === "danger" ? <CircleAlert aria-hidden size={16} className="mt-0.5 shrink-0 text-danger" /> : null}
      {item.tone === "success" ? (
        <CircleCheck aria-hidden size={16} className="mt-0.5 shrink-0 text-completed" />
      ) : null}
      <div className="min-w-0 grow py-0.5">
        <RadixToast.Title className="font-medium text-text">{item.title}</RadixToast.Title>
        {item.detail ? (
          <RadixToast.Description className="mt-0.5 break-words text-12 text-text-2">
            {item.detail}
          </RadixToast.Description>
        ) : null}
      </div>
      {item.action ? (
        <RadixToast.Action asChild altText={item.action.label}>
          <Button size="s" onClick={item.action.run}>
            {item.action.label}
          </Button>
        </RadixToast.Action>
      ) : null}
      <RadixToast.Close asChild>
        <IconButton size="s" label={kit.dismiss} icon={<X aria-hidden size={14} />} />
      </RadixToast.Close>
    </RadixToast.Root>
  );
}
