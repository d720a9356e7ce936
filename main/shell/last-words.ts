/** After a quit: a notification that says how many meter events wait for Stripe. Knows no Electron: its class is given. */
import { quitSentence, type WaitingOutbox } from '../../shared/quit-words.ts';
import type { NotificationClass } from './notifications.ts';

/** `waiting` null: the engine could not say. */
export function sayLastWords(Notification: NotificationClass, waiting: WaitingOutbox | null): void {
  const sentence = waiting === null ? null : quitSentence(waiting);
  if (sentence === null || !Notification.isSupported()) return;
  new Notification({ title: 'Tollkeeper has quit', body: sentence }).show();
}
