import { Outlet } from "@tanstack/react-router";
import { Dialog } from "radix-ui";
import { lazy, Suspense, useMemo, useRef, useState } from "react";
import { boot } from "@/lib/boot";
import { useKeys } from "@/lib/keys";
import { HAS_SIDEBAR, useMedia } from "@/lib/media";
import { useSession } from "@/lib/session";
import { shell } from "@/lib/text/shell";
import { toggleDensity, toggleTheme } from "@/lib/theme";
import { useWatch } from "@/live/live";
import { togglePause } from "@/live/status";
import { ShellContext } from "@/ui/shell-context";
import { Overlays } from "./overlays";
import { Sidebar } from "./sidebar";
import { SignIn } from "./sign-in";

const DemoBanner = lazy(() => import("./demo-banner"));
const BulkLines = lazy(() => import("@/features/bulk/lines"));

/** The frame of every page: navigation, sign-in, keys that act everywhere. */
export function Shell() {
  const { role } = useSession();
  return role === null ? <SignIn /> : <Frame />;
}

function Frame() {
  const [open, setOpen] = useState(false);
  const hasSidebar = useMedia(HAS_SIDEBAR);
  const pages = useRef(0);
  const controls = useMemo(
    () => ({
      openNavigation: () => setOpen(true),
      arrived(main: HTMLElement) {
        if (pages.current++ > 0) main.focus({ preventScroll: true });
      },
    }),
    [],
  );
  // Here, and not only where they are shown, which is loaded later: a wish that comes late opens the stream anew.
  useWatch({ bulk: true });
  useKeys({ t: toggleTheme, d: toggleDensity, p: togglePause });
  return (
    <ShellContext value={controls}>
      <button
        type="button"
        className="fixed top-2 left-2 z-50 -translate-y-16 rounded-m bg-primary px-3 py-2 font-medium text-on-primary focus:translate-y-0"
        onClick={() => document.getElementById("content")?.focus()}
      >
        {shell.skip}
      </button>
      <div className="flex h-dvh overflow-hidden">
        {hasSidebar ? (
          <div className="w-(--tf-nav) shrink-0 border-border border-r bg-app">
            <Sidebar />
          </div>
        ) : (
          <Dialog.Root open={open} onOpenChange={setOpen}>
            <Dialog.Portal>
              <Dialog.Overlay className="fade fixed inset-0 z-40 bg-scrim" />
              <Dialog.Content
                aria-describedby={undefined}
                className="from-left fixed inset-y-0 left-0 z-50 w-70 max-w-[85vw] border-border border-r bg-app shadow-3 outline-none"
                data-blocks-keys=""
              >
                <Dialog.Title className="sr-only">{shell.navigation}</Dialog.Title>
                <Sidebar onNavigate={() => setOpen(false)} />
              </Dialog.Content>
            </Dialog.Portal>
          </Dialog.Root>
        )}
        <div className="flex min-w-0 grow flex-col">
          {boot.features.public === true ? (
            <Suspense fallback={<div className="h-12 shrink-0" />}>
              <DemoBanner />
            </Suspense>
          ) : null}
          <div className="flex min-h-0 grow">
            <Outlet />
          </div>
          <Suspense fallback={null}>
            <BulkLines />
          </Suspense>
        </div>
      </div>
      <Overlays />
    </ShellContext>
  );
}
