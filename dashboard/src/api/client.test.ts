import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { session, setSession } from "@/lib/session";
import { client, mayRetry, take } from "./client";
import { formatJson } from "./json";
import { Refused, Unreachable } from "./refused";
import { signIn, signOut } from "./session";

const server = setupServer();
const API = "http://localhost:3000/api/v1";
const first = session();
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => setSession(first));
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const getJob = () => take(client.GET("/api/v1/jobs/{job_id}", { params: { path: { job_id: "x" } } }));

test("an answer keeps the digits of its numbers", async () => {
  server.use(http.get(`${API}/jobs/x`, () => new HttpResponse('{"args":{"id":9007199254740993}}')));
  const job = await getJob();
  expect(formatJson(job.args)).toBe('{"id":9007199254740993}');
});

test("a problem becomes a Refused with code, detail, fields and request id", async () => {
  const problem = {
    title: "Invalid",
    status: 422,
    code: "invalid",
    detail: "args: unknown argument 'x'",
    request_id: "d86fc2e67f0b2f54",
    errors: [{ pointer: "/args/x", detail: "unknown argument" }],
  };
  server.use(http.get(`${API}/jobs/x`, () => HttpResponse.json(problem, { status: 422 })));
  const error = await getJob().catch((caught) => caught);
  expect(error).toBeInstanceOf(Refused);
  expect(error).toMatchObject({
    status: 422,
    code: "invalid",
    message: "args: unknown argument 'x'",
    requestId: "d86fc2e67f0b2f54",
    fields: [{ pointer: "/args/x", detail: "unknown argument" }],
  });
  expect(mayRetry(error)).toBe(false);
});

test("an answer of a proxy that is no problem is still an error with its request id", async () => {
  server.use(
    http.get(
      `${API}/jobs/x`,
      () => new HttpResponse("<html>", { status: 502, statusText: "Bad Gateway", headers: { "x-request-id": "7" } }),
    ),
  );
  const error = await getJob().catch((caught) => caught);
  expect(error).toMatchObject({ code: "http_502", message: "502 Bad Gateway", requestId: "7" });
  expect(mayRetry(error)).toBe(true);
});

test("no answer is an Unreachable", async () => {
  server.use(http.get(`${API}/jobs/x`, () => HttpResponse.error()));
  const error = await getJob().catch((caught) => caught);
  expect(error).toBeInstanceOf(Unreachable);
  expect(mayRetry(error)).toBe(true);
});

test("a call that was given up is no outage", async () => {
  server.use(http.get(`${API}/jobs/x`, () => HttpResponse.json({})));
  const signal = AbortSignal.abort();
  const call = client.GET("/api/v1/jobs/{job_id}", { params: { path: { job_id: "x" } }, signal });
  const error = await call.catch((caught) => caught);
  expect(error).not.toBeInstanceOf(Unreachable);
  expect(error.name).toBe("AbortError");
});

test("401 ends the session, a refused sign-in does not", async () => {
  server.use(
    http.post(`${API}/session`, () => HttpResponse.json({ code: "unauthorized", detail: "no" }, { status: 401 })),
    http.get(`${API}/jobs/x`, () => HttpResponse.json({ code: "unauthorized" }, { status: 401 })),
  );
  await expect(signIn("wrong")).rejects.toBeInstanceOf(Refused);
  expect(session().role).toBe("owner");
  await expect(getJob()).rejects.toBeInstanceOf(Refused);
  expect(session()).toMatchObject({ role: null, ended: true });
});

test("sign-in and sign-out", async () => {
  const who = { actor: "ada", role: "viewer", permissions: ["jobs:read"], tenant: "default", expires_at: null };
  let body: unknown;
  server.use(
    http.post(`${API}/session`, async ({ request }) => {
      expect(request.headers.get("content-type")).toBe("application/json");
      body = await request.json();
      return HttpResponse.json(who);
    }),
    http.delete(`${API}/session`, () => new HttpResponse(null, { status: 204 })),
  );
  await signIn("key");
  expect(body).toEqual({ api_key: "key" });
  expect(session()).toMatchObject({ actor: "ada", role: "viewer", permissions: ["jobs:read"], signedIn: true });
  await signOut();
  expect(session()).toMatchObject({ role: null, ended: false });
});
