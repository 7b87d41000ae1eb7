import {
  beginsToFollow,
  type ConnectionState,
  covers,
  cutOf,
  EVENTS,
  type EventName,
  feedUrl,
  isNothing,
  MOST,
  NO_CUT,
  type Port,
  type ToHub,
  unite,
  type Wishes,
} from "./messages";

/** A stream as browsers have it; tests bring their own. */
export interface Source {
  addEventListener(name: string, listener: (event: { data?: string }) => void): void;
  close(): void;
}

export interface Surroundings {
  open(url: string): Source;
  /** Whether the server still knows who asks: tells the end of a session from an outage. */
  isSignedIn(api: string): Promise<boolean>;
  now(): number;
  /** Milliseconds of a clock that nobody sets. */
  steady(): number;
  later(run: () => void, ms: number): () => void;
}

/** Streams are opened at most this often, whatever is scrolled. */
const APART_MS = 1_000;
/** The server says something every 15 s. */
const SILENCE_MS = 35_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
const PING_MS = 20_000;
const MISSED_PINGS = 2;
/** What a newcomer is told at once, so that it need not wait for a change. */
const KEPT: ReadonlySet<EventName> = new Set(["hello", "stats", "queues", "workers", "bulk"]);

interface Guest {
  wishes: Wishes;
  missed: number;
  /** What it was told last to be beyond the limits, as text. */
  cut: string;
}

interface Kept {
  data: string;
  /** When it came, by the steady clock. */
  at: number;
}

const NOTHING_CUT = JSON.stringify(NO_CUT);

/** Holds the one stream of all tabs of a browser, and hands its events to those who wish them. */
export class Hub {
  private readonly guests = new Map<Port, Guest>();
  private readonly kept = new Map<EventName, Kept>();
  private api = "";
  private source: Source | null = null;
  private opened: Wishes = {};
  /** Somebody must hear how rows, lists or jobs are, which only the beginning of a stream tells. */
  private mustBegin = false;
  private openedAt = Number.NEGATIVE_INFINITY;
  private failures = 0;
  /** The session has ended: nothing is asked until a tab wishes anew. */
  private signedOut = false;
  private state: ConnectionState = { is: "idle" };
  private cancelOpen: (() => void) | null = null;
  private cancelSilence: (() => void) | null = null;
  private cancelPing: (() => void) | null = null;

  constructor(private readonly around: Surroundings) {}

  /** Hear what a tab says. Its first word makes it known. */
  hear(port: Port, message: ToHub): void {
    const guest = this.guests.get(port);
    if (guest) guest.missed = 0;
    switch (message.type) {
      case "wish":
        this.api = message.api;
        this.signedOut = false;
        this.guests.set(port, { wishes: message.wishes, missed: 0, cut: guest?.cut ?? NOTHING_CUT });
        this.welcome(port, message.wishes);
        this.replay(port, guest?.wishes ?? {}, message.wishes);
        if (beginsToFollow(guest?.wishes ?? {}, message.wishes)) this.mustBegin = true;
        this.adapt();
        return;
      case "reconnect":
        this.failures = 0;
        this.reopen(0);
        return;
      case "pong":
        return;
      case "bye":
        this.forget(port);
    }
  }

  // With every wish: a tab that was paused shows what it last heard, and nothing may change for hours.
  private welcome(port: Port, wishes: Wishes): void {
    port.send({ type: "state", state: isNothing(wishes) ? { is: "idle" } : this.state });
    this.cancelPing ??= this.around.later(() => this.ping(), PING_MS);
  }

  private replay(port: Port, before: Wishes, now: Wishes): void {
    if (this.state.is !== "open") return;
    for (const [name, { data, at }] of this.kept) {
      const wanted = name === "hello" ? isNothing(before) : now[name as "stats"] && !before[name as "stats"];
      if (wanted) port.send({ type: "event", name, data, age: this.around.steady() - at });
    }
  }

  private forget(port: Port): void {
    this.guests.delete(port);
    this.adapt();
  }

  // A tab that crashed says nothing; its wishes must not keep a stream open.
  private ping(): void {
    this.cancelPing = null;
    for (const [port, guest] of this.guests) {
      if (guest.missed >= MISSED_PINGS) this.guests.delete(port);
      else {
        guest.missed++;
        port.send({ type: "ping" });
      }
    }
    this.adapt();
    if (this.guests.size > 0) this.cancelPing = this.around.later(() => this.ping(), PING_MS);
  }

  private wanted(): Wishes {
    return unite(
      [...this.guests.values()].map((guest) => guest.wishes),
      MOST,
    );
  }

  /** Open, widen or end the stream, as the wishes are now. */
  private adapt(): void {
    const wanted = this.wanted();
    this.tellCut(wanted);
    if (isNothing(wanted)) {
      this.close();
      this.tell({ is: "idle" });
      return;
    }
    if (this.signedOut || (this.source && !this.mustBegin && covers(this.opened, wanted))) return;
    if (this.cancelOpen && this.state.is === "failed") return; // a retry is under way and takes the wishes of its time
    this.reopen(Math.max(0, this.openedAt + APART_MS - this.around.now()));
  }

  // What is cut neither moves nor is asked for beside a live feed, unless the tab knows.
  private tellCut(told: Wishes): void {
    for (const [port, guest] of this.guests) {
      const cut = cutOf(guest.wishes, told);
      const text = JSON.stringify(cut);
      if (text === guest.cut) continue;
      guest.cut = text;
      port.send({ type: "cut", cut });
    }
  }

  private reopen(ms: number): void {
    this.cancelOpen?.();
    this.cancelOpen = this.around.later(() => this.open(), ms);
  }

  private open(): void {
    this.cancelOpen = null;
    const wanted = this.wanted();
    if (isNothing(wanted)) return;
    this.closeSource();
    this.opened = wanted;
    this.mustBegin = false;
    this.openedAt = this.around.now();
    const source = this.around.open(feedUrl(this.api, wanted));
    this.source = source;
    for (const name of EVENTS) source.addEventListener(name, (event) => this.pass(source, name, event.data ?? ""));
    source.addEventListener("bye", (event) => this.leave(source, event.data ?? ""));
    source.addEventListener("error", () => void this.fail(source));
    this.listen(source);
  }

  private listen(source: Source): void {
    this.cancelSilence?.();
    this.cancelSilence = this.around.later(() => void this.fail(source), SILENCE_MS);
  }

  private pass(source: Source, name: EventName, data: string): void {
    if (source !== this.source) return;
    this.listen(source);
    if (name === "hello") {
      this.failures = 0;
      this.tell({ is: "open" });
    }
    if (KEPT.has(name)) this.kept.set(name, { data, at: this.around.steady() });
    for (const [port, guest] of this.guests) if (wishes(guest.wishes, name)) port.send({ type: "event", name, data });
  }

  /** The server ends: it says when the next one may be asked. */
  private leave(source: Source, data: string): void {
    if (source !== this.source) return;
    this.closeSource();
    const after = Number((JSON.parse(data || "{}") as { after_ms?: number }).after_ms ?? APART_MS);
    this.tell({ is: "failed", since: this.around.now() });
    this.reopen(after);
  }

  private async fail(source: Source): Promise<void> {
    if (source !== this.source) return;
    this.closeSource();
    const since = this.state.is === "failed" ? this.state.since : this.around.now();
    this.tell({ is: "failed", since });
    this.reopen(Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.failures++));
    // A stream tells no status: without this question an expired session would look like an outage for ever.
    if (this.failures === 1 && !(await this.around.isSignedIn(this.api))) {
      this.close();
      this.signedOut = true;
      for (const port of this.guests.keys()) port.send({ type: "signed-out" });
    }
  }

  private tell(state: ConnectionState): void {
    if (state.is === this.state.is && state.is !== "failed") return;
    this.state = state;
    for (const port of this.guests.keys()) port.send({ type: "state", state });
  }

  private close(): void {
    this.cancelOpen?.();
    this.cancelOpen = null;
    this.closeSource();
    this.failures = 0;
  }

  private closeSource(): void {
    this.cancelSilence?.();
    this.cancelSilence = null;
    this.source?.close();
    this.source = null;
    this.kept.clear();
  }
}

function wishes(wanted: Wishes, name: EventName): boolean {
  switch (name) {
    case "stats":
    case "queues":
    case "workers":
      return wanted[name] === true;
    case "jobs":
      return (wanted.ids?.length ?? 0) > 0;
    case "page":
      return (wanted.pages?.length ?? 0) > 0;
    case "job":
      return (wanted.jobs?.length ?? 0) > 0;
    default:
      return !isNothing(wanted);
  }
}
