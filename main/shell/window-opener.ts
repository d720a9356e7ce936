/**
 * The one window, opened or brought to the front, at a screen where one is asked for. Knows no Electron: how a window is made is given. An open page is told
 * to go to the screen and is not loaded anew, so that what somebody types there stays.
 */
export type OpenedWindow = {
  readonly isMinimized: () => boolean;
  readonly restore: () => void;
  readonly show: () => void;
  readonly focus: () => void;
  /** Tells the page to go to a screen. */
  readonly goTo: (path: string) => void;
  readonly onClosed: (listener: () => void) => void;
};

/** `path` null: as it is, or at its first screen. A new one shows itself once it has a picture. */
export function createWindowOpener(make: (path: string) => OpenedWindow): (path?: string | null) => void {
  let window: OpenedWindow | null = null;
  return (path = null) => {
    if (window !== null) {
      if (window.isMinimized()) window.restore();
      window.show();
      window.focus();
      if (path !== null) window.goTo(path);
      return;
    }
    window = make(path ?? '/');
    window.onClosed(() => {
      window = null;
    });
  };
}
