import { useMutation, useQueries, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import {
  type BulkList,
  type Counted,
  countQuery,
  ENDED_STATES,
  ofQueue,
  type PurgedState,
  purgeQueue,
  WAITING_STATES,
  withBulk,
} from "@/api/bulks";
import { keys } from "@/api/queries";
import type { Purged } from "@/lib/actions";
import { countAtLeast, countExactly } from "@/lib/format";
import { newKey } from "@/lib/id";
import { reasonOf, reasonRefusal } from "@/lib/reason";
import { words } from "@/lib/text/bulk";
import { STATE_WORD } from "@/lib/text/states";
import { Checkbox } from "@/ui/checkbox";
import { Confirm } from "@/ui/confirm";
import { ReasonField } from "@/ui/reason-field";
import { StateIcon } from "@/ui/state-icon";
import { tellEndOf } from "./started";
import { offerUndo } from "./undo";

interface Props {
  queue: Purged;
  onClose: () => void;
}

type Counts = Record<PurgedState, Counted | undefined>;

/** Says how many jobs of which states a queue loses, and asks for its name. */
export default function PurgeDialog({ queue, onClose }: Props) {
  const { name } = queue;
  const [chosen, setChosen] = useState<ReadonlySet<PurgedState>>(new Set(WAITING_STATES));
  const [reason, setReason] = useState("");
  const [key] = useState(newKey);
  const client = useQueryClient();
  const counts = useCounts(queue);
  const states = [...WAITING_STATES, ...ENDED_STATES].filter((state) => chosen.has(state));
  const start = useMutation({
    mutationFn: () => purgeQueue(name, states, { reason: reasonOf(reason), key: `${key}-${states.join("-")}` }),
    onSuccess: (bulk) => {
      const put = (now: typeof bulk) => client.setQueryData<BulkList>(keys.bulks(), (list) => withBulk(list, now));
      tellEndOf(bulk.id);
      put(bulk);
      offerUndo(bulk, put);
      onClose();
    },
  });
  const total = sumOf(states.map((state) => counts[state]));
  const running = queue.states.running ?? 0;
  const toggle = (state: PurgedState) =>
    setChosen((before) => {
      const next = new Set(before);
      if (!next.delete(state)) next.add(state);
      return next;
    });
  return (
    <Confirm
      open
      danger
      onOpenChange={(open) => {
        if (!open && !start.isPending) onClose();
      }}
      title={words.purgeTitle(name)}
      description={
        <>
          <p>{words.purgeHint}</p>
          <p>
            {running > 0 ? `${words.purgeRuns(running, countExactly(running))} ` : null}
            {words.frozen}
          </p>
        </>
      }
      verb={verbOf(total)}
      refusal={total?.value === 0 ? words.purgeNoState : reasonRefusal(reason)}
      typed={{ expected: name, label: words.purgeType(name) }}
      busy={start.isPending}
      error={start.error}
      onConfirm={() => start.mutate()}
    >
      <fieldset className="rounded-m border border-border">
        <legend className="sr-only">{words.purgeStates}</legend>
        {[...WAITING_STATES, ...ENDED_STATES].map((state) => (
          <StateRow
            key={state}
            state={state}
            counted={counts[state]}
            checked={chosen.has(state)}
            onChange={() => toggle(state)}
          />
        ))}
      </fieldset>
      <ReasonField value={reason} onChange={setReason} hint={words.reasonHint} className="mt-4" />
      <p className="mt-3 text-12 text-text-3">{words.purgeUndo}</p>
    </Confirm>
  );
}

interface RowProps {
  state: PurgedState;
  counted: Counted | undefined;
  checked: boolean;
  onChange: () => void;
}

function StateRow({ state, counted, checked, onChange }: RowProps) {
  const number = counted ? (counted.exact ? countExactly(counted.value) : countAtLeast(counted.value)) : null;
  const label = number === null ? STATE_WORD[state] : `${STATE_WORD[state]}, ${number}`;
  return (
    <div className="flex h-9 items-center gap-2.5 border-border px-3 not-last:border-b">
      <Checkbox label={label} checked={checked} onChange={onChange} />
      <StateIcon state={state} />
      <span>{STATE_WORD[state]}</span>
      <span className="ml-auto text-text-2 tabular-nums">{number ?? words.purgeCounting}</span>
    </div>
  );
}

/** How many jobs there are: those that wait as the page has them, ended ones are asked for. */
function useCounts({ name, states }: Purged): Counts {
  const ended = useQueries({ queries: ENDED_STATES.map((state) => countQuery(ofQueue(name, state))) });
  const waiting = WAITING_STATES.map((state) => [state, { value: states[state] ?? 0, exact: true }]);
  const found = ENDED_STATES.map((state, at) => [state, ended[at]?.data]);
  return Object.fromEntries([...waiting, ...found]) as Counts;
}

function sumOf(counted: readonly (Counted | undefined)[]): Counted | undefined {
  let sum: Counted = { value: 0, exact: true };
  for (const one of counted) {
    if (one === undefined) return undefined;
    sum = { value: sum.value + one.value, exact: sum.exact && one.exact };
  }
  return sum;
}

function verbOf(total: Counted | undefined): string {
  if (total === undefined) return words.purgeVerb(null, "");
  if (!total.exact) return words.verbAtLeast("purge", countExactly(total.value));
  return words.purgeVerb(total.value, countExactly(total.value));
}
