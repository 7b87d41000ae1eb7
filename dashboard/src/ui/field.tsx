import { createContext, type ReactNode, useContext, useId } from "react";
import { cx } from "@/lib/cx";

interface FieldIds {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": true | undefined;
}

const FieldContext = createContext<FieldIds | null>(null);

/** What an input takes from the field around it. */
export function useFieldIds(): Partial<FieldIds> {
  return useContext(FieldContext) ?? {};
}

interface Props {
  label: string;
  /** What to put in; below the input. */
  hint?: ReactNode;
  error?: string | undefined;
  /** Beside the label, in grey: "optional". */
  note?: string;
  /** One input, select, checkbox or switch of the kit. */
  children: ReactNode;
  className?: string;
}

/** A label, an input, and what is wrong with it. */
export function Field({ label, hint, error, note, children, className }: Props) {
  const id = useId();
  const hintId = `${id}hint`;
  const errorId = `${id}error`;
  const described = [hint && hintId, error && errorId].filter(Boolean).join(" ");
  const ids: FieldIds = {
    id,
    "aria-describedby": described || undefined,
    "aria-invalid": error ? true : undefined,
  };
  return (
    <div className={cx("flex min-w-0 flex-col gap-1.5", className)}>
      <label htmlFor={id} className="font-medium text-12">
        {label}
        {note ? <span className="ml-1.5 font-normal text-text-3">{note}</span> : null}
      </label>
      <FieldContext value={ids}>{children}</FieldContext>
      {error ? (
        <p id={errorId} role="alert" className="text-12 text-danger">
          {error}
        </p>
      ) : null}
      {hint ? (
        <div id={hintId} className="text-12 text-text-3">
          {hint}
        </div>
      ) : null}
    </div>
  );
}
