/** What the demo's people write: short sentences of software work and lines of files, put together from word lists. Pure. */

/** A fraction in [0, 1). */
export type Draw = () => number;

const tasks = [
  'find out why',
  'explain how it comes that',
  'write a test that shows that',
  'list every place that knows that',
  'propose a smaller change for the case that',
] as const;
const subjects = [
  'the cart total',
  'the search index',
  'the nightly import',
  'the session cookie',
  'the price cache',
  'the retry queue',
  'the stock count',
  'the invoice export',
] as const;
const happenings = [
  'is computed twice',
  'goes stale after a deploy',
  'misses the last row',
  'is slow on Mondays',
  'is read before it is written',
  'differs between the two regions',
] as const;
const codeWords = [
  'const total = sum(lines, (line) => line.amount);',
  'if (index.isStale(now)) await index.rebuild();',
  'return rows.filter((row) => row.region === region);',
  'log.info("import finished", { rows: count });',
  'await queue.retry(job, { after: backoff(job.tries) });',
  'expect(cart.total).toBe(expectedTotal);',
  'export function priceOf(product, currency) {',
  'throw new StockError(product.id, wanted, left);',
] as const;
const rules = [
  'Read the caller before you change a function.',
  'Say which test fails before you say what to change.',
  'A figure without its source is not a figure.',
  'Keep the old field for one release when a client reads it.',
  'Name the cost of an option before its beauty.',
  'Prefer the smaller change, and say what it leaves undone.',
] as const;

export function pick<T>(list: readonly [T, ...T[]], draw: Draw): T {
  return list[Math.floor(draw() * list.length)] ?? list[0];
}

export function question(draw: Draw): string {
  return `Please ${pick(tasks, draw)} ${pick(subjects, draw)} ${pick(happenings, draw)}.`;
}

/** Lines as a tool would paste them from a file; half to one and a half times as many as said. */
export function excerpt(draw: Draw, lines: number): string {
  const first = 1 + Math.floor(draw() * 900);
  const count = Math.round(lines * (0.5 + draw()));
  return Array.from({ length: count }, (_, index) => `${first + index}  ${pick(codeWords, draw)}`).join('\n');
}

/** The same each time: a system prompt that is read from the cache must not change. */
export function systemPrompt(role: string, ruleCount: number): string {
  const numbered = Array.from({ length: ruleCount }, (_, index) => `${index + 1}. ${rules[index % rules.length]}`);
  return [role, 'House rules:', ...numbered].join('\n');
}
