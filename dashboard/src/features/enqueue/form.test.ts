import { describe, expect, test } from "vitest";
import { formatJson } from "@/api/json";
import { fieldsOf, jsonOf } from "./fields";
import { bodyOf, EMPTY, pathOf, pythonLiteral, requestOf, sameCall, withArgs } from "./form";

const SCHEMA = {
  type: "object",
  additionalProperties: false,
  required: ["to", "amount"],
  properties: {
    to: { type: "string", description: "Address" },
    amount: { type: "integer" },
    rate: { type: "number", default: 1.5 },
    urgent: { type: "boolean", default: false },
    kind: { enum: ["plain", "html"], default: "plain" },
    at: { anyOf: [{ type: "string", format: "date-time" }, { type: "null" }], default: null },
    address: { $ref: "#/$defs/Address" },
  },
  $defs: { Address: { type: "object", properties: {} } },
};

const FIELDS = fieldsOf(SCHEMA) ?? [];
const filled = (args: string[]) => ({ ...EMPTY, task: "mail", args });

describe("fields of a schema", () => {
  test("have a kind, and say what may be left out", () => {
    expect(FIELDS.map(({ name, kind, required, nullable }) => [name, kind, required, nullable])).toEqual([
      ["to", "text", true, false],
      ["amount", "integer", true, false],
      ["rate", "number", false, false],
      ["urgent", "boolean", false, false],
      ["kind", "choice", false, false],
      ["at", "time", false, true],
      ["address", "json", false, false],
    ]);
    expect(FIELDS[4]?.choices).toEqual(['"plain"', '"html"']);
  });

  test("are none where arguments are free or no schema was announced", () => {
    expect(fieldsOf(null)).toBeNull();
    expect(fieldsOf({ type: "object", additionalProperties: true })).toBeNull();
    expect(fieldsOf({ type: "object", properties: {} })).toEqual([]);
  });

  test("keep every digit, and name what is no number", () => {
    const amount = FIELDS[1];
    const rate = FIELDS[2];
    if (!amount || !rate) throw new Error("fields");
    expect(jsonOf(amount, "9007199254740993", "UTC")).toEqual({ json: "9007199254740993" });
    expect(jsonOf(amount, "+007", "UTC")).toEqual({ json: "7" });
    expect(jsonOf(amount, "1.5", "UTC")).toEqual({ problem: "notInteger" });
    expect(jsonOf(rate, ".50", "UTC")).toEqual({ json: "0.50" });
    expect(jsonOf(rate, "1e3", "UTC")).toEqual({ json: "1e3" });
    expect(jsonOf(rate, "much", "UTC")).toEqual({ problem: "notNumber" });
    expect(jsonOf(amount, "", "UTC")).toEqual({ problem: "needed" });
    expect(jsonOf(rate, "", "UTC")).toEqual({ json: undefined });
  });
});

describe("the request", () => {
  test("holds what was put in, and nothing of what was left out", () => {
    const { body, errors } = requestOf(
      {
        ...filled(["ada@example.org", "12345678901234567890", "", "true", '"html"', "", '{"zip": 1.10}']),
        tags: "a, b,,",
      },
      FIELDS,
      "UTC",
    );
    expect(errors).toEqual({});
    expect(formatJson(bodyOf(body))).toBe(
      '{"task":"mail","args":{"to":"ada@example.org","amount":12345678901234567890,"urgent":true,"kind":"html","address":{"zip":1.1}},"tags":["a","b"]}',
    );
  });

  test("names each field that is wrong", () => {
    const values = { ...filled(["x", "much", "", "", "", "soon", "{"]), priority: "high", when: "time" as const };
    expect(Object.keys(requestOf({ ...values, task: "" }, FIELDS, "UTC").errors).sort()).toEqual(
      ["args.1", "args.5", "args.6", "priority", "task", "time"].sort(),
    );
    expect(requestOf({ ...EMPTY, task: "mail", json: "[1]" }, null, "UTC").errors).toHaveProperty("json");
  });

  test("reads times on the clock of the zone that the form names, unless they have an offset of their own", () => {
    const values = { ...filled(["x", "1", "", "", "", "2026-07-01T12:00"]), when: "time" as const };
    const timesIn = (zone: string, at: string) => {
      const { body, errors } = requestOf({ ...values, time: at }, FIELDS, zone);
      expect(errors).toEqual({});
      const { run_at, args } = bodyOf(body) as { run_at: string; args: { at: string } };
      return [run_at, args.at];
    };
    expect(timesIn("Asia/Kolkata", "2026-07-01T12:00:30")).toEqual([
      "2026-07-01T06:30:30.000Z",
      "2026-07-01T06:30:00.000Z",
    ]);
    expect(timesIn("America/New_York", "2026-07-01T12:00")).toEqual([
      "2026-07-01T16:00:00.000Z",
      "2026-07-01T16:00:00.000Z",
    ]);
    expect(timesIn("Asia/Kolkata", "2026-07-01T12:00Z")[0]).toBe("2026-07-01T12:00:00.000Z");
  });

  test("is shown as commands that say the same", () => {
    const { body } = requestOf(
      { ...filled(["it's", "1"]), queue: "mail", unique: "k", when: "delay", delay: "5" },
      FIELDS,
      "UTC",
    );
    const { curl, cli, python } = sameCall(body);
    expect(curl).toContain(`'{"task": "mail", "args": {"to": "it'\\''s", "amount": 1}`);
    expect(cli).toBe(`taskflow enqueue mail '{"to": "it'\\''s", "amount": 1}' --queue mail --delay 5 --unique-key k`);
    expect(python).toBe(`app.send("mail", {"to": "it's", "amount": 1}, queue="mail", delay=5, unique="k")`);
    expect(pythonLiteral('{"true": [true, null, "null", "a\\"true"]}')).toBe(
      '{"true": [True, None, "null", "a\\"true"]}',
    );
  });

  test("begins with the arguments of another job, and takes errors of the server to their fields", () => {
    const { args } = withArgs(filled([]), FIELDS, { to: "x", amount: 2, address: { a: [1] } }, "");
    expect(args).toEqual(["x", "2", "", "", "", "", '{"a":[1]}']);
    expect(pathOf("/args/amount", FIELDS)).toBe("args.1");
    expect(pathOf("/args/other", FIELDS)).toBeUndefined();
    expect(pathOf("/unique_key", FIELDS)).toBe("unique");
    expect(pathOf("/args", null)).toBe("json");
  });
});

describe("an argument that is hidden", () => {
  const given = { to: "••• (redacted)", amount: "••• (redacted)", kind: "html" };
  const hidden = FIELDS.map((field) => ({ ...field, redacted: field.name in given && field.name !== "kind" }));

  test("stays as it is where nothing is put in, whatever its kind", () => {
    const values = withArgs(filled([]), hidden, given, "");
    expect(values.args.slice(0, 2)).toEqual(["", ""]);
    const { body, errors } = requestOf(values, hidden, "UTC");
    expect(errors).toEqual({});
    expect(bodyOf(body).args).toMatchObject({ to: "••• (redacted)", amount: "••• (redacted)", kind: "html" });
  });

  test("is replaced by what is put in", () => {
    const values = withArgs(filled([]), hidden, given, "");
    const { body } = requestOf({ ...values, args: ["ada", "12"] }, hidden, "UTC");
    expect(bodyOf(body).args).toMatchObject({ to: "ada", amount: 12 });
  });

  test("of another job is asked for in a new one", () => {
    const values = withArgs(filled([]), FIELDS, given, "");
    expect(requestOf(values, FIELDS, "UTC").errors["args.1"]).toBeDefined();
  });
});
