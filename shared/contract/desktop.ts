/** What the page gets of the desktop app, where it runs in one: four functions, and nothing of Electron. Everything else goes through the API, so headless has it too. */
export type DesktopApi = {
  readonly platform: () => string;
  readonly version: () => Promise<string>;
  /** Opens a link in the browser if its host is on the list; says whether it was. */
  readonly openExternal: (address: string) => Promise<boolean>;
  /** A screen is asked for from outside of the page (a notification was clicked): its path. Returns what ends it. */
  readonly onOpen: (listener: (path: string) => void) => () => void;
};

/** Where the page finds it: `window.tollkeeperDesktop`. */
export const desktopApiName = 'tollkeeperDesktop';
