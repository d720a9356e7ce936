/** Some bytes out of the middle of a base64 text, without decoding the rest. Pure. Characters that are no base64 read as zero bits; it never throws. */

export const base64Alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

const valueOf = new Uint8Array(128);
for (let value = 0; value < base64Alphabet.length; value++) valueOf[base64Alphabet.charCodeAt(value)] = value;

/** The byte at `index` of what the text encodes; 0 beyond its end. */
export function base64Byte(base64: string, index: number): number {
  const character = Math.floor(index / 3) * 4 + (index % 3);
  const high = valueOf[base64.charCodeAt(character)] ?? 0;
  const low = valueOf[base64.charCodeAt(character + 1)] ?? 0;
  // Eight bits out of two characters of six: which, goes by the place in the group of three bytes.
  return ((high << (2 + (index % 3) * 2)) | (low >> (4 - (index % 3) * 2))) & 0xff;
}

export function base64Bytes(base64: string, from: number, length: number): number[] {
  return Array.from({ length }, (_, index) => base64Byte(base64, from + index));
}
