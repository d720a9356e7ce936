/** The month view and the calls table over 1,000,000 calls, asked through the API by an HTTP client as the dashboard asks. */
import { callsPageSchema, monthDimensions, monthViewSchema } from '../../shared/contract/api.ts';
import { goalSentence, paragraphs, table } from './markdown.ts';
import { withProcesses } from './processes.ts';
import { fillHome } from './seeded-home.ts';
import type { Measure } from './section.ts';
import { fixed, percentile } from './statistics.ts';
import { startTollkeeper, startUpstream, type Engine } from './targets.ts';

const goalMs = 50;
/** Asked so often, or for so long, whichever ends first. */
const questionsMax = 100;
const questionsMaxMs = 10_000;

type Question = { readonly name: string; readonly paths: readonly string[] };
type Timed = { readonly name: string; readonly firstMs: number; readonly timesMs: readonly number[] };

export const measureDashboard: Measure = ({ say }) =>
  withProcesses(async (processes) => {
    const home = processes.newFolder();
    fillHome(home, say);
    const engine = await startTollkeeper(processes, { home, upstream: await startUpstream(processes) });
    const month = await ask(await monthQuestions(engine), engine, say);
    const calls = await ask(await callsQuestions(engine), engine, say);
    return {
      title: 'Month view and calls table over 1,000,000 calls',
      body: paragraphs(
        `Milliseconds from an HTTP client's question to the last byte of the answer, over one kept-alive connection, up to ${questionsMax} times each. ` +
          '"First" is the first time of its kind, before the pages it needs are in memory.',
        `### Month view\n\n${rows(month)}`,
        goal('month view', month),
        `### Calls table\n\nPages of 100 calls.\n\n${rows(calls)}`,
        goal('every question of the calls table', calls),
      ),
    };
  });

async function monthQuestions(engine: Engine): Promise<Question[]> {
  const { months } = monthViewSchema.parse(await (await get(engine, '/api/month')).json());
  const inMonths = (by: string) => months.map((month) => `/api/month?month=${month}&by=${by}`);
  return monthDimensions.map((by) => ({ name: `by ${by}, each of the ${months.length} months`, paths: inMonths(by) }));
}

async function callsQuestions(engine: Engine): Promise<Question[]> {
  const read = async (path: string) => callsPageSchema.parse(await (await get(engine, path)).json());
  const newest = await read('/api/calls');
  const middle = new Date(Date.now() - 180 * 86_400_000).toISOString().slice(0, 10);
  const past = await read(`/api/calls?to=${middle}`);
  const conversation = newest.calls[0]?.conversation ?? '';
  const old = past.calls[0];
  return [
    { name: 'the newest', paths: ['/api/calls'] },
    { name: 'the next page', paths: [`/api/calls?cursor=${newest.nextCursor}`] },
    { name: 'a page half a year back, by cursor', paths: [`/api/calls?cursor=${past.nextCursor}`] },
    { name: 'one day half a year back', paths: [`/api/calls?from=${middle}&to=${middle}`] },
    { name: 'of a member', paths: ['/api/calls?member=member-03'] },
    { name: 'of a project', paths: ['/api/calls?project=project-17'] },
    { name: 'of a model', paths: ['/api/calls?model=claude-haiku-5-5'] },
    { name: 'of a member and a project', paths: ['/api/calls?member=member-03&project=project-17'] },
    { name: 'unpriced', paths: ['/api/calls?status=unpriced'] },
    { name: 'estimated', paths: ['/api/calls?status=estimated'] },
    { name: 'failed', paths: ['/api/calls?status=failed'] },
    { name: 'of a new conversation', paths: [`/api/calls?conversation=${conversation}`] },
    { name: 'of an old conversation', paths: [`/api/calls?conversation=${old?.conversation ?? ''}`] },
    { name: 'of nobody there is', paths: ['/api/calls?member=nobody'] },
    { name: 'one call with its charge lines', paths: [`/api/calls/${old?.id ?? ''}`] },
    { name: 'what the filters offer', paths: ['/api/calls/facets'] },
  ];
}

async function ask(questions: readonly Question[], engine: Engine, say: (line: string) => void): Promise<Timed[]> {
  const timed: Timed[] = [];
  for (const { name, paths } of questions) {
    const timesMs: number[] = [];
    const startedAtMs = performance.now();
    while (timesMs.length <= questionsMax && performance.now() - startedAtMs < questionsMaxMs) {
      const askedAtMs = performance.now();
      const answer = await get(engine, paths[timesMs.length % paths.length] ?? '');
      await answer.arrayBuffer();
      timesMs.push(performance.now() - askedAtMs);
    }
    const [firstMs = Number.NaN, ...later] = timesMs;
    timed.push({ name, firstMs, timesMs: later.length > 0 ? later : timesMs });
    say(`dashboard, ${name}: p95 ${fixed(percentile(later, 0.95), 1)} ms`);
  }
  return timed;
}

async function get({ dashboard }: Engine, path: string): Promise<Response> {
  const headers = { authorization: `Bearer ${dashboard.searchParams.get('token')}` };
  const answer = await fetch(new URL(path, dashboard), { headers });
  if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}: ${await answer.text()}`);
  return answer;
}

function rows(timed: readonly Timed[]): string {
  const cells = timed.map(({ name, firstMs, timesMs }) => [
    name,
    ...[firstMs, percentile(timesMs, 0.5), percentile(timesMs, 0.95)].map((ms) => fixed(ms, 1)),
  ]);
  return table(['', 'first', 'p50', 'p95'], cells);
}

function goal(what: string, timed: readonly Timed[]): string {
  const slowest = timed.map(({ name, timesMs }) => ({ name, p95: percentile(timesMs, 0.95) })).toSorted(byP95)[0];
  const p95 = slowest?.p95 ?? Number.NaN;
  return goalSentence({
    what: `${what} over 1,000,000 calls, p95`,
    goal: `at most ${goalMs} ms`,
    reached: `${fixed(p95, 1)} ms for the slowest (${slowest?.name ?? ''})`,
    isMet: p95 <= goalMs,
  });
}

function byP95(a: { p95: number }, b: { p95: number }): number {
  return b.p95 - a.p95;
}
