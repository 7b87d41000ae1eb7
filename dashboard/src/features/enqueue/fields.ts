import { formatJson, parseJson } from "@/api/json";
import { MASK, MASK_JSON } from "@/lib/redaction";
import { writtenInstant } from "@/lib/zone";

/** How an argument is put in. */
export type FieldKind = "text" | "integer" | "number" | "boolean" | "choice" | "time" | "json";

export interface ArgField {
  name: string;
  kind: FieldKind;
  required: boolean;
  nullable: boolean;
  description: string | undefined;
  /** JSON texts of a choice. */
  choices: readonly string[];
  /** What the task takes where nothing is given, as JSON; undefined: it says none. */
  fallback: string | undefined;
  /** The other job's value is hidden: it is kept where nothing is put in. */
  redacted?: boolean;
}

type Schema = { [key: string]: unknown };

const INTEGER = /^[+-]?\d+$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/**
 * Read the fields of a form from the JSON Schema of a task's arguments.
 *
 * @returns null where a form cannot say everything that the schema allows: the arguments are written as JSON then
 */
export function fieldsOf(schema: unknown): ArgField[] | null {
  if (!isSchema(schema) || schema.type !== "object" || schema.additionalProperties === true) return null;
  const { properties } = schema;
  if (!isSchema(properties)) return [];
  const required = Array.isArray(schema.required) ? schema.required : [];
  const definitions = isSchema(schema.$defs) ? schema.$defs : {};
  return Object.entries(properties).map(([name, property]) =>
    fieldOf(name, property, required.includes(name), definitions),
  );
}

function fieldOf(name: string, property: unknown, required: boolean, definitions: Schema): ArgField {
  const own = isSchema(property) ? property : {};
  const { schema, nullable } = withoutNull(resolved(own, definitions), definitions);
  const choices = Array.isArray(schema.enum) ? schema.enum.map((value) => formatJson(value) ?? "null") : [];
  const description = own.description ?? schema.description;
  return {
    name,
    kind: choices.length > 0 ? "choice" : kindOf(schema),
    required,
    nullable,
    description: typeof description === "string" ? description : undefined,
    choices,
    fallback: "default" in own ? formatJson(own.default) : undefined,
  };
}

function kindOf(schema: Schema): FieldKind {
  switch (schema.type) {
    case "string":
      return schema.format === "date-time" ? "time" : "text";
    case "integer":
      return "integer";
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    default:
      return "json";
  }
}

function resolved(schema: Schema, definitions: Schema): Schema {
  const name = typeof schema.$ref === "string" ? schema.$ref.split("/").at(-1) : undefined;
  const target = name === undefined ? undefined : definitions[name];
  return isSchema(target) ? target : schema;
}

function withoutNull(schema: Schema, definitions: Schema): { schema: Schema; nullable: boolean } {
  const { type, anyOf } = schema;
  if (Array.isArray(type) && type.includes("null")) {
    const others = type.filter((one) => one !== "null");
    return { schema: { ...schema, type: others.length === 1 ? others[0] : undefined }, nullable: true };
  }
  if (!Array.isArray(anyOf)) return { schema, nullable: false };
  const others = anyOf.filter((one) => !isSchema(one) || one.type !== "null");
  const only = others.length === 1 && isSchema(others[0]) ? resolved(others[0], definitions) : {};
  return { schema: only, nullable: others.length < anyOf.length };
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export type Problem = "needed" | "notNumber" | "notInteger" | "notJson" | "notTime";

/**
 * What stands in a field, as JSON; undefined: the argument is left out.
 *
 * @param zone on whose clock a time without an offset is written
 */
export function jsonOf(
  field: ArgField,
  text: string,
  zone: string,
): { json: string | undefined } | { problem: Problem } {
  const trimmed = text.trim();
  if (field.redacted && trimmed === "") return { json: MASK_JSON };
  if (text === "" && field.kind === "text") return left(field, '""');
  if (trimmed === "" && field.kind !== "text") return left(field, undefined);
  switch (field.kind) {
    case "text":
      return { json: JSON.stringify(text) };
    case "integer":
      return INTEGER.test(trimmed) ? { json: digits(trimmed) } : { problem: "notInteger" };
    case "number":
      return NUMBER.test(trimmed) ? { json: digits(trimmed) } : { problem: "notNumber" };
    case "time": {
      const at = writtenInstant(trimmed, zone);
      return at === null ? { problem: "notTime" } : { json: JSON.stringify(new Date(at).toISOString()) };
    }
    case "json":
      return isJson(trimmed) ? { json: trimmed } : { problem: "notJson" };
    default:
      return { json: trimmed };
  }
}

function left(field: ArgField, empty: string | undefined): { json: string | undefined } | { problem: Problem } {
  if (!field.required) return { json: undefined };
  if (field.nullable && empty === undefined) return { json: "null" };
  return empty === undefined ? { problem: "needed" } : { json: empty };
}

// "+5" and ".5" are numbers to people, not to JSON; what they wrote is kept otherwise, so that no digit is lost.
function digits(text: string): string {
  const plain = text.replace(/^\+/, "").replace(/^(-?)0*(?=\d)/, "$1");
  return plain.replace(/^(-?)\./, "$10.").replace(/\.(?=$|e)/i, "");
}

export function isJson(text: string): boolean {
  try {
    parseJson(text);
    return true;
  } catch {
    return false;
  }
}

export function isJsonObject(text: string): boolean {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** What a field shows of an argument that is there already. */
export function textOf(field: ArgField, value: unknown): string {
  if (value === undefined || value === MASK || (value === null && field.kind !== "json")) return "";
  if (field.kind === "text" && typeof value === "string") return value;
  if (field.kind === "time" && typeof value === "string") return value;
  return formatJson(value) ?? "";
}

/** The arguments as JSON text, in the order of the fields. */
export function argsText(parts: readonly (readonly [name: string, json: string])[]): string {
  return `{${parts.map(([name, json]) => `${JSON.stringify(name)}: ${json}`).join(", ")}}`;
}
