/** The sentences of the simulated Anthropic: short, about software work, put together from word lists. ASCII only. Pure. */

const subjects = [
  'The checkout total',
  'The search index',
  'The nightly import',
  'The session cookie',
  'The price cache',
  'The retry queue',
  'The tax rounding',
  'The health check',
  'The order table',
  'The mobile client',
  'The deploy script',
  'The audit log',
] as const;
const findings = [
  'is computed once per line and again per order',
  'is rebuilt on every request, though its input changes once a day',
  'reads the whole table because the filter wraps the column',
  'depends on the order of the rows, so one run in twenty fails',
  'is written before the transaction that it describes has ended',
  'keeps a connection open after the last reader has gone',
  'still has a caller that expects the old field name',
  'waits for a lock that the importer holds for seconds',
  'is correct, but nothing in the tests would notice if it were not',
  'logs the same warning three times within a second',
] as const;
const advices = [
  'I moved it into one function and kept its tests.',
  'A nightly run is enough.',
  'I would keep the old endpoint for one release and log who calls it.',
  'Add the new field beside it first, then remove the old one.',
  'An index on the second column makes it a lookup.',
  'The fix is two lines; the test for it is ten.',
  'Let me look at the caller before I change it.',
  'I left it as it is and wrote down why.',
] as const;

/** Whole sentences of at least this many bytes together; `draw` gives fractions in [0, 1). */
export function believableText(draw: () => number, bytesMin: number): string {
  const sentences: string[] = [];
  for (let bytes = 0; bytes < bytesMin; bytes += (sentences.at(-1)?.length ?? 0) + 1) {
    const finding = `${pick(subjects, draw)} ${pick(findings, draw)}.`;
    sentences.push(draw() < 0.6 ? `${finding} ${pick(advices, draw)}` : finding);
  }
  return sentences.join(' ');
}

function pick<T>(list: readonly [T, ...T[]], draw: () => number): T {
  return list[Math.floor(draw() * list.length)] ?? list[0];
}
