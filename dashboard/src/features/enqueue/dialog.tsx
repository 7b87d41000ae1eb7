import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { useForm } from "react-hook-form";
import { client, take } from "@/api/client";
import { askShortJobLists, keys, queuesQuery, tasksQuery } from "@/api/queries";
import { useRefusal } from "@/lib/session";
import { words } from "@/lib/text/enqueue";
import { useZone } from "@/lib/zone";
import { Dialog } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { toast } from "@/ui/toast";
import { ArgsPart } from "./args-part";
import { Beginnings } from "./beginnings";
import { fieldsOf } from "./fields";
import { bodyOf, EMPTY, requestOf, sameCall, type Values, withArgs } from "./form";
import { OptionsPart } from "./options-part";
import { Preview } from "./preview";
import { SendingFoot, useSending } from "./sending";

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** Chosen at the start. */
  task: string | undefined;
}

/** Enqueue one job: the form of its task's arguments, options, and the same call as a command. */
export default function EnqueueDialog({ open, onOpenChange, task }: Props) {
  const queryClient = useQueryClient();
  const router = useRouter();
  const inJobs = useNavigate({ from: "/jobs" });
  const zone = useZone();
  const refusal = useRefusal("jobs:write");
  const { data: tasks } = useQuery({ ...tasksQuery(), enabled: open });
  const { data: queues } = useQuery({ ...queuesQuery(), enabled: open });
  const form = useForm<Values>({ defaultValues: EMPTY });
  const { register, handleSubmit, watch, reset, setError, formState } = form;
  const values = watch();
  const chosen = tasks?.items.find(({ name }) => name === values.task);
  // Fixed while the task is filled in: arguments stand by their number, and a worker may announce another schema.
  const known = chosen !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the schema at the choice of the task, in this opening
  const fields = useMemo(() => fieldsOf(chosen?.args_schema), [open, values.task, known]);
  const sending = useSending(setError, fields);

  useEffect(() => {
    if (open) reset({ ...EMPTY, task: task ?? "" });
  }, [open, task, reset]);

  const { body } = requestOf(values, fields, zone);
  const submit = handleSubmit(async (given) => {
    const request = requestOf(given, fields, zone);
    if (given.task && !known) request.errors.task = words.unknownTask;
    if (sending.isWrong(request.errors)) return;
    const job = await sending.send(JSON.stringify(request.body), (headers) =>
      take(client.POST("/api/v1/jobs", { body: bodyOf(request.body) as never, headers })),
    );
    if (job === null) return;
    onOpenChange(false);
    askShortJobLists(queryClient);
    void queryClient.invalidateQueries({ queryKey: keys.stats() });
    const inList = () => router.state.location.pathname === "/jobs";
    // The list keeps its filter; what another page has in its URL is none.
    const show = () =>
      void (inList()
        ? inJobs({ search: (old) => ({ ...old, job: job.id }) })
        : router.navigate({ to: "/jobs", search: { job: job.id } }));
    toast({
      title: job.created ? words.done(job.task) : words.held(job.task),
      tone: job.created ? "success" : "neutral",
      action: { label: words.open, run: show },
    });
    if (inList()) show();
  });

  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      size="l"
      title={words.title}
      description={words.hint}
      footer={<SendingFoot form="enqueue" state={formState} verb={words.submit} refusal={refusal} />}
    >
      {tasks && tasks.items.length === 0 ? <p className="pb-4 text-text-2">{words.noTasks}</p> : null}
      <form id="enqueue" noValidate onSubmit={submit} className="flex flex-col gap-5">
        <Field label={words.task} hint={undefined} error={formState.errors.task?.message}>
          <Input
            {...register("task", { onChange: (event) => reset({ ...EMPTY, task: event.target.value }) })}
            list="enqueue-tasks"
            autoComplete="off"
            spellCheck={false}
            placeholder={words.taskPlaceholder}
          />
        </Field>
        <datalist id="enqueue-tasks">
          {tasks?.items.map(({ name }) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        {known ? (
          <>
            <Beginnings
              task={values.task}
              schema={chosen.args_schema}
              onUse={(args, text) => reset(withArgs(form.getValues(), fields, args, text), { keepDefaultValues: true })}
            />
            <ArgsPart fields={fields} register={register} errors={formState.errors} />
            <OptionsPart
              defaults={chosen.options ?? {}}
              queues={(queues?.items ?? []).map(({ name }) => name)}
              when={values.when}
              register={register}
              errors={formState.errors}
            />
            <Preview call={sameCall(body)} />
          </>
        ) : null}
      </form>
    </Dialog>
  );
}
