import { Download } from "lucide-react";
import type { JobsQuery } from "@/api/types";
import { boot } from "@/lib/boot";
import { cliOf } from "@/lib/copy-as";
import { words } from "@/lib/text/jobs";
import { copyAndSay } from "@/ui/copy-and-say";
import { IconButton } from "@/ui/icon-button";
import { Menu } from "@/ui/menu";

/** Parameters of the list that choose jobs; the others are about a page of it. */
const CHOOSING = [
  "state",
  "queue",
  "task",
  "tag",
  "worker",
  "q",
  "created_after",
  "created_before",
  "finished_after",
  "finished_before",
  "sort",
] as const;

/** All that the list shows, and what is behind its last page, as a file. */
export function ExportMenu({ filter }: { filter: JobsQuery }) {
  return (
    <Menu
      trigger={<IconButton variant="secondary" label={words.exportJobs} icon={<Download aria-hidden size={15} />} />}
      groups={[
        {
          label: words.exportJobs,
          items: [
            { label: words.exportCsv, href: exportUrl(filter, "csv"), download: true },
            { label: words.exportJsonl, href: exportUrl(filter, "jsonl"), download: true },
          ],
        },
        { items: [{ label: words.exportCommand, onSelect: () => void copyAndSay(exportCommand(filter)) }] },
      ]}
    />
  );
}

export function exportUrl(filter: JobsQuery, format: "csv" | "jsonl"): string {
  return `${boot.api}/jobs/export?${new URLSearchParams([...chosen(filter), ["format", format]])}`;
}

export function exportCommand(filter: JobsQuery): string {
  const options = chosen(filter).flatMap(([name, value]) => [
    `--${name === "q" ? "filter" : name.replace("_", "-")}`,
    value,
  ]);
  return cliOf("jobs", "export", ...options, "--output", "jobs.csv");
}

function chosen(filter: JobsQuery): [string, string][] {
  return CHOOSING.flatMap((name) => (filter[name] ? [[name, filter[name]] as [string, string]] : []));
}
