import { parseJson } from "@/api/json";
import { cliOf, curlOf, pythonText } from "@/lib/copy-as";
import { words } from "@/lib/text/enqueue";
import { writtenInstant } from "@/lib/zone";
import { type ArgField, argsText, isJsonObject, jsonOf, textOf } from "./fields";

/** What the form holds. Arguments stand by their number: a name may have dots, which would be a path. */
export interface Values {
  task: string;
  args: string[];
  /** The arguments as one JSON text, where there is no form for them. */
  json: string;
  queue: string;
  priority: string;
  when: "now" | "delay" | "time";
  delay: string;
  time: string;
  attempts: string;
  timeout: string;
  tags: string;
  unique: string;
}

export const EMPTY: Values = {
  task: "",
  args: [],
  json: "{}",
  queue: "",
  priority: "",
  when: "now",
  delay: "60",
  time: "",
  attempts: "",
  timeout: "",
  tags: "",
  unique: "",
};

export type Errors = { [path: string]: string };

/** The body of a request as parts of JSON text, so that no digit is lost. */
type Body = readonly (readonly [name: string, json: string])[];

/**
 * Make the request of what stands in the form.
 *
 * @param fields of the arguments; null: they stand as JSON
 * @param zone on whose clock times are written
 */
export function requestOf(
  values: Values,
  fields: readonly ArgField[] | null,
  zone: string,
): { body: Body; errors: Errors } {
  const errors: Errors = {};
  const body: [string, string][] = [["task", JSON.stringify(values.task)]];
  if (!values.task) errors.task = words.needed;
  body.push(["args", fields === null ? wholeArgs(values, errors) : formArgs(values, fields, zone, errors)]);
  const add = (name: string, json: string | undefined) => {
    if (json !== undefined) body.push([name, json]);
  };
  add("queue", values.queue.trim() ? JSON.stringify(values.queue.trim()) : undefined);
  add("priority", number(values.priority, "priority", "integer", errors));
  if (values.when === "delay") add("delay", number(values.delay, "delay", "number", errors, true));
  if (values.when === "time") {
    const at = writtenInstant(values.time, zone);
    if (at === null) errors.time = words.notTime;
    else add("run_at", JSON.stringify(new Date(at).toISOString()));
  }
  add("max_attempts", number(values.attempts, "attempts", "integer", errors));
  add("timeout", number(values.timeout, "timeout", "number", errors));
  const tags = values.tags
    .split(",")
    .map((tag) => tag.trim())
    .filter(Boolean);
  add("tags", tags.length > 0 ? JSON.stringify(tags) : undefined);
  add("unique_key", values.unique.trim() ? JSON.stringify(values.unique.trim()) : undefined);
  return { body, errors };
}

function wholeArgs(values: Values, errors: Errors): string {
  if (isJsonObject(values.json)) return values.json.trim();
  errors.json = words.notObject;
  return "{}";
}

function formArgs(values: Values, fields: readonly ArgField[], zone: string, errors: Errors): string {
  const parts: [string, string][] = [];
  fields.forEach((field, n) => {
    const read = jsonOf(field, values.args[n] ?? "", zone);
    if ("problem" in read) errors[`args.${n}`] = words[read.problem];
    else if (read.json !== undefined) parts.push([field.name, read.json]);
  });
  return argsText(parts);
}

const EXAMPLE = { name: "", required: true, nullable: false, description: undefined, choices: [], fallback: undefined };

function number(text: string, path: string, kind: "integer" | "number", errors: Errors, needed = false) {
  if (text.trim() === "" && !needed) return undefined;
  const read = jsonOf({ ...EXAMPLE, kind }, text, "UTC");
  if ("json" in read) return read.json;
  errors[path] = words[read.problem];
  return undefined;
}

/** Fill in arguments that a job had. */
export function withArgs(values: Values, fields: readonly ArgField[] | null, args: unknown, text: string): Values {
  if (fields === null) return { ...values, json: text };
  const given = (typeof args === "object" && args !== null ? args : {}) as Record<string, unknown>;
  return { ...values, args: fields.map((field) => textOf(field, given[field.name])) };
}

const PATHS: { [name: string]: string } = {
  max_attempts: "attempts",
  run_at: "time",
  unique_key: "unique",
  args: "json",
};

/** The field of the form that a JSON pointer of the server means; undefined: none. */
export function pathOf(pointer: string, fields: readonly ArgField[] | null): string | undefined {
  const [first = "", second] = pointer.split("/").slice(1);
  if (first !== "args" || fields === null) return PATHS[first] ?? (first || undefined);
  const name = second?.replaceAll("~1", "/").replaceAll("~0", "~");
  const n = fields.findIndex((field) => field.name === name);
  return n < 0 ? undefined : `args.${n}`;
}

/** The same call in other words. */
export function sameCall(body: Body): { curl: string; cli: string; python: string } {
  const text = (name: string) => body.find(([one]) => one === name)?.[1];
  const task = JSON.parse(text("task") ?? '""') as string;
  const args = text("args") ?? "{}";
  const more = body.filter(([name]) => name !== "task" && name !== "args");
  const options = more.flatMap(([name, json]) =>
    name === "tags"
      ? (JSON.parse(json) as string[]).flatMap((tag) => ["--tag", tag])
      : [`--${name.replaceAll("_", "-")}`, json.startsWith('"') ? (JSON.parse(json) as string) : json],
  );
  const named = more.map(([name, json]) => `${name === "unique_key" ? "unique" : name}=${pythonOf(name, json)}`);
  return {
    curl: curlOf({ method: "POST", path: "/jobs", body: argsText(body) }),
    cli: cliOf("enqueue", task, args, ...options),
    python: `app.send(${[pythonText(task), pythonLiteral(args), ...named].join(", ")})`,
  };
}

function pythonOf(name: string, json: string): string {
  return name === "run_at" ? `datetime.fromisoformat(${json})` : pythonLiteral(json);
}

const LITERALS: { [json: string]: string } = { true: "True", false: "False", null: "None" };

/** JSON text as a Python literal: strings and numbers are written alike, three words are not. */
export function pythonLiteral(json: string): string {
  return json.replace(/"(?:\\.|[^"\\])*"|\b(?:true|false|null)\b/g, (token) => LITERALS[token] ?? token);
}

/** The body as a value for the client. */
export function bodyOf(body: Body): Record<string, unknown> {
  return parseJson(argsText(body)) as Record<string, unknown>;
}
