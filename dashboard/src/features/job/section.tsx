import type { ReactNode } from "react";

/** A titled part of a job. */
export function Section({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className="mt-6 first:mt-0">
      <div className="mb-2 flex min-h-5 items-center gap-2">
        <h2 className="text-text-2">{title}</h2>
        {aside ? <span className="ml-auto text-12 text-text-3">{aside}</span> : null}
      </div>
      {children}
    </section>
  );
}
