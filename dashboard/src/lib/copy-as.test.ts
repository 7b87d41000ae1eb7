import { afterEach, expect, test } from "vitest";
import { cliOf, curlOf, jobAs, jobLink, pythonText, shellQuote } from "./copy-as";
import { session, setSession } from "./session";

const first = session();
afterEach(() => setSession(first));

const ID = "01a22889-3704-73e4-a1a6-5c2011bef2c3";

test("a shell takes every text as one word", () => {
  expect(shellQuote("queue:mail")).toBe("queue:mail");
  expect(shellQuote("")).toBe("''");
  expect(shellQuote("it's; rm -rf $HOME")).toBe("'it'\\''s; rm -rf $HOME'");
  expect(pythonText('a"b')).toBe('"a\\"b"');
});

test("a key comes from the environment, and only where one is needed", () => {
  expect(curlOf({ path: `/jobs/${ID}` })).toBe(`curl http://localhost:3000/api/v1/jobs/${ID}`);
  setSession({ ...first, signedIn: true });
  expect(curlOf({ method: "POST", path: "/jobs/retry", body: '{"ids":["x"]}' })).toBe(
    `curl -X POST -H "Authorization: Bearer $TASKFLOW_API_KEY" -H 'Content-Type: application/json' -d '{"ids":["x"]}' http://localhost:3000/api/v1/jobs/retry`,
  );
});

test("a job in every form", () => {
  setSession({ ...first, tenant: "acme" });
  expect(jobAs(ID)).toEqual({
    curl: `curl http://localhost:3000/api/v1/jobs/${ID}`,
    cli: `taskflow jobs show ${ID} --tenant acme`,
    python: `job = app.jobs.get("${ID}")`,
  });
  expect(cliOf("jobs", "list", "--tag", "two words")).toBe("taskflow jobs list --tag 'two words' --tenant acme");
  expect(jobLink(ID)).toBe(`http://localhost:3000/jobs/${ID}`);
});
