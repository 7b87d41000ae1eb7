import { isApple } from "@/lib/keys";
import { keyHelp as words } from "@/lib/text/palette";
import { Dialog } from "@/ui/dialog";
import { Kbd } from "@/ui/kbd";
import { navigation } from "./navigation";

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

interface Row {
  keys: readonly string[];
  label: string;
  /** One after the other, and not one or the other. */
  sequence?: boolean;
}

const groups = (): readonly { title: string; rows: readonly Row[] }[] => [
  {
    title: words.everywhere,
    rows: [
      { keys: [isApple ? "⌘ K" : "Ctrl K"], label: words.palette },
      { keys: ["?"], label: words.help },
      { keys: ["e"], label: words.enqueue },
      { keys: ["p"], label: words.pause },
      { keys: ["t"], label: words.theme },
      { keys: ["d"], label: words.density },
      ...navigation()
        .flatMap((group) => group.items)
        .map(({ label, keyName }) => ({
          keys: ["g", keyName],
          label: words.goTo(label),
          sequence: true,
        })),
    ],
  },
  {
    title: words.lists,
    rows: [
      { keys: ["/"], label: words.filter },
      { keys: ["j", "k"], label: words.next },
      { keys: ["Enter"], label: words.open },
      { keys: ["Esc"], label: words.close },
      { keys: ["x"], label: words.select },
      { keys: ["a"], label: words.all },
      { keys: ["n"], label: words.fresh },
    ],
  },
  {
    title: words.job,
    rows: [
      { keys: ["r"], label: words.retry },
      { keys: ["c"], label: words.cancel },
      { keys: ["Del"], label: words.remove },
      { keys: ["y"], label: words.copyId },
      { keys: ["Shift y"], label: words.copyLink },
      { keys: ["[", "]"], label: words.tabs },
    ],
  },
];

/** All keys, by where they act. */
export default function KeyHelp({ open, onOpenChange }: Props) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={words.title} description={words.hint} size="l">
      <div className="grid gap-x-8 gap-y-5 sm:grid-cols-2">
        {groups().map(({ title, rows }) => (
          <section key={title} className="min-w-0 first:row-span-2">
            <h3 className="pb-1.5 font-medium text-12 text-text-3">{title}</h3>
            <dl>
              {rows.map((row) => (
                <div key={row.label} className="flex h-8 items-center gap-3 border-border border-b last:border-b-0">
                  <dt className="min-w-0 grow truncate">{row.label}</dt>
                  <dd className="flex items-center gap-1">
                    {row.keys.map((name, n) => (
                      <span key={name} className="flex items-center gap-1">
                        {n > 0 && row.sequence ? <span className="text-11 text-text-3">{words.afterwards}</span> : null}
                        <Kbd>{name}</Kbd>
                      </span>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
