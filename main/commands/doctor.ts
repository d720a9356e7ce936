/** `tollkeeper doctor`: checks the whole set-up, one line each, with a fix for every finding. Exit 1 when there is one. Changes nothing. */
import { accessSync, constants, existsSync } from 'node:fs';

import { currentBook } from '../../shared/pricing/current-book.ts';
import { isAppError } from '../../shared/contract/errors.ts';
import type { Settings } from '../../shared/contract/settings.ts';
import { stripeAccountViewSchema } from '../../shared/contract/stripe-setup.ts';
import { openSettings } from '../settings/store.ts';
import { resolveTimeZone } from '../settings/time-zone.ts';
import { readEngineFile } from '../system/engine-file.ts';
import { errorText } from '../system/error-text.ts';
import { proxiesOf, secretsOf, settingsOf } from '../settings/environment.ts';
import { proxyFor } from '../settings/proxy-choice.ts';
import { accepts } from './accepts.ts';
import { writeLine, type ExitCode, type Host } from './host.ts';
import { fine, finding, type Diagnosis } from './diagnosis.ts';
import { boundAccount, directRunDiagnoses, ledgerDiagnoses } from './doctor-ledger.ts';
import { stripeKey, stripeKeyInUse } from './doctor-stripe.ts';
import { connectEngine } from './engine-client.ts';
import { homeOf } from './ledger-reader.ts';

export type DoctorFlags = { readonly home?: string; readonly json?: boolean };

const probeTimeoutMs = 5_000;
const bookAgeDaysMax = 60;

export async function doctor(flags: DoctorFlags, host: Host): Promise<ExitCode> {
  const home = homeOf(flags.home, host);
  const settings = await readSettings(home, host);
  const diagnoses: Diagnosis[] = [
    nodeVersion(process.versions.node),
    folder(home),
    settings.diagnosis,
    ...ledgerDiagnoses(home, host.clock.nowMs()),
    ...directRunDiagnoses(home, host.clock.nowMs()),
    bookAge(host.clock.nowMs()),
    await stripe(home, host),
    ...(settings.settings ? await network(home, settings.settings, host) : []),
  ];
  if (flags.json) writeLine(host.stdout, JSON.stringify(diagnoses));
  else for (const line of diagnoses.flatMap(linesOf)) writeLine(host.stdout, line);
  return diagnoses.every((diagnosis) => diagnosis.isOk) ? 0 : 1;
}

function linesOf({ name, isOk, sentence, fix }: Diagnosis): string[] {
  const line = `${isOk ? 'ok     ' : 'finding'}  ${name.padEnd(12)} ${sentence}`;
  return isOk || fix === null ? [line] : [line, `${' '.repeat(22)} Fix: ${fix}`];
}

export function nodeVersion(version: string): Diagnosis {
  const sentence = `Node ${version}.`;
  return Number(version.split('.')[0]) >= 24
    ? fine('node', sentence)
    : finding('node', sentence, 'Run it through npm in the checkout, which brings Node 24.');
}

function folder(home: string): Diagnosis {
  if (!existsSync(home)) return fine('home', `${home} does not exist yet; it is made at the first start.`);
  try {
    accessSync(home, constants.R_OK | constants.W_OK);
    return fine('home', home);
  } catch (error) {
    return finding(
      'home',
      `${home}: ${errorText(error)}`,
      'Make the folder writable for this user, or name another with --home.',
    );
  }
}

async function readSettings(home: string, host: Host): Promise<{ diagnosis: Diagnosis; settings: Settings | null }> {
  try {
    const { settings } = openSettings(home, settingsOf(host.env));
    return {
      diagnosis: fine('settings', `Time zone ${resolveTimeZone(settings.timeZone)}, upstream ${settings.upstream}.`),
      settings,
    };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { diagnosis: finding('settings', error.message, error.remedy), settings: null };
  }
}

export function bookAge(nowMs: number): Diagnosis {
  const ageDays = Math.floor((nowMs - Date.parse(currentBook.asOf)) / 86_400_000);
  const sentence = `Price book ${currentBook.version}, ${ageDays} days old.`;
  return ageDays <= bookAgeDaysMax
    ? fine('prices', sentence)
    : finding('prices', sentence, 'Update Tollkeeper; models newer than the book are shown unpriced.');
}

/** The engine has the key that counts, maybe from the keychain; without one the environment's is what a start would use. */
async function stripe(home: string, host: Host): Promise<Diagnosis> {
  const engine = connectEngine(home);
  const answer = await engine?.ask('GET', '/api/stripe/account').catch(() => null);
  const account = stripeAccountViewSchema.safeParse(answer);
  return account.success
    ? stripeKeyInUse(account.data)
    : stripeKey(secretsOf(host.env).stripeApiKey, boundAccount(home));
}

async function network(home: string, settings: Settings, host: Host): Promise<Diagnosis[]> {
  const engine = readEngineFile(home);
  const proxyUrl = engine?.proxyUrl ?? `http://127.0.0.1:${settings.port}`;
  const isListening = await accepts(proxyUrl, probeTimeoutMs);
  const running = engine
    ? isListening
      ? fine('engine', `Runs as process ${engine.pid}: proxy ${engine.proxyUrl}, dashboard ${engine.dashboardUrl}.`)
      : finding(
          'engine',
          `Process ${engine.pid} runs and its proxy does not answer.`,
          'Stop it and start `tollkeeper serve` again.',
        )
    : isListening
      ? finding('engine', `Another program uses port ${settings.port}.`, 'Stop it, or choose another port with --port.')
      : finding('engine', 'Does not run.', 'Start it with `tollkeeper serve` or `npm start`.');
  return [
    running,
    await upstream(settings.upstream, proxyFor(settings.upstream, proxiesOf(host.env))),
    client(host.env['ANTHROPIC_BASE_URL'], proxyUrl),
  ];
}

/** Behind a proxy only the proxy can be tried without sending anything. */
async function upstream(url: string, proxyUrl: string | null): Promise<Diagnosis> {
  const proxy = proxyUrl === null ? null : new URL(proxyUrl).host;
  if (proxyUrl !== null && !(await accepts(proxyUrl, probeTimeoutMs)))
    return finding(
      'upstream',
      `The proxy ${proxy}, which is to reach ${url}, does not answer.`,
      'Check the address in HTTPS_PROXY, or name the upstream in NO_PROXY.',
    );
  if (proxyUrl !== null) return fine('upstream', `${url} is reached through the proxy ${proxy}, which answers.`);
  if (await accepts(url, probeTimeoutMs)) return fine('upstream', `${url} can be reached.`);
  return finding(
    'upstream',
    `${url} cannot be reached.`,
    'Check the network and the upstream setting; calls fail until it answers.',
  );
}

export function client(baseUrl: string | undefined, proxyUrl: string): Diagnosis {
  if (baseUrl !== undefined && baseUrl.startsWith(proxyUrl))
    return fine('client', 'ANTHROPIC_BASE_URL of this shell points at the proxy.');
  return finding(
    'client',
    baseUrl === undefined
      ? 'ANTHROPIC_BASE_URL is not set in this shell.'
      : `ANTHROPIC_BASE_URL of this shell is ${baseUrl}.`,
    `export ANTHROPIC_BASE_URL=${proxyUrl}`,
  );
}
