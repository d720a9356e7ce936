/** As a `ref`: what takes the place of something that had the focus takes the focus too, when it appears and not again. */
export function focusOnce(element: HTMLElement | null): void {
  element?.focus();
}
