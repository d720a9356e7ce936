/**
 * The change of the limits that is being made, if one is: kept outside of React and in the tab's own storage, so that neither a picture that comes in, nor
 * another screen, nor a reload loses what was typed. It goes when it is saved or dropped, and with the tab.
 */
import { useSyncExternalStore } from 'react';

import { draftOf, type LimitsDraft } from './limits-draft.ts';
import type { LimitsInFile } from '../../shared/contract/limits-settings.ts';

export type OpenDraft = {
  /** Of the settings that the change was begun from. */
  readonly revision: string;
  readonly from: LimitsInFile;
  readonly draft: LimitsDraft;
};

/** Another shape gets another name: what an older page left is not read. */
const storageKey = 'tollkeeper-limits-draft-1';

let state: OpenDraft | null = stored();
const listeners = new Set<() => void>();

function stored(): OpenDraft | null {
  try {
    return JSON.parse(sessionStorage.getItem(storageKey) ?? 'null') as OpenDraft | null;
  } catch {
    // Somebody wrote into it by hand: there is no draft then.
    return null;
  }
}

function set(next: OpenDraft | null): void {
  state = next;
  if (next === null) sessionStorage.removeItem(storageKey);
  else sessionStorage.setItem(storageKey, JSON.stringify(next));
  for (const listener of listeners) listener();
}

export function beginDraft(from: LimitsInFile, revision: string, make = (draft: LimitsDraft) => draft): void {
  set({ revision, from, draft: make(draftOf(from)) });
}

export function changeDraft(make: (draft: LimitsDraft) => LimitsDraft): void {
  if (state !== null) set({ ...state, draft: make(state.draft) });
}

/** Somebody changed the limits meanwhile, and this one is to be saved over it. */
export function rebaseDraft(from: LimitsInFile, revision: string): void {
  if (state !== null) set({ ...state, from, revision });
}

export function dropDraft(): void {
  set(null);
}

export function useLimitsDraft(): OpenDraft | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}
