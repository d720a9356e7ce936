/**
 * How fast the transcripts of a heavy user come into the ledger, against ccusage, which reads them and prints a sum; and whether both come to the same.
 * Whole processes, taking turns: a machine that drifts drifts for both. Measured is the built command line, as a user has it installed.
 */
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { globSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { currentBook } from '../../shared/pricing/current-book.ts';
import { builtCli } from './build.ts';
import { ccusageArguments, ccusageSums, ccusageVersion, fetchCcusage } from './ccusage.ts';
import { withOwnIds, writeImportCorpus, type ImportCorpus } from './import-corpus.ts';
import { explainDifferences, type ModelSums } from './import-differences.ts';
import { edgeLines } from './import-edge-cases.ts';
import { differencesTable, totalsTable, type Totals } from './import-totals.ts';
import { runProcess, type ProcessRun } from './run-process.ts';
import type { Measure, MeasureOptions } from './section.ts';
import { toldMessages } from './told-messages.ts';

const root = join(import.meta.dirname, '../..');
const recordedFolder = join(root, '../shared/recorded/claude-code');
const cacheFolder = join(root, 'node_modules/.cache/tollkeeper-bench');
const corpusBytes = 130_000_000;
const title = `Transcripts: import and report against ccusage ${ccusageVersion}`;

export const measureImport: Measure = async (options) => {
  if (!existsSync(recordedFolder))
    return { title, body: `Not measured: there are no recorded transcripts in ${recordedFolder}.` };
  const ccusage = await fetchCcusage(cacheFolder);
  if (ccusage.kind === 'absent') return { title, body: `Not measured: ${ccusage.reason}.` };
  const folder = mkdtempSync(join(tmpdir(), 'tollkeeper-import-bench-'));
  try {
    const meters = { cli: await builtCli(), ccusage: ccusage.binary };
    return {
      title,
      body: [...(await measureSpeed(meters, folder, options)), '', ...(await compareRules(meters, folder))].join('\n'),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

type Meters = { readonly cli: string; readonly ccusage: string };

function runOurs({ cli }: Meters, home: string, ...args: string[]): Promise<ProcessRun> {
  return runProcess([process.execPath, cli, ...args, '--home', home], {});
}

function runTheirs({ ccusage }: Meters, configFolder: string): Promise<ProcessRun> {
  return runProcess([ccusage, ...ccusageArguments], { CLAUDE_CONFIG_DIR: configFolder });
}

const steps = ['first import', 'import with nothing new', 'report of a month', 'import after 20 new lines'] as const;
type StepName = (typeof steps)[number];
type Pair = { readonly ours: ProcessRun; readonly theirs: ProcessRun };

async function measureSpeed(meters: Meters, folder: string, { rounds, say }: MeasureOptions): Promise<string[]> {
  say('copying the recorded transcripts');
  const corpus = writeImportCorpus(recordedFolder, join(folder, 'claude'), corpusBytes);
  const pairs: Record<StepName, Pair[]> = {
    'first import': [],
    'import with nothing new': [],
    'report of a month': [],
    'import after 20 new lines': [],
  };
  let home = '';
  let totals: { ours: Totals; theirs: Totals } | null = null;
  for (let round = 0; round < rounds; round++) {
    say(`import, round ${round + 1} of ${rounds}`);
    home = join(folder, `home-${round}`);
    for (const step of steps) {
      if (step === 'import after 20 new lines') appendLines(corpus, round);
      const args =
        step === 'report of a month' ? ['report', '--month', '2026-02'] : ['import', 'claude-code', corpus.folder];
      const ours = await runOurs(meters, home, ...args);
      const theirs = await runTheirs(meters, corpus.folder);
      pairs[step].push({ ours, theirs });
    }
    totals = {
      ours: await oursByModel(meters, home),
      theirs: ccusageSums(pairs['import after 20 new lines'].at(-1)?.theirs.stdout ?? ''),
    };
    rmSync(home, { recursive: true, force: true });
  }
  if (totals === null) throw new Error('a bench has at least one round');
  const differences = explainDifferences(
    totals.ours,
    totals.theirs,
    (model) => messagesOf(corpus.folder, model),
    currentBook,
  );
  return [
    corpusWords(corpus, rounds),
    '',
    ...speedTable(pairs),
    '',
    ...goals(pairs),
    '',
    'The totals of both, over the same files:',
    '',
    ...totalsTable(totals.ours, totals.theirs),
    '',
    ...differencesTable(differences, totals.ours, totals.theirs),
  ];
}

/** A session goes on: lines that are new in every round, at the end of one of the files. */
function appendLines({ folder, copies }: ImportCorpus, round: number): void {
  const [source = ''] = globSync('*/*.jsonl', { cwd: recordedFolder }).toSorted();
  const [file = ''] = globSync('projects/*/*.jsonl', { cwd: folder }).toSorted();
  const lines = readFileSync(join(recordedFolder, source), 'utf8').split('\n').slice(0, 20);
  appendFileSync(join(folder, file), `${withOwnIds(lines.join('\n'), copies + round)}\n`);
}

async function oursByModel(meters: Meters, home: string): Promise<Map<string, ModelSums>> {
  const { stdout } = await runOurs(meters, home, 'export');
  const sums = new Map<string, ModelSums>();
  for (const line of stdout.split('\n')) {
    if (line === '') continue;
    const call = JSON.parse(line) as Record<string, number> & { model: string };
    const known = sums.get(call.model);
    const add = (name: keyof ModelSums, ...columns: string[]) =>
      columns.reduce((sum, column) => sum + (call[column] ?? 0), known?.[name] ?? 0);
    sums.set(call.model, {
      inputTokens: add('inputTokens', 'input_tokens'),
      cacheWriteTokens: add('cacheWriteTokens', 'cache_write_5m_tokens', 'cache_write_1h_tokens'),
      cacheReadTokens: add('cacheReadTokens', 'cache_read_tokens'),
      outputTokens: add('outputTokens', 'output_tokens'),
      costUsd: (known?.costUsd ?? 0) + (call['cost_nano_usd'] ?? 0) / 1e9,
    });
  }
  return sums;
}

function messagesOf(configFolder: string, model: string) {
  const files = globSync('projects/*/*.jsonl', { cwd: configFolder }).toSorted();
  const lines = files.flatMap((file) => readFileSync(join(configFolder, file), 'utf8').split('\n'));
  return toldMessages(lines.filter((line) => line.includes(`"${model}"`)));
}

/** Every rule that meters differ on, once: which of them the other one keeps, and what each is worth. */
async function compareRules(meters: Meters, folder: string): Promise<string[]> {
  const configFolder = join(folder, 'edge');
  const projects = join(configFolder, 'projects', '-edge');
  mkdirSync(projects, { recursive: true });
  writeFileSync(join(projects, 'session.jsonl'), `${edgeLines().join('\n')}\n`);
  const home = join(folder, 'home-edge');
  await runOurs(meters, home, 'import', 'claude-code', configFolder);
  const ours = await oursByModel(meters, home);
  const theirs = ccusageSums((await runTheirs(meters, configFolder)).stdout);
  const differences = explainDifferences(ours, theirs, (model) => messagesOf(configFolder, model), currentBook);
  return [
    'The recorded transcripts hold none of the cases on which meters differ. Made-up ones with each of them once, a model for each:',
    '',
    ...differencesTable(differences, ours, theirs),
  ];
}

function corpusWords({ files, lines, bytes, copies }: ImportCorpus, rounds: number): string {
  const size = `${Math.round(bytes / 1e6)} MB, ${lines.toLocaleString('en-US')} lines in ${files.toLocaleString('en-US')} files`;
  return (
    `The recorded transcripts, ${copies} copies with ids of their own: ${size}. ${rounds} rounds of whole processes taking turns. ` +
    'Tollkeeper is the built command line, as it is installed (from source, Node strips types at every start); ccusage is its own binary, offline.'
  );
}

function speedTable(pairs: Record<StepName, readonly Pair[]>): string[] {
  const rows = steps.map((step) => {
    const ratios = pairs[step].map(ratioOf);
    const seconds = (side: keyof Pair) => (median(pairs[step].map((pair) => pair[side].ms)) / 1_000).toFixed(2);
    const memory = (side: keyof Pair) => megabytes(pairs[step].map((pair) => pair[side].peakMegabytes));
    const spread = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
    return `| ${step} | ${seconds('ours')} s | ${seconds('theirs')} s | **${median(ratios).toFixed(2)}** (${spread}) | ${memory('ours')} | ${memory('theirs')} |`;
  });
  return [
    '| | tollkeeper | ccusage | ratio, median (spread) | peak memory | of ccusage |',
    '|---|---:|---:|---:|---:|---:|',
    ...rows,
  ];
}

const goalOf: readonly (readonly [StepName, number])[] = [
  ['first import', 2],
  ['report of a month', 0.3],
];

function goals(pairs: Record<StepName, readonly Pair[]>): string[] {
  return goalOf.map(([step, goal]) => {
    const ratio = median(pairs[step].map(ratioOf));
    const verdict = ratio <= goal ? 'reached' : 'missed';
    return `Goal for the ${step}: at most ${goal.toFixed(1)} times ccusage; ${verdict} with ${ratio.toFixed(2)}.`;
  });
}

function ratioOf({ ours, theirs }: Pair): number {
  return ours.ms / theirs.ms;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function megabytes(values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? 'not told here' : `${Math.max(...known).toFixed(0)} MB`;
}
