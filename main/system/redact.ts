/**
 * Takes secrets out of text before it reaches a log, an error or a crash report.
 * It knows the shapes of keys, not their values; prompts are kept out by never being passed here at all.
 */
/** A shape with a group keeps that part: of an address with a password, only the password goes. */
const secretShapes: readonly RegExp[] = [
  /sk-ant-[A-Za-z0-9_-]{4,}/g,
  /\b[sr]k_(?:live|test)_[A-Za-z0-9]{4,}/g,
  /\bwhsec_[A-Za-z0-9]{4,}/g,
  /\btk_[A-Za-z0-9_-]{8,}/g,
  /\bBearer\s+[A-Za-z0-9._~+/=-]{8,}/gi,
  /(\bpostgres(?:ql)?:\/\/[^:@\s/]+:)[^@\s]+@/g,
];

export function redact(text: string): string {
  return secretShapes.reduce(
    (result, shape) =>
      result.replace(shape, (_all, kept: unknown) => (typeof kept === 'string' ? `${kept}[redacted]@` : '[redacted]')),
    text,
  );
}
