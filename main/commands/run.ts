/**
 * `tollkeeper run -- CMD`: runs CMD with `ANTHROPIC_BASE_URL` set to the proxy if that is healthy; else runs it direct, says so in one sentence and notes
 * the gap. CMD keeps its streams, its signals and its exit code. Nothing of ours stops it from running: what cannot be noted is told.
 * Exit: CMD's own code, 128 and the number of the signal that ended it, 127 when there is no such command, 126 when it cannot be run.
 */
import { isAppError } from '../../shared/contract/errors.ts';
import { settingsSchema } from '../../shared/contract/settings.ts';
import { commandName, noteDirectRun, type DirectRun } from '../ledger/direct-runs.ts';
import { settingsOf } from '../settings/environment.ts';
import { openSettings } from '../settings/store.ts';
import { readEngineFile, readLastEngineFile } from '../system/engine-file.ts';
import type { Environment } from '../system/home-folder.ts';
import { errorText } from '../system/error-text.ts';
import { baseUrlName, hostOf, leadsTo, pathPrefix, type WhoFlags } from './base-url.ts';
import { writeLine, type Host } from './host.ts';
import { homeOf } from './ledger-reader.ts';
import { proxyHealth, type ProxyHealth } from './proxy-health.ts';
import { runChild } from './run-child.ts';

export type RunFlags = WhoFlags & { readonly home?: string };

export async function run([command = '', ...args]: readonly string[], flags: RunFlags, host: Host): Promise<number> {
  const home = homeOf(flags.home, host);
  const prefix = pathPrefix(flags);
  const health = await proxyHealth(home);
  const say = (sentence: string) => writeLine(host.stderr, `Tollkeeper: ${sentence}`);
  const name = commandName(command);
  const way =
    health.kind === 'healthy' ? throughProxy(health, prefix, host.env) : await direct(health, home, name, host);
  for (const sentence of way.sentences) say(sentence);
  const gap = health.kind === 'healthy' ? null : createGap(home, name, health.reason, host, say);

  const question = { command, args, env: way.env, platform: host.platform, onStart: () => gap?.begin() };
  const end = await runChild(question);
  if (end.kind === 'not_found') {
    say(`The command "${command}" was not found. Check its name, or give its whole path.`);
    return 127;
  }
  if (end.kind === 'not_started') {
    say(`The command "${command}" cannot be run (${end.reason}). Check that it is a program this user may run.`);
    return 126;
  }
  gap?.end();
  if (health.kind === 'healthy' && readEngineFile(home)?.pid !== health.pid)
    say(`the proxy stopped while ${name} ran; calls that it made after that had nowhere to go.`);
  return end.exitCode;
}

type Way = { readonly env: Environment; readonly sentences: readonly string[] };

export function throughProxy(
  { status: { proxyUrl, upstream, isDemo } }: Extract<ProxyHealth, { kind: 'healthy' }>,
  prefix: string,
  env: Environment,
): Way {
  const before = env[baseUrlName] ?? '';
  const demo = isDemo ? ['this proxy is a demo, whose answers are simulated.'] : [];
  const isOurs = before !== '' && leadsTo(before, [proxyUrl]);
  // It names who and what for, perhaps.
  if (isOurs && prefix === '') return { env, sentences: demo };
  const replaced =
    before === '' || isOurs
      ? []
      : [
          `${baseUrlName} was set to ${hostOf(before)} and is replaced for this command; the proxy sends its calls to ${hostOf(upstream)} (setting upstream).`,
        ];
  return { env: { ...env, [baseUrlName]: `${proxyUrl}${prefix}` }, sentences: [...demo, ...replaced] };
}

/** As it would run without us. An address that leads to the proxy, which a shell may have set, would only lead nowhere. */
async function direct({ reason }: Extract<ProxyHealth, { kind: 'down' }>, home: string, name: string, host: Host) {
  const { [baseUrlName]: before = '', ...rest } = host.env;
  const isOurs = leadsTo(before, await proxyUrls(home, host));
  const without = isOurs ? ` ${baseUrlName}, which leads to the proxy, is left out.` : '';
  const sentence = `${name} runs without the proxy because ${reason}; its calls are not metered.${without}`;
  return { env: isOurs ? rest : host.env, sentences: [sentence] };
}

/** Where the proxy of this home folder was, and where the next one will be. */
async function proxyUrls(home: string, host: Host): Promise<string[]> {
  const last = readLastEngineFile(home)?.proxyUrl;
  return [...(last === undefined ? [] : [last]), `http://127.0.0.1:${await portOf(home, host)}`];
}

async function portOf(home: string, host: Host): Promise<number> {
  try {
    return openSettings(home, settingsOf(host.env)).settings.port;
  } catch (error) {
    if (!isAppError(error)) throw error;
    // Settings that cannot be used are told by whatever needs them; here they stop nobody.
    return settingsSchema.parse({}).port;
  }
}

type Gap = { readonly begin: () => void; readonly end: () => void };

function createGap(home: string, command: string, reason: string, { clock }: Host, say: (text: string) => void): Gap {
  let run: DirectRun | null = null;
  const note = (next: DirectRun) => {
    try {
      noteDirectRun(home, next);
      run = next;
    } catch (error) {
      say(`This could not be noted in ${home} (${errorText(error)}), so the dashboard will not tell of it.`);
    }
  };
  return {
    begin: () => {
      const fromMs = clock.nowMs();
      note({ id: `${fromMs}-${process.pid}`, fromMs, toMs: null, command, reason });
    },
    end: () => {
      if (run !== null) note({ ...run, toMs: clock.nowMs() });
    },
  };
}
