import { useState, useSyncExternalStore } from "react";
import { reasonOf, reasonRefusal } from "@/lib/reason";
import { kit } from "@/lib/text/kit";
import { currentQuestion, type ReasonQuestion, subscribeQuestion, type Told } from "./ask-reason";
import { Confirm } from "./confirm";
import { ReasonField } from "./reason-field";

/** The question of `askReason`, over every page. */
export function ReasonDialog() {
  const asked = useSyncExternalStore(subscribeQuestion, currentQuestion);
  return asked ? <Question question={asked.question} onAnswer={asked.answer} /> : null;
}

interface Props {
  question: ReasonQuestion;
  onAnswer: (told: Told | null) => void;
}

function Question({ question, onAnswer }: Props) {
  const { title, description, verb, danger = false } = question;
  const [reason, setReason] = useState("");
  const refusal = reasonRefusal(reason);
  const confirm = () => {
    if (!refusal) onAnswer({ reason: reasonOf(reason) });
  };
  return (
    <Confirm
      open
      onOpenChange={(open) => {
        if (!open) onAnswer(null);
      }}
      title={title}
      description={description}
      verb={verb}
      back={kit.back}
      danger={danger}
      refusal={refusal}
      onConfirm={confirm}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          confirm();
        }}
      >
        <ReasonField value={reason} onChange={setReason} first />
      </form>
    </Confirm>
  );
}
