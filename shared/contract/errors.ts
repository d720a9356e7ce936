/**
 * Errors that are only reported: a code for programs, one sentence and one remedy for people. Bugs are not AppErrors; they assert
 * and crash. The message may name files, ports and models, never a key, a token or a prompt.
 */
export const errorCodes = [
  'bad_usage',
  'bad_settings',
  'not_found',
  'not_authorized',
  'wrong_host',
  'port_in_use',
  'home_in_use',
  'home_mismatch',
  'ledger_unreadable',
  'stripe_not_set_up',
  'engine_failed',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

export class AppError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string;

  constructor(code: ErrorCode, message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'AppError';
    this.code = code;
    this.remedy = remedy;
  }
}

/** Also true for one that crossed a thread or a process and lost its class on the way. */
export function isAppError(error: unknown): error is AppError {
  if (error instanceof AppError) return true;
  if (!(error instanceof Error)) return false;
  const fields = error as Error & { code?: unknown; remedy?: unknown };
  return typeof fields.remedy === 'string' && errorCodes.some((code) => code === fields.code);
}
