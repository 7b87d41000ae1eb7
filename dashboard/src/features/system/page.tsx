import { useQuery } from "@tanstack/react-query";
import { createLazyRoute } from "@tanstack/react-router";
import type { System } from "@/api/system";
import { systemQuery } from "@/api/system";
import { bytes, count, NONE } from "@/lib/format";
import { useRefusal } from "@/lib/session";
import { shell } from "@/lib/text/shell";
import { words } from "@/lib/text/system";
import { visible } from "@/lib/visible";
import { Empty } from "@/ui/empty";
import { type Fact, Facts } from "@/ui/facts";
import { Page } from "@/ui/page";
import { Region } from "@/ui/region";
import { RowsSkeleton } from "@/ui/rows-skeleton";
import { Section } from "@/ui/section";
import { Table } from "@/ui/table";
import { Time } from "@/ui/time";
import { Checks } from "./checks";
import { DUTIES, NODES, SETTINGS, TABLES } from "./rows";

export const route = createLazyRoute("/system")({ component: SystemPage });

const SKELETON = <RowsSkeleton rows={12} />;

/** The installation and this server: is it healthy, how large is it, what runs, and by which settings. */
function SystemPage() {
  const refusal = useRefusal("system:read");
  return (
    <Page title={shell.system} flush>
      {refusal ? <Empty title={words.refused} hint={words.refusedHint(refusal)} /> : <Known />}
    </Page>
  );
}

function Known() {
  const query = useQuery(systemQuery());
  return (
    <Region query={query} what={words.what} skeleton={SKELETON}>
      {(system) => (
        <div className="grid gap-px bg-border">
          <Health checks={system.checks} />
          <div className="grid gap-px bg-border xl:grid-cols-2">
            <Server system={system} />
            <Store system={system} />
          </div>
          <Tables system={system} />
          <Duties system={system} />
          <Nodes system={system} />
          <Settings system={system} />
        </div>
      )}
    </Region>
  );
}

function Health({ checks }: { checks: System["checks"] }) {
  const troubled = checks.filter((one) => one.verdict !== "OK").length;
  return (
    <Section title={words.checks} aside={<Note text={troubled ? words.troubled(troubled) : words.good} />}>
      <Checks checks={checks} />
    </Section>
  );
}

function Server({ system }: { system: System }) {
  const { server, feed } = system;
  const streams = words.streamsOf(count(feed.streams), count(feed.most_streams));
  return (
    <Section title={words.server}>
      <Grid
        facts={[
          { label: words.version, value: server.version },
          { label: words.python, value: server.python },
          { label: words.host, value: <bdi>{visible(server.host)}</bdi> },
          { label: words.process, value: String(server.pid) },
          { label: words.started, value: <Time at={server.started_at} /> },
          { label: words.streams, value: feed.current ? streams : `${streams}, ${words.feedStale}` },
        ]}
      />
    </Section>
  );
}

function Store({ system: { store } }: { system: System }) {
  const version = words.schemaVersion(store.schema_version);
  const facts: Fact[] = [
    { label: words.engine, value: `${store.engine} ${store.engine_version}` },
    {
      label: words.schema,
      value: store.pending.length ? `${version}, ${words.pending(store.pending.length)}` : version,
    },
    { label: words.size, value: bytes(store.bytes) },
  ];
  if (store.free_bytes !== null) facts.push({ label: words.free, value: bytes(store.free_bytes) });
  if (store.log_bytes !== null) facts.push({ label: words.log, value: bytes(store.log_bytes) });
  if (store.xid_age !== null) {
    facts.push({ label: words.xid, value: <span title={words.xidHint}>{count(store.xid_age)}</span> });
  }
  facts.push({ label: words.address, value: <span title={store.url}>{visible(store.url)}</span>, mono: true });
  return (
    <Section title={words.store}>
      <Grid facts={facts} />
    </Section>
  );
}

function Tables({ system: { store } }: { system: System }) {
  if (store.tables.length === 0) return null;
  return (
    <Section title={words.tables} aside={<Note text={words.estimated} />}>
      <Table
        label={words.tables}
        rows={store.tables}
        getId={(one) => one.name}
        getName={(one) => one.name}
        columns={TABLES}
      />
    </Section>
  );
}

function Duties({ system }: { system: System }) {
  return (
    <Section title={words.duties} aside={<Note text={words.dutiesHint} />}>
      <Table
        label={words.duties}
        rows={system.duties}
        getId={(one) => one.name}
        getName={(one) => one.name}
        columns={DUTIES}
      />
    </Section>
  );
}

function Nodes({ system }: { system: System }) {
  return (
    <Section title={words.nodes}>
      {system.nodes.length === 0 ? (
        <Empty title={words.nodesNone} hint={words.nodesNoneHint} />
      ) : (
        <Table
          label={words.nodes}
          rows={system.nodes}
          getId={(one) => one.host}
          getName={(one) => one.host}
          columns={NODES}
        />
      )}
    </Section>
  );
}

function Settings({ system }: { system: System }) {
  if (system.settings.length === 0) return null;
  return (
    <Section title={words.settings} aside={<Note text={words.settingsHint} />}>
      <Table
        label={words.settings}
        rows={system.settings}
        getId={(one) => one.name}
        getName={(one) => one.name}
        columns={SETTINGS}
      />
    </Section>
  );
}

function Grid({ facts }: { facts: readonly Fact[] }) {
  return (
    <div className="px-5 pb-5 max-md:px-4">
      <Facts facts={facts.map((one) => ({ ...one, value: one.value ?? NONE }))} className="sm:grid-cols-3" />
    </div>
  );
}

function Note({ text }: { text: string }) {
  return <span className="min-w-0 truncate text-12 text-text-3">{text}</span>;
}
