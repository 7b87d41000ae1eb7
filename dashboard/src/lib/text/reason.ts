/** Words of the question why something is done. */
export const words = {
  label: "Reason",
  optional: "optional",
  required: "required",
  hint: "Kept in the audit.",
  missing: "Say why first: this server requires a reason.",
  /** What the audit keeps of a press on Undo. */
  undo: "undo",
};
