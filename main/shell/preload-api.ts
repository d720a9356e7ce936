/** What the page gets of the desktop app: three functions, and nothing of Electron. Everything else goes through the API, so headless has it too. */
export type DesktopApi = {
  readonly platform: () => string;
  readonly version: () => Promise<string>;
  /** Opens a link in the browser if its host is on the list; says whether it was. */
  readonly openExternal: (address: string) => Promise<boolean>;
};

/** Where the page finds it: `window.tollkeeperDesktop`. */
export const desktopApiName = 'tollkeeperDesktop';

export const desktopChannels = { version: 'tollkeeper:version', openExternal: 'tollkeeper:open-external' } as const;
