import { boot } from "./boot";
import { session } from "./session";

/** Quote a text for a POSIX shell; what needs no quotes stays bare. */
export function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Write a text as a Python literal. */
export function pythonText(text: string): string {
  return JSON.stringify(text);
}

interface Request {
  method?: "GET" | "POST" | "DELETE";
  /** Below the API, with its query: `/jobs/…`. */
  path: string;
  /** JSON text. */
  body?: string;
}

/** A call of the API as a command; the key comes from the environment, never from the page. */
export function curlOf({ method = "GET", path, body }: Request): string {
  const parts = ["curl"];
  if (method !== "GET") parts.push("-X", method);
  if (session().signedIn) parts.push("-H", '"Authorization: Bearer $TASKFLOW_API_KEY"');
  if (body !== undefined) parts.push("-H", "'Content-Type: application/json'", "-d", shellQuote(body));
  return [...parts, shellQuote(`${location.origin}${boot.api}${path}`)].join(" ");
}

/** A command of the CLI, with the tenant where it is not the default one. */
export function cliOf(...words: string[]): string {
  const { tenant } = session();
  const where = tenant === "default" ? [] : ["--tenant", tenant];
  return ["taskflow", ...[...words, ...where].map(shellQuote)].join(" ");
}

/** The path of one job's own page. */
export function jobPath(id: string): string {
  return `${boot.base}/jobs/${id}`;
}

/** The address of one job, on this server. */
export function jobLink(id: string): string {
  return `${location.origin}${jobPath(id)}`;
}

/** Reading a job, in each form. */
export function jobAs(id: string): { curl: string; cli: string; python: string } {
  return {
    curl: curlOf({ path: `/jobs/${id}` }),
    cli: cliOf("jobs", "show", id),
    python: `job = app.jobs.get(${pythonText(id)})`,
  };
}
