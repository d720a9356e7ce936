/**
 * One call to `/v1/messages` on its way: its body is read, it is made durable, sent, listened to, and its end told. Promises that nothing leaves
 * before `onBegin` has resolved, and exactly one `onFinish` for each `onBegin`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { BegunCall } from '../../shared/call.ts';
import { readCount } from '../../shared/usage.ts';
import type { OutputCalibration } from '../../shared/output-estimate.ts';
import { createAnswerCut } from './answer-cut.ts';
import { attribute, clientOf } from './attribute.ts';
import { callEnd, callSoFar } from './call-end.ts';
import { forward, type ForwardEnd, type ForwardEvents } from './forward.ts';
import { answerRefused, askWhetherItMayGo } from './ask.ts';
import { headerOf, requestHeaders } from './headers.ts';
import { inspectRequest, type Inspection } from './inspect.ts';
import type { Progress } from './observe.ts';
import type { CutShort, ProxyOptions } from './options.ts';
import { readBody, type BodyBudget, type RequestBody } from './read-body.ts';
import type { Route } from './route.ts';
import { createTap, type Tap } from './tap.ts';
import type { Upstream } from './upstream.ts';

export async function meterCall(
  incoming: IncomingMessage,
  response: ServerResponse,
  upstream: Upstream,
  route: Route,
  options: ProxyOptions,
  budget: BodyBudget,
): Promise<void> {
  const body = await readBody(incoming, budget);
  // The client went away while it was still sending: nothing left this machine, so there is no call.
  if (body === null) return;
  const begunAtMs = options.clock.monotonicMs();
  const inspection = inspectRequest(body.kind === 'whole' ? body.bytes : null, incoming.rawHeaders);
  const described = describeCall(incoming, route, body, inspection, options);
  const asked = askWhetherItMayGo({ call: described, inspection, incoming, body, upstream, route }, options);
  const answer = asked instanceof Promise ? await asked : asked;
  if (answer.kind === 'refused') {
    budget.release(body.heldBytes);
    return answerRefused(response, body, answer);
  }
  const call = { ...described, conversation: answer.conversation };
  const cutShort = options.callbacks.cutShort?.() ?? null;
  const tap = createTap({ isCuttable: cutShort !== null });
  const { estimate } = options.calibration;
  await options.callbacks.onBegin(call, () => callSoFar(tap.progress, estimate));
  const request = {
    method: 'POST',
    target: `${upstream.prefix}${route.target}`,
    headers: requestHeaders(incoming.rawHeaders, upstream.headers, route.holder?.anthropicApiKey),
    body: body.kind === 'whole' ? body.bytes : body.stream,
    isDrained: options.drainsOnAbort(),
    warning: answer.warning,
  };
  const onRelease = () => budget.release(body.heldBytes);
  forward(
    upstream.dispatcher,
    request,
    incoming,
    response,
    listen({ call, begunAtMs, tap, cutShort, onRelease }, options),
  );
}

type Listening = {
  readonly call: BegunCall;
  /** By the clock that never jumps. */
  readonly begunAtMs: number;
  readonly tap: Tap;
  readonly cutShort: CutShort | null;
  readonly onRelease: () => void;
};

function listen({ call, begunAtMs, tap, cutShort, onRelease }: Listening, options: ProxyOptions): ForwardEvents {
  const { clock, callbacks, calibration } = options;
  const cutting = cutShort
    ? createAnswerCut(tap, () => cutShort(call, callSoFar(tap.progress, calibration.estimate)))
    : null;
  const sentAtMs = clock.monotonicMs();
  let httpStatus: number | null = null;
  let requestId: string | null = null;
  let firstByteMs: number | null = null;
  let responseBytes = 0;
  let isFinished = false;
  let finished: Promise<void> | undefined;

  /** Once: a message that is whole is settled, whatever becomes of its connection behind it. */
  function finish(end: ForwardEnd): Promise<void> | undefined {
    if (isFinished) return finished;
    isFinished = true;
    // A call must not end before it began, or a day later, because somebody set the machine's clock meanwhile.
    const endedAtMs = call.startedAtMs + Math.round(clock.monotonicMs() - begunAtMs);
    const read = tap.end();
    finished = read === undefined ? tell(end, endedAtMs) : read.then(() => tell(end, endedAtMs));
    return finished;
  }

  /** A fault of ours ends the engine, and not the answer: the connection below must not hear of it. */
  function tell(end: ForwardEnd, endedAtMs: number): Promise<void> | undefined {
    try {
      const passed = { startedAtMs: call.startedAtMs, endedAtMs, firstByteMs, httpStatus, requestId, responseBytes };
      learnFrom(tap.progress, calibration);
      return callbacks.onFinish(call, callEnd(passed, tap.progress, end, calibration.estimate));
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  return {
    onResponse: (status, raw) => {
      httpStatus = status;
      requestId = headerOf(raw, 'request-id');
      firstByteMs = Math.round(clock.monotonicMs() - sentAtMs);
      tap.start(headerOf(raw, 'content-type'), headerOf(raw, 'content-encoding'));
    },
    onChunk: (chunk) => {
      responseBytes += chunk.length;
      const read = tap.write(chunk);
      return cutting ? cutting.considered(read) : read;
    },
    onEnd: (end) => {
      onRelease();
      return finish(end);
    },
    ...(cutting ? { cutShort: cutting.lastWords, isEnding: cutting.isEnding } : {}),
    holds: { clock, isEndSeen: () => tap.progress.isWhole, settle: () => finish({ kind: 'whole' }) },
  };
}

/** A whole stream teaches what its text came to. One with passes of other models, or read from JSON, teaches nothing about this one. */
function learnFrom({ model, usage, generated, isWhole }: Progress, calibration: OutputCalibration): void {
  if (!isWhole || usage === null || Array.isArray(usage['iterations'])) return;
  calibration.learn(model, generated, readCount(usage['output_tokens']));
}

function describeCall(
  incoming: IncomingMessage,
  route: Route,
  body: RequestBody,
  inspection: Inspection,
  options: ProxyOptions,
): BegunCall {
  const raw = incoming.rawHeaders;
  return {
    id: options.callId(),
    source: 'proxy',
    startedAtMs: options.clock.nowMs(),
    path: route.target.split('?', 1)[0] ?? route.target,
    client: clientOf(raw),
    clientUser: inspection.session.user,
    requestedModel: inspection.requestedModel,
    isStream: inspection.isStream,
    promptBytes: body.kind === 'whole' ? body.bytes.length : largeBytes(incoming, body.bytesSoFar),
    ...attribute(route, raw, options.defaults),
    conversation: null,
  };
}

/** The length that the client states; of a chunked body what is known so far, which is more than any that Anthropic takes. */
function largeBytes(incoming: IncomingMessage, bytesSoFar: number): number {
  const stated = Number(incoming.headers['content-length'] ?? 0);
  return Math.max(stated, bytesSoFar);
}
