import { type KeyboardEvent, useMemo, useRef, useState } from "react";
import type { ProfileAnswer } from "@/api/inspections";
import { cx } from "@/lib/cx";
import { percent } from "@/lib/format";
import { inspect as words } from "@/lib/text/inspect";
import { isLibrary } from "@/lib/traceback";
import { visible } from "@/lib/visible";
import { Button } from "@/ui/button";
import { boxesOf, type FlameBox, type FlameNode, flameOf } from "./flame";

const ROW = 22;
const MOVES = ["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight", "Home"];

/** Calls as blocks, the outermost above: a block is as wide as its share of the time. */
export function FlameGraph({ profile }: { profile: ProfileAnswer }) {
  const root = useMemo(() => flameOf(profile), [profile]);
  const [top, setTop] = useState(root);
  const [active, setActive] = useState(root);
  const box = useRef<HTMLDivElement>(null);
  const boxes = useMemo(() => boxesOf(top), [top]);
  const rows = Math.max(...boxes.map(({ row }) => row)) + 1;
  const focus = (node: FlameNode | undefined) => {
    if (!node || !boxes.some((one) => one.node === node)) return;
    setActive(node);
    box.current?.querySelector<HTMLElement>(`[data-node="${node.id}"]`)?.focus();
  };
  const zoom = (node: FlameNode) => {
    setTop(node);
    setActive(node);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" || event.key === " ") zoom(active);
    else if (event.key === "Escape" && top !== root) zoom(root);
    else if (MOVES.includes(event.key)) focus(neighbour(event.key, active, root));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div>
      <div
        ref={box}
        role="tree"
        aria-label={words.graph}
        className="relative overflow-hidden rounded-m border border-border bg-app"
        style={{ height: rows * ROW }}
        onKeyDown={onKeyDown}
      >
        {boxes.map((one) => (
          <Block
            key={one.node.id}
            box={one}
            profile={profile}
            isActive={one.node === active}
            onFocus={() => setActive(one.node)}
            onZoom={() => zoom(one.node)}
          />
        ))}
      </div>
      <div className="mt-1.5 flex min-h-7 items-start gap-2 text-12 text-text-2">
        <p aria-live="polite" className="min-w-0 grow break-words">
          {detailOf(active, profile)}
        </p>
        {top === root ? null : (
          <Button size="s" onClick={() => zoom(root)}>
            {words.showAll}
          </Button>
        )}
      </div>
    </div>
  );
}

/** The call to which a key leads; undefined: there is none. */
function neighbour(key: string, node: FlameNode, root: FlameNode): FlameNode | undefined {
  const siblings = node.parent?.children ?? [];
  const at = siblings.indexOf(node);
  if (key === "ArrowDown") return node.children[0];
  if (key === "ArrowUp") return node.parent ?? undefined;
  if (key === "Home") return root;
  return siblings[key === "ArrowRight" ? at + 1 : at - 1];
}

interface BlockProps {
  box: FlameBox;
  profile: ProfileAnswer;
  isActive: boolean;
  onFocus: () => void;
  onZoom: () => void;
}

function Block({ box, profile, isActive, onFocus, onZoom }: BlockProps) {
  const { node, left, width, row } = box;
  const siblings = node.parent?.children ?? [node];
  const frame = profile.frames[node.frame];
  const own = frame !== undefined && !isLibrary(frame.file);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree around it hears the keys
    <div
      role="treeitem"
      data-node={node.id}
      aria-level={row + 1}
      aria-setsize={siblings.length}
      aria-posinset={siblings.indexOf(node) + 1}
      aria-selected={isActive}
      aria-expanded={node.children.length > 0 ? true : undefined}
      aria-label={detailOf(node, profile)}
      tabIndex={isActive ? 0 : -1}
      onFocus={onFocus}
      onPointerEnter={onFocus}
      onClick={onZoom}
      className={cx(
        "absolute cursor-default select-none truncate rounded-s border border-app px-1.5 text-11 leading-5 outline-offset-[-2px]",
        own ? "bg-active text-text" : "bg-hover text-text-2",
        node.waiting > 0 && "border-border-strong border-dashed",
      )}
      style={{ left: `${100 * left}%`, width: `${100 * width}%`, top: row * ROW, height: ROW }}
    >
      {frame ? visible(frame.function) : words.all}
    </div>
  );
}

function detailOf(node: FlameNode, profile: ProfileAnswer): string {
  const whole = Math.max(profile.samples, 1);
  const shares = words.shares(percent(node.total / whole), percent(node.own / whole));
  const frame = profile.frames[node.frame];
  if (!frame) return `${words.all}: ${shares}`;
  const name = `${visible(frame.function)} (${visible(frame.file)}:${frame.line})`;
  return [`${name}: ${shares}`, ...(node.waiting > 0 ? [words.waited] : [])].join("; ");
}
