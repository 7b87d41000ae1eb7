import type { BodyFacts, CallStack } from "@/api/inspections";
import { age, bytes, duration } from "@/lib/format";
import { inspect as words } from "@/lib/text/inspect";
import { callFrame } from "@/lib/traceback";
import { visible } from "@/lib/visible";
import { CopyButton } from "@/ui/copy-button";
import { Frames } from "@/ui/frames";

/** Of a stack with frames left out, those before them: the server keeps so many of the outermost ones. */
const OUTER = 20;

/** Where a body runs, for how long, and what its process uses. */
export function BodyLine({ facts }: { facts: BodyFacts }) {
  const parts = [
    words.body[facts.body](visible(facts.host), facts.pid),
    facts.age === null ? words.notBegun : words.age(facts.age < 1 ? duration(facts.age) : age(facts.age)),
    ...(facts.rss === null ? [] : [words.memory(bytes(facts.rss))]),
    ...(facts.cpu_seconds === null ? [] : [words.cpu(duration(facts.cpu_seconds))]),
  ];
  return (
    <div className="mb-2 text-12 text-text-3">
      <p className="break-words">{parts.join(" · ")}</p>
      {facts.note === null ? null : <p className="mt-1 text-text">{words.sentence(visible(facts.note))}</p>}
    </div>
  );
}

/** The stack of a body, then those of the tasks that it waits for. */
export function Stacks({ stacks }: { stacks: readonly CallStack[] }) {
  return stacks.map((stack, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: two tasks may have one name, and the list is replaced as a whole
    <OneStack key={`${index}${stack.name}`} stack={stack} />
  ));
}

function OneStack({ stack }: { stack: CallStack }) {
  const frames = stack.frames.map((frame, index) =>
    callFrame(index, visible(frame.file), frame.line, visible(frame.function), visible(frame.code ?? "")),
  );
  const cut = stack.left_out > 0 ? OUTER : frames.length;
  return (
    <section className="mb-2 overflow-hidden rounded-m border border-border">
      <div className="flex min-h-9 items-center gap-2 bg-app py-1 pr-2 pl-3.5">
        <h3 className="min-w-0 grow truncate text-12">{words.stackName(stack.kind, visible(stack.name))}</h3>
        <span className="shrink-0 text-12 text-text-3">{stack.waits ? words.waits : words.runs}</span>
        <CopyButton text={asTraceback(stack)} label={words.copyStack} />
      </div>
      {frames.length === 0 ? (
        <p className="border-border border-t px-3.5 py-2 text-12 text-text-2">{words.noFrames}</p>
      ) : null}
      <Frames frames={frames.slice(0, cut)} />
      {stack.left_out > 0 ? (
        <p className="border-border border-t bg-app px-3.5 py-2 text-12 text-text-3">{words.leftOut(stack.left_out)}</p>
      ) : null}
      <Frames frames={frames.slice(cut)} />
    </section>
  );
}

/** As Python prints it. */
function asTraceback(stack: CallStack): string {
  const lines = stack.frames.flatMap(({ file, line, function: name, code }) => [
    `  File "${file}", line ${line}, in ${name}`,
    ...(code === null ? [] : [`    ${code}`]),
  ]);
  return ["Traceback (most recent call last):", ...lines].join("\n");
}
