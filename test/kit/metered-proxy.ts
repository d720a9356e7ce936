/** The real proxy on a free port, with callbacks that remember what it told and let a test wait for a call's end. */
import { once, EventEmitter } from 'node:events';

import type { BegunCall } from '../../shared/call.ts';
import { createConversationIndex } from '../../shared/conversation-index.ts';
import { createOutputCalibration } from '../../shared/output-estimate.ts';
import type { CallEnd } from '../../shared/settle.ts';
import type { ProxyOptions } from '../../main/proxy/options.ts';
import { startProxy } from '../../main/proxy/server.ts';
import { systemClock } from '../../main/system/clock.ts';
import { hashText } from '../../main/system/hash-text.ts';
import { systemIds } from '../../main/system/ids.ts';

export type FinishedCall = { readonly call: BegunCall; readonly end: CallEnd };

export type MeteredProxy = {
  readonly url: string;
  readonly begun: readonly BegunCall[];
  readonly finished: readonly FinishedCall[];
  /** The nth call to end, from 1. */
  readonly nthFinished: (count: number) => Promise<FinishedCall>;
  readonly close: () => Promise<void>;
};

export const noDefaults = { member: null, project: null, customer: null, customers: { projects: {}, members: {} } };

/** A proxy that knows no member keys. */
export const noMemberKeys = { find: () => ({ kind: 'unknown' }) as const, anthropicApiKey: null };

/** Nothing is stopped, and every call is told its conversation, as the engine finds it. */
function letEveryCallGo(): ProxyOptions['callbacks']['onAsk'] {
  const index = createConversationIndex(hashText);
  return ({ inspection: { chain, session }, scope }) => {
    const conversation = chain === null ? session.session : index.place(chain, { scope, ...session }).conversation;
    return { kind: 'allowed', conversation, warning: null };
  };
}

/** A proxy whose calls nobody stops and whose batches nobody listens to. */
export const unwatched = {
  onAsk: letEveryCallGo(),
  onAskBatch: () => ({ kind: 'allowed', conversation: null, warning: null }) as const,
  onBatchSubmitted: () => {},
  onBatches: () => {},
  onBatchResults: () => {},
  onBatchMetered: () => {},
};

export async function startMeteredProxy(upstream: string, options: Partial<ProxyOptions> = {}): Promise<MeteredProxy> {
  const events = new EventEmitter();
  const begun: BegunCall[] = [];
  const finished: FinishedCall[] = [];
  const proxy = await startProxy({
    port: 0,
    upstream,
    proxyUrl: null,
    ca: null,
    upstreamTimeoutMs: 900_000,
    allowedHosts: [],
    allowedOrigins: [],
    defaults: noDefaults,
    memberKeys: noMemberKeys,
    drainsOnAbort: () => false,
    calibration: createOutputCalibration(),
    clock: systemClock,
    callId: systemIds.callId,
    callbacks: {
      onBegin: async (call) => {
        begun.push(call);
      },
      onFinish: async (call, end) => {
        finished.push({ call, end });
        events.emit('finished');
      },
      ...unwatched,
    },
    ...options,
  });
  return {
    url: proxy.url,
    begun,
    finished,
    nthFinished: async (count) => {
      while (finished.length < count) await once(events, 'finished');
      const found = finished[count - 1];
      if (!found) throw new Error('unreachable: the list is at least as long as asked for');
      return found;
    },
    close: proxy.close,
  };
}
