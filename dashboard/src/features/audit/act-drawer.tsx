import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Act, actQuery, placeOf } from "@/api/audit";
import { formatJson } from "@/api/json";
import { NONE } from "@/lib/format";
import { indentJson } from "@/lib/raw-json";
import { viaWord, words } from "@/lib/text/audit";
import { visible } from "@/lib/visible";
import { Drawer } from "@/ui/drawer";
import { Empty } from "@/ui/empty";
import { Facts } from "@/ui/facts";
import { Json } from "@/ui/json";
import { Region } from "@/ui/region";
import { RowsSkeleton } from "@/ui/rows-skeleton";
import { Time } from "@/ui/time";

/** An act beside its list: everything that is kept of it. */
export function ActDrawer({ seq, onClose }: { seq: number; onClose: () => void }) {
  const query = useQuery(actQuery(seq));
  return (
    <Drawer label={words.act(query.data?.action ?? "")} onClose={onClose} header={query.data?.action ?? ""}>
      <Region query={query} what={words.what} skeleton={<RowsSkeleton rows={4} head={false} />}>
        {(act) => (act ? <Whole act={act} /> : <Empty title={words.gone} hint={words.goneHint} />)}
      </Region>
    </Drawer>
  );
}

function Whole({ act }: { act: Act }) {
  const place = placeOf(act.object);
  return (
    <div className="flex flex-col gap-6 px-5 py-5 max-md:px-4">
      <div>
        <h2 className="break-all font-semibold text-20 leading-7">
          {place ? (
            <Link to={place.to} preload={false} className="underline-offset-2 hover:underline">
              <bdi>{visible(act.object)}</bdi>
            </Link>
          ) : (
            <bdi>{visible(act.object)}</bdi>
          )}
        </h2>
        {act.reason ? <p className="mt-1 break-words text-text-2">{visible(act.reason)}</p> : null}
      </div>
      <Facts
        facts={[
          { label: words.time, value: <Time at={act.at} show="full" /> },
          { label: words.actor, value: <bdi>{visible(act.actor)}</bdi> },
          { label: words.role, value: act.role ?? NONE },
          { label: words.via, value: viaWord(act.via) },
          { label: words.request, value: act.request_id ?? NONE, mono: true },
          ...(act.query === null ? [] : [{ label: words.query, value: visible(act.query), mono: true }]),
          ...(act.count === null ? [] : [{ label: words.count, value: act.count }]),
        ]}
        className="sm:grid-cols-2"
      />
      <Part title={words.before} value={act.before} copyLabel={words.copyBefore} />
      <Part title={words.after} value={act.after} copyLabel={words.copyAfter} />
    </div>
  );
}

function Part({ title, value, copyLabel }: { title: string; value: Act["before"]; copyLabel: string }) {
  return (
    <section>
      <h3 className="pb-1.5 font-medium">{title}</h3>
      {value === null ? (
        <p className="text-text-3">{words.nothing}</p>
      ) : (
        <Json text={indentJson(formatJson(value) ?? "{}")} copyLabel={copyLabel} />
      )}
    </section>
  );
}
