/** What the page has of the desktop app, where it runs in one; in a browser nothing. */
import type { DesktopApi } from '../../shared/contract/desktop.ts';

declare global {
  interface Window {
    readonly tollkeeperDesktop?: DesktopApi;
  }
}

/** A notification was clicked, say: `go` is given the path of its screen. Returns what ends it. */
export function onOpenFromDesktop(go: (path: string) => void): () => void {
  return window.tollkeeperDesktop?.onOpen(go) ?? (() => {});
}
