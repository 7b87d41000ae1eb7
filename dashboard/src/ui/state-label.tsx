import { cx } from "@/lib/cx";
import { isState } from "@/lib/state";
import { reasonWord, STATE_MEANING, STATE_WORD } from "@/lib/text/states";
import { StateIcon } from "./state-icon";

interface Props {
  state: string;
  reason?: string | null;
  /** False: only the icon is seen; the word is still read out. */
  word?: boolean;
  size?: number;
  className?: string | undefined;
}

/** Shape and word of a state. */
export function StateLabel({ state, reason, word = true, size, className }: Props) {
  const known = isState(state);
  const text = known ? STATE_WORD[state] : state;
  return (
    <span
      title={known ? STATE_MEANING[state] : undefined}
      className={cx("inline-flex min-w-0 items-center gap-2 align-top", !word && "shrink-0", className)}
    >
      <StateIcon live state={state} {...(size ? { size } : {})} />
      <span className={word ? "truncate" : "sr-only"}>{text}</span>
      {reason ? <span className="truncate font-normal text-text-3">{reasonWord(reason)}</span> : null}
    </span>
  );
}
