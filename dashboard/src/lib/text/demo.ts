/** Words of the banner of a public demonstration. */
export const demo = {
  label: "Public demonstration",
  text: "This is a public demonstration with made-up work. Look at everything; nothing you do here changes it.",
  reset: (minutes: number) =>
    minutes <= 1 ? "It starts over within a minute." : `It starts over in ${minutes} minutes.`,
  enqueue: "Enqueue a demo job",
  enqueued: (task: string) => `Enqueued ${task}`,
  left: (n: number) => (n === 0 ? "That was the last one of this hour." : `${n} more in this hour.`),
  failed: "No job was enqueued",
} as const;
