/** 64-bit FNV-1a of a text, in base 36: tells names apart that had to be cut. Not a secret, not a proof. Pure. */
export function textChecksum(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const character of text) {
    hash ^= BigInt(character.codePointAt(0) ?? 0);
    hash = BigInt.asUintN(64, hash * 0x100000001b3n);
  }
  return hash.toString(36);
}
