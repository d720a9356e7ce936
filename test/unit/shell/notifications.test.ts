/** What becomes of a notice on the desktop, with a class of ours in the place of Electron's; and the window that a click opens. */
import { beforeEach, describe, expect, it } from 'vitest';

import type { LiveSnapshot } from '../../../shared/contract/events.ts';
import { openNotifications, type ShownNotification } from '../../../main/shell/notifications.ts';
import { createWindowOpener, type OpenedWindow } from '../../../main/shell/window-opener.ts';

class FakeNotification implements ShownNotification {
  static isOffered = true;
  static isSupported = () => FakeNotification.isOffered;
  static readonly made: FakeNotification[] = [];
  isShown = false;
  readonly words: { readonly title: string; readonly body: string };
  readonly #listeners = new Map<string, () => void>();

  constructor(words: { readonly title: string; readonly body: string }) {
    this.words = words;
    FakeNotification.made.push(this);
  }

  on(event: 'click' | 'close', listener: () => void): void {
    this.#listeners.set(event, listener);
  }

  show(): void {
    this.isShown = true;
  }

  happen(event: 'click' | 'close'): void {
    this.#listeners.get(event)?.();
  }
}

const quiet = {
  atMs: 1_000,
  isDemo: false,
  conversations: [],
  refused: [],
  budgetWarnings: [],
  limitsFailure: null,
  stripe: { warnings: [] },
} as unknown as LiveSnapshot;

const stopped = (id: string, atMs: number) =>
  ({
    ...quiet,
    refused: [
      {
        id,
        atMs,
        cause: 'budget',
        member: 'bo',
        project: null,
        conversation: 's1',
        model: null,
        sentence: 'Stopped.',
        wouldCostNanoUsd: 1,
      },
    ],
  }) as LiveSnapshot;

beforeEach(() => {
  FakeNotification.made.length = 0;
  FakeNotification.isOffered = true;
});

describe('a notification', () => {
  it('is shown once with its words, and a click opens what it is about', () => {
    const opened: string[] = [];
    const tell = openNotifications(FakeNotification, (path) => opened.push(path));
    tell(quiet);
    tell(stopped('call_1', 1_100));
    tell(stopped('call_1', 1_100));
    expect(FakeNotification.made.map(({ words, isShown }) => [words, isShown])).toEqual([
      [{ title: 'A call of bo was stopped', body: 'Stopped.' }, true],
    ]);
    FakeNotification.made[0]?.happen('click');
    expect(opened).toEqual(['/calls/call_1?conversation=s1']);
  });

  it('can be clicked late, after many others, and closed without a word', () => {
    const opened: string[] = [];
    const tell = openNotifications(FakeNotification, (path) => opened.push(path));
    tell(quiet);
    for (let index = 0; index < 80; index++) tell(stopped(`call_${index}`, 1_100 + index));
    expect(FakeNotification.made).toHaveLength(80);
    FakeNotification.made[79]?.happen('close');
    FakeNotification.made[40]?.happen('click');
    expect(opened).toEqual(['/calls/call_40?conversation=s1']);
  });

  it('is not made where the system shows none, nor told later', () => {
    const tell = openNotifications(FakeNotification, () => {});
    tell(quiet);
    FakeNotification.isOffered = false;
    tell(stopped('call_1', 1_100));
    FakeNotification.isOffered = true;
    tell(stopped('call_1', 1_100));
    expect(FakeNotification.made).toEqual([]);
  });
});

describe('the window', () => {
  it('is opened at the screen that is asked for, then told to go there without being loaded anew', () => {
    const told: string[] = [];
    let close = () => {};
    let isMinimized = false;
    const make = (path: string): OpenedWindow => {
      told.push(`made at ${path}`);
      return {
        isMinimized: () => isMinimized,
        restore: () => told.push('restored'),
        show: () => told.push('shown'),
        focus: () => told.push('focused'),
        goTo: (next) => told.push(`went to ${next}`),
        onClosed: (listener) => {
          close = listener;
        },
      };
    };
    const open = createWindowOpener(make);
    open('/limits');
    open();
    isMinimized = true;
    open('/calls?conversation=s1');
    close();
    open();
    expect(told).toEqual([
      'made at /limits',
      'shown',
      'focused',
      'restored',
      'shown',
      'focused',
      'went to /calls?conversation=s1',
      'made at /',
    ]);
  });
});
