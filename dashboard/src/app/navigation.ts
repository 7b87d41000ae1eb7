import {
  Bug,
  ChartLine,
  CopyCheck,
  FlaskConical,
  Gauge,
  Layers,
  LayoutDashboard,
  ListChecks,
  type LucideIcon,
  OctagonX,
  ScrollText,
  Server,
} from "lucide-react";
import { boot } from "@/lib/boot";
import { shell } from "@/lib/text/shell";

export interface NavigationItem {
  to: "/" | "/jobs" | "/queues" | "/workers" | "/errors" | "/charts" | "/bulk" | "/audit" | "/system" | "/playground";
  search?: { state: "dead" };
  label: string;
  icon: LucideIcon;
  /** The second key after `g`. */
  keyName: string;
}

export interface NavigationGroup {
  label: string | null;
  items: readonly NavigationItem[];
}

/** The pages there are. A page that does not exist yet is not named: nothing leads to an empty page. */
const PAGES: readonly NavigationGroup[] = [
  {
    label: null,
    items: [
      { to: "/", label: shell.overview, icon: LayoutDashboard, keyName: "o" },
      { to: "/jobs", label: shell.jobs, icon: ListChecks, keyName: "j" },
      { to: "/queues", label: shell.queues, icon: Layers, keyName: "q" },
      { to: "/workers", label: shell.workers, icon: Server, keyName: "w" },
    ],
  },
  {
    label: shell.attention,
    items: [
      { to: "/errors", label: shell.errors, icon: Bug, keyName: "e" },
      { to: "/jobs", search: { state: "dead" }, label: shell.dead, icon: OctagonX, keyName: "d" },
    ],
  },
  {
    label: shell.operate,
    items: [
      { to: "/charts", label: shell.metrics, icon: ChartLine, keyName: "m" },
      { to: "/bulk", label: shell.bulk, icon: CopyCheck, keyName: "b" },
      { to: "/audit", label: shell.audit, icon: ScrollText, keyName: "u" },
      { to: "/system", label: shell.system, icon: Gauge, keyName: "y" },
    ],
  },
];
const WITH_PLAYGROUND = PAGES.map((group) =>
  group.label === shell.operate
    ? {
        ...group,
        items: [
          ...group.items,
          { to: "/playground", label: shell.playground, icon: FlaskConical, keyName: "p" } satisfies NavigationItem,
        ],
      }
    : group,
);

/** The pages that this server has. */
export function navigation(): readonly NavigationGroup[] {
  return boot.features.playground === true ? WITH_PLAYGROUND : PAGES;
}
