import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { Command } from "cmdk";
import { Bookmark, BookOpen, Keyboard, Layers, Pause, Play, Plus, Rows3, Search, SunMoon } from "lucide-react";
import { Dialog } from "radix-ui";
import { type ReactNode, useState } from "react";
import { queuesQuery, tasksQuery } from "@/api/queries";
import { nameOf, viewsQuery } from "@/api/views";
import { searchOfView } from "@/features/jobs/views";
import { useAction } from "@/lib/actions";
import { boot } from "@/lib/boot";
import { BLOCKS_KEYS } from "@/lib/keys";
import { useRefusal } from "@/lib/session";
import { SERVED_STATES } from "@/lib/state";
import { palette as words } from "@/lib/text/palette";
import { STATE_WORD } from "@/lib/text/states";
import { viewWord } from "@/lib/text/views";
import { toggleDensity, toggleTheme } from "@/lib/theme";
import { togglePause, useLiveStatus } from "@/live/status";
import { Kbd } from "@/ui/kbd";
import { StateIcon } from "@/ui/state-icon";
import { navigation } from "./navigation";

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

const ID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
/** Names that are listed; typing narrows them. */
const MOST = 200;

/** Everything by its name: pages, a job by its id, jobs by state or queue, tasks to enqueue, acts. */
export default function Palette({ open, onOpenChange }: Props) {
  const [text, setText] = useState("");
  const close = () => onOpenChange(false);
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="fade fixed inset-0 z-40 bg-scrim" />
        <Dialog.Content
          aria-describedby={undefined}
          className="fade -translate-x-1/2 fixed top-[12vh] left-1/2 z-50 w-150 max-w-[calc(100vw-2rem)] overflow-hidden rounded-l border border-border bg-raised shadow-3 outline-none"
          {...BLOCKS_KEYS}
        >
          <Dialog.Title className="sr-only">{words.label}</Dialog.Title>
          <Command label={words.label} loop>
            <div className="flex h-12 items-center gap-2.5 border-border border-b px-4">
              <Search aria-hidden size={16} className="shrink-0 text-text-3" />
              <Command.Input
                value={text}
                onValueChange={setText}
                placeholder={words.placeholder}
                className="h-full min-w-0 grow bg-transparent text-14 outline-none placeholder:text-text-3"
              />
            </div>
            <Command.List className="max-h-[min(56vh,420px)] overflow-y-auto p-1.5 [scroll-padding-block:6px]">
              <Command.Empty className="px-3 py-8 text-center text-text-3">{words.nothing}</Command.Empty>
              <Entries text={text.trim()} close={close} />
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Entries({ text, close }: { text: string; close: () => void }) {
  const router = useRouter();
  const enqueue = useAction("enqueue");
  const showKeys = useAction("keys");
  const refusal = useRefusal("jobs:write");
  const live = useLiveStatus();
  const { data: views } = useQuery(viewsQuery());
  const { data: queues } = useQuery(queuesQuery());
  const { data: tasks } = useQuery(tasksQuery());
  const then = (run: () => unknown) => () => {
    close();
    run();
  };
  const mayEnqueue = enqueue !== undefined && refusal === undefined;
  return (
    <>
      {ID.test(text) ? (
        <Command.Group forceMount>
          <Entry
            forceMount
            value={`job ${text}`}
            onSelect={then(() => router.navigate({ to: "/jobs/$id", params: { id: text } }))}
          >
            {words.openJob(text)}
          </Entry>
        </Command.Group>
      ) : null}
      <Group heading={words.pages}>
        {navigation()
          .flatMap((group) => group.items)
          .map(({ to, search, label, icon: Icon, keyName }) => (
            <Entry
              key={label}
              value={`go ${label}`}
              icon={<Icon aria-hidden size={15} strokeWidth={1.75} />}
              keyNames={["g", keyName]}
              onSelect={then(() => router.navigate({ to, search: search ?? {} }))}
            >
              {label}
            </Entry>
          ))}
      </Group>
      <Group heading={words.actions}>
        {mayEnqueue ? (
          <Entry value="enqueue a job" icon={<Plus aria-hidden size={15} />} keyNames={["e"]} onSelect={then(enqueue)}>
            {words.enqueue}
          </Entry>
        ) : null}
        {live.mode === "off" ? null : (
          <Entry
            value="live pause resume"
            icon={live.mode === "paused" ? <Play aria-hidden size={15} /> : <Pause aria-hidden size={15} />}
            keyNames={["p"]}
            onSelect={then(togglePause)}
          >
            {live.mode === "paused" ? words.resume : words.pause}
          </Entry>
        )}
        <Entry
          value="theme dark light"
          icon={<SunMoon aria-hidden size={15} />}
          keyNames={["t"]}
          onSelect={then(toggleTheme)}
        >
          {words.theme}
        </Entry>
        <Entry
          value="density compact comfortable"
          icon={<Rows3 aria-hidden size={15} />}
          keyNames={["d"]}
          onSelect={then(toggleDensity)}
        >
          {words.density}
        </Entry>
        {showKeys ? (
          <Entry
            value="keys shortcuts help"
            icon={<Keyboard aria-hidden size={15} />}
            keyNames={["?"]}
            onSelect={then(showKeys)}
          >
            {words.keys}
          </Entry>
        ) : null}
        <Entry
          value="api reference docs"
          icon={<BookOpen aria-hidden size={15} />}
          onSelect={then(() => location.assign(`${boot.base}/docs`))}
        >
          {words.apiReference}
        </Entry>
      </Group>
      <Group heading={words.jobs}>
        {SERVED_STATES.map((state) => (
          <Entry
            key={state}
            value={`jobs state ${state}`}
            icon={<StateIcon state={state} size={15} />}
            onSelect={then(() => router.navigate({ to: "/jobs", search: { state } }))}
          >
            {words.jobsIn(STATE_WORD[state])}
          </Entry>
        ))}
      </Group>
      {views && views.length > 0 ? (
        <Group heading={words.views}>
          {views.map((view) => (
            <Entry
              key={nameOf(view)}
              value={`view ${viewWord(view)} ${nameOf(view)}`}
              icon={<Bookmark aria-hidden size={15} strokeWidth={1.75} />}
              onSelect={then(() => router.navigate({ to: "/jobs", search: searchOfView(view) }))}
            >
              {words.openView(viewWord(view))}
            </Entry>
          ))}
        </Group>
      ) : null}
      <Group heading={words.queues}>
        {(queues?.items ?? []).slice(0, MOST).map(({ name }) => (
          <Entry
            key={name}
            value={`queue ${name}`}
            icon={<Layers aria-hidden size={15} strokeWidth={1.75} />}
            onSelect={then(() => router.navigate({ to: "/jobs", search: { queue: name } }))}
          >
            {words.jobsOfQueue(name)}
          </Entry>
        ))}
      </Group>
      {mayEnqueue ? (
        <Group heading={words.tasks}>
          {(tasks?.items ?? []).slice(0, MOST).map(({ name }) => (
            <Entry
              key={name}
              value={`enqueue task ${name}`}
              icon={<Plus aria-hidden size={15} />}
              onSelect={then(() => enqueue(name))}
            >
              {words.enqueueTask(name)}
            </Entry>
          ))}
        </Group>
      ) : null}
    </>
  );
}

function Group({ heading, children }: { heading: string; children: ReactNode }) {
  return (
    <Command.Group
      heading={heading}
      className="[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2.5 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-11 [&_[cmdk-group-heading]]:text-text-3"
    >
      {children}
    </Command.Group>
  );
}

interface EntryProps {
  value: string;
  icon?: ReactNode;
  keyNames?: readonly string[];
  forceMount?: boolean;
  onSelect: () => void;
  children: ReactNode;
}

function Entry({ value, icon, keyNames = [], forceMount = false, onSelect, children }: EntryProps) {
  return (
    <Command.Item
      value={value}
      forceMount={forceMount}
      onSelect={onSelect}
      className="flex h-9 cursor-default select-none items-center gap-2.5 rounded-m px-2.5 data-[selected=true]:bg-active"
    >
      <span className="grid w-4 shrink-0 place-items-center text-text-3">{icon}</span>
      <span className="min-w-0 grow truncate">{children}</span>
      <span aria-hidden className="flex gap-1">
        {keyNames.map((name) => (
          <Kbd key={name}>{name}</Kbd>
        ))}
      </span>
    </Command.Item>
  );
}
