import { ArrowUp } from "lucide-react";
import { count } from "@/lib/format";
import { kit } from "@/lib/text/kit";

interface Props {
  /** How many rows wait above. 0: nothing is shown. */
  count: number;
  exact?: boolean;
  onShow: () => void;
  /** Words for things other than jobs. */
  label?: string;
}

/** "12 new jobs": what came while the list stood still. Put it in a `relative` box; it floats over its top edge. */
export function PagerPill({ count: n, exact = true, onShow, label }: Props) {
  if (n === 0) return null;
  return (
    <button
      type="button"
      onClick={onShow}
      className="absolute left-1/2 z-20 flex h-7 -translate-x-1/2 items-center gap-2 rounded-full bg-primary px-3.5 font-medium text-12 text-on-primary shadow-2 transition-colors duration-(--tf-fast) hover:bg-primary-hover"
    >
      <ArrowUp aria-hidden size={14} />
      {label ?? kit.newJobs(exact ? count(n) : `${count(n)}+`, n === 1 && exact)}
    </button>
  );
}
