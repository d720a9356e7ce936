/** An error in words. Apart from the log, so that a command that keeps none does not load one. */
import { redact } from './redact.ts';

/** The words of an error for a log line: its message and its cause's, redacted, never its stack in production lines. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return redact(String(error));
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return redact(`${error.message}${cause}`);
}
