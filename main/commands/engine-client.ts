/** Speaks to the engine that runs on a home folder, over its dashboard's API, with the token from the engine's own file. */
import { apiErrorSchema } from '../../shared/contract/api-error.ts';
import { AppError } from '../../shared/contract/errors.ts';
import { readEngineFile } from '../system/engine-file.ts';

export type EngineClient = {
  readonly ask: (method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown) => Promise<unknown>;
};

const answerTimeoutMs = 120_000;

/** Null when no engine runs there. */
export function connectEngine(home: string): EngineClient | null {
  const engine = readEngineFile(home);
  if (engine === null) return null;
  return {
    ask: async (method, path, body) => {
      const response = await fetch(`${engine.dashboardUrl}${path}`, {
        method,
        headers: { authorization: `Bearer ${engine.token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(answerTimeoutMs),
      });
      const answer: unknown = await response.json();
      if (response.ok) return answer;
      const told = apiErrorSchema.safeParse(answer);
      if (told.success) throw new AppError(told.data.error.code, told.data.error.message, told.data.error.remedy);
      throw new AppError(
        'engine_failed',
        `The running engine answered ${response.status}.`,
        'See its log in the home folder.',
      );
    },
  };
}
