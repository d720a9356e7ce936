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

function apply(): void {
  document.documentElement.dataset['theme'] = currentTheme();
}

/** Called before the first paint. */
export function startTheme(): void {
  apply();
  systemDark.addEventListener('change', apply);
}

export function toggleTheme(): Theme {
  localStorage.setItem(storageKey, currentTheme() === 'dark' ? 'light' : 'dark');
  apply();
  return currentTheme();
}
