import { useRef } from "react";
import type { FormState, UseFormSetError } from "react-hook-form";
import { Refused } from "@/api/refused";
import { newKey } from "@/lib/id";
import { words } from "@/lib/text/enqueue";
import { Button } from "@/ui/button";
import type { ArgField } from "./fields";
import { pathOf, type Values } from "./form";

/** How a form stores its job: it says what is wrong, sends each content once, and shows what the server refused. */
export function useSending(setError: UseFormSetError<Values>, fields: readonly ArgField[] | null) {
  // A retry after a lost answer must not store a second job; another content is another job.
  const attempt = useRef({ text: "", key: "" });
  return {
    /** Show what is wrong, at the field; whether something is. */
    isWrong(errors: Readonly<Record<string, string>>): boolean {
      const wrong = Object.entries(errors);
      for (const [path, message] of wrong)
        setError(path as keyof Values, { message }, { shouldFocus: path === wrong[0]?.[0] });
      return wrong.length > 0;
    },
    /** The answer; null if there is none, which the form then says. */
    async send<Answer>(content: string, ask: (headers: { "Idempotency-Key": string }) => Promise<Answer>) {
      if (attempt.current.text !== content) attempt.current = { text: content, key: newKey() };
      try {
        const answer = await ask({ "Idempotency-Key": attempt.current.key });
        attempt.current = { text: "", key: "" };
        return answer;
      } catch (error) {
        for (const { pointer, detail } of error instanceof Refused ? error.fields : []) {
          const path = pathOf(pointer, fields);
          if (path) setError(path as keyof Values, { message: detail });
        }
        setError("root", { message: error instanceof Error ? error.message : words.failed });
        return null;
      }
    },
  };
}

interface FootProps {
  /** Its id. */
  form: string;
  state: FormState<Values>;
  verb: string;
  refusal: string | undefined;
}

/** The foot of the dialog: what went wrong, and the button. */
export function SendingFoot({ form, state, verb, refusal }: FootProps) {
  return (
    <>
      {state.errors.root ? (
        <p role="alert" className="mr-auto min-w-0 text-12 text-danger">
          {state.errors.root.message}
        </p>
      ) : null}
      <Button variant="primary" type="submit" form={form} busy={state.isSubmitting} {...(refusal ? { refusal } : {})}>
        {verb}
      </Button>
    </>
  );
}
