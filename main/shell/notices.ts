/**
 * What is new in a live picture and worth a desktop notification: a warning, a call that a limit stopped, a budget that reached a step, what is about
 * to leave its invoice, a failure of the limits. Pure but for what it remembers, which is bounded. Promises to tell each once, and nothing that had been told before the first picture.
 */
import type { LiveSnapshot } from '../../shared/contract/events.ts';

export type Notice = {
  readonly title: string;
  readonly body: string;
  /** Of the screen that a click opens: the calls of the conversation, the stopped call, the budgets. */
  readonly path: string;
};

type DatedNotice = Notice & { readonly key: string; readonly atMs: number };

/** At once; the rest is on the screen. A burst of refusals must not bury the desktop. */
const noticesAtOnceMax = 3;
const keysMax = 500;

export function createNotices(): (snapshot: LiveSnapshot) => Notice[] {
  const told = new Set<string>();
  let isFirst = true;
  return (snapshot) => {
    const fresh = noticesIn(snapshot).filter(({ key }) => !told.has(key));
    for (const { key } of fresh) told.add(key);
    for (const key of told) {
      if (told.size <= keysMax) break;
      told.delete(key);
    }
    const isNews = isFirst ? isJustTold(snapshot.atMs) : () => true;
    isFirst = false;
    return fresh
      .filter(isNews)
      .toSorted((a, b) => a.atMs - b.atMs)
      .slice(-noticesAtOnceMax)
      .map(({ title, body, path }) => ({ title, body, path }));
  };
}

/** Kept by the ledger, which tells each once: at the start it may be seconds old and never have been shown. */
function isJustTold(nowMs: number): (notice: DatedNotice) => boolean {
  return ({ key, atMs }) => key.startsWith(leavingKey) && atMs > nowMs - justNowMs;
}

const leavingKey = 'leaving ';
const justNowMs = 60_000;

function noticesIn({
  conversations,
  refused,
  budgetWarnings,
  limitsFailure,
  stripe,
  atMs,
  isDemo,
}: LiveSnapshot): DatedNotice[] {
  const demo = isDemo ? ' (demo data)' : '';
  const warned = conversations.flatMap(({ id, project, member, warnings }) =>
    warnings.map(({ cause, sentence, remedy, atMs: at }) => ({
      key: `warning ${id} ${cause} ${at}`,
      atMs: at,
      title: `${project ?? member ?? 'A conversation'}${demo}`,
      body: `${sentence} ${remedy}`,
      path: `/calls?${filterFor(id)}`,
    })),
  );
  const stopped = refused.map(({ id, project, member, conversation, sentence, atMs: at }) => ({
    key: `refused ${id}`,
    atMs: at,
    title: `A call of ${project ?? member ?? 'unassigned'} was stopped${demo}`,
    body: sentence,
    // Its panel lets the conversation on; behind it stand the calls of the conversation.
    path: `/calls/${encodeURIComponent(id)}${conversation === null ? '' : `?${filterFor(conversation)}`}`,
  }));
  const budgets = budgetWarnings.map(({ of, whose, per, percent, sentence, atMs: at }) => ({
    key: `budget ${of} ${whose} ${per} ${percent} ${at}`,
    atMs: at,
    title: `A budget is ${percent === 100 ? 'spent' : 'filling'}${demo}`,
    body: sentence,
    path: '/limits',
  }));
  const leaving = stripe.warnings.map(({ key, atMs: at, sentence }) => ({
    key: `${leavingKey}${key}`,
    atMs: at,
    title: `An invoice is about to miss something${demo}`,
    body: sentence,
    path: '/stripe',
  }));
  const failed =
    limitsFailure === null
      ? []
      : [{ key: `failure ${limitsFailure}`, atMs, title: `The limits failed${demo}`, body: limitsFailure, path: '/' }];
  return [...warned, ...stopped, ...budgets, ...leaving, ...failed];
}

function filterFor(conversation: string): string {
  return new URLSearchParams({ conversation }).toString();
}
