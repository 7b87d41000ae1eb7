const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

function base64url(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const left = Math.min(3, bytes.length - i);
    const word = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    for (let k = 0; k <= left; k++) text += ALPHABET[(word >> (18 - 6 * k)) & 63];
  }
  return text;
}

/** 128 random bits in 22 characters: an idempotency key. `crypto.randomUUID` does not exist on plain HTTP. */
export function newKey(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(16)));
}

/** A UUID in 22 characters of base64url, as the live feed takes ids. */
export function compactId(uuid: string): string {
  const hex = uuid.replaceAll("-", "");
  if (!/^[0-9a-f]{32}$/i.test(hex)) throw new Error(`${uuid} is not a UUID`);
  return base64url(Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16)));
}

/** The first 8 characters: enough to tell workers apart on a page. */
export function shortId(uuid: string): string {
  return uuid.slice(0, 8);
}

/** The end of an id: what tells a job from those that were made within the same minute. */
export function lastOf(uuid: string): string {
  return `…${uuid.slice(-8)}`;
}
