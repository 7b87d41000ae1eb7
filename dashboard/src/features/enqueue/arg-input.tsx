import type { UseFormRegisterReturn } from "react-hook-form";
import { cx } from "@/lib/cx";
import { words } from "@/lib/text/enqueue";
import { useFieldIds } from "@/ui/field";
import { INPUT, Input, TextArea } from "@/ui/input";
import type { ArgField } from "./fields";

interface Props {
  field: ArgField;
  bind: UseFormRegisterReturn;
}

/** The input of one argument, by its kind. */
export function ArgInput({ field, bind }: Props) {
  const shown = field.fallback === undefined ? "" : field.fallback.replace(/^"(.*)"$/, "$1");
  // As text whatever its kind: a list of choices has none that means the value that is there.
  if (field.redacted) return <Input {...bind} autoComplete="off" placeholder={words.kept} />;
  switch (field.kind) {
    case "boolean":
      return <Choice bind={bind} choices={["true", "false"]} unset={!field.required} />;
    case "choice":
      return <Choice bind={bind} choices={field.choices} unset={!field.required} />;
    case "integer":
    case "number":
      return <Input {...bind} inputMode="decimal" autoComplete="off" placeholder={shown} mono />;
    case "time":
      return <Input {...bind} autoComplete="off" placeholder={words.timeExample} mono />;
    case "json":
      return <TextArea {...bind} rows={3} spellCheck={false} placeholder={shown || "{}"} mono />;
    case "text":
      return <Input {...bind} autoComplete="off" placeholder={shown} />;
  }
}

// The browser's own select: it takes part in the form by its name, and in its reset.
function Choice({ bind, choices, unset }: { bind: UseFormRegisterReturn; choices: readonly string[]; unset: boolean }) {
  const ids = useFieldIds();
  return (
    <select {...ids} {...bind} className={cx(INPUT, "h-(--tf-control-h) px-2.5")}>
      {unset ? <option value="">{words.unset}</option> : null}
      {choices.map((json) => (
        <option key={json} value={json}>
          {json.replace(/^"(.*)"$/, "$1")}
        </option>
      ))}
    </select>
  );
}
