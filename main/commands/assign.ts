/**
 * `tollkeeper assign`: says afterwards who made a call, or every call of a conversation, a client or a client’s user that has no member. Goes through the running engine, or
 * writes the ledger itself when none runs. What a call was shown for before stays in the ledger.
 */
import {
  assignAnswerSchema,
  assignSchema,
  type AssignAnswer,
  type AssignedCalls,
} from '../../shared/contract/assign.ts';
import { AppError } from '../../shared/contract/errors.ts';
import { createAssigning } from '../ledger/assigning.ts';
import { connectEngine } from './engine-client.ts';
import { writeLine, type ExitCode, type Host } from './host.ts';
import { openLedgerHereAlone } from './ledger-alone.ts';
import { homeOf } from './ledger-reader.ts';

export type AssignFlags = {
  readonly conversation?: string;
  /** As the client names them. */
  readonly user?: string;
  /** A client's name, or "unknown" for those that told none. */
  readonly unassignedOf?: string;
  readonly member: string;
  readonly project?: string;
  readonly home?: string;
  readonly json?: boolean;
};

const example = 'Example: tollkeeper assign --unassigned-of claude-cli --member alice';

/** Exit 1 when there was nothing to assign. */
export async function assign(callId: string | undefined, flags: AssignFlags, host: Host): Promise<ExitCode> {
  const request = assignSchema.safeParse({
    which: whichCalls(callId, flags),
    member: flags.member,
    project: flags.project ?? null,
  });
  if (!request.success)
    throw new AppError('bad_usage', 'A member and a project have 1 to 100 characters each.', example);
  const home = homeOf(flags.home, host);
  const engine = connectEngine(home);
  const answer = engine
    ? assignAnswerSchema.parse(await engine.ask('POST', '/api/assign', request.data))
    : await alone(home, host, request.data);
  writeLine(host.stdout, flags.json ? JSON.stringify(answer) : sentenceOf(answer, request.data));
  return answer.assigned + answer.already > 0 ? 0 : 1;
}

/** @throws AppError `bad_usage` unless exactly one of them is said. */
function whichCalls(callId: string | undefined, { conversation, user, unassignedOf }: AssignFlags): AssignedCalls {
  const said: AssignedCalls[] = [
    ...(callId === undefined ? [] : [{ kind: 'call', id: callId } as const]),
    ...(conversation === undefined ? [] : [{ kind: 'conversation', conversation } as const]),
    ...(user === undefined ? [] : [{ kind: 'user', user } as const]),
    ...(unassignedOf === undefined
      ? []
      : [{ kind: 'client', client: unassignedOf === 'unknown' ? null : unassignedOf } as const]),
  ];
  const [which, second] = said;
  if (which && second === undefined) return which;
  throw new AppError(
    'bad_usage',
    which ? 'Only one of a call, --conversation, --user and --unassigned-of can be given.' : 'Which calls is not said.',
    `Name a call by its id, or one of --conversation, --user and --unassigned-of. ${example}`,
  );
}

type Request = ReturnType<typeof assignSchema.parse>;

async function alone(home: string, host: Host, request: Request): Promise<AssignAnswer> {
  const { ledger, settings } = await openLedgerHereAlone(home, host, 'assign');
  try {
    return await createAssigning({ ledger, customers: settings, onChanges: () => {} })(request);
  } finally {
    ledger.close();
  }
}

function sentenceOf({ assigned, already }: AssignAnswer, { member, project, which }: Request): string {
  const who = project === null ? member : `${member} · ${project}`;
  if (assigned > 0) return `${assigned} ${assigned === 1 ? 'call is' : 'calls are'} assigned to ${who}.`;
  if (already > 0) return `Nothing to do: it is assigned to ${who} already.`;
  return `No unassigned call of this ${which.kind}.`;
}
