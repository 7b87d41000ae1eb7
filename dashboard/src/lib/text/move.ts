/** Words of another queue or priority for a job. */
export const words = {
  item: "Move…",
  title: (task: string) => `Move ${task}`,
  hint: (isReady: boolean) =>
    isReady
      ? "The job leaves its place and goes behind those that are ready in the new one."
      : "The job waits for the same time, and becomes ready in its new place.",
  verb: "Move job",
  queue: "Queue",
  queueWrong: "Letters, digits and _.:/- only, with a letter or digit first.",
  isNew: "No queue has this name yet: it is created.",
  isPaused: "This queue is paused: what is ready waits until it is resumed.",
  isUnserved: "No worker serves this queue now.",
  priority: "Priority",
  priorityHint: "A lower value runs sooner.",
  priorityWrong: "A whole number from -100 to 100.",
  asItIs: "As it is",
  nothing: "Choose another queue or priority",
  noPlace: "Give a queue, a priority, or both",
  done: (task: string, queue: string, priority: number) => `${task} is in ${queue} with priority ${priority}`,
  notWaiting: "Only jobs that are pending, scheduled or retrying can be moved",
} as const;
