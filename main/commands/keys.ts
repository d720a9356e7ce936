/**
 * `tollkeeper keys`: member keys, made, named, rotated and revoked. Goes through the running engine, or writes the file itself when none runs, holding the
 * home folder meanwhile. A new key is printed once, alone on stdout; everything about it goes to stderr, so that a script can take it.
 */
import {
  createKeySchema,
  madeKeySchema,
  memberKeyRowSchema,
  memberKeysViewSchema,
  rotationGraceMs,
  type MadeKey,
  type MemberKeyRow,
} from '../../shared/contract/keys.ts';
import { AppError } from '../../shared/contract/errors.ts';
import { keyState } from '../../shared/key-words.ts';
import { openMemberKeys, type MemberKeys } from '../settings/member-keys.ts';
import { connectEngine, type EngineClient } from './engine-client.ts';
import { writeLine, type ExitCode, type Host } from './host.ts';
import { openLedgerHereAlone } from './ledger-alone.ts';
import { homeOf } from './ledger-reader.ts';
import { layOut } from './table.ts';

export type KeysFlags = { readonly home?: string; readonly json?: boolean };

export async function keysList(flags: KeysFlags, host: Host): Promise<ExitCode> {
  const home = homeOf(flags.home, host);
  const engine = connectEngine(home);
  const keys = engine === null ? openMemberKeys(home, host).list() : (await readView(engine)).keys;
  if (flags.json) writeLine(host.stdout, JSON.stringify(keys));
  else if (keys.length === 0) writeLine(host.stdout, 'No member keys yet. `tollkeeper keys create MEMBER` makes one.');
  else for (const line of keysText(keys, host.clock.nowMs())) writeLine(host.stdout, line);
  return 0;
}

function keysText(keys: readonly MemberKeyRow[], nowMs: number): string[] {
  const titles = ['id', 'member', 'project', 'name', 'key', 'created', 'state'];
  return layOut(
    titles.map((title) => ({ title, align: 'left' })),
    keys.map((key) => [
      key.id,
      key.member,
      key.project ?? '–',
      key.name || '–',
      `tk_…${key.ending}`,
      new Date(key.createdAtMs).toISOString().slice(0, 10),
      keyState(key, nowMs).sentence,
    ]),
  );
}

export type CreateFlags = KeysFlags & { readonly project?: string; readonly name?: string };

export async function keysCreate(member: string, flags: CreateFlags, host: Host): Promise<ExitCode> {
  const parsed = createKeySchema.safeParse({ member, project: flags.project ?? null, name: flags.name ?? '' });
  if (!parsed.success)
    throw new AppError(
      'bad_usage',
      'A member, a project and a key’s name have 1 to 100 characters each.',
      'Give a name such as alice.',
    );
  const made = await change(flags, host, {
    ask: async (engine) => madeKeySchema.parse(await engine.ask('POST', '/api/keys', parsed.data)),
    alone: (keys) => keys.create(parsed.data),
  });
  return tellMade(made, `${made.key.id} is a key for ${whoseIt(made.key)}.`, flags, host);
}

export type RotateFlags = KeysFlags & { readonly now?: boolean };

export async function keysRotate(id: string, flags: RotateFlags, host: Host): Promise<ExitCode> {
  const isNow = flags.now === true;
  const made = await change(flags, host, {
    ask: async (engine) => madeKeySchema.parse(await engine.ask('POST', pathOf(id, 'rotate'), { isNow })),
    alone: (keys) => keys.rotate(id, isNow),
  });
  const old = isNow
    ? 'The old key works no more.'
    : `The old key works for another ${rotationGraceMs / 3_600_000} hours (--now ends it at once).`;
  return tellMade(made, `${id}, for ${whoseIt(made.key)}, has a new key. ${old}`, flags, host);
}

export async function keysRevoke(id: string, flags: KeysFlags, host: Host): Promise<ExitCode> {
  const key = await change(flags, host, {
    ask: async (engine) => memberKeyRowSchema.parse(await engine.ask('POST', pathOf(id, 'revoke'), {})),
    alone: (keys) => keys.revoke(id),
  });
  const sentence = `${id}, for ${whoseIt(key)}, is revoked: calls with it are refused from now on.`;
  writeLine(host.stdout, flags.json ? JSON.stringify(key) : sentence);
  return 0;
}

export async function keysRename(id: string, name: string, flags: KeysFlags, host: Host): Promise<ExitCode> {
  if (name.trim().length > 100)
    throw new AppError('bad_usage', 'The name is longer than 100 characters.', 'Give a shorter one.');
  const key = await change(flags, host, {
    ask: async (engine) => memberKeyRowSchema.parse(await engine.ask('POST', pathOf(id, 'name'), { name })),
    alone: (keys) => keys.rename(id, name.trim()),
  });
  writeLine(host.stdout, flags.json ? JSON.stringify(key) : `${id} is called “${key.name}”.`);
  return 0;
}

type Change<Answer> = {
  readonly ask: (engine: EngineClient) => Promise<Answer>;
  readonly alone: (keys: MemberKeys) => Answer;
};

/** The lock of the home folder is the ledger's, and comes with what a crash may have left in it. */
async function change<Answer>(flags: KeysFlags, host: Host, { ask, alone }: Change<Answer>): Promise<Answer> {
  const home = homeOf(flags.home, host);
  const engine = connectEngine(home);
  if (engine) return ask(engine);
  const { ledger } = await openLedgerHereAlone(home, host, 'keys');
  try {
    return alone(openMemberKeys(home, host));
  } finally {
    ledger.close();
  }
}

async function tellMade(made: MadeKey, sentence: string, flags: KeysFlags, host: Host): Promise<ExitCode> {
  writeLine(host.stdout, flags.json ? JSON.stringify(made) : made.secret);
  if (flags.json) return 0;
  writeLine(host.stderr, `${sentence} It is shown this once and kept as a hash.`);
  writeLine(
    host.stderr,
    'It goes where the API key went (ANTHROPIC_API_KEY), with ANTHROPIC_BASE_URL set to the proxy.',
  );
  const engine = connectEngine(homeOf(flags.home, host));
  if (engine !== null && !(await readView(engine)).hasAnthropicKey)
    writeLine(
      host.stderr,
      'Calls with it are refused for now: Tollkeeper has no Anthropic key to send them with. Start it with ANTHROPIC_API_KEY set.',
    );
  return 0;
}

async function readView(engine: EngineClient) {
  return memberKeysViewSchema.parse(await engine.ask('GET', '/api/keys'));
}

function pathOf(id: string, action: string): string {
  return `/api/keys/${encodeURIComponent(id)}/${action}`;
}

function whoseIt({ member, project }: MemberKeyRow): string {
  return project === null ? member : `${member} · ${project}`;
}
