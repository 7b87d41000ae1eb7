import { useCallback, useMemo, useState } from "react";

export interface Selection {
  ids: ReadonlySet<string>;
  toggle: (id: string) => void;
  /** Select, or with `on` false clear, several. */
  put: (ids: readonly string[], on: boolean) => void;
  clear: () => void;
}

/** What is selected in a list, by id; it survives new pages and live patches. */
export function useSelection(): Selection {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const put = useCallback((changed: readonly string[], on: boolean) => {
    setIds((old) => {
      const next = new Set(old);
      for (const id of changed) {
        if (on) next.add(id);
        else next.delete(id);
      }
      return next;
    });
  }, []);
  const toggle = useCallback((id: string) => {
    setIds((old) => {
      const next = new Set(old);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  }, []);
  const clear = useCallback(() => setIds(new Set()), []);
  return useMemo(() => ({ ids, toggle, put, clear }), [ids, toggle, put, clear]);
}
