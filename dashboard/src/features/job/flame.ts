import type { ProfileAnswer } from "@/api/inspections";

/** A call of a flame graph, below all calls that lead to it. */
export interface FlameNode {
  /** Numbers of frames from the outermost call, joined: stable, and different for each place. */
  id: string;
  /** Number of its frame; -1 for the root. */
  frame: number;
  total: number;
  own: number;
  /** Samples in which the body waited there. */
  waiting: number;
  parent: FlameNode | null;
  /** Most samples first. */
  children: FlameNode[];
}

/** A call where it is drawn: shares of the width, and its row. */
export interface FlameBox {
  node: FlameNode;
  left: number;
  width: number;
  row: number;
}

/** Narrower calls are not drawn: they could not be hit. */
const MIN_WIDTH = 0.004;

/** Put the paths of a profile together into one tree. */
export function flameOf(profile: ProfileAnswer): FlameNode {
  const root = newNode("", -1, null);
  for (const path of profile.paths) {
    let node = root;
    for (const frame of path.frames) {
      node.total += path.samples;
      let next = node.children.find((child) => child.frame === frame);
      if (!next) {
        next = newNode(`${node.id}/${frame}`, frame, node);
        node.children.push(next);
      }
      node = next;
    }
    node.total += path.samples;
    node.own += path.samples;
    if (path.waits) node.waiting += path.samples;
  }
  order(root);
  return root;
}

/** Where calls are drawn while one fills the width: it, the calls that lead to it above, and what it calls below. */
export function boxesOf(top: FlameNode): FlameBox[] {
  const above: FlameNode[] = [];
  for (let node = top.parent; node; node = node.parent) above.unshift(node);
  const boxes = above.map((node, row): FlameBox => ({ node, left: 0, width: 1, row }));
  place(top, 0, 1, above.length, boxes);
  return boxes;
}

/** The same as text that flame graph programs read: `outer;inner 12`. */
export function collapsedOf(profile: ProfileAnswer): string {
  const names = profile.frames.map(({ function: name, file, line }) =>
    `${name} (${file.split(/[\\/]/).at(-1)}:${line})`.replaceAll(";", ":"),
  );
  return profile.paths.map((path) => `${path.frames.map((n) => names[n]).join(";")} ${path.samples}`).join("\n");
}

function newNode(id: string, frame: number, parent: FlameNode | null): FlameNode {
  return { id, frame, total: 0, own: 0, waiting: 0, parent, children: [] };
}

function order(node: FlameNode): void {
  node.children.sort((one, other) => other.total - one.total);
  for (const child of node.children) order(child);
}

function place(node: FlameNode, left: number, width: number, row: number, boxes: FlameBox[]): void {
  boxes.push({ node, left, width, row });
  let at = left;
  for (const child of node.children) {
    const share = width * (child.total / Math.max(node.total, 1));
    if (share >= MIN_WIDTH) place(child, at, share, row + 1, boxes);
    at += share;
  }
}
