/** Words of durations, ages and rates. */
export const time = {
  now: "now",
  ago: (age: string) => `${age} ago`,
  ahead: (age: string) => `in ${age}`,
  milliseconds: (n: string) => `${n} ms`,
  seconds: (n: string) => `${n} s`,
  minutes: (n: string) => `${n} m`,
  hours: (n: string) => `${n} h`,
  days: (n: string) => `${n} d`,
  minutesAndSeconds: (m: string, s: string) => `${m} m ${s} s`,
  hoursAndMinutes: (h: string, m: string) => `${h} h ${m} m`,
  daysAndHours: (d: string, h: string) => `${d} d ${h} h`,
  perSecond: (n: string) => `${n}/s`,
  perMinute: (n: string) => `${n}/min`,
  perHour: (n: string) => `${n}/h`,
  percent: (n: string) => `${n} %`,
} as const;
