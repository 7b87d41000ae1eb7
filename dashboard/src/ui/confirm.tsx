import { type ReactNode, useId, useState } from "react";
import { kit } from "@/lib/text/kit";
import { Button } from "./button";
import { Dialog } from "./dialog";
import { Input } from "./input";

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  description?: ReactNode;
  /** The verb with its object, on the button: "Delete 3 jobs". */
  verb: string;
  danger?: boolean;
  /** On the button that leaves it undone; "Cancel" where that is not the verb itself. */
  back?: string;
  /** A text that must be typed first: only for what cannot be taken back. */
  typed?: { expected: string; label: string } | undefined;
  /** Why it cannot be done as it stands. */
  refusal?: string | undefined;
  busy?: boolean;
  error?: unknown;
  onConfirm: () => void;
  children?: ReactNode;
}

/** Asks once before an act. The button says what it does, never "OK". */
export function Confirm(props: Props) {
  const { open, onOpenChange, title, description, verb, danger, typed, busy = false, error, onConfirm } = props;
  const [text, setText] = useState("");
  const id = useId();
  const ready = !typed || text === typed.expected;
  return (
    <Dialog
      open={open}
      onOpenChange={(next) => {
        setText("");
        onOpenChange(next);
      }}
      title={title}
      description={description}
      footer={
        <>
          <Button variant="ghost" onClick={() => onOpenChange(false)}>
            {props.back ?? kit.cancel}
          </Button>
          <Button
            variant="primary"
            className={danger ? "bg-danger text-on-danger hover:bg-danger-hover" : undefined}
            busy={busy}
            refusal={props.refusal ?? (ready ? undefined : typed.label)}
            onClick={onConfirm}
          >
            {verb}
          </Button>
        </>
      }
    >
      {props.children}
      {typed ? (
        <div className="mt-3 flex flex-col gap-1.5">
          <label htmlFor={id} className="text-12 text-text-2">
            {typed.label}
          </label>
          <Input id={id} value={text} autoComplete="off" onChange={(event) => setText(event.target.value)} />
        </div>
      ) : null}
      {error ? (
        <p role="alert" className="mt-3 text-danger">
          {error instanceof Error ? error.message : kit.unexpected}
        </p>
      ) : null}
    </Dialog>
  );
}
