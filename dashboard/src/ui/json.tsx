import { useMemo, useState } from "react";
import { cx } from "@/lib/cx";
import { bytes } from "@/lib/format";
import { type TokenKind, tokensOf } from "@/lib/json-text";
import { MASK, MASK_JSON } from "@/lib/redaction";
import { kit } from "@/lib/text/kit";
import { visible } from "@/lib/visible";
import { Button } from "./button";
import { CopyButton } from "./copy-button";

// As much as a browser lays out without a pause that is felt.
const SHOWN = 20_000;

const COLOUR: Record<TokenKind, string | undefined> = {
  key: "text-text",
  string: "text-text-2",
  number: "text-accent",
  word: "text-accent",
  mark: "text-text-3",
};

interface Props {
  /** JSON text; it is coloured, never parsed. */
  text: string;
  /** What the copy button names. */
  copyLabel?: string;
  className?: string;
}

/** A payload as text. */
export function Json({ text, copyLabel, className }: Props) {
  const [all, setAll] = useState(false);
  const cut = !all && text.length > SHOWN;
  const tokens = useMemo(() => tokensOf(cut ? text.slice(0, SHOWN) : text), [text, cut]);
  let at = 0;
  return (
    <div className={cx("group/json relative rounded-m border border-border bg-app", className)}>
      <CopyButton
        text={text}
        {...(copyLabel ? { label: copyLabel } : {})}
        className="absolute top-1.5 right-1.5 bg-app"
      />
      <pre className="overflow-x-auto whitespace-pre-wrap break-words px-3 py-2.5 pr-10 font-mono text-12 leading-5">
        {tokens.map((token) => {
          const key = at;
          at += token.text.length;
          // Without quotes: it is no text of the job.
          if (token.text === MASK_JSON) {
            return (
              <span key={key} className="rounded-s bg-hover px-1 text-text-2 italic">
                {MASK}
              </span>
            );
          }
          return (
            <span key={key} className={COLOUR[token.kind]}>
              {visible(token.text)}
            </span>
          );
        })}
      </pre>
      {cut ? (
        <div className="border-border border-t px-3 py-2">
          <Button size="s" onClick={() => setAll(true)}>
            {kit.showAll(bytes(text.length))}
          </Button>
        </div>
      ) : null}
    </div>
  );
}
