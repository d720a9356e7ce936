/**
 * The page's requests to `/api/secrets`, answered by the shell itself: the keychain is here, and a key that somebody enters goes from the page's form into it and
 * to the engine's process, through no other hands. No answer holds a key, no error quotes one, and nothing is logged. Knows no Electron.
 */
import type { ApiError } from '../../shared/contract/api-error.ts';
import { AppError, isAppError } from '../../shared/contract/errors.ts';
import { secretNames, setSecretSchema, type SecretName } from '../../shared/contract/secrets.ts';
import type { SecretKeeper } from './secret-keeper.ts';

const root = '/api/secrets';

/** A key is short; what is longer is none. */
const bodyCharsMax = 20_000;

export function isSecretsPath(path: string): boolean {
  return path === root || path.startsWith(`${root}/`);
}

/** `path` without the query. */
export async function answerSecrets(request: Request, path: string, keeper: SecretKeeper): Promise<Response> {
  try {
    const name = nameIn(path);
    if (name === null && request.method === 'GET') return answer(200, keeper.view());
    if (name === null || !['PUT', 'DELETE'].includes(request.method))
      throw new AppError('not_found', 'There is no such resource.', 'See docs/architecture.md for what there is.');
    await keeper.set(name, request.method === 'DELETE' ? null : await valueOf(request));
    return answer(200, keeper.view());
  } catch (error) {
    // A bug, too, is told without its message: that could quote the body.
    const { code, message, remedy } = isAppError(error)
      ? error
      : new AppError(
          'engine_failed',
          'The key could not be kept.',
          'Try again; if it fails again, set it in the environment.',
        );
    return answer(statusOf(code), { error: { code, message, remedy } } satisfies ApiError);
  }
}

/** Null for the whole of them. @throws AppError `not_found`. */
function nameIn(path: string): SecretName | null {
  if (path === root) return null;
  const name = secretNames.find((known) => path === `${root}/${known}`);
  if (name !== undefined) return name;
  throw new AppError('not_found', 'There is no such key.', `There are ${secretNames.join(', ')}.`);
}

async function valueOf(request: Request): Promise<string> {
  const text = await request.text();
  const parsed = setSecretSchema.safeParse(text.length > bodyCharsMax ? null : parse(text));
  if (parsed.success) return parsed.data.value;
  throw new AppError(
    'bad_usage',
    'The body is no {"value": …} with a key.',
    'Send the key as the value of that object.',
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's error would quote the text.
    return null;
  }
}

function statusOf(code: AppError['code']): number {
  if (code === 'bad_usage') return 400;
  if (code === 'not_found') return 404;
  return code === 'bad_settings' ? 409 : 500;
}

/** In no cache, though it holds no key. */
function answer(status: number, body: unknown): Response {
  return Response.json(body, { status, headers: { 'cache-control': 'no-store' } });
}
