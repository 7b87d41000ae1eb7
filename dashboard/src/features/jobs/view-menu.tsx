import { useRouter } from "@tanstack/react-router";
import { Bookmark, ChevronDown } from "lucide-react";
import { useState } from "react";
import type { View } from "@/api/views";
import { useRefusal } from "@/lib/session";
import { viewWord, words } from "@/lib/text/views";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { copyAndSay } from "@/ui/copy-and-say";
import { Menu, type MenuGroup, type MenuItem } from "@/ui/menu";
import { CHOSEN_FIRST } from "./choices";
import { useChosenColumns } from "./column-menu";
import type { JobsSearch } from "./search";
import { useViewActs, useViews } from "./use-views";
import { ViewDialog } from "./view-dialog";
import { contentOf, searchOfView, shows } from "./views";

type Asked = "save" | "rename" | "remove" | null;

/** Saved views: opening one sets the address; what the list shows can be saved under a name. */
export function ViewMenu({ search }: { search: JobsSearch }) {
  const router = useRouter();
  const [open, setOpen] = useState(false);
  const [asked, setAsked] = useState<Asked>(null);
  const { query, views, current } = useViews(search, open);
  const acts = useViewActs(() => setAsked(null));
  const chosen = useChosenColumns(search);
  const write = useRefusal("views:write");
  const share = useRefusal("views:share");
  const changed = current !== undefined && !shows(search, current);
  const kept = current && current.kind !== "built_in" ? current : null;
  const refusal = kept?.kind === "shared" ? share : write;
  const ownColumns = chosen.join() === CHOSEN_FIRST.join() ? null : chosen;
  const ask = (what: Asked) => {
    for (const one of [acts.create, acts.rename, acts.remove]) one.reset();
    setAsked(what);
  };

  const choice = (view: View): MenuItem => ({
    label: viewWord(view),
    checked: current ? current === view : search.view === undefined && shows(search, view),
    onSelect: () => void router.navigate({ to: "/jobs", search: searchOfView(view), resetScroll: false }),
  });
  const ofKind = (kind: View["kind"]) => views.filter((view) => view.kind === kind).map(choice);
  const link = router.buildLocation({ to: "/jobs", search: current && !changed ? searchOfView(current) : search });
  const groups: MenuGroup[] = [
    ...[
      { label: words.builtIn, items: ofKind("built_in") },
      { label: words.shared, items: ofKind("shared") },
      { label: words.own, items: ofKind("own") },
    ].filter(({ items }) => items.length > 0),
    ...(query.isPending ? [{ items: [{ label: words.loading, refusal: "" }] }] : []),
    ...(query.isError
      ? [{ items: [{ label: `${words.failed}. ${words.again}`, stays: true, onSelect: () => void query.refetch() }] }]
      : []),
    {
      items: [
        { label: words.save, refusal: write, onSelect: () => ask("save") },
        ...(kept && changed
          ? [
              {
                label: words.saveChanges,
                refusal,
                onSelect: () => acts.update.mutate({ view: kept, content: contentOf(search, null) }),
              },
            ]
          : []),
        ...(kept
          ? [
              { label: words.rename, refusal, onSelect: () => ask("rename") },
              { label: words.remove, danger: true, refusal, onSelect: () => ask("remove") },
            ]
          : []),
        { label: words.copyLink, onSelect: () => void copyAndSay(`${location.origin}${link.href}`) },
      ],
    },
  ];
  const name = current ? viewWord(current) : words.views;
  return (
    <>
      <Menu
        open={open}
        onOpenChange={setOpen}
        className="max-w-80"
        trigger={
          <Button
            aria-label={current ? words.current(changed ? `${name}, ${words.changed}` : name) : words.views}
            icon={<Bookmark aria-hidden size={14} className="text-text-3" />}
          >
            <span className="max-w-40 truncate max-lg:hidden">{name}</span>
            {changed ? <span className="size-1.5 shrink-0 rounded-full bg-accent" /> : null}
            <ChevronDown aria-hidden size={14} className="text-text-3 max-sm:hidden" />
          </Button>
        }
        groups={groups}
      />
      {asked === "save" || (asked === "rename" && kept) ? (
        <ViewDialog
          view={asked === "rename" ? kept : null}
          busy={acts.create.isPending || acts.rename.isPending}
          error={asked === "save" ? acts.create.error : acts.rename.error}
          onClose={() => setAsked(null)}
          onSave={(naming) =>
            asked === "rename" && kept
              ? acts.rename.mutate({ view: kept, naming })
              : acts.create.mutate({ content: contentOf(search, ownColumns), naming })
          }
        />
      ) : null}
      {asked === "remove" && kept ? (
        <Confirm
          open
          danger
          onOpenChange={() => setAsked(null)}
          title={words.deleteTitle(kept.name)}
          description={kept.kind === "shared" ? words.deleteShared : words.deleteOwn}
          verb={words.deleteVerb}
          busy={acts.remove.isPending}
          error={acts.remove.error}
          onConfirm={() => acts.remove.mutate(kept)}
        />
      ) : null}
    </>
  );
}
