/** An answer that is no success, as the server's problem+json says it. */
export class Refused extends Error {
  override name = "Refused";

  constructor(
    /** HTTP status. */
    readonly status: number,
    /** Stable name of the problem: `not_found`, `conflict`. */
    readonly code: string,
    /** What, why, what to do next. */
    detail: string,
    readonly requestId: string | null,
    /** What is wrong with which field of the request. */
    readonly fields: readonly FieldError[] = [],
  ) {
    super(detail);
  }
}

export interface FieldError {
  /** JSON pointer into the body, `/args/to`, or the name of a parameter. */
  pointer: string;
  detail: string;
}

/** No answer came: the server is down or unreachable. */
export class Unreachable extends Error {
  override name = "Unreachable";
  readonly requestId = null;
}

/** Make a `Refused` of an answer; one that is no problem+json gets its status as code. */
export function refusedBy(response: Response, body: unknown): Refused {
  const problem = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const text = (name: string) => (typeof problem[name] === "string" ? problem[name] : undefined);
  const errors = Array.isArray(problem.errors) ? problem.errors : [];
  return new Refused(
    response.status,
    text("code") ?? `http_${response.status}`,
    text("detail") ?? text("title") ?? `${response.status} ${response.statusText}`.trim(),
    text("request_id") ?? response.headers.get("x-request-id"),
    errors.map((item) => ({ pointer: String(item?.pointer ?? ""), detail: String(item?.detail ?? "") })),
  );
}
