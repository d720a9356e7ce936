/** A port that cannot be opened, explained by the setting that chose it. */
import { AppError } from '../../shared/contract/errors.ts';
import { errorText } from '../system/error-text.ts';

/** Runs `listen` and turns its failure into AppError `port_in_use` with the flag that helps. */
export async function explainPortFailure<T>(
  what: 'proxy' | 'dashboard',
  port: number,
  listen: () => Promise<T>,
): Promise<T> {
  try {
    return await listen();
  } catch (error) {
    const flag = what === 'proxy' ? '--port' : '--ui-port';
    const isInUse = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    const reason = isInUse ? 'is in use' : `cannot be opened (${errorText(error)})`;
    throw new AppError(
      'port_in_use',
      `Port ${port} of the ${what} ${reason}.`,
      `Choose another with ${flag}, or 0 for a free one.`,
      error,
    );
  }
}
