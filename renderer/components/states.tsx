/** The states every screen has besides its content: loading, empty, failed, stale. Each says what to do. */
import type { ReactNode } from 'react';

import { ApiFailure } from '../data/api.ts';
import { CopyLine } from './copy-line.tsx';
import { EngineWords } from './engine-words.tsx';

export function Loading({ what }: { readonly what: string }) {
  return (
    <p role="status" className="py-10 text-dim">
      Reading {what}…
    </p>
  );
}

export function Failed({ error }: { readonly error: Error }) {
  const remedy = error instanceof ApiFailure ? error.remedy : 'Reload the page.';
  return (
    <div role="alert" className="rounded-card border border-stop bg-stop-soft px-4 py-3">
      <b className="font-semibold">{error.message}</b> <EngineWords text={remedy} />
    </div>
  );
}

/** A line above content that is older than it looks. */
export function Notice({
  tone = 'look',
  children,
}: {
  readonly tone?: 'look' | 'stopped';
  readonly children: ReactNode;
}) {
  const colours = tone === 'look' ? 'bg-warn-soft border-warn' : 'bg-stop-soft border-stop';
  return (
    <div role="status" className={`mb-4 rounded-md border px-3 py-2 text-[13px] ${colours}`}>
      {children}
    </div>
  );
}

export function Empty({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <div className="rounded-card border border-dashed border-line px-5 py-8 text-dim">
      <p className="mb-2 text-base font-semibold text-text">{title}</p>
      {children}
    </div>
  );
}

/** What a newcomer does first: point a client at the proxy. */
export function NoCalls({ proxyUrl }: { readonly proxyUrl: string }) {
  return (
    <Empty title="No calls yet">
      <p className="mb-3">Point a client at the proxy and its calls appear here, priced, within a second:</p>
      <CopyLine text={`export ANTHROPIC_BASE_URL=${proxyUrl}`} />
      <p className="mt-3">
        Name who and what for in the address, as in <code className="break-all">{proxyUrl}/@alice/webshop</code>.
      </p>
    </Empty>
  );
}
