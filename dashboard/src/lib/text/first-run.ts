/** Words of the first run: from nothing to a job that ran. */
export const words = {
  title: "Run your first job",
  lead: "No job has been enqueued here yet. Three steps lead to the first one; each is ticked off as it happens.",
  install: "Install",
  installHint: "Into the environment of your program, with Python 3.11 or newer.",
  installed: (version: string) => `This server runs version ${version}.`,
  installCode: "pip install 'taskflowmq[all]'",
  task: "Write a task",
  taskHint: "A function of your program becomes a task; calls of it become jobs.",
  taskCode: `# app.py
from taskflowmq import TaskFlow

app = TaskFlow()

@app.task
async def greet(name: str) -> str:
    return f"Hello, {name}!"`,
  tasks: (names: string[], more: number) =>
    more > 0 ? `Announced: ${names.join(", ")} and ${more} more.` : `Announced: ${names.join(", ")}.`,
  taskWaits: "Waits for a program that announces a task; a worker does when it starts.",
  worker: "Start a worker",
  workerHint: (store: string) =>
    store === "SQLite"
      ? "In the folder of this server's database file, or with the same DATABASE_URL."
      : "With the same DATABASE_URL as this server.",
  workerCode: "taskflow worker app:app",
  workerLives: (name: string, host: string, slots: number) =>
    `Worker ${name} on ${host} is ready: ${slots} ${slots === 1 ? "slot" : "slots"}.`,
  workerWaits: "Waits for a worker…",
  enqueue: "Enqueue your first job",
  enqueueHint: "From this page, or from your program:",
  enqueueCode: `python -c 'from app import greet; greet.enqueue("world")'`,
  done: "Done",
  open: "To do",
  copyOf: (step: string) => `Copy: ${step}`,
} as const;
