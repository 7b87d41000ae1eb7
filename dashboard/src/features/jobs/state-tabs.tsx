import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { statsQuery } from "@/api/queries";
import { cx } from "@/lib/cx";
import { clockSeconds, count } from "@/lib/format";
import { SERVED_STATES } from "@/lib/state";
import { words } from "@/lib/text/jobs";
import { STATE_MEANING, STATE_WORD } from "@/lib/text/states";
import { useZone } from "@/lib/zone";
import { StateIcon } from "@/ui/state-icon";
import { TAB, TAB_ROW } from "@/ui/tabs";
import type { JobsSearch } from "./search";

/** The states with their counts. Each is a link: it can be copied, and opened in a tab of its own. */
export function StateTabs({ search }: { search: JobsSearch }) {
  const { data } = useQuery(statsQuery());
  const zone = useZone();
  const states = data?.states;
  const asOf = data && !data.exact ? words.countedAt(clockSeconds(Date.parse(data.as_of), zone)) : undefined;
  const all = states ? Object.values(states).reduce((sum, n) => sum + n, 0) : undefined;
  return (
    <nav aria-label={words.states} className={TAB_ROW}>
      <StateTab state={undefined} current={search.state === undefined} count={all} title={asOf}>
        {words.all}
      </StateTab>
      {SERVED_STATES.map((state) => (
        <StateTab
          key={state}
          state={state}
          current={search.state === state}
          count={states ? (states[state] ?? 0) : undefined}
          title={[STATE_MEANING[state], asOf].filter(Boolean).join(". ")}
        >
          <StateIcon state={state} />
          {STATE_WORD[state]}
        </StateTab>
      ))}
    </nav>
  );
}

interface TabProps {
  state: string | undefined;
  current: boolean;
  count: number | undefined;
  title: string | undefined;
  children: ReactNode;
}

function StateTab({ state, current, count: n, title, children }: TabProps) {
  return (
    <Link
      from="/jobs"
      to="/jobs"
      search={(old) => ({ ...old, state, job: undefined, tab: undefined })}
      activeOptions={{ exact: true, includeSearch: true }}
      aria-current={current ? "page" : undefined}
      data-state={current ? "active" : "inactive"}
      title={title}
      className={TAB}
    >
      {children}
      {/* Its room is there before the number is. */}
      <span className={cx("min-w-3 text-12 text-text-3", current && "font-normal")}>
        {n === undefined ? "" : count(n)}
      </span>
    </Link>
  );
}
