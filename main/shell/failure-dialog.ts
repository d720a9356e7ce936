/** What a person sees when the app cannot do its work: one sentence, one remedy, and what to do now. Never a stack. */
import { dialog } from 'electron';

import { isAppError } from '../../shared/contract/errors.ts';
import { errorText } from '../system/error-text.ts';
import type { EngineFailure } from './engine-handle.ts';

export async function askToRetry({ message, remedy }: EngineFailure): Promise<'retry' | 'quit'> {
  const { response } = await dialog.showMessageBox({
    type: 'error',
    title: 'Tollkeeper is not metering',
    message,
    detail: `${remedy}\nUntil then no call passes: clients that point at the proxy get no answer.`,
    buttons: ['Try again', 'Quit'],
    defaultId: 0,
    cancelId: 0,
    noLink: true,
  });
  return response === 1 ? 'quit' : 'retry';
}

/** For the start of the app, when there is nothing yet that could be tried again. Works before the app is ready. */
export function showStartFailure(error: unknown): void {
  const remedy = isAppError(error) ? error.remedy : 'Start it from a terminal to see more.';
  dialog.showErrorBox('Tollkeeper cannot start', `${errorText(error)}\n${remedy}`);
}
