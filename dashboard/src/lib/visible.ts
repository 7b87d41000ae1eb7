// Control and format characters, but line breaks, tabs, and the joiners that scripts and emoji are written with.
const HIDDEN = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}]/gu;

function escaped(character: string): string {
  let text = "";
  for (let i = 0; i < character.length; i++) {
    text += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
  }
  return text;
}

/**
 * Write what cannot be seen, or turns the direction of what follows, the way JSON does: `\u202e`. What a stranger wrote
 * must not look like something else.
 */
export function visible(text: string): string {
  return text.replace(HIDDEN, escaped);
}
