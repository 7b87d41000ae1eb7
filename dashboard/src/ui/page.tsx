import { Menu as MenuIcon } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { cx } from "@/lib/cx";
import { HAS_SIDEBAR, useMedia } from "@/lib/media";
import { kit } from "@/lib/text/kit";
import { shell } from "@/lib/text/shell";
import { IconButton } from "./icon-button";
import { LiveBadge } from "./live-badge";
import { ScrollerContext } from "./scroller";
import { useShell } from "./shell-context";
import { StaleBar } from "./stale-bar";
import { VersionBar } from "./version-bar";

interface Props {
  title: string;
  /** What the header shows of it; default: all of it. */
  heading?: ReactNode | undefined;
  /** Beside the title in the header: state, chips. */
  aside?: ReactNode;
  /** Shows the live badge. */
  live?: boolean;
  /** Right in the header; one primary button at most. */
  actions?: ReactNode;
  /** Between header and content, does not scroll: tabs, filters. */
  toolbar?: ReactNode;
  /** A `Drawer`, while something is open. */
  drawer?: ReactNode;
  /** Floats over the foot of the content: the selection bar. */
  floating?: ReactNode;
  /** Content without padding of its own, as a list wants it. */
  flush?: boolean;
  children: ReactNode;
}

/** A page: header, content that scrolls, and a drawer beside it. Sets the document's title. */
export function Page(props: Props) {
  const {
    title,
    heading = title,
    aside,
    live = false,
    actions,
    toolbar,
    drawer,
    floating,
    flush = false,
    children,
  } = props;
  const [body, setBody] = useState<HTMLElement | null>(null);
  const main = useRef<HTMLElement>(null);
  const { openNavigation, arrived } = useShell();
  useEffect(() => {
    if (main.current) arrived(main.current);
  }, [arrived]);
  const hasSidebar = useMedia(HAS_SIDEBAR);
  useEffect(() => {
    document.title = shell.title(title);
  }, [title]);
  return (
    <div className="flex min-h-0 min-w-0 grow">
      <main
        ref={main}
        id="content"
        tabIndex={-1}
        className="relative flex min-w-0 grow flex-col bg-surface outline-none"
      >
        <header className="flex h-14 shrink-0 items-center gap-3 border-border border-b px-5 max-md:px-4">
          {hasSidebar ? null : (
            <IconButton
              label={kit.menu}
              className="-ml-2"
              icon={<MenuIcon aria-hidden size={18} />}
              onClick={openNavigation}
            />
          )}
          <h1 className="truncate font-semibold text-16">{heading}</h1>
          {aside}
          {live ? <LiveBadge /> : null}
          <div className="ml-auto flex shrink-0 items-center gap-2">{actions}</div>
        </header>
        <StaleBar />
        <VersionBar />
        {toolbar}
        <div ref={setBody} className={cx("relative min-h-0 grow overflow-y-auto", !flush && "px-5 py-5 max-md:px-4")}>
          <ScrollerContext value={body}>{children}</ScrollerContext>
        </div>
        {floating ? (
          <div className="pointer-events-none absolute inset-x-0 bottom-5 z-20 flex justify-center px-4 [&>*]:pointer-events-auto">
            {floating}
          </div>
        ) : null}
      </main>
      {drawer}
    </div>
  );
}
