import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { queuesQuery, tasksQuery, workersQuery } from "@/api/queries";
import { type Suggested, type SuggestField, suggestQuery } from "@/api/suggest";
import { FILTER_KEYS, type FilterKey, isOneOf, PAYLOAD_KEYS } from "@/filter/terms";
import { shortId } from "@/lib/id";
import { SERVED_STATES } from "@/lib/state";
import { words } from "@/lib/text/jobs";
import { STATE_WORD } from "@/lib/text/states";
import { useSettled } from "@/lib/use-settled";
import { type FieldKey, formatTerm, isUuid, type Token } from "./grammar";
import { errorsSeen, pathsSeen, tagsSeen } from "./rows";

export interface Suggestion {
  label: string;
  hint?: string | undefined;
  /** Stands in the place of the token. */
  insert: string;
  /** Whether the term is complete, so that it is applied. */
  whole: boolean;
  /** What it replaces, where that is not the token. */
  place?: { from: number; to: number };
}

interface Choice {
  value: string;
  hint?: string;
  /** A text by which it is found, too. */
  also?: string;
}

const MOST = 8;
/** Typing that pauses so long is answered. */
const PAUSE_MS = 150;

/** What the token could become: keys, then values that exist. Asked for only while the list is open. */
export function useSuggestions(token: Token, open: boolean): Suggestion[] {
  const client = useQueryClient();
  const { key, value, before } = token;
  const field = fieldOf(token);
  const remote = useSuggested(field, value, open);
  // Where the server suggests nothing: what other questions of the page have brought.
  const wants = (name: FilterKey) =>
    open && (key === name ? remote.failed : key === null && value !== "" && name !== "worker");
  const queues = useQuery({ ...queuesQuery(), enabled: wants("queue"), staleTime: 60_000 }).data;
  const tasks = useQuery({ ...tasksQuery(), enabled: wants("task") }).data;
  const workers = useQuery({ ...workersQuery(), enabled: wants("worker"), staleTime: 60_000 }).data;
  return useMemo(() => {
    if (!open) return [];
    if (key === null && isUuid(value)) return [{ label: words.openJob(shortId(value)), insert: value, whole: true }];
    const values: Partial<Record<FilterKey, readonly Choice[]>> = {
      queue: (queues?.items ?? []).map(({ name }) => ({ value: name })),
      task: (tasks?.items ?? []).map(({ name }) => ({ value: name })),
      tag: key === "tag" ? choices(tagsSeen(client)) : [],
      worker: (workers?.items ?? []).map(({ id, host, pid }) => ({ value: id, hint: `${host} · ${pid}`, also: host })),
      state: SERVED_STATES.map((state) => ({ value: state, hint: STATE_WORD[state] })),
      error: key === "error" ? choices(errorsSeen(client)) : [],
    };
    const found = remote.choices;
    const fitting = (name: FieldKey | "error", start: string) =>
      ranked((name === field && found) || (values[name] ?? []), value).map((one) => choiceOf(name, one, start));
    if (key !== null) {
      if (key in words.examples) return examplesOf(key as keyof typeof words.examples, value, before);
      return isOneOf(WITH_VALUES, key) ? fitting(key, before).slice(0, MOST) : [];
    }
    const known = FILTER_KEYS.filter((name) => name.startsWith(value.toLowerCase())).map((name) => keyOf(name, before));
    if (value === "") return known;
    const paths = field === "args" ? pathsOf(found ?? choices(pathsSeen(client)), value, before) : [];
    const named = (["task", "queue", "state"] as const).flatMap((name) => fitting(name, `${before}${name}:`));
    return [...known, ...paths, ...named].slice(0, MOST);
  }, [open, key, value, before, field, remote.choices, queues, tasks, workers, client]);
}

/** Of which key the server knows values; null: of none that the token has. */
function fieldOf({ key, value }: Token): SuggestField | null {
  if (key === null) return /^args\b/i.test(value) ? "args" : null;
  return isOneOf(SUGGESTED, key) ? key : null;
}

/** What the server suggests, once typing has paused. */
function useSuggested(field: SuggestField | null, value: string, open: boolean) {
  const prefix = useSettled(value.replace(/^"/, ""), PAUSE_MS);
  const { data, isError } = useQuery({ ...suggestQuery(field ?? "queue", prefix), enabled: open && field !== null });
  const choices = useMemo(() => (field !== null && data?.field === field ? choicesOf(data) : null), [data, field]);
  return { choices, failed: isError };
}

function choicesOf({ items, counted }: Suggested): Choice[] {
  return items.map(({ value, count, hint }) => ({
    value,
    hint: hint ?? (count > 0 ? words.suggested[counted](count) : ""),
    also: hint ?? "",
  }));
}

const SUGGESTED = ["queue", "task", "tag", "worker", "error"] as const;
const WITH_VALUES = ["queue", "task", "tag", "worker", "state", "error"] as const;

function choices(values: readonly string[]): Choice[] {
  return values.map((value) => ({ value }));
}

function keyOf(name: FilterKey, before: string): Suggestion {
  const insert = `${before}${name}${isOneOf(PAYLOAD_KEYS, name) ? "." : ":"}`;
  return { label: insert, hint: words.filterKeys[name], insert, whole: false };
}

function choiceOf(name: FieldKey | "error", { value, hint }: Choice, before: string): Suggestion {
  const quoted = formatTerm({ key: name === "error" ? "tag" : name, value });
  const insert = before + quoted.slice(quoted.indexOf(":") + 1);
  return { label: insert, hint, insert, whole: true };
}

function examplesOf(key: keyof typeof words.examples, typed: string, before: string): Suggestion[] {
  const fitting = words.examples[key].filter((one) => one.startsWith(typed) && one !== typed);
  return fitting.map((one) => ({ label: before + one, insert: before + one, whole: true }));
}

function pathsOf(paths: readonly Choice[], typed: string, before: string): Suggestion[] {
  const fitting = paths.filter(({ value }) => value.startsWith(typed));
  return fitting.map(({ value, hint }) => ({
    label: `${before}${value}:`,
    hint,
    insert: `${before}${value}:`,
    whole: false,
  }));
}

// Those that begin with it before those that contain it; a complete value needs no suggestion.
function ranked<T extends Choice>(values: readonly T[], typed: string): T[] {
  const text = typed.replace(/^"/, "").toLowerCase();
  const at = ({ value, also }: T) => {
    const place = value.toLowerCase().indexOf(text);
    return place < 0 && also?.toLowerCase().includes(text) ? 1 : place;
  };
  return values
    .filter((one) => at(one) >= 0 && one.value !== typed)
    .sort((a, b) => Number(at(a) > 0) - Number(at(b) > 0));
}
