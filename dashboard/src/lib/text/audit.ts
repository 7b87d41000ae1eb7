/** Words of the audit. */
export const words = {
  what: "the audit",
  list: "Acts of operators",
  filter: "Filter",
  filterPlaceholder: "actor:ada, action:job.retry, queue:mail",
  filterHint: "An action, an object such as queue:mail, or who acted.",
  clear: "Clear filter",
  anyTime: "Any time",
  time: "Time",
  actor: "Who",
  action: "Action",
  object: "Object",
  reason: "Why",
  count: "Jobs",
  via: "Via",
  role: "Role",
  request: "Request",
  query: "Filter",
  before: "Before",
  after: "After",
  nothing: "Nothing",
  copyBefore: "Copy before",
  copyAfter: "Copy after",
  act: (action: string) => `Act ${action}`,
  rowName: (action: string, object: string) => `${action} ${object}`,
  open: (object: string) => `Open ${object}`,
  onlyThis: (what: string) => `Only ${what}`,
  none: "No acts yet",
  noneHint:
    "When somebody retries, cancels or deletes jobs, pauses a queue or drains a worker, it is kept here with who and why.",
  noMatch: (filter: string) => `No act matches ${filter}`,
  gone: "This act is not in the audit",
  goneHint: "It is older than the audit is kept, or the link is wrong.",
  more: "more acts",
  via_rest: "REST",
  via_cli: "Command line",
  via_python: "Python",
} as const;

const VIA: { [via: string]: string } = { rest: words.via_rest, cli: words.via_cli, python: words.via_python };

export function viaWord(via: string): string {
  return VIA[via] ?? via;
}
