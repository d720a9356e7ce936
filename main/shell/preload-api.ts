/** The channels between the preload and the shell; what the page is given of them stands in shared/contract/desktop.ts. */
export const desktopChannels = {
  version: 'tollkeeper:version',
  openExternal: 'tollkeeper:open-external',
  open: 'tollkeeper:open',
} as const;
