import { shell } from "@/lib/text/shell";
import { useNewVersion } from "@/live/status";
import { Button } from "./button";

/** A line below the header once the server is of another version than this page. */
export function VersionBar() {
  const version = useNewVersion();
  if (version === null) return null;
  return (
    <div
      role="status"
      className="flex min-h-9 shrink-0 items-center gap-2.5 border-border border-b bg-accent-soft px-5 py-1 text-12 max-md:px-4"
    >
      <span className="grow">{shell.newVersion}</span>
      <Button size="s" variant="ghost" onClick={() => location.reload()}>
        {shell.reload}
      </Button>
    </div>
  );
}
