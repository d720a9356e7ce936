/**
 * `tollkeeper serve`: proxy and dashboard, headless, until SIGINT or SIGTERM. With `--json` exactly one line on stdout, once both accept
 * connections. With `--demo` the far side is simulated and a small team is at work, in a home folder of its own.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { AppError } from '../../shared/contract/errors.ts';
import { quitSentence } from '../../shared/quit-words.ts';
import { startEngine, type Engine } from '../engine.ts';
import { openSettings } from '../settings/store.ts';
import { openFileLog } from '../system/log.ts';
import { readOrCreateToken } from '../system/token-file.ts';
import { proxiesOf, secretsOf, settingsOf, transcriptPlacesOf } from '../settings/environment.ts';
import { homeFolder } from '../system/home-folder.ts';
import { writeLine, type ExitCode, type Host } from './host.ts';

export type ServeFlags = {
  readonly demo?: boolean;
  readonly home?: string;
  readonly port?: number;
  readonly uiPort?: number;
  readonly upstream?: string;
  readonly json?: boolean;
};

export async function serve(flags: ServeFlags, host: Host): Promise<ExitCode> {
  const isDemo = flags.demo === true;
  if (isDemo && flags.upstream !== undefined) {
    throw new AppError('bad_usage', 'A demo has its own simulated Anthropic.', 'Leave out --upstream, or --demo.');
  }
  const home = homeFolder({ flag: flags.home, env: host.env, platform: host.platform, isDemo });
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const stated = { port: flags.port, uiPort: flags.uiPort, upstream: flags.upstream };
  const fromFlags = Object.fromEntries(Object.entries(stated).filter(([, value]) => value !== undefined));
  const settingsStore = openSettings(home, { ...settingsOf(host.env), ...fromFlags });
  const log = openFileLog(join(home, 'logs', 'tollkeeper.log'));
  const token = readOrCreateToken(home, host.ids.secret);
  const stopped = host.stopped();

  // Without its ledger nothing is metered: stop rather than pass calls unseen. Rows begun are settled at the next start.
  const onFatal = (error: Error) => {
    throw error;
  };
  const { clock, ids, rendererFolder } = host;
  const transcriptPlaces = transcriptPlacesOf(host.env);
  const proxies = proxiesOf(host.env);
  // What the limits say reaches whoever watches this terminal; the log has it as well.
  const onNotice = (sentence: string) => writeLine(host.stderr, sentence);
  const common = {
    home,
    settings: settingsStore.settings,
    settingsStore,
    token,
    proxies,
    transcriptPlaces,
    rendererFolder,
    log,
    clock,
    ids,
    onFatal,
    onNotice,
    secretsKeeper: 'environment',
  } as const;
  // The simulated far sides and their client are loaded for a demo only.
  const engine = await (isDemo
    ? (await import('../sandbox/start-demo.ts')).startDemo(common, startEngine)
    : startEngine({ ...common, secrets: secretsOf(host.env), isDemo }));
  announce(engine, { home, token, isDemo, isJson: flags.json === true }, host);
  await stopped;
  const lastWords = quitSentence(await engine.close());
  log.close();
  if (lastWords !== null) writeLine(host.stderr, lastWords);
  return 0;
}

type Announcement = {
  readonly home: string;
  readonly token: string;
  readonly isDemo: boolean;
  readonly isJson: boolean;
};

function announce(
  { proxyUrl, dashboardUrl }: Engine,
  { home, token, isDemo, isJson }: Announcement,
  { stdout }: Host,
): void {
  const dashboard = `${dashboardUrl}/?token=${token}`;
  if (isJson) return writeLine(stdout, JSON.stringify({ proxy: proxyUrl, dashboard, home }));
  if (isDemo) writeLine(stdout, 'DEMO DATA: Anthropic and Stripe are simulated, and a small team is at work.\n');
  writeLine(stdout, `Proxy      ${proxyUrl}`);
  writeLine(stdout, `Dashboard  ${dashboard}`);
  writeLine(stdout, `Data       ${home}\n`);
  if (!isDemo) writeLine(stdout, `Point a client at it:  export ANTHROPIC_BASE_URL=${proxyUrl}`);
  writeLine(stdout, 'Ctrl-C stops it; what is in flight is settled first.');
}
