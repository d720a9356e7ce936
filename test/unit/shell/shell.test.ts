/** The parts of the desktop shell that decide without Electron: addresses, links, restarts, the tray's words, the engine's messages. */
import { describe, expect, it } from 'vitest';

import { fromEngineSchema, toEngineSchema } from '../../../shared/contract/engine-process.ts';
import type { LiveSnapshot } from '../../../shared/contract/events.ts';
import { appFileOf, contentTypeOf } from '../../../main/shell/app-files.ts';
import { isAllowedLink } from '../../../main/shell/links.ts';
import { nextRestart } from '../../../main/shell/restart-policy.ts';
import { trayText } from '../../../main/shell/tray-text.ts';

describe('an app:// address', () => {
  it.each([
    ['app://tollkeeper/', { kind: 'file', path: '/app/renderer/index.html' }],
    ['app://tollkeeper/calls/call_1?x=1', { kind: 'file', path: '/app/renderer/index.html' }],
    ['app://tollkeeper/assets/index-1.js', { kind: 'file', path: '/app/renderer/assets/index-1.js' }],
    ['app://tollkeeper/api/live?x=1', { kind: 'api', target: '/api/live?x=1' }],
    ['app://elsewhere/index.html', { kind: 'none' }],
    ['app://tollkeeper/..%2f..%2fetc%2fpasswd.html', { kind: 'none' }],
    ['app://tollkeeper/%2e%2e/secrets.vault', { kind: 'file', path: '/app/renderer/index.html' }],
    ['app://tollkeeper/people/alice.smith', { kind: 'file', path: '/app/renderer/index.html' }],
    ['app://tollkeeper/a%00.js', { kind: 'none' }],
    ['app://tollkeeper/%zz.js', { kind: 'none' }],
  ])('%s means %o and never leaves the folder', (address, expected) => {
    expect(appFileOf(address, '/app/renderer')).toEqual(expected);
  });

  it('has the content type of its file', () => {
    expect(contentTypeOf('/x/a.js')).toContain('text/javascript');
    expect(contentTypeOf('/x/a.woff2')).toBe('font/woff2');
  });
});

describe('a link', () => {
  it.each([
    ['https://dashboard.stripe.com/invoices', true],
    ['https://dashboard.stripe.com.evil.example/', false],
    ['https://user@dashboard.stripe.com/', false],
    ['http://dashboard.stripe.com/', false],
    ['file:///etc/passwd', false],
    ['javascript:alert(1)', false],
    ['not a link', false],
  ])('%s is opened outside: %s', (link, expected) => {
    expect(isAllowedLink(link)).toBe(expected);
  });
});

describe('a dead engine', () => {
  it('is started again three times in five minutes, each time later, then a person is asked', () => {
    const deaths = [1_000, 3_000, 6_000, 9_000];
    expect(nextRestart(deaths.slice(0, 1), 1_000)).toEqual({ kind: 'restart', afterMs: 1_000 });
    expect(nextRestart(deaths.slice(0, 2), 3_000)).toEqual({ kind: 'restart', afterMs: 2_000 });
    expect(nextRestart(deaths.slice(0, 3), 6_000)).toEqual({ kind: 'restart', afterMs: 4_000 });
    expect(nextRestart(deaths, 9_000)).toEqual({ kind: 'give_up' });
    expect(nextRestart([...deaths, 400_000], 400_000)).toEqual({ kind: 'restart', afterMs: 1_000 });
  });
});

describe('the tray', () => {
  it('says today’s spend and what is not in it', () => {
    const today = {
      day: '2026-11-24',
      costNanoUsd: 18_420_713_000,
      calls: 1_284,
      failedCalls: 0,
      unpricedCalls: 3,
      estimatedCalls: 0,
      tokens: 0,
    };
    const snapshot = { today, isDemo: true } as LiveSnapshot;
    expect(trayText(snapshot)).toEqual({
      title: '$18.42 + 3 calls unpriced today',
      tooltip: 'Tollkeeper: $18.42 + 3 calls unpriced today, 1284 calls (demo data)',
      menuLine: 'Today: $18.42 + 3 calls unpriced (demo data)',
    });
    expect(trayText(null).title).toBe('');
  });
});

describe('the engine process', () => {
  it('takes only whole messages', () => {
    const start = {
      kind: 'start',
      home: '/h',
      isDemo: false,
      token: 't'.repeat(40),
      secrets: { anthropicApiKey: null, stripeApiKey: 'sk_test_1', anthropicAdminKey: null },
    };
    expect(toEngineSchema.parse(start)).toEqual(start);
    expect(toEngineSchema.safeParse({ ...start, token: 'short' }).success).toBe(false);
    expect(toEngineSchema.safeParse({ ...start, more: 1 }).success).toBe(false);
    expect(fromEngineSchema.safeParse({ kind: 'ready' }).success).toBe(false);
  });
});
