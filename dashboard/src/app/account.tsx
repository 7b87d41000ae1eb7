import { LogOut, Moon, Sun } from "lucide-react";
import { useState } from "react";
import { signOut } from "@/api/session";
import { boot } from "@/lib/boot";
import { singleKeys } from "@/lib/keys";
import { useSession } from "@/lib/session";
import { useStored } from "@/lib/storage";
import { shell } from "@/lib/text/shell";
import { densityChoice, themeChoice, toggleTheme, useTheme } from "@/lib/theme";
import { zoneChoice, zoneName } from "@/lib/zone";
import { IconButton } from "@/ui/icon-button";
import { Menu, type MenuGroup } from "@/ui/menu";
import { toast } from "@/ui/toast";
import { ZoneDialog } from "./zone-dialog";

/** The foot of the sidebar: who uses the page, how it looks. */
export function Account() {
  const { actor, role } = useSession();
  const theme = useTheme();
  const name = actor ?? shell.anonymous;
  const [choosing, setChoosing] = useState(false);
  return (
    <div className="flex h-12.5 shrink-0 items-center gap-1 border-border border-t pr-2.5 pl-1.5">
      <Menu
        side="top"
        align="start"
        className="w-60"
        groups={useGroups(() => setChoosing(true))}
        trigger={
          <button
            type="button"
            className="flex h-10 min-w-0 grow items-center gap-2.5 rounded-m px-1.5 text-left transition-colors duration-(--tf-fast) hover:bg-hover"
          >
            <span
              aria-hidden
              className="grid size-6.5 shrink-0 place-items-center rounded-full bg-active font-medium text-11 text-text-2"
            >
              {initials(name)}
            </span>
            <span className="min-w-0 leading-4">
              <span className="block truncate text-12">{name}</span>
              <span className="block truncate text-11 text-text-3">{role}</span>
              <span className="sr-only">{shell.account}</span>
            </span>
          </button>
        }
      />
      <IconButton
        label={theme === "dark" ? shell.toLight : shell.toDark}
        keyName="t"
        icon={theme === "dark" ? <Sun aria-hidden size={15} /> : <Moon aria-hidden size={15} />}
        onClick={toggleTheme}
      />
      <ZoneDialog open={choosing} onOpenChange={setChoosing} />
    </div>
  );
}

function useGroups(chooseZone: () => void): MenuGroup[] {
  const { signedIn } = useSession();
  const theme = useStored(themeChoice);
  const density = useStored(densityChoice);
  const zone = useStored(zoneChoice);
  const keys = useStored(singleKeys);
  const zones = [
    { value: "local", label: shell.zoneLocal(zoneName("local")) },
    { value: "utc", label: shell.zoneUtc },
    ...(["UTC", "Etc/UTC", zoneName("local")].includes(boot.zone)
      ? []
      : [{ value: boot.zone, label: shell.zoneServer(boot.zone) }]),
    ...(["local", "utc", boot.zone].includes(zone) ? [] : [{ value: zone, label: zone }]),
  ];
  const groups: MenuGroup[] = [
    {
      label: shell.theme,
      items: [
        { label: shell.themeSystem, checked: theme === "system", onSelect: () => themeChoice.set("system") },
        { label: shell.themeLight, checked: theme === "light", onSelect: () => themeChoice.set("light") },
        { label: shell.themeDark, checked: theme === "dark", onSelect: () => themeChoice.set("dark") },
      ],
    },
    {
      label: shell.density,
      items: [
        {
          label: shell.densityComfortable,
          checked: density === "comfortable",
          onSelect: () => densityChoice.set("comfortable"),
        },
        { label: shell.densityCompact, checked: density === "compact", onSelect: () => densityChoice.set("compact") },
      ],
    },
    {
      label: shell.zone,
      items: [
        ...zones.map(({ value, label }) => ({ label, checked: zone === value, onSelect: () => zoneChoice.set(value) })),
        { label: shell.zoneOther, checked: false, onSelect: chooseZone },
      ],
    },
    {
      items: [
        { label: shell.keys, checked: keys === "on", onSelect: () => singleKeys.set(keys === "on" ? "off" : "on") },
      ],
    },
  ];
  if (signedIn) {
    groups.push({ items: [{ label: shell.signOut, icon: <LogOut aria-hidden size={14} />, onSelect: leave }] });
  }
  return groups;
}

async function leave(): Promise<void> {
  try {
    await signOut();
  } catch (error) {
    toast({ title: shell.signOutFailed, detail: error instanceof Error ? error.message : undefined, tone: "danger" });
  }
}

function initials(name: string): string {
  const parts = name.replace(/@.*/, "").split(/[\s._-]+/);
  return ((parts[0]?.[0] ?? "") + (parts[1]?.[0] ?? "")).toUpperCase();
}
