import { jobPath } from "@/lib/copy-as";
import { cx } from "@/lib/cx";
import { previewOf } from "@/lib/json-text";
import { visible } from "@/lib/visible";
import type { ListRow } from "@/live/patch";
import { Chip } from "@/ui/chip";
import { StateLabel } from "@/ui/state-label";
import { BELOW } from "@/ui/table";

const MOST_TAGS = 3;

/** Task, the beginning of its arguments, tags. The name is a link, for a tab of its own; a plain press opens the drawer. */
export function TaskCell({ row, onOpen }: { row: ListRow; onOpen: (id: string) => void }) {
  const preview = previewOf(row.args_preview);
  const more = row.tags.length - MOST_TAGS;
  return (
    <span className={cx("flex min-w-0 items-center gap-2.5", row.gone && "opacity-50")}>
      <StateLabel state={row.state} word={false} className={cx("shrink-0", BELOW[480])} />
      {/* No link of the router: a list has a hundred of them, and a plain press does not leave the page. */}
      <a
        href={jobPath(row.id)}
        tabIndex={-1}
        className="max-w-3/5 shrink-0 truncate font-medium hover:underline"
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return;
          event.preventDefault();
          onOpen(row.id);
        }}
      >
        {row.task}
      </a>
      {/* Isolated: text that runs from right to left must not turn its neighbours. */}
      <bdi dir="ltr" className="min-w-0 truncate font-mono text-12 text-text-3">
        {visible(preview)}
      </bdi>
      {row.tags.length > 0 ? (
        <span className={cx("hidden shrink-0 gap-1 @min-[640px]/table:flex")}>
          {row.tags.slice(0, MOST_TAGS).map((tag) => (
            <Chip key={tag} title={visible(tag)} className="max-w-32">
              <bdi>{visible(tag)}</bdi>
            </Chip>
          ))}
          {more > 0 ? <Chip title={visible(row.tags.slice(MOST_TAGS).join(", "))}>{`+${more}`}</Chip> : null}
        </span>
      ) : null}
    </span>
  );
}
