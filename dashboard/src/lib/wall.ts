import { offsetMinutes } from "./zone";

/** An instant as `<input type="datetime-local">` takes it, on the clock of a zone: `2026-11-30T18:20`. */
export function wallOf(at: number, zone: string): string {
  return new Date(at + offsetMinutes(zone, at) * 60_000).toISOString().slice(0, 16);
}
