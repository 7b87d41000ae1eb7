/** What the server shows in the place of a value that a rule hides. */
export const MASK = "••• (redacted)";

/** The same as JSON text. */
export const MASK_JSON = JSON.stringify(MASK);
