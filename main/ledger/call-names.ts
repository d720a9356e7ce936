/**
 * Which call a name is (`call_keys`): a message id, else the request of a call that was cut, else what its source calls it. One name, one call; the
 * schema refuses a second. Runs inside the caller's transaction.
 */
import type { CallRecord } from '../../shared/call.ts';
import type { Db } from '../system/db.ts';
import type { StoredCall } from './call-row.ts';

export type CallNames = {
  /**
   * Takes the message's name where nobody has it, and says so. Most calls are new, and taking a name finds whether it was free: one search instead of
   * two.
   */
  readonly takeMessage: (call: CallRecord) => boolean;
  /** The message is that of another call, which was found by a further name. */
  readonly giveMessage: (call: CallRecord, callId: string) => void;
  /** Takes the message's name unless it is taken. */
  readonly claimMessage: (call: CallRecord, callId: string) => void;
  /** Takes the further names. Without a message id, a call that was cut is known by its request. */
  readonly claimMore: (call: CallRecord, moreKeys: readonly string[], callId: string) => void;
  /** The call that is known by one of these names, if any. */
  readonly find: (told: CallRecord, names: readonly (string | null)[]) => StoredCall | null;
};

/**
 * A request is the name of a call that was cut before it had a message, and most ledgers have none: one look then answers for every call that is told.
 * The writer is the only one that names calls, so what it found stays true until it names one by its request itself.
 */
const requestMark = 'req_';
const afterRequestMark = 'req`';

export function createCallNames(db: Db, readCall: (id: string) => StoredCall | null): CallNames {
  const findKey = db.prepare<[string], string>('SELECT call_id FROM call_keys WHERE key = ?').pluck();
  const claimKey = db.prepare<[string, string]>(
    'INSERT INTO call_keys (key, call_id) VALUES (?, ?) ON CONFLICT DO NOTHING',
  );
  const giveKey = db.prepare<[string, string]>('UPDATE call_keys SET call_id = ? WHERE key = ?');
  const someRequest = db
    .prepare<[string, string], number>('SELECT EXISTS (SELECT 1 FROM call_keys WHERE key >= ? AND key < ?)')
    .pluck();
  let hasRequests: boolean | null = null;

  function mayBeKnown(name: string): boolean {
    if (!name.startsWith(requestMark)) return true;
    hasRequests ??= someRequest.get(requestMark, afterRequestMark) === 1;
    return hasRequests;
  }

  function claim(name: string, callId: string): void {
    if (name.startsWith(requestMark)) hasRequests = true;
    claimKey.run(name, callId);
  }

  return {
    takeMessage: ({ id, messageId }) => messageId !== null && claimKey.run(messageId, id).changes === 1,
    giveMessage: ({ messageId }, callId) => {
      if (messageId !== null) giveKey.run(callId, messageId);
    },
    claimMessage: ({ messageId }, callId) => {
      if (messageId !== null) claimKey.run(messageId, callId);
    },
    claimMore: ({ messageId, requestId, status }, moreKeys, callId) => {
      if (messageId === null && requestId !== null && status === 'partial') claim(requestId, callId);
      for (const more of moreKeys) claim(more, callId);
    },
    find: (told, names) => {
      for (const name of names) {
        const id = name === null || !mayBeKnown(name) ? undefined : findKey.get(name);
        const known = id === undefined ? null : readCall(id);
        if (known && !areTwoMessages(known.call, told)) return known;
      }
      return null;
    },
  };
}

/** Found by their request id, and yet not the same: a client or a test may use one request id for several messages. */
function areTwoMessages(known: CallRecord, told: CallRecord): boolean {
  return known.messageId !== null && told.messageId !== null && known.messageId !== told.messageId;
}
