import type { QueryClient } from "@tanstack/react-query";
import { type JobLog, type LogNews, withLines } from "@/api/logs";
import { keys } from "@/api/queries";

interface LogEvent {
  id: string;
  logs: LogNews;
}

/** Whether an event `job` tells of lines, and of nothing else. */
export function isLogEvent(value: unknown): value is LogEvent {
  return typeof value === "object" && value !== null && "logs" in value;
}

/** Put new lines behind those that are held. Where some are missing in between, the log is asked for from there. */
export function patchLog(client: QueryClient, id: string, news: LogNews): void {
  const key = keys.log(id);
  const held = client.getQueryData<JobLog>(key);
  if (news.lines.length > 0) {
    client.setQueryData<number>(keys.logCount(id), (count) =>
      count === undefined ? undefined : count + news.lines.length,
    );
  }
  if (!held) return;
  if (held.more) return;
  if (held.next !== news.after && held.next !== news.next) void client.invalidateQueries({ queryKey: key });
  else if (held.next === news.after && news.lines.length > 0) {
    client.setQueryData(key, withLines(held, { items: news.lines, next: news.next, more: false }));
  }
}
