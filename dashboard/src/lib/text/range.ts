import { plural } from "./plural";

/** Words of time ranges and of the steps of charts. */
export const range = {
  label: "Time range",
  last: {
    "15m": "Last 15 minutes",
    "1h": "Last hour",
    "6h": "Last 6 hours",
    "24h": "Last 24 hours",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
  },
  /** Inside of a sentence: "12 jobs died in the last hour". */
  inLast: {
    "15m": "in the last 15 minutes",
    "1h": "in the last hour",
    "6h": "in the last 6 hours",
    "24h": "in the last 24 hours",
    "7d": "in the last 7 days",
    "30d": "in the last 30 days",
  },
  per: (seconds: number) => {
    if (seconds % 3600 === 0) return per(seconds / 3600, { one: "hour", other: "hours" });
    return per(Math.round(seconds / 60), { one: "minute", other: "min" });
  },
} as const;

function per(n: number, forms: { one: string; other: string }): string {
  return n === 1 ? `per ${forms.one}` : `per ${n} ${plural(n, forms)}`;
}
