import { Tabs as RadixTabs } from "radix-ui";
import type { ReactNode } from "react";
import { cx } from "@/lib/cx";
import { useKeys } from "@/lib/keys";

export interface TabItem {
  id: string;
  label: string;
  icon?: ReactNode;
  /** A number, already formatted. */
  count?: string | undefined;
}

/** The row of tabs, and one of them; for links that look like tabs, too, with `data-state="active"`. */
export const TAB_ROW =
  "flex h-11 shrink-0 gap-6 overflow-x-auto border-border border-b px-5 [scrollbar-width:none] max-md:px-4";
export const TAB = cx(
  "relative flex shrink-0 items-center gap-2 text-13 text-text-2 outline-offset-[-2px] transition-colors duration-(--tf-fast) hover:text-text",
  "data-[state=active]:font-medium data-[state=active]:text-text",
  "data-[state=active]:after:absolute data-[state=active]:after:inset-x-0 data-[state=active]:after:bottom-0 data-[state=active]:after:h-0.5 data-[state=active]:after:bg-primary",
);

interface Props {
  /** Name of the group, for readers. */
  label: string;
  tabs: readonly TabItem[];
  value: string;
  onChange: (id: string) => void;
  /** `[` and `]` go to the previous and next tab. */
  keys?: boolean;
  /** The panel of the present tab. */
  children: ReactNode;
  /** Of the row of tabs. */
  className?: string;
  panelClassName?: string;
}

/** Views of one thing. Which one is open belongs into the URL. */
export function Tabs({ label, tabs, value, onChange, keys = false, children, className, panelClassName }: Props) {
  const step = (by: number) => {
    const index = tabs.findIndex((tab) => tab.id === value);
    const next = tabs[(index + by + tabs.length) % tabs.length];
    if (next) onChange(next.id);
  };
  useKeys({ "[": () => step(-1), "]": () => step(1) }, keys);
  return (
    <RadixTabs.Root value={value} onValueChange={onChange} className="contents">
      <RadixTabs.List aria-label={label} className={cx(TAB_ROW, className)}>
        {tabs.map((tab) => (
          <RadixTabs.Trigger key={tab.id} value={tab.id} className={TAB}>
            {tab.icon}
            {tab.label}
            {tab.count !== undefined ? <span className="font-normal text-12 text-text-3">{tab.count}</span> : null}
          </RadixTabs.Trigger>
        ))}
      </RadixTabs.List>
      <RadixTabs.Content value={value} tabIndex={-1} className={cx("outline-none", panelClassName)}>
        {children}
      </RadixTabs.Content>
    </RadixTabs.Root>
  );
}
