/** Desktop notifications of what the limits say. Where the system shows none, the screen and the tray still do. */
import { Notification } from 'electron';

import type { LiveSnapshot } from '../../shared/contract/events.ts';
import { createNotices } from './notices.ts';

/** To be called with every live picture. */
export function openNotifications(onOpen: () => void): (snapshot: LiveSnapshot) => void {
  const notices = createNotices();
  return (snapshot) => {
    for (const { title, body } of notices(snapshot)) {
      if (!Notification.isSupported()) continue;
      const notification = new Notification({ title, body });
      notification.on('click', onOpen);
      notification.show();
    }
  };
}
