import { useQuery } from "@tanstack/react-query";
import { Link, useRouterState } from "@tanstack/react-router";
import { BookOpen, ChevronsUpDown, Search } from "lucide-react";
import { statsQuery } from "@/api/queries";
import { useAction } from "@/lib/actions";
import { boot } from "@/lib/boot";
import { cx } from "@/lib/cx";
import { count } from "@/lib/format";
import { isApple } from "@/lib/keys";
import { useSession } from "@/lib/session";
import { shell } from "@/lib/text/shell";
import { useErrorCounts } from "@/live/fresh";
import { useWatch } from "@/live/live";
import { Kbd } from "@/ui/kbd";
import { Menu } from "@/ui/menu";
import { Account } from "./account";
import { Mark } from "./mark";
import { type NavigationItem, navigation } from "./navigation";

interface Props {
  onNavigate?: () => void;
}

/** Mark and place, search, pages, who. */
export function Sidebar({ onNavigate }: Props) {
  return (
    <div className="flex h-full flex-col">
      <Place />
      <SearchButton {...(onNavigate ? { onOpen: onNavigate } : {})} />
      <nav aria-label={shell.navigation} className="min-h-0 grow overflow-y-auto px-3 py-2">
        {navigation().map((group) => (
          <div key={group.label} className="mb-4">
            {group.label ? <h2 className="flex h-8 items-end px-2 pb-1.5 text-12 text-text-3">{group.label}</h2> : null}
            <ul className="flex flex-col gap-px">
              {group.items.map((item) => (
                <li key={item.label}>
                  <NavigationLink item={item} {...(onNavigate ? { onNavigate } : {})} />
                </li>
              ))}
            </ul>
          </div>
        ))}
      </nav>
      <Account />
    </div>
  );
}

function Place() {
  const { tenant } = useSession();
  const place = boot.environment ? shell.place(boot.environment, boot.store) : boot.store;
  return (
    <Menu
      align="start"
      className="w-52"
      trigger={
        <button
          type="button"
          className="mx-1 mt-1 flex h-12 items-center gap-2.5 rounded-m px-3 text-left transition-colors duration-(--tf-fast) hover:bg-hover"
        >
          <Mark size={24} />
          <span className="min-w-0 grow leading-4">
            <span className="block truncate font-semibold text-14">{shell.product}</span>
            <span className="block truncate text-11 text-text-3">{place}</span>
            <span className="sr-only">{shell.about}</span>
          </span>
          <ChevronsUpDown aria-hidden size={14} className="shrink-0 text-text-3" />
        </button>
      }
      groups={[
        {
          label: `${shell.tenant(tenant)} · ${shell.version(boot.version)}`,
          items: [{ label: shell.apiReference, icon: <BookOpen aria-hidden size={14} />, href: `${boot.base}/docs` }],
        },
      ]}
    />
  );
}

function SearchButton({ onOpen }: { onOpen?: () => void }) {
  const openPalette = useAction("palette");
  if (!openPalette) return <div className="h-1" />;
  return (
    <button
      type="button"
      aria-keyshortcuts={isApple ? "Meta+K" : "Control+K"}
      onClick={() => {
        onOpen?.();
        openPalette();
      }}
      className="mx-3 mt-1 flex h-8 items-center gap-2 rounded-m border border-border bg-surface px-2.5 text-text-3 shadow-1 transition-colors duration-(--tf-fast) hover:border-border-strong hover:text-text-2"
    >
      <Search aria-hidden size={14} />
      <span className="grow text-left">{shell.search}</span>
      <span aria-hidden className="flex gap-1">
        <Kbd>{isApple ? "⌘" : "Ctrl"}</Kbd>
        <Kbd>{"K"}</Kbd>
      </span>
    </button>
  );
}

function NavigationLink({ item, onNavigate }: { item: NavigationItem; onNavigate?: () => void }) {
  const { path, state } = useRouterState({
    select: ({ location }) => ({ path: location.pathname, state: (location.search as { state?: string }).state }),
    structuralSharing: true,
  });
  const onPath = item.to === "/" ? path === "/" : path === item.to || path.startsWith(`${item.to}/`);
  // Dead letters are the jobs in one state, so one of the two is current, never both.
  const dead = path === "/jobs" && state === "dead";
  const current = onPath && (item.search ? dead : item.to !== "/jobs" || !dead);
  const Icon = item.icon;
  return (
    <Link
      to={item.to}
      search={item.search ?? {}}
      aria-current={current ? "page" : undefined}
      // The router marks by itself what it finds active: only exact matches, which are current here, too.
      activeOptions={{ exact: true, includeSearch: true }}
      onClick={onNavigate}
      className={cx(
        "flex h-7.5 items-center gap-2.5 rounded-m px-2 text-text-2 transition-colors duration-(--tf-fast) max-md:h-10",
        current ? "bg-active text-text" : "hover:bg-hover hover:text-text",
      )}
    >
      <Icon aria-hidden size={16} strokeWidth={1.75} className={current ? "text-text" : "text-text-3"} />
      <span className="grow truncate">{item.label}</span>
      {item.search ? <DeadCount /> : item.to === "/errors" ? <ErrorCount /> : null}
    </Link>
  );
}

function DeadCount() {
  useWatch({ stats: true });
  const { data } = useQuery(statsQuery());
  const dead = data?.states.dead ?? 0;
  return dead > 0 ? <span className="text-11 text-text-3">{count(dead)}</span> : null;
}

/** Groups of errors that someone has to look at. */
function ErrorCount() {
  const open = useErrorCounts().data?.open ?? 0;
  return open > 0 ? <span className="text-11 text-text-3">{count(open)}</span> : null;
}
