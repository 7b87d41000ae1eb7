import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Code, Copy, Terminal } from "lucide-react";
import { useState } from "react";
import { type BulkList, type BulkOrder, type BulkParams, dryRunQuery, startBulk, withBulk } from "@/api/bulks";
import { keys, queuesQuery } from "@/api/queries";
import { serverNow } from "@/lib/clock";
import { copyText } from "@/lib/copy";
import { countExactly } from "@/lib/format";
import { newKey } from "@/lib/id";
import { newPlace, wrongIn } from "@/lib/place";
import { reasonOf, reasonRefusal } from "@/lib/reason";
import { words } from "@/lib/text/bulk";
import { kit } from "@/lib/text/kit";
import { wallOf } from "@/lib/wall";
import { instantOf, useZone } from "@/lib/zone";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { DueField } from "@/ui/due-field";
import { ErrorState } from "@/ui/error-state";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Menu } from "@/ui/menu";
import { PlaceFields } from "@/ui/place-fields";
import { ReasonField } from "@/ui/reason-field";
import { toast } from "@/ui/toast";
import { formsOf } from "./forms";
import { Sample } from "./sample";
import { tellEndOf } from "./started";
import { offerUndo } from "./undo";

interface Props {
  order: BulkOrder;
  onClose: () => void;
  onStarted: () => void;
}

const MOST_RATE = 100_000;
const HOUR_MS = 3_600_000;

/** Asks before an operation on all jobs that match: how many, some of them, why, and how fast. */
export default function BulkDialog({ order, onClose, onStarted }: Props) {
  const { action, q, ids } = order;
  const zone = useZone();
  const reschedules = action === "reschedule";
  const moves = action === "move";
  const [place, setPlace] = useState({ queue: "", priority: "" });
  const { data: queues } = useQuery({ ...queuesQuery(), enabled: moves });
  const [wall, setWall] = useState(() => wallOf(serverNow() + HOUR_MS, zone));
  const [isEmpty, setEmpty] = useState(false);
  const instant = reschedules ? instantOf(wall, zone) : null;
  const params: BulkParams | null = moves
    ? newPlace(place)
    : instant
      ? { run_at: new Date(instant.at).toISOString() }
      : null;
  const [reason, setReason] = useState("");
  const [rate, setRate] = useState("");
  const [key] = useState(newKey);
  const client = useQueryClient();
  const seen = useQuery(dryRunQuery(order));
  const perSecond = rate.trim() === "" ? null : Number(rate);
  const wrongRate = perSecond !== null && !(Number.isInteger(perSecond) && perSecond >= 1 && perSecond <= MOST_RATE);
  const start = useMutation({
    mutationFn: () => startBulk(order, { reason: reasonOf(reason), rate: perSecond, params, key }),
    onSuccess: (bulk) => {
      tellEndOf(bulk.id);
      client.setQueryData<BulkList>(keys.bulks(), (list) => withBulk(list, bulk));
      offerUndo(bulk, (now) => client.setQueryData<BulkList>(keys.bulks(), (list) => withBulk(list, now)));
      onStarted();
      onClose();
    },
  });
  const matched = seen.data?.matched;
  const refusal = reasonRefusal(reason);
  const none = matched?.value === 0;
  const ready = matched !== undefined && !none && !wrongRate && !refusal && !start.isPending;
  const run = () => {
    if ((reschedules || moves) && params === null) setEmpty(true);
    else if (ready) start.mutate();
  };
  return (
    <Dialog
      open
      size="m"
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title={titleOf(order, matched)}
      description={
        <>
          <p>{words.fit(action)}</p>
          <p>{words.frozen}</p>
        </>
      }
      footer={
        <>
          <span className="mr-auto">
            <CopyAs order={order} reason={reason} rate={wrongRate ? null : perSecond} params={params} />
          </span>
          <Button variant="ghost" onClick={onClose}>
            {words.back}
          </Button>
          <Button
            variant="primary"
            className={action === "delete" ? "bg-danger text-on-danger hover:bg-danger-hover" : undefined}
            busy={start.isPending}
            refusal={none ? words.none : matched ? refusal : words.counting}
            onClick={run}
          >
            {verbOf(order, matched)}
          </Button>
        </>
      }
    >
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
      >
        <p className="text-text-2">
          {ids ? words.jobsAre : words.filterIs}{" "}
          <code className="break-words rounded-s bg-active px-1 font-mono text-12 text-text">
            {ids ? words.selected(ids.length, countExactly(ids.length)) : q || words.everyJob}
          </code>
        </p>
        {seen.error ? (
          <ErrorState compact what={words.what} error={seen.error} onRetry={seen.refetch} busy={seen.isFetching} />
        ) : (
          <Sample data={seen.data} />
        )}
        {reschedules ? (
          <DueField
            wall={wall}
            onChange={(text) => {
              setWall(text);
              setEmpty(false);
            }}
            missing={isEmpty}
          />
        ) : null}
        {moves ? (
          <PlaceFields
            place={place}
            onChange={(next) => {
              setPlace(next);
              setEmpty(false);
            }}
            queues={queues?.items}
            missing={isEmpty && !wrongIn(place).priority}
          />
        ) : null}
        <div className="flex gap-4 max-sm:flex-col">
          <ReasonField value={reason} onChange={setReason} hint={words.reasonHint} first className="grow" />
          <Field
            label={words.rate}
            note={words.optional}
            hint={words.rateHint}
            error={wrongRate ? words.rateWrong : undefined}
            className="w-44 max-sm:w-full"
          >
            <Input value={rate} inputMode="numeric" maxLength={6} onChange={(event) => setRate(event.target.value)} />
          </Field>
        </div>
        {start.error ? (
          <p role="alert" className="text-danger">
            {start.error.message}
          </p>
        ) : null}
        {/* Enter in a field is the button. */}
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}

type Matched = { value: number; exact: boolean } | undefined;

function titleOf({ action }: BulkOrder, matched: Matched): string {
  return matched?.exact
    ? words.question(action, matched.value, countExactly(matched.value))
    : words.questionOpen(action);
}

function verbOf({ action }: BulkOrder, matched: Matched): string {
  if (matched === undefined) return words.verb(action);
  const formatted = countExactly(matched.value);
  return matched.exact ? words.verbOf(action, matched.value, formatted) : words.verbAtLeast(action, formatted);
}

interface Copied {
  order: BulkOrder;
  reason: string;
  rate: number | null;
  params: BulkParams | null;
}

function CopyAs({ order, reason, rate, params }: Copied) {
  const copy = (text: string) => async () => {
    toast((await copyText(text)) ? { title: words.copied, duration: 2000 } : { title: kit.copyFailed, tone: "danger" });
  };
  const forms = formsOf(order, reason.trim(), rate, params);
  return (
    <Menu
      align="start"
      side="top"
      trigger={
        <Button variant="ghost" icon={<Copy aria-hidden size={14} />}>
          {words.copyAs}
        </Button>
      }
      groups={[
        {
          items: [
            { label: words.curl, icon: <Code aria-hidden size={14} />, onSelect: copy(forms.curl) },
            { label: words.cli, icon: <Terminal aria-hidden size={14} />, onSelect: copy(forms.cli) },
            { label: words.python, icon: <Code aria-hidden size={14} />, onSelect: copy(forms.python) },
          ],
        },
      ]}
    />
  );
}
