// @vitest-environment node
import { describe, expect, test } from "vitest";
import { isLibrary, readTraceback, runsOf } from "./traceback";

const PLAIN = `Traceback (most recent call last):
  File "/srv/app/webhook.py", line 84, in deliver
    response = await send(client, url)
               ^^^^^^^^^^^^^^^^^^^^^^^
  File "/srv/venv/lib/python3.12/site-packages/httpx/_client.py", line 1859, in post
    return await self.request(
        method,
    )
  File "/usr/lib/python3.12/asyncio/tasks.py", line 520, in wait_for
    return await fut
httpx.ConnectTimeout: timed out
after 10 s
`;

test("frames, their code, and a message of several lines", () => {
  const chain = readTraceback(PLAIN);
  expect(chain).toHaveLength(1);
  const [raised] = chain ?? [];
  expect(raised?.message).toBe("httpx.ConnectTimeout: timed out\nafter 10 s");
  expect(raised?.frames.map((frame) => [frame.short, frame.line, frame.name, frame.own])).toEqual([
    ["app/webhook.py", 84, "deliver", true],
    ["httpx/_client.py", 1859, "post", false],
    ["asyncio/tasks.py", 520, "wait_for", false],
  ]);
  expect(raised?.frames[0]?.code).toBe("response = await send(client, url)");
  expect(raised?.frames[1]?.code).toBe("return await self.request(\n    method,\n)");
});

test("neighbouring library frames fold together", () => {
  const runs = runsOf(readTraceback(PLAIN)?.[0]?.frames ?? []);
  expect(runs.map((run) => [run.own, run.frames.length])).toEqual([
    [true, 1],
    [false, 2],
  ]);
});

test("a chain keeps its order and its reasons", () => {
  const chain = readTraceback(`Traceback (most recent call last):
  File "/srv/app/a.py", line 1, in load
    json.loads(text)
ValueError: bad

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/app/b.py", line 2, in run
    load()
JobError: cannot load
`);
  expect(chain?.map((raised) => [raised.because?.slice(0, 19) ?? null, raised.message])).toEqual([
    [null, "ValueError: bad"],
    ["The above exception", "JobError: cannot load"],
  ]);
});

test("a frame without source, and a recursion", () => {
  const chain = readTraceback(`Traceback (most recent call last):
  File "<string>", line 1, in <module>
  File "/srv/app/a.py", line 3, in f
    f()
  [Previous line repeated 996 more times]
RecursionError: maximum recursion depth exceeded
`);
  expect(chain?.[0]?.frames.map((frame) => frame.code)).toEqual(["", "f()\n[Previous line repeated 996 more times]"]);
});

test("what has another form is left as text", () => {
  expect(readTraceback("  + Exception Group Traceback (most recent call last):\n  |   File …")).toBeNull();
  expect(readTraceback("goroutine 1 [running]:")).toBeNull();
  expect(readTraceback("")).toBeNull();
});

describe("whose file it is", () => {
  test.each([
    ["/srv/venv/lib/python3.12/site-packages/httpx/_client.py", true],
    ["/usr/lib/python3.11/asyncio/base_events.py", true],
    ["C:\\app\\.venv\\Lib\\site-packages\\x.py", true],
    ["<frozen importlib._bootstrap>", true],
    ["/srv/venv/src/taskflowmq/worker/executor.py", true],
    ["/srv/app/tasks/mail.py", false],
    ["/srv/mylib/python_tools/a.py", false],
    ["<string>", false],
  ])("%s", (file, library) => {
    expect(isLibrary(file)).toBe(library);
  });
});
