/** Words of another time for a job. */
export const words = {
  item: "Reschedule…",
  title: (task: string) => `Reschedule ${task}`,
  hint: (isReady: boolean) =>
    isReady
      ? "The job leaves its place among the ready ones. When it is due, it is claimed after those that are ready then."
      : "The job is ready at this time instead.",
  verb: "Reschedule job",
  time: "Due at",
  timeHint: (zone: string) => `In your time zone, ${zone}`,
  gap: (at: string) => `The clock skips this time; ${at} is used.`,
  overlap: "The clock shows this time twice; the first one is used.",
  over: "This time is over: the job is due now.",
  noTime: "Give a time.",
  inOneHour: "In 1 hour",
  inOneDay: "In 24 hours",
  inOneWeek: "In 7 days",
  presets: "Times that are often wanted",
  done: (task: string, at: string) => `${task} is due ${at}`,
  doneNow: (task: string) => `${task} is due now`,
  notWaiting: "Only jobs that are pending, scheduled or retrying can be rescheduled",
} as const;
