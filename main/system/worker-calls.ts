/**
 * Named calls to a worker thread: `call(name, argument)` on one side, a table of functions on the other.
 * Promises an answer or a rejection for every call, also when the worker dies. Arguments and answers are structured clones.
 */
import type { MessagePort, Worker } from 'node:worker_threads';

export type WorkerFunctions = Readonly<Record<string, (argument: never) => unknown>>;

type Question = { readonly number: number; readonly name: string; readonly argument: unknown };
type Answer =
  | { readonly number: number; readonly value: unknown }
  | { readonly number: number; readonly failure: Failure };
/** Structured clone keeps an error's message and drops its own fields, so they travel beside it. */
type Failure = { readonly message: string; readonly fields: Readonly<Record<string, unknown>> };

export type WorkerCalls<Functions extends WorkerFunctions> = {
  readonly call: <Name extends keyof Functions & string>(
    name: Name,
    argument: Parameters<Functions[Name]>[0],
  ) => Promise<Awaited<ReturnType<Functions[Name]>>>;
};

type Waiting = { readonly resolve: (value: never) => void; readonly reject: (error: Error) => void };

/** The caller's side. The worker posts `{answer}` messages; other messages on the same worker are left to other listeners. */
export function callWorker<Functions extends WorkerFunctions>(worker: Worker): WorkerCalls<Functions> {
  const waiting = new Map<number, Waiting>();
  let lastNumber = 0;
  let ended: Error | null = null;

  worker.on('message', (message: { answer?: Answer }) => {
    const answer = message.answer;
    if (answer === undefined) return;
    const asked = waiting.get(answer.number);
    waiting.delete(answer.number);
    if ('failure' in answer) asked?.reject(Object.assign(new Error(answer.failure.message), answer.failure.fields));
    else asked?.resolve(answer.value as never);
  });
  const end = (error: Error) => {
    ended ??= error;
    for (const asked of waiting.values()) asked.reject(error);
    waiting.clear();
  };
  worker.on('error', end);
  worker.on('exit', () => end(new Error('the worker thread has ended')));

  return {
    call: (name, argument) =>
      new Promise((resolve, reject) => {
        if (ended) return reject(ended);
        lastNumber += 1;
        waiting.set(lastNumber, { resolve: resolve as Waiting['resolve'], reject });
        worker.postMessage({ question: { number: lastNumber, name, argument } satisfies Question });
      }),
  };
}

/**
 * Ends a thread behind everything it was asked, by the message `{end: true}`. One that is cut off instead (`terminate`) while it still loads native code
 * takes the whole process with it: SIGSEGV, seen with a ledger that was closed right after it was opened.
 */
export async function endThread(worker: Worker): Promise<void> {
  // It has ended already.
  if (worker.threadId === -1) return;
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  worker.postMessage({ end: true });
  await ended;
}

/** The worker's side: answers one message, or returns false when the message is not a question. */
export async function answerCall(port: MessagePort, functions: WorkerFunctions, message: unknown): Promise<boolean> {
  const question = (message as { question?: Question }).question;
  if (question === undefined) return false;
  try {
    const run = functions[question.name];
    if (!run) throw new Error(`the worker has no function "${question.name}"`);
    const value = await run(question.argument as never);
    port.postMessage({ answer: { number: question.number, value } satisfies Answer });
  } catch (error) {
    port.postMessage({ answer: { number: question.number, failure: failureOf(error) } satisfies Answer });
  }
  return true;
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { message: String(error), fields: {} };
  const texts = Object.entries(error).filter(([, value]) => typeof value === 'string' || typeof value === 'number');
  return { message: error.message, fields: { name: error.name, ...Object.fromEntries(texts) } };
}
