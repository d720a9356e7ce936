/** Light or dark: what the system says until a person chooses, then what they chose, remembered on this machine. */
export type Theme = 'light' | 'dark';

const storageKey = 'tollkeeper-theme';
const systemDark = window.matchMedia('(prefers-color-scheme: dark)');

function chosen(): Theme | null {
  const stored = localStorage.getItem(storageKey);
  return stored === 'light' || stored === 'dark' ? stored : null;
}

export function currentTheme(): Theme {
  return chosen() ?? (systemDark.matches ? 'dark' : 'light');
}

const listeners = new Set<() => void>();

function apply(): void {
  document.documentElement.dataset['theme'] = currentTheme();
  for (const listener of listeners) listener();
}

/** Told whenever it changes, by a person or by the system. Returns what ends it. */
export function onThemeChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Called before the first paint. */
export function startTheme(): void {
  apply();
  systemDark.addEventListener('change', apply);
}

export function toggleTheme(): void {
  localStorage.setItem(storageKey, currentTheme() === 'dark' ? 'light' : 'dark');
  apply();
}
