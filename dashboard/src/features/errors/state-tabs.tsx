import { Link } from "@tanstack/react-router";
import { cx } from "@/lib/cx";
import { count } from "@/lib/format";
import { words } from "@/lib/text/errors";
import { useErrorCounts } from "@/live/fresh";
import { TAB, TAB_ROW } from "@/ui/tabs";
import type { ErrorsSearch } from "./search";

const TABS = [
  { state: undefined, of: "open", label: words.open, hint: words.openHint },
  { state: "resolved", of: "resolved", label: words.resolved, hint: words.resolvedHint },
  { state: "muted", of: "muted", label: words.muted, hint: words.mutedHint },
  { state: "all", of: null, label: words.all, hint: undefined },
] as const;

/** The states with their counts. Each is a link: it can be copied, and opened in a tab of its own. */
export function StateTabs({ search }: { search: ErrorsSearch }) {
  const { data } = useErrorCounts();
  const shown = search.state === "open" ? undefined : search.state;
  const all = data ? data.open + data.resolved + data.muted : undefined;
  return (
    <nav aria-label={words.states} className={TAB_ROW}>
      {TABS.map(({ state, of, label, hint }) => {
        const n = of === null ? all : data?.[of];
        return (
          <Link
            key={label}
            from="/errors"
            to="/errors"
            search={(old) => ({ ...old, state })}
            activeOptions={{ exact: true, includeSearch: true }}
            aria-current={shown === state ? "page" : undefined}
            data-state={shown === state ? "active" : "inactive"}
            title={hint}
            className={TAB}
          >
            {label}
            {/* Its room is there before the number is. */}
            <span className={cx("min-w-3 text-12 text-text-3", shown === state && "font-normal")}>
              {n === undefined ? "" : count(n)}
            </span>
          </Link>
        );
      })}
    </nav>
  );
}
