/** The rail: the nouns of the product, a badge only where a person has something to do. Behind a button when narrow. */
import { useState, useSyncExternalStore } from 'react';
import { Link, useRoute } from 'wouter';

import { routes } from '../routes.tsx';
import { currentTheme, onThemeChange, toggleTheme } from './theme.ts';

type RailProps = { readonly machine: string; readonly badges: Readonly<Record<string, string>> };

export function Rail({ machine, badges }: RailProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <div className="border-line min-[721px]:border-r">
      <div className="flex items-center gap-2 px-5 pt-4 pb-2 text-[15px] font-[650] tracking-[-0.01em]">
        <Mark />
        Tollkeeper
        <button
          type="button"
          className="control ml-auto min-[721px]:hidden"
          aria-expanded={isOpen}
          aria-controls="rail"
          onClick={() => setOpen(!isOpen)}
        >
          Menu
        </button>
      </div>
      <nav
        id="rail"
        aria-label="Screens"
        className={`${isOpen ? 'flex' : 'hidden'} sticky top-0 flex-col gap-0.5 px-3 py-2 min-[721px]:flex min-[721px]:h-[calc(100vh-52px)]`}
      >
        {routes.map(({ noun, path, pattern }) => (
          <RailLink
            key={path}
            noun={noun}
            path={path}
            pattern={pattern}
            badge={badges[noun] ?? null}
            onGo={() => setOpen(false)}
          />
        ))}
        <div className="mt-auto flex flex-col items-start gap-2 px-2.5 py-2 text-xs text-faint">
          <ThemeButton />
          <span>
            This machine:
            <br />
            {machine}
          </span>
        </div>
      </nav>
    </div>
  );
}

type RailLinkProps = {
  readonly noun: string;
  readonly path: string;
  readonly pattern: string;
  readonly badge: string | null;
  readonly onGo: () => void;
};

function RailLink({ noun, path, pattern, badge, onGo }: RailLinkProps) {
  const [isHere] = useRoute(pattern);
  const here = isHere ? 'bg-surface text-text ring-1 ring-line' : 'text-dim hover:text-text';
  return (
    <Link
      href={path}
      onClick={onGo}
      aria-current={isHere ? 'page' : undefined}
      className={`flex justify-between rounded-md px-2.5 py-1.5 ${here}`}
    >
      {noun}
      {badge === null ? null : <b className="font-medium text-warn">{badge}</b>}
    </Link>
  );
}

function ThemeButton() {
  const theme = useSyncExternalStore(onThemeChange, currentTheme);
  return (
    <button type="button" className="control" onClick={toggleTheme}>
      {theme === 'dark' ? 'Light' : 'Dark'} theme
    </button>
  );
}

function Mark() {
  return (
    <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
      <rect x="1" y="3" width="3" height="13" rx="1" fill="var(--accent)" />
      <rect x="4" y="4.5" width="13" height="3.4" rx="1.2" fill="var(--accent)" transform="rotate(-14 4 6)" />
    </svg>
  );
}
