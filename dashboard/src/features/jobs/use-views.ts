import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { keys } from "@/api/queries";
import { changeView, createView, deleteView, nameOf, type View, type ViewContent, viewsQuery } from "@/api/views";
import { viewWord, words } from "@/lib/text/views";
import { toast } from "@/ui/toast";
import type { JobsSearch } from "./search";
import { searchOfView } from "./views";

/** A name for what the list shows, and who has it. */
export interface Naming {
  name: string;
  shared: boolean;
}

/** The views there are; asked for where one is open, or the menu is. */
export function useViews(search: JobsSearch, open: boolean) {
  const query = useQuery({ ...viewsQuery(), enabled: open || search.view !== undefined });
  const views = query.data ?? [];
  return { query, views, current: views.find((one) => search.view !== undefined && nameOf(one) === search.view) };
}

/** Saving, changing and deleting; what was saved is opened. */
export function useViewActs(onDone: () => void) {
  const cache = useQueryClient();
  const navigate = useNavigate({ from: "/jobs" });
  const put = (view: View) =>
    cache.setQueryData(viewsQuery().queryKey, (old) =>
      old ? [...old.filter((one) => nameOf(one) !== nameOf(view)), view] : old,
    );
  const onSaved = async (view: View) => {
    put(view);
    void cache.invalidateQueries({ queryKey: keys.views() });
    onDone();
    await navigate({ search: (old) => ({ ...searchOfView(view), job: old.job, tab: old.tab }), resetScroll: false });
    toast({ title: words.saved(view.name), tone: "success" });
  };
  const create = useMutation({
    mutationFn: ({ content, naming }: { content: ViewContent; naming: Naming }) =>
      createView({ ...content, ...naming }),
    onSuccess: onSaved,
  });
  const rename = useMutation({
    mutationFn: ({ view, naming }: { view: View; naming: Naming }) => changeView(nameOf(view), naming),
    onSuccess: onSaved,
  });
  const update = useMutation({
    mutationFn: ({ view, content }: { view: View; content: ViewContent }) => changeView(nameOf(view), content),
    onSuccess: onSaved,
    onError: (error) => toast({ title: words.refused, detail: error.message, tone: "danger" }),
  });
  const remove = useMutation({
    mutationFn: (view: View) => deleteView(nameOf(view)),
    onSuccess: (_, view) => {
      void cache.invalidateQueries({ queryKey: keys.views() });
      onDone();
      // The list stays as it is: only its name is gone.
      void navigate({ search: (old) => ({ ...old, view: undefined }), replace: true, resetScroll: false });
      toast({ title: words.deleted(viewWord(view)), tone: "success" });
    },
  });
  return { create, rename, update, remove };
}
