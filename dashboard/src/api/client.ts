import createClient, { type Client } from "openapi-fetch";
import { boot } from "@/lib/boot";
import { endSession } from "@/lib/session";
import { kit } from "@/lib/text/kit";
import { formatJson, parseJson } from "./json";
import { Refused, refusedBy, Unreachable } from "./refused";
import type { paths } from "./schema";

const raw = createClient<paths>({
  baseUrl: boot.base,
  credentials: "same-origin",
  bodySerializer: (body) => formatJson(body),
  // Looked up at each call, so that tests can put their own in its place.
  fetch: (request) => globalThis.fetch(request),
});

raw.use({
  onError({ error }) {
    // Given up by the caller: a query whose page has gone.
    if (error instanceof DOMException && error.name === "AbortError") return;
    return new Unreachable(kit.noConnection);
  },
  async onResponse({ response, schemaPath }) {
    if (response.ok) return;
    const refused = refusedBy(response, parsed(await response.text()));
    // A refused sign-in is an answer to the form, not the end of a session.
    if (refused.status === 401 && schemaPath !== "/api/v1/session") endSession();
    throw refused;
  },
});

function parsed(text: string): unknown {
  try {
    return text === "" ? undefined : parseJson(text);
  } catch {
    return undefined;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the methods keep their own types, which differ for each path
type Method = (url: any, init?: any) => Promise<{ data?: any; error?: any; response: Response }>;

/** Answers are read as text, so that no digit of a number gets lost. */
function lossless<M>(method: M): M {
  const call: Method = async (url, init) => {
    const { data, ...rest } = await (method as Method)(url, { ...init, parseAs: "text" });
    return { ...rest, data: data === undefined || data === "" ? undefined : parseJson(data) };
  };
  return call as M;
}

function asText<M>(method: M): M {
  const call: Method = (url, init) => (method as Method)(url, { ...init, parseAs: "text" });
  return call as M;
}

/** The API, typed by its description. Throws `Refused` or `Unreachable`. */
export const client: Client<paths> = {
  ...raw,
  GET: lossless(raw.GET),
  POST: lossless(raw.POST),
  PUT: lossless(raw.PUT),
  PATCH: lossless(raw.PATCH),
  DELETE: lossless(raw.DELETE),
};

/** Answers as the text they are, for payloads of which not even the order of keys may change. */
export const texts: Pick<Client<paths>, "GET"> = { GET: asText(raw.GET) };

/** The body of an answer: `await take(client.GET("/api/v1/jobs"))`. */
export async function take<T>(call: Promise<{ data?: T; response: Response }>): Promise<T> {
  return (await call).data as T;
}

/** The body of an answer of `texts`. */
export async function takeText(call: Promise<{ data?: unknown; response: Response }>): Promise<string> {
  return String((await call).data ?? "");
}

/** Whether asking again may help: no answer came, or the server was too busy. */
export function mayRetry(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof Refused && [429, 502, 503, 504].includes(error.status));
}
