import type { FieldErrors, UseFormRegister } from "react-hook-form";
import { words } from "@/lib/text/enqueue";
import { Field } from "@/ui/field";
import { TextArea } from "@/ui/input";
import { ArgInput } from "./arg-input";
import type { ArgField } from "./fields";
import type { Values } from "./form";

interface Props {
  fields: readonly ArgField[] | null;
  register: UseFormRegister<Values>;
  errors: FieldErrors<Values>;
}

/** The arguments: a field each, or one JSON text where the task announced no schema that fits a form. */
export function ArgsPart({ fields, register, errors }: Props) {
  if (fields === null) {
    return (
      <Field label={words.args} hint={words.argsHint} error={errors.json?.message}>
        <TextArea {...register("json")} rows={6} spellCheck={false} mono />
      </Field>
    );
  }
  if (fields.length === 0) return <p className="text-text-3">{words.noArgs}</p>;
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      {fields.map((field, n) => (
        <Field
          key={field.name}
          label={field.name}
          {...(field.required ? {} : { note: words.optional })}
          hint={field.redacted ? words.keptHint : field.description}
          error={errors.args?.[n]?.message}
          className={field.kind === "json" ? "sm:col-span-2" : ""}
        >
          <ArgInput field={field} bind={register(`args.${n}`)} />
        </Field>
      ))}
    </div>
  );
}
