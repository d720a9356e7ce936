/** One call explained: how it ended, what each part cost and why, where it went in Stripe. Escape closes it. */
import { useEffect, useRef, type ReactNode } from 'react';
import { Link } from 'wouter';

import type { CallDetail } from '../../../shared/contract/api.ts';
import { tokensInWords } from '../../../shared/plain-words.ts';
import { promptTokens } from '../../../shared/usage.ts';
import { CallTags } from '../../components/call-tags.tsx';
import { CallMoney, Money } from '../../components/money.tsx';
import { Failed, Loading, Notice } from '../../components/states.tsx';
import { Elapsed, Time } from '../../components/time.tsx';
import { Advice } from '../../components/unpriced-notice.tsx';
import { Who } from '../../components/who.tsx';
import { callsLink } from '../../data/links.ts';
import { useCall } from '../../data/queries.ts';
import { meterEventWords } from '../stripe/event-words.ts';
import { AssignCall } from './assign-call.tsx';
import { CallHistory, Sources } from './call-history.tsx';
import { ChargeLines } from './charge-lines.tsx';
import { howItEnded } from './ending-words.ts';
import { RefusedCall } from './refused-call.tsx';

export function CallPanel({ id, close }: { readonly id: string; readonly close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { data: call, error } = useCall(id);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className="panel p-6" aria-label="One call, explained" onClose={close}>
      <div className="mb-4 flex items-start justify-between">
        <h1>One call</h1>
        <button type="button" className="control" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
      {call ? <Explained call={call} /> : error ? <Failed error={error} /> : <Loading what="the call" />}
    </dialog>
  );
}

function Explained({ call }: { readonly call: CallDetail }) {
  return (
    <>
      <div className="text-4xl font-[580] tracking-[-0.025em]">
        {call.status === 'refused' ? <Money nano={call.costNanoUsd} /> : <CallMoney nano={call.costNanoUsd} />}
      </div>
      <p className="mt-1 mb-4 text-dim">
        {howItEnded(call)} {howMuch(call)} <CallTags call={call} />
      </p>
      <RefusedCall call={call} />
      {call.unpricedReason === null ? null : (
        <Notice>
          Unpriced: {call.unpricedReason} It is in no sum and on no bill until it has a price.{' '}
          <Advice reason={call.unpricedReason} />
        </Notice>
      )}
      {call.lines.length > 0 ? <ChargeLines call={call} /> : null}
      <CallHistory call={call} />
      <Facts call={call} />
    </>
  );
}

function Facts({ call }: { readonly call: CallDetail }) {
  return (
    <dl className="mt-5 grid grid-cols-[auto_1fr] gap-x-5 gap-y-1.5 text-[13px] [&_dd]:break-all [&_dt]:text-faint">
      <Fact name="Who · what for">
        <Who member={call.member} project={call.project} /> <AssignCall call={call} />
      </Fact>
      <Fact name="Started">
        <Time at={call.startedAtMs} kind="full" />
        {call.endedAtMs === null ? null : (
          <>
            , took <Elapsed fromMs={call.startedAtMs} toMs={call.endedAtMs} />
          </>
        )}
      </Fact>
      <Fact name="First byte">
        {call.firstByteMs === null ? '–' : `${call.firstByteMs.toLocaleString('en-US')} ms after it left`}
      </Fact>
      <Fact name="Told by">
        <Sources call={call} />
      </Fact>
      <Fact name="Model">{call.model ?? '–'}</Fact>
      {call.requestedModel === call.model ? null : <Fact name="Asked for">{call.requestedModel ?? '–'}</Fact>}
      {call.conversation === null ? null : <ConversationFact id={call.conversation} parent={call.conversationParent} />}
      <Fact name="Client">{call.client ?? '–'}</Fact>
      {call.clientUser === null ? null : <Fact name="Its user">{call.clientUser}</Fact>}
      <Fact name="Answer">
        {call.httpStatus ?? 'none'}
        {call.stopReason === null ? '' : `, ${call.stopReason.replaceAll('_', ' ')}`}
      </Fact>
      <Fact name="Size">
        {call.promptBytes.toLocaleString('en-US')} bytes out, {call.responseBytes.toLocaleString('en-US')} back
      </Fact>
      {call.passCount > 1 ? <Fact name="Passes">{call.passCount}</Fact> : null}
      {modifiers(call) === '' ? null : <Fact name="Served as">{modifiers(call)}</Fact>}
      <Billing call={call} />
    </dl>
  );
}

function ConversationFact({ id, parent }: { readonly id: string; readonly parent: string | null }) {
  return (
    <Fact name="Conversation">
      <ConversationLink id={id} />
      {parent === null ? null : (
        <>
          , from <ConversationLink id={parent} />
        </>
      )}
    </Fact>
  );
}

function ConversationLink({ id }: { readonly id: string }) {
  return (
    <Link href={callsLink({ conversation: id })} className="underline underline-offset-2" title="All its calls">
      {id}
    </Link>
  );
}

function Billing({ call }: { readonly call: CallDetail }) {
  return (
    <>
      <Fact name="Customer">{call.customer ?? 'none, so it is billed to nobody'}</Fact>
      <Fact name="In Stripe">{inStripe(call)}</Fact>
      <Fact name="Message id">{call.messageId ?? '–'}</Fact>
      <Fact name="Request id">{call.requestId ?? '–'}</Fact>
      <Fact name="Ledger id">{call.id}</Fact>
    </>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** Nothing for a call that was not answered, or answered from a cache. */
function howMuch(call: CallDetail): string {
  const prompt = promptTokens(call);
  if (prompt + call.outputTokens === 0) return '';
  const inWords = (tokens: number) => `${tokens.toLocaleString('en-US')} tokens (${tokensInWords(tokens)})`;
  return `It read ${inWords(prompt)} and wrote ${inWords(call.outputTokens)}.`;
}

/** What sets the price besides the model, where it is not the usual. */
function modifiers({ serviceTier, speed, inferenceGeo }: CallDetail): string {
  const unusual = [
    serviceTier === 'standard' ? null : serviceTier,
    speed === 'standard' ? null : speed,
    inferenceGeo === null || inferenceGeo === 'global' ? null : `inference in ${inferenceGeo}`,
  ];
  return unusual.filter((word) => word !== null).join(', ');
}

function inStripe({ meterEvents, customer, costNanoUsd, source }: CallDetail): string {
  if (meterEvents.length > 0)
    return meterEvents.map(({ id, state }) => `${meterEventWords[state]} in ${id}`).join('; ');
  if (customer === null) return 'nothing to bill';
  if (source === 'claude_code' || source === 'import') return 'not billed from here: it did not pass this machine';
  if (costNanoUsd === null) return 'not billed yet: it has no price';
  return costNanoUsd === 0 ? 'nothing to bill' : 'waits until its minute is over';
}
