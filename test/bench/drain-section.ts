/**
 * A backlog of 100,000 calls brought to a Stripe that enforces its limits: how close to the limit's own time, with how many requests against the
 * fewest that can be, and whether anything is lost or counted twice. The engine is the built one; the simulated Stripe is a process of its own.
 */
import { Agent, request } from 'node:http';
import { join } from 'node:path';

import { ledgerFileName, openLedgerFile } from '../../main/ledger/ledger-file.ts';
import { verifyLedger } from '../../main/ledger/verify.ts';
import { backlogMeter, fillWithBacklog, type Backlog } from './backlog.ts';
import { goalSentence, paragraphs, table } from './markdown.ts';
import { withProcesses, type Processes } from './processes.ts';
import { processorTimeOf } from './processor-time.ts';
import type { Measure } from './section.ts';
import { fixed, grouped } from './statistics.ts';
import type { StripeCounts } from './stripe-double.ts';
import { startTollkeeper, startUpstream, type Target } from './targets.ts';

const goalRatio = 1.1;
/** What an answer of Stripe takes at least; several customers are under way at once because of it. */
const handlingMs = 10;
const customers = Array.from({ length: 100 }, (_, index) => `cus_Backlog${index}`);

type Case = Omit<Backlog, 'customers'> & {
  readonly name: string;
  readonly apiKey: string;
  readonly isStream: boolean;
  /** The limit that it is measured against, in events a second. */
  readonly eventsPerSecond: number;
  readonly requestsPerSecond: number;
  readonly eventsPerRequest: number;
};

const live = { apiKey: 'sk_live_bench', requestsPerSecond: 1_000 } as const;
const single = { isStream: false, eventsPerSecond: 1_000, eventsPerRequest: 1 } as const;
const cases: readonly Case[] = [
  { name: 'live, each call in a minute of its own', calls: 100_000, callsPerMinute: 1, ...live, ...single },
  { name: 'live, four calls a minute', calls: 100_000, callsPerMinute: 4, ...live, ...single },
  {
    name: 'live, on the stream',
    calls: 100_000,
    callsPerMinute: 1,
    ...live,
    isStream: true,
    eventsPerSecond: 10_000,
    eventsPerRequest: 100,
  },
  {
    name: 'sandbox, four calls a minute',
    calls: 4_000,
    callsPerMinute: 4,
    apiKey: 'sk_test_bench',
    isStream: false,
    eventsPerSecond: 25,
    requestsPerSecond: 25,
    eventsPerRequest: 1,
  },
];

type Drained = Case & {
  readonly events: number;
  readonly seconds: number;
  readonly counts: StripeCounts;
  readonly lost: number;
  readonly double: number;
  readonly findings: number;
  readonly engineSeconds: number | null;
  readonly doubleSeconds: number | null;
};

export const measureDrain: Measure = ({ say }) =>
  withProcesses(async (processes) => {
    const alone = await doubleAlone(processes);
    say(`the simulated Stripe alone answers ${grouped(alone)} requests a second`);
    const upstream = await startUpstream(processes);
    const drained: Drained[] = [];
    for (const each of cases) {
      const result = await drain(processes, upstream, each, say);
      drained.push(result);
      say(
        `drain, ${each.name}: ${fixed(ratioOf(result), 3)} of the limit's time, ${result.lost} lost, ${result.double} double`,
      );
    }
    return { title: 'A backlog drained to Stripe', body: bodyOf(drained, alone) };
  });

async function drain(
  processes: Processes,
  upstream: Target,
  each: Case,
  say: (line: string) => void,
): Promise<Drained> {
  const home = processes.newFolder();
  const double = await startDouble(processes, each.requestsPerSecond, handlingMs);
  say(`drain, ${each.name}: writing ${grouped(each.calls)} calls`);
  const settings = { stripeApiBase: `http://127.0.0.1:${double.port}`, stripeStream: each.isStream };
  const events = fillWithBacklog(home, { ...each, customers }, settings);
  const engine = await startTollkeeper(processes, { home, upstream, env: { STRIPE_API_KEY: each.apiKey } });
  await until(async () => (await countsOf(double.tellingPort)).events >= events);
  const engineSeconds = processorTimeOf(engine.pid)?.seconds ?? null;
  const doubleSeconds = processorTimeOf(double.pid)?.seconds ?? null;
  await processes.stop(engine.started);
  const counts = await countsOf(double.tellingPort, '/all');
  await processes.stop(double.started);
  const ledger = openLedgerFile(join(home, ledgerFileName), 'read');
  const here = ledger
    .prepare<[], number>(`SELECT COALESCE(SUM(value), 0) FROM meter_events WHERE state = 'accepted'`)
    .pluck();
  const missing = ledger.prepare<[], number>(`SELECT COUNT(*) FROM meter_events WHERE state <> 'accepted'`).pluck();
  const lost = Math.max(missing.get() ?? 0, (here.get() ?? 0) === counts.value ? 0 : 1);
  const { findings } = verifyLedger(ledger);
  ledger.close();
  return {
    ...each,
    events,
    counts,
    seconds: ((counts.lastMs ?? 0) - (counts.firstMs ?? 0)) / 1_000,
    lost,
    double: counts.events - counts.identifiers,
    findings: findings.length,
    engineSeconds,
    doubleSeconds,
  };
}

type Double = Awaited<ReturnType<typeof startDouble>>;

async function startDouble({ start }: Processes, requestsPerSecond: number, handling: number) {
  const file = join(import.meta.dirname, 'stripe-double.ts');
  const started = await start([file, String(requestsPerSecond), String(handling), backlogMeter, customers.join(',')]);
  const [port = 0, tellingPort = 0] = started.firstLine.split(' ').map(Number);
  return { started, port, tellingPort, pid: started.pid };
}

async function countsOf(port: number, path = '/'): Promise<StripeCounts> {
  return (await (await fetch(`http://127.0.0.1:${port}${path}`)).json()) as StripeCounts;
}

/** Looked at twice a second; ten minutes are more than any of them takes. */
async function until(isDone: () => Promise<boolean>): Promise<void> {
  for (let look = 0; look < 1_200; look++) {
    if (await isDone()) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('the backlog is not drained after ten minutes');
}

const aloneRequests = 10_000;

/** Requests a second without limits and without a pause, by a bare client at 50 connections: what it could do at most. */
async function doubleAlone(processes: Processes): Promise<number> {
  const double = await startDouble(processes, 1e9, 0);
  const agent = new Agent({ keepAlive: true, maxSockets: customers.length });
  let next = 0;
  const startedMs = performance.now();
  await Promise.all(
    customers.map(async (customer) => {
      while (next < aloneRequests) await sendOne(double, agent, customer, (next += 1));
    }),
  );
  const seconds = (performance.now() - startedMs) / 1_000;
  agent.destroy();
  await processes.stop(double.started);
  return aloneRequests / seconds;
}

function sendOne({ port }: Double, agent: Agent, customer: string, number: number): Promise<void> {
  const body = new URLSearchParams({
    event_name: backlogMeter,
    identifier: `alone_${number}`,
    'payload[stripe_customer_id]': customer,
    'payload[value]': '1',
  }).toString();
  const headers = { authorization: 'Bearer sk_live_bench', 'content-type': 'application/x-www-form-urlencoded' };
  return new Promise((resolve, reject) => {
    request(
      { agent, host: '127.0.0.1', port, method: 'POST', path: '/v1/billing/meter_events', headers },
      (response) => {
        response.resume().once('end', resolve);
      },
    )
      .once('error', reject)
      .end(body);
  });
}

const limitSeconds = ({ events, eventsPerSecond }: Drained) => events / eventsPerSecond;
const ratioOf = (drained: Drained) => drained.seconds / limitSeconds(drained);
const fewest = ({ events, eventsPerRequest }: Drained) => Math.ceil(events / eventsPerRequest);

function bodyOf(drained: readonly Drained[], alone: number): string {
  const micros = (seconds: number | null, { events }: Drained) =>
    seconds === null ? '–' : fixed((seconds / events) * 1e6, 0);
  const worst = Math.max(...drained.map(ratioOf));
  const lost = drained.reduce((sum, each) => sum + each.lost + each.findings, 0);
  const double = drained.reduce((sum, each) => sum + each.double, 0);
  return paragraphs(
    `Calls of ${customers.length} customers that were made without a network, and an engine that is started when it is back. The simulated Stripe ` +
      `refuses what is over the limit and a second request of a customer beside the first, and takes ${handlingMs} ms for each. Time is from the first ` +
      'event that it takes to the last. The fewest requests: one for each customer and minute, or for each hundred of them on the stream (and one for its session).',
    table(
      [
        '',
        'calls',
        'meter events',
        'seconds',
        'limit’s own time',
        'ratio',
        'requests',
        'fewest',
        'refused (429, 409)',
        'engine’s processor µs per event',
        'Stripe’s',
      ],
      drained.map((each) => [
        each.name,
        grouped(each.calls),
        grouped(each.events),
        fixed(each.seconds, 1),
        `${fixed(limitSeconds(each), 1)} (${grouped(each.eventsPerSecond)}/s)`,
        fixed(ratioOf(each), 3),
        grouped(each.counts.requests),
        grouped(fewest(each)),
        `${each.counts.limited}, ${each.counts.conflicts}`,
        micros(each.engineSeconds, each),
        micros(each.doubleSeconds, each),
      ]),
    ),
    `The simulated Stripe alone, without its limits, answers ${grouped(alone)} requests a second of a bare client: it is not what the drain waits for.`,
    goalSentence({
      what: 'time to drain, to the limit’s own time',
      goal: `at most ${goalRatio}`,
      reached: `${fixed(worst, 3)} at most`,
      isMet: worst <= goalRatio,
    }),
    goalSentence({
      what: 'meter events lost and counted twice',
      goal: '0 and 0',
      reached: `${lost} and ${double}`,
      isMet: lost === 0 && double === 0,
    }),
  );
}
