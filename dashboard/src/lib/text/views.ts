/** Words of saved views of the list of jobs. */
export const words = {
  views: "Views",
  /** Of the button, where a view is open: "View: Mail that fails". */
  current: (name: string) => `View: ${name}`,
  changed: "changed",
  builtIn: "Built in",
  shared: "Shared",
  own: "Yours",
  loading: "Loading…",
  failed: "Views cannot be read",
  again: "Try again",
  save: "Save this view…",
  saveChanges: "Save changes",
  rename: "Rename or share…",
  remove: "Delete view…",
  copyLink: "Copy link to this view",
  saveTitle: "Save this view",
  saveHint: "Filter, order, time range and columns, under a name.",
  renameTitle: "Rename or share",
  name: "Name",
  nameMissing: "Give it a name.",
  shareWithAll: "Shared with everyone who reads these jobs",
  saveVerb: "Save view",
  renameVerb: "Save",
  deleteTitle: (name: string) => `Delete the view “${name}”?`,
  deleteOwn: "Links to it show the same jobs as before. No job is deleted.",
  deleteShared: "Nobody will find it any more. Links to it show the same jobs as before. No job is deleted.",
  deleteVerb: "Delete view",
  saved: (name: string) => `View “${name}” saved`,
  deleted: (name: string) => `View “${name}” deleted`,
  refused: "The view was not saved",
} as const;

/** Names of the built-in views; one of a later server has the name that it says. */
const BUILT_IN: { [key: string]: string } = {
  "failing-now": "Failing now",
  "dead-letters": "Dead letters",
  "running-long": "Running long",
  "waiting-long": "Waiting long",
};

export function viewWord(view: { key: string | null; name: string }): string {
  return (view.key !== null && BUILT_IN[view.key]) || view.name;
}
