import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { useForm } from "react-hook-form";
import { client, take } from "@/api/client";
import { parseJson } from "@/api/json";
import { askShortJobLists, keys, queuesQuery, tasksQuery } from "@/api/queries";
import type { Replayed } from "@/lib/actions";
import { indentJson, membersOf } from "@/lib/raw-json";
import { reasonOf, reasonRefusal } from "@/lib/reason";
import { MASK_JSON } from "@/lib/redaction";
import { useRefusal } from "@/lib/session";
import { words } from "@/lib/text/enqueue";
import { useZone } from "@/lib/zone";
import { Dialog } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { ReasonField } from "@/ui/reason-field";
import { toast } from "@/ui/toast";
import { ArgsPart } from "./args-part";
import { type ArgField, fieldsOf } from "./fields";
import { bodyOf, EMPTY, requestOf, type Values, withArgs } from "./form";
import { SendingFoot, useSending } from "./sending";

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  job: Replayed;
}

/** A new job like another one: its arguments in the form of its task, to be changed before it is stored. */
export default function ReplayDialog({ open, onOpenChange, job }: Props) {
  const cache = useQueryClient();
  const router = useRouter();
  const inJobs = useNavigate({ from: "/jobs" });
  const zone = useZone();
  const [reason, setReason] = useState("");
  const refusal = useRefusal("jobs:write") ?? reasonRefusal(reason);
  const { data: tasks } = useQuery({ ...tasksQuery(), enabled: open });
  const { data: queues } = useQuery({ ...queuesQuery(), enabled: open });
  const known = tasks !== undefined;
  // Fixed while it is filled in, whatever becomes of the job, and whatever workers announce.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the job and the schema at this opening
  const start = useMemo(() => {
    const fields = fieldsFor(job, tasks?.items);
    const values = { ...EMPTY, task: job.task, queue: job.queue };
    return { fields, values: withArgs(values, fields, parseJson(job.args), indentJson(job.args)) };
  }, [open, job.id, known]);
  const { fields } = start;
  const form = useForm<Values>({ defaultValues: EMPTY });
  const { register, handleSubmit, reset, setError, formState } = form;
  const sending = useSending(setError, fields);

  useEffect(() => {
    if (!open || !known) return;
    reset(start.values);
    setReason("");
  }, [open, known, start, reset]);

  const submit = handleSubmit(async (given) => {
    const request = requestOf({ ...given, when: given.time ? "time" : "now" }, fields, zone);
    if (sending.isWrong(request.errors)) return;
    const parts = request.body.filter(([name]) => ["args", "queue", "run_at"].includes(name));
    const why = reasonOf(reason);
    const body = bodyOf(why ? [...parts, ["reason", JSON.stringify(why)]] : parts);
    const made = await sending.send(JSON.stringify(body), (headers) =>
      take(
        client.POST("/api/v1/jobs/{job_id}/replay", {
          params: { path: { job_id: job.id } },
          body: body as never,
          headers,
        }),
      ),
    );
    if (made === null) return;
    onOpenChange(false);
    askShortJobLists(cache);
    for (const key of [keys.stats(), keys.job(job.id)]) void cache.invalidateQueries({ queryKey: key });
    toast({
      title: made.created ? words.replayed(made.task) : words.held(made.task),
      tone: made.created ? "success" : "neutral",
    });
    if (router.state.location.pathname === "/jobs") void inJobs({ search: (old) => ({ ...old, job: made.id }) });
    else void router.navigate({ to: "/jobs/$id", params: { id: made.id } });
  });

  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      size="l"
      title={words.replayTitle(job.task)}
      description={words.replayHint}
      footer={<SendingFoot form="replay" state={formState} verb={words.replay} refusal={refusal} />}
    >
      <form id="replay" noValidate onSubmit={submit} className="flex flex-col gap-5">
        <ArgsPart fields={fields} register={register as never} errors={formState.errors} />
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={words.queue} error={formState.errors.queue?.message}>
            <Input {...register("queue")} list="replay-queues" autoComplete="off" />
          </Field>
          <datalist id="replay-queues">
            {(queues?.items ?? []).map(({ name }) => (
              <option key={name} value={name} />
            ))}
          </datalist>
          <Field
            label={words.when}
            note={words.optional}
            hint={words.nowUnless(zone)}
            error={formState.errors.time?.message}
          >
            <Input {...register("time")} type="datetime-local" step={1} mono />
          </Field>
          <ReasonField value={reason} onChange={setReason} className="sm:col-span-2" />
        </div>
      </form>
    </Dialog>
  );
}

/** Fields for the arguments of a job; null where the form of its task would lose some of them. */
function fieldsFor(
  job: Replayed,
  tasks: readonly { name: string; args_schema: unknown }[] | undefined,
): readonly ArgField[] | null {
  const fields = fieldsOf(tasks?.find(({ name }) => name === job.task)?.args_schema);
  const known = new Set(fields?.map(({ name }) => name));
  const given = membersOf(job.args);
  if (fields === null || ![...given.keys()].every((name) => known.has(name))) return null;
  return fields.map((field) => ({ ...field, redacted: given.get(field.name)?.trim() === MASK_JSON }));
}
