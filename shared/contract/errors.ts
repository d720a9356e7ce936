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
  /** Stripe said no, or nothing. */
  'stripe_failed',
  'changed_meanwhile',
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

/** What is wrong with one field of what somebody gave; the path leads to it from the outermost key. */
export type FieldProblem = {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly remedy: string;
};

/** Several things may be wrong at once: each with its field. The message names the first. */
export class FieldsError extends AppError {
  readonly fields: readonly FieldProblem[];

  constructor(fields: readonly FieldProblem[]) {
    const [first] = fields;
    const more = fields.length > 1 ? ` (and ${fields.length - 1} more)` : '';
    super(
      'bad_usage',
      `${first ? `${first.path.join('.')}: ${first.message}` : 'A field is wrong.'}${more}`,
      first?.remedy ?? '',
    );
    this.fields = fields;
  }
}

/** Also true for one that crossed a thread or a process and lost its class on the way. */
export function isAppError(error: unknown): error is AppError {
  if (error instanceof AppError) return true;
  if (!(error instanceof Error)) return false;
  const fields = error as Error & { code?: unknown; remedy?: unknown };
  return typeof fields.remedy === 'string' && errorCodes.some((code) => code === fields.code);
}
