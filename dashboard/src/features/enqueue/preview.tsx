import { useState } from "react";
import { cx } from "@/lib/cx";
import { words } from "@/lib/text/enqueue";
import { Code } from "@/ui/code";

const FORMS = ["curl", "cli", "python"] as const;

/** The same call for a terminal and for a program. */
export function Preview({ call }: { call: { curl: string; cli: string; python: string } }) {
  const [form, setForm] = useState<(typeof FORMS)[number]>("curl");
  return (
    <section>
      <div className="flex items-center gap-1 pb-2">
        <h3 className="mr-2 font-medium text-12 text-text-2">{words.preview}</h3>
        {FORMS.map((one) => (
          <button
            key={one}
            type="button"
            aria-pressed={form === one}
            onClick={() => setForm(one)}
            className={cx(
              "h-6 rounded-s px-2 text-12",
              form === one ? "bg-active text-text" : "text-text-3 hover:text-text",
            )}
          >
            {words[one]}
          </button>
        ))}
      </div>
      <Code text={call[form]} wrap />
    </section>
  );
}
