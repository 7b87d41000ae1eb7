import type { ErrorDetail } from "@/api/types";
import { count } from "@/lib/format";
import { words } from "@/lib/text/errors";
import { Time } from "@/ui/time";

/** In which releases of the program it occurred, the newest first; nothing where workers announce none. */
export function Releases({ group }: { group: ErrorDetail }) {
  if (group.releases.every((one) => one.name === null)) return null;
  const more = group.releases_total - group.releases.length;
  return (
    <section className="mt-6" aria-label={words.releases}>
      <h3 className="mb-2 font-medium">{words.releases}</h3>
      <table className="w-full max-w-160 table-fixed">
        <thead>
          <tr className="border-border border-b text-12 text-text-3">
            <th className="py-1.5 text-left font-normal">{words.release}</th>
            <th className="w-20 py-1.5 text-right font-normal max-sm:w-12">{words.count}</th>
            <th className="w-28 py-1.5 text-right font-normal max-sm:w-20">{words.first}</th>
            <th className="w-28 py-1.5 text-right font-normal max-sm:w-20">{words.last}</th>
          </tr>
        </thead>
        <tbody>
          {group.releases.map((one) => (
            <tr key={one.name ?? ""} className="border-border border-b">
              <th scope="row" className="truncate py-1.5 text-left font-normal" title={one.name ?? undefined}>
                {one.name === null ? (
                  <span className="text-text-3">{words.noRelease}</span>
                ) : (
                  <span className="font-mono text-12">{one.name}</span>
                )}
              </th>
              <td className="py-1.5 text-right">{count(one.count)}</td>
              <td className="py-1.5 text-right text-text-2">
                <Time at={one.first_at} />
              </td>
              <td className="py-1.5 text-right text-text-2">
                <Time at={one.last_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {more > 0 ? <p className="mt-2 text-12 text-text-3">{words.moreReleases(count(more))}</p> : null}
    </section>
  );
}
