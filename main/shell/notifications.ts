/**
 * Desktop notifications of what the limits say, and of what leaves its invoice. Where the system shows none, the screen and the tray still do. Knows no Electron: its class is given.
 *
 * Electron forgets a notification that nobody holds, and its click with it (electron#16922): each is held until it is clicked or closed, and of those that
 * are neither, only so many.
 */
import type { LiveSnapshot } from '../../shared/contract/events.ts';
import { createNotices } from './notices.ts';

export type ShownNotification = {
  readonly on: {
    (event: 'click', listener: () => void): unknown;
    (event: 'close', listener: () => void): unknown;
  };
  readonly show: () => void;
};

/** Electron's, or a test's. */
export type NotificationClass = {
  new (words: { readonly title: string; readonly body: string }): ShownNotification;
  readonly isSupported: () => boolean;
};

const heldMax = 50;

/** To be called with every live picture. `onOpen` is told the path of the screen that was clicked for. */
export function openNotifications(
  Notification: NotificationClass,
  onOpen: (path: string) => void,
): (snapshot: LiveSnapshot) => void {
  const notices = createNotices();
  const held = new Set<ShownNotification>();
  return (snapshot) => {
    // Also where none is shown: what is told is told.
    const fresh = notices(snapshot);
    if (!Notification.isSupported()) return;
    for (const { title, body, path } of fresh) {
      const notification = new Notification({ title, body });
      notification.on('click', () => {
        held.delete(notification);
        onOpen(path);
      });
      notification.on('close', () => void held.delete(notification));
      held.add(notification);
      for (const oldest of held) {
        if (held.size <= heldMax) break;
        held.delete(oldest);
      }
      notification.show();
    }
  };
}
