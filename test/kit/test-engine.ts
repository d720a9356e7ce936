/** A whole engine in this process for flow tests: real ledger file in a temporary home, real sockets, a clock that can be put ahead. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import type { z } from 'zod';

import {
  callDetailSchema,
  callsPageSchema,
  stripeViewSchema,
  type CallDetail,
  type CallRow,
  type StripeView,
} from '../../shared/contract/api.ts';
import { noSecrets, type Secrets } from '../../shared/contract/secrets.ts';
import type { settingsSchema } from '../../shared/contract/settings.ts';
import type { ExportedCall } from '../../shared/contract/export.ts';
import { startEngine, type Engine } from '../../main/engine.ts';
import { exportCalls } from '../../main/ledger/read-export.ts';
import { openLedgerFile, ledgerFileName } from '../../main/ledger/ledger-file.ts';
import { verifyLedger, type Verification } from '../../main/ledger/verify.ts';
import { settingsOf } from '../../main/settings/environment.ts';
import { noProxies, type ProxyVariables } from '../../main/settings/proxy-choice.ts';
import { openSettings, settingsFileName } from '../../main/settings/store.ts';
import { systemClock, type Clock } from '../../main/system/clock.ts';
import { systemIds } from '../../main/system/ids.ts';
import type { TranscriptPlaces } from '../../main/intake/transcript-files.ts';
import { silentLog, type Log } from '../../main/system/log.ts';

export type ShiftedClock = Clock & { readonly putAhead: (byMs: number) => void };

/** The machine's clock, moved: timers run as ever, only the time of day differs. */
export function createShiftedClock(): ShiftedClock {
  let aheadMs = 0;
  return {
    ...systemClock,
    nowMs: () => systemClock.nowMs() + aheadMs,
    putAhead: (byMs) => {
      aheadMs += byMs;
    },
  };
}

export type TestEngine = {
  readonly home: string;
  readonly proxyUrl: string;
  readonly dashboardUrl: string;
  /** The dashboard's address with its token, as `serve` prints it. */
  readonly link: string;
  readonly clock: ShiftedClock;
  /** Waits until the ledger holds this many settled calls. */
  readonly settled: (count: number) => Promise<readonly CallRow[]>;
  readonly call: (id: string) => Promise<CallDetail>;
  readonly stripe: () => Promise<StripeView>;
  readonly syncNow: () => Promise<void>;
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Response>;
  /** Asks the engine's API, whatever it answers. */
  readonly ask: (method: string, path: string, body?: unknown) => Promise<Response>;
  /** Asks the engine's API as a command would. */
  readonly post: (path: string, body: unknown) => Promise<unknown>;
  /** As the desktop app tells its engine. */
  readonly useSecrets: (secrets: Secrets) => Promise<void>;
  readonly exported: () => ExportedCall[];
  readonly verify: () => Verification;
  readonly restart: () => Promise<void>;
  /** Leaves the home folder without an engine, until `start`. */
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export const testToken = 'test-token-of-more-than-thirty-two-characters';

export type TestEngineOptions = {
  readonly upstream: string;
  readonly stripeApiBase?: string;
  /** Ours, which takes the place of member keys. */
  readonly anthropicApiKey?: string;
  readonly log?: Log;
  /** Written into the home folder's settings file, where they can be changed; left out, one that is there stays. */
  readonly settings?: z.input<typeof settingsSchema>;
  /** Variables that win over the file. */
  readonly env?: Readonly<Record<string, string>>;
  /** Shorter than a setting may be. */
  readonly upstreamTimeoutMs?: number;
  readonly proxies?: ProxyVariables;
  readonly home?: string;
  /** `claude` in the home folder when left out. */
  readonly transcriptPlaces?: TranscriptPlaces;
  readonly rendererFolder?: string;
  /** The engine's time of day at its start, where a test needs another than now. */
  readonly nowMs?: number;
  /** Shared with a far side that goes by the same time. */
  readonly clock?: ShiftedClock;
  readonly onNotice?: (sentence: string) => void;
};

export async function startTestEngine({
  upstream,
  stripeApiBase,
  anthropicApiKey,
  log = silentLog,
  settings: inFile,
  env = {},
  upstreamTimeoutMs,
  proxies = noProxies,
  home: given,
  transcriptPlaces,
  rendererFolder,
  nowMs,
  clock: givenClock,
  onNotice = () => {},
}: TestEngineOptions): Promise<TestEngine> {
  const home = given ?? mkdtempSync(join(tmpdir(), 'tollkeeper-'));
  const clock = givenClock ?? createShiftedClock();
  if (nowMs !== undefined) clock.putAhead(nowMs - clock.nowMs());
  const file = join(home, settingsFileName);
  if (inFile !== undefined || !existsSync(file)) writeFileSync(file, JSON.stringify(inFile ?? {}));
  const own = { port: 0, uiPort: 0, upstream, timeZone: 'UTC', ...(stripeApiBase ? { stripeApiBase } : {}) };
  const unsaid = Object.entries(own).filter(([name]) => !Object.hasOwn(inFile ?? {}, name));
  const overrides = { ...settingsOf(env), ...Object.fromEntries(unsaid) };
  const openStore = () => {
    const store = openSettings(home, overrides);
    const shorter = upstreamTimeoutMs === undefined ? {} : { upstreamTimeoutSeconds: upstreamTimeoutMs / 1_000 };
    return { settings: { ...store.settings, ...shorter }, settingsStore: store };
  };
  const secrets = {
    ...noSecrets,
    anthropicApiKey: anthropicApiKey ?? null,
    stripeApiKey: stripeApiBase ? 'sk_test_flow' : null,
  };
  const start = () =>
    startEngine({
      home,
      ...openStore(),
      secrets,
      secretsKeeper: 'environment',
      token: testToken,
      proxies,
      transcriptPlaces: transcriptPlaces ?? { folder: null, configFolders: join(home, 'claude'), homeFolder: home },
      isDemo: false,
      rendererFolder: rendererFolder ?? null,
      log,
      onNotice,
      clock,
      ids: systemIds,
    });
  let engine: Engine = await start();

  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${engine.dashboardUrl}${path}`, { headers: { authorization: `Bearer ${testToken}`, ...headers } });
  const ask = (method: string, path: string, body?: unknown) =>
    fetch(`${engine.dashboardUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${testToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const read = async <Schema extends z.ZodType>(path: string, schema: Schema) =>
    schema.parse(await (await get(path)).json());
  const withLedger = <T>(use: (db: ReturnType<typeof openLedgerFile>) => T): T => {
    const db = openLedgerFile(join(home, ledgerFileName), 'read');
    try {
      return use(db);
    } finally {
      db.close();
    }
  };

  return {
    home,
    clock,
    get proxyUrl() {
      return engine.proxyUrl;
    },
    get dashboardUrl() {
      return engine.dashboardUrl;
    },
    get link() {
      return `${engine.dashboardUrl}/?token=${testToken}`;
    },
    settled: async (count) => {
      for (;;) {
        const { calls } = await read('/api/calls?limit=200', callsPageSchema);
        if (calls.length >= count) return calls;
        // The settle follows the last byte by a few milliseconds; there is no event of it outside of the engine.
        await pause(10);
      }
    },
    call: (id) => read(`/api/calls/${id}`, callDetailSchema),
    stripe: () => read('/api/stripe', stripeViewSchema),
    syncNow: async () => {
      const answer = await fetch(`${engine.dashboardUrl}/api/stripe/sync`, {
        method: 'POST',
        headers: { authorization: `Bearer ${testToken}` },
      });
      if (!answer.ok) throw new Error(await answer.text());
    },
    get,
    ask,
    post: async (path, body) => {
      const answer = await ask('POST', path, body);
      if (!answer.ok) throw new Error(await answer.text());
      return answer.json();
    },
    useSecrets: (next) => engine.useSecrets(next),
    exported: () => withLedger((db) => [...exportCalls(db, { from: null, to: null })]),
    verify: () => withLedger(verifyLedger),
    restart: async () => {
      await engine.close();
      engine = await start();
    },
    stop: () => engine.close().then(() => {}),
    start: async () => {
      engine = await start();
    },
    close: async () => {
      await engine.close();
      if (given === undefined) rmSync(home, { recursive: true, force: true });
    },
  };
}
