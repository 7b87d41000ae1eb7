const RULES = new Intl.PluralRules("en");

/**
 * Choose the form of a word that goes with a number.
 *
 * @example plural(n, { one: "job", other: "jobs" })
 */
export function plural(n: number, forms: { one: string; other: string }): string {
  return RULES.select(n) === "one" ? forms.one : forms.other;
}
